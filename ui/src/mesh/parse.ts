// Reads what edges say. One of another version may, so shapes are checked before use and what is missing is filled in.
import type { ClusterSnapshot, HistoryEvent, InvocationEvent, LogLine } from '../../../ts/lib/snapshot.ts'

/** `null` when the text is not a snapshot. */
export function parseSnapshot(text: string): ClusterSnapshot | null {
  const value = parse(text)
  if (!isRecord(value) || typeof value['self'] !== 'string' || typeof value['cluster'] !== 'string'
    || !isListOf(value['edges'], ['id', 'name', 'region', 'state'])
    || !isListOf(value['links'], ['from', 'to'])
    || !isListOf(value['functions'], ['name', 'codeSha256'])) return null
  const edges = value['edges'].map((edge) => ({ reachable: true, p50Ms: null, p99Ms: null, registrySeq: 0, registryLagMs: null, ...edge }))
  return { ...value, edges } as unknown as ClusterSnapshot
}

/** `null` when the text is not an invocation. */
export function parseInvocation(text: string): InvocationEvent | null {
  const value = parse(text)
  return isInvocation(value) ? value : null
}

export function isInvocation(value: unknown): value is InvocationEvent {
  return isRecord(value) && typeof value['at'] === 'number' && typeof value['function'] === 'string'
    && isListOf(value['tries'], ['edge', 'class'])
}

/** `null` when the text is not an entry of the history. */
export function parseHistory(text: string): HistoryEvent | null {
  const value = parse(text)
  return isHistory(value) ? value : null
}

export function isHistory(value: unknown): value is HistoryEvent {
  return isRecord(value) && typeof value['id'] === 'string' && typeof value['at'] === 'number' && typeof value['kind'] === 'string'
}

/** `null` when the text is not a line of a log. */
export function parseLogLine(text: string): LogLine | null {
  const value = parse(text)
  return isRecord(value) && typeof value['at'] === 'number' && typeof value['message'] === 'string'
    ? { edge: '', function: '', version: '', requestId: '', level: 'INFO', ...value } as LogLine
    : null
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function isListOf(value: unknown, fields: readonly string[]): value is Record<string, unknown>[] {
  return Array.isArray(value)
    && value.every((item) => isRecord(item) && fields.every((field) => typeof item[field] === 'string'))
}

/** The texts among what may be a list. */
export function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((each): each is string => typeof each === 'string') : []
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
