// The registry's records: what a log holds, and what readers get. Everything from a log is parsed here.

import { z } from 'zod'

/** A record bigger than this is set aside unread. */
export const MAX_RECORD_BYTES = 1024 * 1024
/** The biggest blob a record may point at. */
export const MAX_BLOB_BYTES = 64 * 1024 * 1024

const hex64 = z.string().regex(/^[0-9a-f]{64}$/)
const count = z.number().int().nonnegative()
const revision = z.string().min(1).max(160)

export const functionConfigSchema = z.looseObject({
  handler: z.string().max(256),
  /** MB. */
  memorySize: z.number().positive(),
  /** Seconds. */
  timeout: z.number().positive(),
  environment: z.record(z.string(), z.string()),
  /** In a log in its place, see sealer.ts: what readers of the registry get is open. */
  sealedEnvironment: z.string().optional(),
  description: z.string(),
  failover: z.enum(['any', 'safe', 'never']),
  /** What `fetch` may reach. Absent in records from before there was a way out: nothing. */
  allow: z.array(z.string()).optional(),
  /** Invocations at once on each edge; absent or null: as many as the edge has room for. */
  concurrency: count.nullable().optional(),
  /** On which edges it is loaded; absent: on all. See router/placement.ts. */
  regions: z.array(z.string().max(128)).optional(),
  replicas: count.nullable().optional(),
  /** Absent ones are the defaults. */
  limits: z.looseObject({ logBytes: count, tmpMb: count, fetchCount: count, fetchBytes: count }).partial().optional(),
})

export type FunctionConfig = z.infer<typeof functionConfigSchema>

/** Content by its digest, and where one copy of it is: blocks of a Hypercore. */
export const blobRefSchema = z.looseObject({
  sha256: hex64,
  /** Bytes. */
  size: count.max(MAX_BLOB_BYTES),
  /** Public key of the core that holds it. */
  core: hex64,
  blockOffset: count,
  blockLength: count,
  byteOffset: count,
})

export type BlobRef = z.infer<typeof blobRefSchema>

const commonFields = {
  v: z.literal(1),
  name: z.string().min(1).max(256),
  hlc: z.tuple([count, count]),
  /** Public key of the edge that wrote it, hex. */
  edge: z.string().min(1).max(128),
  revisionId: revision,
  /** Revisions this one was written over, the then winner first. Whatever isn't among them was not seen. */
  previous: z.array(revision).max(64),
  /** Revisions that waited for their time when this was written: known, and not wanted any more. */
  cancels: z.array(revision).max(64).optional(),
  /** Milliseconds since the epoch, by the writer's clock. */
  lastModified: count,
  createdAt: count,
}

const putSchema = z.looseObject({
  ...commonFields,
  deleted: z.literal(false),
  config: functionConfigSchema,
  codeSha256: z.string().max(128),
  /** Of the plugin that compiled `module`. */
  pluginDigest: z.string().max(128),
  source: blobRefSchema,
  sourceMap: blobRefSchema.nullable(),
  module: blobRefSchema,
  /** The ZIP it was deployed from, as it was sent. */
  archive: blobRefSchema.optional(),
  /** What AWS Lambda's API keeps of a function and no engine needs. */
  lambda: z.record(z.string(), z.unknown()).optional(),
})

/** What belongs to a function without being one (an alias, a policy): JSON under a key of its own, see parts.ts. */
const itemSchema = z.looseObject({
  ...commonFields,
  deleted: z.literal(false),
  kind: z.literal('item'),
  value: z.record(z.string(), z.unknown()),
})

const deleteSchema = z.looseObject({ ...commonFields, deleted: z.literal(true) })

export const registryRecordSchema = z.discriminatedUnion('deleted', [putSchema, deleteSchema])

export type FunctionRecord = z.infer<typeof putSchema>
export type DeletedRecord = z.infer<typeof deleteSchema>
export type RegistryRecord = z.infer<typeof registryRecordSchema>
export type ItemRecord = z.infer<typeof itemSchema>

/**
 * Ends logs that their writer has no more use for: what of them counts lies before this in the same log. Under no name,
 * because it is about logs and not about functions.
 */
const retirementSchema = z.looseObject({
  v: z.literal(1),
  kind: z.literal('retirement'),
  edge: commonFields.edge,
  /** Up to there they need not be read any more. */
  retires: z.array(z.looseObject({ log: hex64, length: count })).max(10_000),
  /** Name → revisions of other edges that records over which nobody needs to read any more were written over. */
  over: z.record(z.string().max(256), z.array(revision).max(1_024)).optional(),
})

export type Retirement = z.infer<typeof retirementSchema>

/** Tells which of both a malformed record meant to be. */
const itemMark = z.looseObject({ kind: z.literal('item'), deleted: z.literal(false) })

/** Whatever a log may hold. */
export type AnyRecord = RegistryRecord | ItemRecord

export const anyRecordSchema: z.ZodType<AnyRecord> = z.union([itemSchema, registryRecordSchema])

export const isItem = (record: AnyRecord): record is ItemRecord => !record.deleted && record['kind'] === 'item'

/** Sorts like (clock, edge): of fixed width, the clock first. */
export const revisionOf = (hlc: readonly [number, number], edge: string): string =>
  `${hlc[0].toString(16).padStart(12, '0')}${hlc[1].toString(16).padStart(6, '0')}-${edge.slice(0, 16)}`

/** A log's block as it lies on disk and on the wire. */
export const encodeRecord = (record: AnyRecord | Retirement): Buffer => Buffer.from(JSON.stringify(record))

/** What a block of a log holds. */
export type Decoded = { record: AnyRecord } | { retirement: Retirement } | { problem: string }

/** Begins the reason why a block of a newer version of this software is set aside: nothing is wrong with it. */
export const NEWER = 'of a newer version'
const KINDS: readonly unknown[] = ['item', 'retirement', undefined]

/** Unknown fields are kept. Never throws. */
export const decodeBlock = (block: Buffer): Decoded => {
  const record = decodeRecord(block)
  if (typeof record !== 'string') return { record }
  const value = block.byteLength > MAX_RECORD_BYTES ? null : parseObject(block)
  if (value === null) return { problem: record }
  const retirement = retirementSchema.safeParse(value)
  if (retirement.success) return { retirement: retirement.data }
  const isNewer = (typeof value['v'] === 'number' && value['v'] > 1) || !KINDS.includes(value['kind'])
  return { problem: isNewer ? `${NEWER}: ${record}` : record }
}

const parseObject = (block: Buffer): Record<string, unknown> | null => {
  try {
    const value: unknown = JSON.parse(block.toString())
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : null
  } catch {
    return null
  }
}

/** The record, or the reason why it isn't one. Unknown fields are kept. */
export const decodeRecord = (block: Buffer): AnyRecord | string => {
  if (block.byteLength > MAX_RECORD_BYTES) return `record of ${String(block.byteLength)} bytes`
  let value: unknown
  try {
    value = JSON.parse(block.toString())
  } catch {
    return 'record is not JSON'
  }
  const parsed = (itemMark.safeParse(value).success ? itemSchema : registryRecordSchema).safeParse(value)
  if (parsed.success) return problemOf(parsed.data) ?? parsed.data
  const issue = parsed.error.issues[0]
  return issue === undefined ? 'record is malformed' : `${issue.path.join('.')}: ${issue.message}`
}

/** The order of revisions is what decides who wins, so it is not taken on trust. */
const problemOf = (record: AnyRecord): string | null => {
  if (record.revisionId !== revisionOf(record.hlc, record.edge)) return 'revisionId: does not follow from hlc and edge'
  if (record.previous.some((revisionId) => revisionId >= record.revisionId)) return 'previous: not before this revision'
  return null
}
