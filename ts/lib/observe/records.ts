// Recorded invocations: as they travel between edges, and as they are shown.
import { z } from 'zod'
import type { Recorded } from '../native.js'
import type { InvocationSummary, LogLine, Try, TryClass, Via } from '../snapshot.js'

const CLASSES = ['ok', 'absent', 'refused', 'unreachable', 'crashed', 'timeout', 'error'] as const
const VIAS = ['invoke', 'http', 'stream', 'event', 'peer'] as const

/** What one edge tells another of an invocation: {@link Recorded} with the edge's name. Unknown fields are left out. */
export const recordSchema = z.object({
  on: z.string().max(128),
  seq: z.number(),
  requestId: z.string().max(128),
  name: z.string().max(256),
  version: z.string().max(128),
  origin: z.object({ via: z.enum(VIAS), from: z.string().max(128).nullable(), traceparent: z.string().max(64).nullable(), tracestate: z.string().max(512).nullable().default(null) }),
  startedAt: z.number(),
  ms: z.number(),
  class: z.enum(CLASSES),
  edge: z.string().max(128),
  tries: z.string().max(4_096),
  memoryMb: z.number(),
  logs: z.string(),
  logBytes: z.number(),
  event: z.string().nullable(),
  result: z.string().nullable(),
  sampled: z.boolean(),
})

export type RecordOf = z.infer<typeof recordSchema>

export const recordOf = (on: string, { origin, ...record }: Recorded): RecordOf => ({
  ...record,
  on,
  origin: { via: origin.via, from: origin.from ?? null, traceparent: origin.traceparent ?? null, tracestate: origin.tracestate ?? null },
  event: record.event ?? null,
  result: record.result ?? null,
})

/** `edge-a=absent;0.1ms, edge-b=ok;2.3ms`; what can't be read is left out. */
export function parseTries(text: string): Try[] {
  return text.split(', ').flatMap((one): Try[] => {
    const [, edge, kind, ms] = /^([^=]+)=([a-z]+);([\d.]+)ms$/.exec(one) ?? []
    if (edge === undefined || ms === undefined) return []
    // A stream is shown as such when it begins; how it ended is the record's class.
    return [{ edge, class: isClass(kind) ? kind : 'ok', ms: Number(ms) }]
  })
}

const isClass = (text: string | undefined): text is TryClass => CLASSES.some((kind) => kind === text)

export function summaryOf(record: RecordOf): InvocationSummary {
  const via: Via = record.origin.via
  return {
    requestId: record.requestId,
    function: record.name,
    version: record.version,
    edge: record.on,
    executedBy: record.edge,
    via,
    from: record.origin.from,
    at: record.startedAt,
    ms: rounded(record.ms),
    class: record.class,
    tries: parseTries(record.tries),
    memoryMb: rounded(record.memoryMb),
    logBytes: record.logBytes,
    error: record.class === 'ok' ? null : errorOf(record.result),
    sampled: record.sampled,
    traceId: record.origin.traceparent?.split('-')[1] ?? null,
  }
}

const rounded = (number: number): number => Math.round(number * 1_000) / 1_000

const errorSchema = z.object({ errorType: z.string().default('Error'), errorMessage: z.string().default('') })
const MAX_MESSAGE = 500

/** Of Lambda's error payload. */
function errorOf(result: string | null): InvocationSummary['error'] {
  try {
    const { errorMessage, errorType } = errorSchema.parse(JSON.parse(result ?? ''))
    return { type: errorType, message: errorMessage.slice(0, MAX_MESSAGE) }
  } catch {
    return null
  }
}

/** `2026-01-31T12:00:00.000Z \t request id \t level \t message`, as Lambda writes it; a message may have several lines. */
const LINE = /^(\d{4}-\d\d-\d\dT[\d:.]+Z)\t([\w-]*)\t([A-Z]+)\t/

export function logLinesOf(record: RecordOf): LogLine[] {
  const lines: LogLine[] = []
  const of = { edge: record.on, function: record.name, version: record.version, requestId: record.requestId }
  for (const text of record.logs.replace(/\n$/, '').split('\n')) {
    const [head, time, , level] = LINE.exec(text) ?? []
    const last = lines.at(-1)
    if (head !== undefined && time !== undefined && level !== undefined) lines.push({ ...of, at: Date.parse(time), level, message: text.slice(head.length) })
    // The beginning may be cut off.
    else if (last) last.message += `\n${text}`
    else if (text !== '') lines.push({ ...of, at: record.startedAt, level: 'INFO', message: text })
  }
  return lines
}
