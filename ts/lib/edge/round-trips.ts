// How far a peer really is: the quickest of its last round trips. A single one, or their mean, says more about how busy
// the machines are: while three edges start on two cores they measure 100 ms between each other instead of 0.3. What is
// told stays until it is clearly another, so that of two peers about equally far neither takes turns with the other.

export interface RoundTrips {
  /** Notes what was measured, about once a second. */
  record(peers: readonly { id: string; rttMs: number | null }[]): void
  /** Milliseconds; null: too little is known to say. */
  of(id: string): number | null
}

const SAMPLES = 20
const LEAST_SAMPLES = 5
/** Less than this is no change. */
const CLEARLY = 0.25
const CLEARLY_MS = 2

export function openRoundTrips(): RoundTrips {
  const samples = new Map<string, number[]>()
  const told = new Map<string, number>()
  const settle = (id: string, known: readonly number[]): void => {
    if (known.length < LEAST_SAMPLES) return
    const now = Math.min(...known)
    const before = told.get(id)
    if (before === undefined || Math.abs(now - before) > Math.max(CLEARLY_MS, before * CLEARLY)) told.set(id, now)
  }
  return {
    record(peers) {
      const connected = new Set(peers.map(({ id }) => id))
      for (const id of samples.keys()) {
        if (connected.has(id)) continue
        samples.delete(id)
        told.delete(id)
      }
      for (const { id, rttMs } of peers) {
        if (rttMs === null) continue
        const known = [...(samples.get(id) ?? []), rttMs].slice(-SAMPLES)
        samples.set(id, known)
        settle(id, known)
      }
    },
    of: (id) => told.get(id) ?? null,
  }
}
