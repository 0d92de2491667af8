// An edge that keeps failing is set aside for a while: at most all but one, never the last.

/** Remembers how edges behaved. Only what is the edge's own fault counts: a handler that throws says nothing about its edge. */
export interface Ejections {
  record(id: string, behaved: boolean): void
  /** Those of `ids` to ask last for now. */
  setAside(ids: readonly string[]): Set<string>
}

interface Standing {
  failuresInARow: number
  /** How often it was set aside without a success since. */
  times: number
  until: number
}

const FAILURES_TO_EJECT = 5
const FIRST_EJECTION_MS = 5_000
const LONGEST_EJECTION_MS = 60_000
/** Edges that come and go with new keys must not fill the memory. */
const MAX_REMEMBERED = 1_000

/** `clock` in milliseconds. */
export function openEjections(clock: () => number): Ejections {
  const standings = new Map<string, Standing>()

  return {
    record(id, behaved) {
      if (behaved) {
        standings.delete(id)
        return
      }
      const before = standings.get(id) ?? { failuresInARow: 0, times: 0, until: 0 }
      const failuresInARow = before.failuresInARow + 1
      const eject = failuresInARow >= FAILURES_TO_EJECT && clock() >= before.until
      const times = eject ? before.times + 1 : before.times
      const lasts = Math.min(FIRST_EJECTION_MS * 2 ** (times - 1), LONGEST_EJECTION_MS)
      standings.delete(id)
      standings.set(id, { failuresInARow, times, until: eject ? clock() + lasts : before.until })
      const oldest = standings.keys().next()
      if (standings.size > MAX_REMEMBERED && !oldest.done) standings.delete(oldest.value)
    },
    setAside(ids) {
      const now = clock()
      const ejected = ids.filter((id) => (standings.get(id)?.until ?? 0) > now)
      if (ejected.length < ids.length || ejected.length === 0) return new Set(ejected)
      // Everybody fails: the one that was set aside the longest ago gets its chance.
      const spared = ejected.reduce((a, b) => ((standings.get(b)?.until ?? 0) < (standings.get(a)?.until ?? 0) ? b : a))
      return new Set(ejected.filter((id) => id !== spared))
    },
  }
}
