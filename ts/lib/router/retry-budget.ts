// Retries stay a fraction of traffic, so that failing over never multiplies an overload.

/** Tokens: traffic earns them, a retry spends one. */
export interface RetryBudget {
  /** Counts `requests` of ordinary traffic. */
  deposit(requests: number): void
  /** Takes the right to one retry, or says no. */
  withdraw(): boolean
  /** Since the start. */
  counts(): { spent: number; refused: number }
}

/** DESIGN §6: at most a fifth of traffic. This leaves room for the floor: with it, 200 requests a second make a fifth. */
const RETRIES_PER_REQUEST = 0.15
/** A quiet edge may retry this often a second all the same. */
const FLOOR_PER_SECOND = 10
/** What is saved up counts for this long. */
const WINDOW_S = 10

/** `clock` in milliseconds. */
export function openRetryBudget(clock: () => number): RetryBudget {
  const floor = FLOOR_PER_SECOND * WINDOW_S
  let tokens = floor
  let earnedPerSecond = 0
  let at = clock()
  const counts = { spent: 0, refused: 0 }

  const refill = (): void => {
    const seconds = Math.max(0, clock() - at) / 1_000
    at = clock()
    // What traffic earned decays over the window, so the cap follows the traffic down as well.
    earnedPerSecond *= Math.exp(-seconds / WINDOW_S)
    tokens = Math.min(tokens + FLOOR_PER_SECOND * seconds, floor + earnedPerSecond * WINDOW_S)
  }

  return {
    deposit(requests) {
      refill()
      const earned = requests * RETRIES_PER_REQUEST
      earnedPerSecond += earned / WINDOW_S
      tokens = Math.min(tokens + earned, floor + earnedPerSecond * WINDOW_S)
    },
    withdraw() {
      refill()
      if (tokens < 1) {
        counts.refused += 1
        return false
      }
      tokens -= 1
      counts.spent += 1
      return true
    },
    counts: () => ({ ...counts }),
  }
}
