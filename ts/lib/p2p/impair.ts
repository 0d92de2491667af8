// Links made worse on purpose, in development: cut off, or slowed. What an edge forgets when it restarts.

import type { SecretStream } from '@hyperswarm/secret-stream'

export interface Impairment {
  /** No connection to or from that peer. */
  cut: boolean
  /** Added to everything this edge sends there, so to each round trip; milliseconds. */
  delayMs: number
  /** It stands for the distance between two regions: no trouble. */
  distance: boolean
}

/** Sets how long everything written to the connection is held back. What is on its way keeps its order. */
export const openDelay = (stream: Pick<SecretStream, 'rawStream'>): ((delayMs: number) => void) => {
  const raw = stream.rawStream
  if (raw === null) return () => undefined
  const write = raw.write.bind(raw)
  const held: { data: Buffer; at: number }[] = []
  let delayMs = 0
  const release = (): void => {
    const now = performance.now()
    for (let [next] = held; next !== undefined && next.at <= now; [next] = held) {
      held.shift()
      write(next.data)
    }
    wait()
  }
  const wait = (): void => {
    const [next] = held
    if (next !== undefined) setTimeout(release, Math.max(0, next.at - performance.now()))
  }
  return (next) => {
    delayMs = next
    raw.write = (data) => {
      // A timer may be late: what comes after something that is held has to wait for it, however short its own delay.
      if (delayMs === 0 && held.length === 0) return write(data)
      held.push({ data, at: performance.now() + delayMs })
      if (held.length === 1) wait()
      return true
    }
  }
}
