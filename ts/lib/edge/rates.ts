// Requests a second, from counters that only grow.
import type { Stats } from '../native.js'

export interface Rates {
  requestsPerSecond: number
  failuresPerSecond: number
}

const WINDOW_MS = 5_000

interface Sample {
  at: number
  requests: number
  failures: number
}

/** Call {@link openRates | the result} about once a second with the newest counters. */
export function openRates(): (stats: Stats, at: number) => Rates {
  const samples: Sample[] = []
  return ({ functions }, at) => {
    const sum = { at, requests: 0, failures: 0 }
    for (const { ok, error, timeout, crashed, refused } of functions) {
      const failures = error + timeout + crashed + refused
      sum.requests += ok + failures
      sum.failures += failures
    }
    samples.push(sum)
    while (samples.length > 2 && at - (samples[1]?.at ?? at) >= WINDOW_MS) samples.shift()
    const first = samples[0] ?? sum
    const seconds = Math.max((at - first.at) / 1_000, 1)
    // A function that was unloaded takes its counters along.
    const rate = (now: number, before: number): number => Math.round((Math.max(0, now - before) / seconds) * 10) / 10
    return { requestsPerSecond: rate(sum.requests, first.requests), failuresPerSecond: rate(sum.failures, first.failures) }
  }
}
