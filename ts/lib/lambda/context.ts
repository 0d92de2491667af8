// What every operation of AWS Lambda's API works with: the registry, the answer's ARNs, and how a function is found.
import type { Functions } from '../api/functions.js'
import type { Request } from '../api/requests.js'
import { SwarmError } from '../errors.js'
import type { Engine, FunctionSpec } from '../native.js'
import { attributeKey, qualifiedKey, versionOf } from '../registry/parts.js'
import type { AnyRecord, FunctionConfig, FunctionRecord, ItemRecord } from '../registry/record.js'
import { isItem } from '../registry/record.js'
import type { Registry } from '../registry/types.js'
import { arnsOf, isVersion, parseReference, regionOf, type Arns, type Reference } from '../api/names.js'

export interface LambdaOptions {
  functions: Pick<Functions, 'build'>
  engine: Pick<Engine, 'check'>
  registry: Pick<Registry, 'get' | 'list' | 'publish' | 'copy' | 'put' | 'item' | 'parts' | 'blob'>
  specOf: (name: string, config: FunctionConfig, sourceMap: string | null) => FunctionSpec
  /** The mesh's name in DNS, under which function URLs are. */
  zone: string
  /** Resolves when the edges have it, or the time is up. */
  waitForHolders: (record: FunctionRecord) => Promise<void>
  /** The path with a query that lets whoever has it read that version's code for some minutes. */
  linkTo: (path: string, version: string) => string
}

/** One call. */
export interface Call extends LambdaOptions {
  request: Request
  /** Parts of the path, decoded. */
  params: readonly string[]
  arns: Arns
  /** `http://host:port`, as the caller wrote it. */
  origin: string
}

export const callOf = (options: LambdaOptions, request: Request, params: readonly string[]): Call => ({
  ...options,
  request,
  params,
  arns: arnsOf(regionOf(request.headers.get('authorization'))),
  origin: `${request.headers.get('x-forwarded-proto') === 'https' ? 'https' : 'http'}://${request.headers.get('host') ?? ''}`,
})

/** The function that the path's first part and `?Qualifier=` name. */
export const referenceOf = ({ params, request }: Call): Reference => parseReference(params[0] ?? '', request.query.get('Qualifier'))

export { isVersion, parseReference }

export const notFound = ({ arns }: Call, { name, qualifier }: Reference): SwarmError =>
  new SwarmError('NOT_FOUND', `Function not found: ${arns.function(name, qualifier)}`)

/** `$LATEST` of a name, or `NOT_FOUND`. */
export function latestOf(call: Call, name: string): FunctionRecord {
  const record = call.registry.get(name)
  if (record === null) throw notFound(call, { name, qualifier: null })
  return record
}

/** The record that a name and a qualifier mean, and its version; an alias is followed. Or `NOT_FOUND`. */
export function resolve(call: Call, reference: Reference): { record: FunctionRecord; version: string } {
  const { name, qualifier } = reference
  const latest = call.registry.get(name)
  if (latest === null) throw notFound(call, reference)
  if (qualifier === null || qualifier === '$LATEST') return { record: latest, version: '$LATEST' }
  const version = isVersion(qualifier) ? qualifier : aliasOf(call, name, qualifier)?.FunctionVersion
  if (version === '$LATEST') return { record: latest, version }
  const record = version === undefined ? null : call.registry.get(qualifiedKey(name, version))
  if (record === null || version === undefined) throw notFound(call, reference)
  return { record, version }
}

export interface Alias {
  FunctionVersion: string
  Description: string
  RoutingConfig?: { AdditionalVersionWeights: Record<string, number> }
}

export const aliasOf = ({ registry }: Call, name: string, alias: string): Alias | null => {
  const value = registry.item(qualifiedKey(name, alias))?.value
  return value === undefined ? null : (value as unknown as Alias)
}

/** Aliases of a function, by name. */
export const aliasesOf = ({ registry }: Call, name: string): ItemRecord[] =>
  registry.parts(name).filter((part): part is ItemRecord => isItem(part) && part.name.startsWith(`${name}:`))

/** Published versions, the oldest first. */
export const versionsOf = ({ registry }: Call, name: string): { number: number; record: FunctionRecord }[] =>
  registry
    .parts(name)
    .map((part) => ({ number: versionOf(part.name), record: registry.get(part.name) }))
    .filter((one): one is { number: number; record: FunctionRecord } => one.number !== null && one.record !== null)
    .sort((a, b) => a.number - b.number)

/** Never used before, not even by a function of that name that is gone. */
export const nextVersion = ({ registry }: Call, name: string): number =>
  1 + registry.parts(name).reduce((highest, part: AnyRecord) => Math.max(highest, versionOf(part.name) ?? 0), 0)

/** What is kept beside a function under `what`. */
export const attributeOf = ({ registry }: Call, name: string, what: string, qualifier?: string | null): ItemRecord | null =>
  registry.item(attributeKey(name, what, qualifier ?? '$LATEST'))

export const putAttribute = ({ registry }: Call, name: string, what: string, qualifier: string | null, value: Record<string, unknown>): Promise<ItemRecord> =>
  registry.put({ type: 'item', name: attributeKey(name, what, qualifier ?? '$LATEST'), value })

export async function deleteAttribute(call: Call, name: string, what: string, qualifier: string | null): Promise<void> {
  const item = attributeOf(call, name, what, qualifier)
  if (item !== null) await call.registry.publish({ type: 'delete', name: item.name })
}

/** `STALE` when the caller saw another revision than the newest. */
export function checkRevision(given: string | null | undefined, current: string): void {
  if (given === null || given === undefined || given === current) return
  throw new SwarmError('STALE', 'The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve the latest Revision Id')
}

/** Of one answer, however many are asked for. */
const MAX_ITEMS = 50
const MARKER = /^[\w:$.!-]{1,256}$/

/**
 * One page of a list, by `?Marker=` and `?MaxItems=` (at most `most`). The marker is the key of the last item shown, so that
 * items that come or go meanwhile move nothing. `keyOf` is in the order of the list.
 */
export function page<T>({ request }: Call, all: readonly T[], keyOf: (item: T) => string, most = 10_000): { items: T[]; next: { NextMarker?: string } } {
  const asked = request.query.get('MaxItems')
  const size = asked === null ? MAX_ITEMS : Number(asked)
  if (!Number.isInteger(size) || size < 1 || size > most) throw new SwarmError('INVALID_PARAMETER', `1 validation error detected: MaxItems must be 1 to ${most}`)
  const marker = request.query.get('Marker') ?? ''
  const after = Buffer.from(marker, 'base64url').toString()
  if (marker !== '' && !MARKER.test(after)) throw new SwarmError('INVALID_PARAMETER', 'Invalid Marker')
  const rest = marker === '' ? all : all.filter((item) => keyOf(item) > after)
  const items = rest.slice(0, Math.min(size, MAX_ITEMS))
  const last = items.at(-1)
  return { items, next: last !== undefined && items.length < rest.length ? { NextMarker: Buffer.from(keyOf(last)).toString('base64url') } : {} }
}

/** A version's place in a list: `$LATEST` first, then by number. */
export const versionKey = (name: string, version: string): string => `${name}!${isVersion(version) ? version.padStart(12, '0') : ''}`
