// Recorded invocations as spans of OpenTelemetry. Every edge makes its own, and they fit together: ids come from the request's
// id and the names of the edges, so that nothing has to be sent along. Pure.
import { createHash } from 'node:crypto'
import { parseTries, type RecordOf } from './records.js'

export interface Span {
  name: string
  kind: 'server' | 'client' | 'internal'
  /** Hex. */
  traceId: string
  spanId: string
  parentSpanId: string | null
  /** W3C `tracestate` of the caller. */
  traceState: string | null
  /** Milliseconds since the epoch, with fractions. */
  startMs: number
  endMs: number
  /** Null: all went well. */
  error: string | null
  attributes: Record<string, string | number>
}

/** Which traces to make when the caller said nothing: a part of them, 0 to 1. */
export function spansOf(record: RecordOf, region: string, ratio: number): Span[] {
  const { class: kind, edge, ms, name, on, origin, requestId, startedAt, version } = record
  const [, givenTrace, givenParent, flags] = origin.traceparent?.split('-') ?? []
  const traceId = givenTrace ?? traceIdOf(requestId)
  const sampled = flags === undefined ? parseInt(traceId.slice(0, 8), 16) / 2 ** 32 < ratio : (parseInt(flags, 16) & 1) === 1
  if (!sampled) return []

  const error = kind === 'ok' ? null : kind
  const attributes = {
    'faas.invocation_id': requestId,
    'faas.name': name,
    'faas.version': version,
    'cloud.region': region,
    'swarmlambda.edge': on,
    'swarmlambda.class': kind,
    'swarmlambda.memory_mb': record.memoryMb,
  }
  const traceState = origin.tracestate
  const whole = { traceId, traceState, startMs: startedAt, endMs: startedAt + ms, error }
  if (origin.via === 'peer') {
    return [{ ...whole, name: `execute ${name}`, kind: 'server', spanId: idOf(requestId, 'execute', on), parentSpanId: idOf(requestId, 'try', origin.from ?? '', on), attributes }]
  }
  const own = idOf(requestId, 'invoke', on)
  const root: Span = { ...whole, name: `invoke ${name}`, kind: 'server', spanId: own, parentSpanId: givenParent ?? null, attributes: { ...attributes, 'swarmlambda.via': origin.via, 'swarmlambda.executed_by': edge } }
  let at = startedAt
  const tries = parseTries(record.tries).map((one): Span => {
    const startMs = at
    at += one.ms
    return {
      name: `try ${one.edge}`,
      kind: one.edge === on ? 'internal' : 'client',
      traceId,
      traceState,
      spanId: idOf(requestId, 'try', on, one.edge),
      parentSpanId: own,
      startMs,
      endMs: at,
      error: one.class === 'ok' ? null : one.class,
      attributes: { 'swarmlambda.edge': one.edge, 'swarmlambda.class': one.class },
    }
  })
  return [root, ...tries]
}

/** A request's id is a UUID: as many random digits as a trace's. */
const traceIdOf = (requestId: string): string => {
  const digits = requestId.replaceAll('-', '')
  return /^[0-9a-f]{32}$/.test(digits) ? digits : digest(requestId).slice(0, 32)
}

const idOf = (...parts: string[]): string => digest(parts.join('\n')).slice(0, 16)
const digest = (text: string): string => createHash('sha256').update(text).digest('hex')
