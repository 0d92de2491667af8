// Reads what the event stream says. An edge of another version may serve it, so shapes are checked before use.
import type { ClusterSnapshot, InvocationEvent } from '../../../ts/lib/snapshot.ts'

/** `null` when the text is not a snapshot. */
export function parseSnapshot(text: string): ClusterSnapshot | null {
  const value = parse(text)
  return isRecord(value) && typeof value['self'] === 'string' && typeof value['cluster'] === 'string'
    && isListOf(value['edges'], ['id', 'name', 'region', 'state'])
    && isListOf(value['links'], ['from', 'to'])
    && isListOf(value['functions'], ['name', 'codeSha256'])
    ? value as unknown as ClusterSnapshot
    : null
}

/** `null` when the text is not an invocation. */
export function parseInvocation(text: string): InvocationEvent | null {
  const value = parse(text)
  return isRecord(value) && typeof value['at'] === 'number' && typeof value['function'] === 'string'
    && isListOf(value['tries'], ['edge', 'class'])
    ? value as unknown as InvocationEvent
    : null
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isListOf(value: unknown, texts: readonly string[]): boolean {
  return Array.isArray(value)
    && value.every((item) => isRecord(item) && texts.every((text) => typeof item[text] === 'string'))
}
