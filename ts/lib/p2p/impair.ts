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
export const openDelay = (stream: SecretStream): ((delayMs: number) => void) => {
  const raw = stream.rawStream
  if (raw === null) return () => undefined
  const write = raw.write.bind(raw)
  let delayMs = 0
  let lastAt = 0
  return (next) => {
    delayMs = next
    raw.write = (data) => {
      const now = performance.now()
      // Nothing overtakes what was written before, with a longer delay.
      const at = Math.max(now + delayMs, lastAt)
      lastAt = at
      if (at <= now) return write(data)
      setTimeout(() => write(data), at - now)
      return true
    }
  }
}
