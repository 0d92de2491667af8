// Reads the receipt headers of an invocation (DESIGN §6).
import type { Try, TryClass } from '../../../ts/lib/snapshot.ts'

const CLASSES: ReadonlySet<string> = new Set<TryClass>([
  'ok', 'absent', 'refused', 'unreachable', 'crashed', 'timeout', 'error',
])

/** `edge-a=absent;0.1ms, edge-b=ok;2.3ms`; what does not read as a try is left out. */
export function parseTries(header: string | null): Try[] {
  return (header ?? '').split(',').flatMap((part) => {
    const match = /^\s*([^=;,\s]+)=([a-z]+);([0-9.]+)ms\s*$/.exec(part)
    const [, edge, kind, ms] = match ?? []
    return edge === undefined || !isTryClass(kind) ? [] : [{ edge, class: kind, ms: Number(ms) }]
  })
}

/** What each class means, for people. */
export const CLASS_TEXT: Readonly<Record<TryClass, string>> = {
  ok: 'answered',
  absent: 'does not have it',
  refused: 'refused: busy or draining',
  unreachable: 'could not be reached',
  crashed: 'crashed',
  timeout: 'timed out',
  error: 'threw an error',
}

export function isTryClass(text: string | undefined): text is TryClass {
  return text !== undefined && CLASSES.has(text)
}
