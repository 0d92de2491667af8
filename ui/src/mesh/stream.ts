// One EventSource on `events`, kept alive: reopened when it ends, when it falls silent, and never in a tight loop. While
// the edge that this page comes from does not answer, another edge of the mesh tells what happens.
//
// The browser's own retry gives up after an answer that is not an event stream (a proxy's 503 between two edges), so
// each source is used once and this file owns reopening. Relative, so it works through the proxy and behind a prefix.
import type { ClusterSnapshot, HistoryEvent, InvocationEvent } from '../../../ts/lib/snapshot.ts'
import { parseHistory, parseInvocation, parseSnapshot } from './parse.ts'

export interface StreamHandlers {
  /** `elsewhere`: the address of another edge that tells; null: where this page comes from. */
  onOpen(elsewhere: string | null): void
  onSnapshot(snapshot: ClusterSnapshot): void
  /** All that came since the last call, at most `MAX_BATCH`. */
  onInvocations(invocations: readonly InvocationEvent[]): void
  onHistory(event: HistoryEvent): void
  onLost(): void
}

/** An edge that was stopped keeps its connections: this much silence reopens the stream, through a proxy elsewhere. */
const SILENCE_MS = 8_000
const FIRST_RETRY_MS = 250
const MAX_RETRY_MS = 5_000
/** While another edge tells: how often to see whether ours is back. */
const HOME_EVERY_MS = 2_000
/** A busy mesh must not render once for each invocation. */
const BATCH_MS = 100
const MAX_BATCH = 200

/** `others`: gateways of other edges. Returns the function that ends it. */
export function openStream(url: string, others: () => readonly string[], handlers: StreamHandlers): () => void {
  let source: EventSource | null = null
  let retry: ReturnType<typeof setTimeout> | undefined
  let silence: ReturnType<typeof setTimeout> | undefined
  let flush: ReturnType<typeof setTimeout> | undefined
  let batch: InvocationEvent[] = []
  let home: ReturnType<typeof setInterval> | undefined
  let attempts = 0

  function open(): void {
    retry = undefined
    clearInterval(home)
    // Every second try goes to another edge, each in its turn.
    const elsewhere = attempts % 2 === 1 ? others()[(attempts >> 1) % Math.max(1, others().length)] ?? null : null
    source = new EventSource(elsewhere === null ? url : `${elsewhere.replace(/\/$/, '')}/${url}`)
    source.addEventListener('open', () => {
      attempts = 0
      if (elsewhere !== null) home = setInterval(() => void goHome(), HOME_EVERY_MS)
      handlers.onOpen(elsewhere)
    })
    source.addEventListener('error', reopen)
    source.addEventListener('snapshot', (message) => {
      const snapshot = parseSnapshot(String(message.data))
      heard()
      if (snapshot !== null) handlers.onSnapshot(snapshot)
    })
    source.addEventListener('invocation', (message) => {
      const invocation = parseInvocation(String(message.data))
      heard()
      if (invocation !== null && batch.length < MAX_BATCH) batch.push(invocation)
      flush ??= setTimeout(deliver, BATCH_MS)
    })
    source.addEventListener('history', (message) => {
      const event = parseHistory(String(message.data))
      heard()
      if (event !== null) handlers.onHistory(event)
    })
    heard()
  }

  function heard(): void {
    clearTimeout(silence)
    silence = setTimeout(reopen, SILENCE_MS)
  }

  function deliver(): void {
    flush = undefined
    const delivered = batch
    batch = []
    if (delivered.length > 0) handlers.onInvocations(delivered)
  }

  async function goHome(): Promise<void> {
    const answer = await fetch('healthz', { cache: 'no-store', signal: AbortSignal.timeout(HOME_EVERY_MS) }).catch(() => null)
    if (answer?.ok !== true || retry !== undefined) return
    source?.close()
    clearTimeout(silence)
    open()
  }

  function reopen(): void {
    source?.close()
    clearTimeout(silence)
    clearInterval(home)
    if (retry !== undefined) return
    handlers.onLost()
    retry = setTimeout(open, retryDelay(attempts++, Math.random()))
  }

  open()
  return () => {
    source?.close()
    clearTimeout(retry)
    clearTimeout(silence)
    clearTimeout(flush)
    clearInterval(home)
  }
}

/** Milliseconds before try `attempt` (from 0); `chance` in [0, 1) spreads pages that lost the same edge. */
export function retryDelay(attempt: number, chance: number): number {
  return Math.min(FIRST_RETRY_MS * 2 ** attempt, MAX_RETRY_MS) * (0.75 + chance / 2)
}
