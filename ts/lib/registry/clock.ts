// Hybrid logical clocks: the time of day where clocks agree, and an order that respects cause and effect where they
// don't. After Kulkarni et al., "Logical Physical Clocks" (2014).

/** Milliseconds since the epoch, and a counter for what happened within one. */
export type Hlc = readonly [ms: number, counter: number]

/** Further ahead than this is not believed: one wrong clock must not carry everybody's into the future. */
export const MAX_AHEAD_MS = 60_000

export const compareHlc = (a: Hlc, b: Hlc): number => a[0] - b[0] || a[1] - b[1]

export interface HybridClock {
  /** Greater than everything told or observed so far. */
  tick(): [number, number]
  /** Whatever is told from now on is greater than this. */
  observe(hlc: Hlc): void
  /** Whether a record of that time must wait. */
  isAhead(hlc: Hlc): boolean
  now(): number
}

export const createClock = (now: () => number): HybridClock => {
  let last: Hlc = [0, 0]
  return {
    tick: () => {
      const ms = now()
      last = ms > last[0] ? [ms, 0] : [last[0], last[1] + 1]
      return [last[0], last[1]]
    },
    observe: (hlc) => {
      if (compareHlc(hlc, last) > 0) last = [hlc[0], hlc[1]]
    },
    isAhead: (hlc) => hlc[0] > now() + MAX_AHEAD_MS,
    now,
  }
}
