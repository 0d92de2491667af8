// How far a peer really is: the quickest of its last round trips. A single one, or their mean, says more about how busy
// the machines are: while three edges start on two cores they measure 100 ms between each other instead of 0.3.

export interface RoundTrips {
  /** Notes what was measured, about once a second. */
  record(peers: readonly { id: string; rttMs: number | null }[]): void
  /** Milliseconds; null: too little is known to say. */
  of(id: string): number | null
}

const SAMPLES = 20
const LEAST_SAMPLES = 5

export function openRoundTrips(): RoundTrips {
  const samples = new Map<string, number[]>()
  return {
    record(peers) {
      const connected = new Set(peers.map(({ id }) => id))
      for (const id of samples.keys()) if (!connected.has(id)) samples.delete(id)
      for (const { id, rttMs } of peers) if (rttMs !== null) samples.set(id, [...(samples.get(id) ?? []), rttMs].slice(-SAMPLES))
    },
    of(id) {
      const known = samples.get(id) ?? []
      return known.length < LEAST_SAMPLES ? null : Math.min(...known)
    },
  }
}
