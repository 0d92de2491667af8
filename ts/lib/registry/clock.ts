// Hybrid logical clocks: the time of day where clocks agree, and an order that respects cause and effect where they
// don't. After Kulkarni et al., "Logical Physical Clocks" (2014).

/** Milliseconds since the epoch, and a counter for what happened within one. */
export type Hlc = readonly [ms: number, counter: number]

/** Further ahead than this is not believed: one wrong clock must not carry everybody's into the future. */
export const MAX_AHEAD_MS = 60_000

export const compareHlc = (a: Hlc, b: Hlc): number => a[0] - b[0] || a[1] - b[1]

export interface HybridClock {
  /**
   * Greater than everything told or observed so far, as long as that is not further ahead than anybody believes; and
   * greater than `over` in any case.
   */
  tick(over?: Hlc): [number, number]
  /** Whatever is told from now on is greater than this. */
  observe(hlc: Hlc): void
  /** Whether a record of that time must wait. */
  isAhead(hlc: Hlc): boolean
  now(): number
}

export const createClock = (now: () => number): HybridClock => {
  let last: Hlc = [0, 0]
  /** The same of times that nobody believes yet: they drag nothing along, and are told only once all the same. */
  let far: Hlc = [0, 0]
  const isAhead = (hlc: Hlc): boolean => hlc[0] > now() + MAX_AHEAD_MS
  const after = (hlc: Hlc): [number, number] => [hlc[0], hlc[1] + 1]

  /** After a jump of our own clock each of them belongs to the other. */
  const sort = (): void => {
    if (isAhead(last)) {
      far = greater(far, last)
      last = [0, 0]
    }
    if (!isAhead(far)) last = greater(last, far)
  }

  return {
    tick: (over = [0, 0]) => {
      sort()
      if (isAhead(over)) {
        far = after(greater(far, over))
        return [far[0], far[1]]
      }
      const ms = now()
      const base = greater(last, over)
      last = ms > base[0] ? [ms, 0] : after(base)
      return [last[0], last[1]]
    },
    observe: (hlc) => {
      sort()
      if (isAhead(hlc)) far = greater(far, hlc)
      else last = greater(last, hlc)
    },
    isAhead,
    now,
  }
}

const greater = (a: Hlc, b: Hlc): Hlc => (compareHlc(a, b) > 0 ? a : b)
