// Requests a second and how long they took, from counters that only grow.
import type { Stats } from '../native.js'
import { difference, quantile } from '../observe/latency.js'

export interface Rates {
  requestsPerSecond: number
  failuresPerSecond: number
  /** Of the last minute's invocations over HTTP; null: there was none. */
  p50Ms: number | null
  p99Ms: number | null
}

const WINDOW_MS = 5_000
const LATENCY_WINDOW_MS = 60_000

interface Sample {
  at: number
  requests: number
  failures: number
}

/** Call {@link openRates | the result} about once a second with the newest counters. */
export function openRates(): (stats: Stats, at: number) => Rates {
  const samples: Sample[] = []
  const latencies: { at: number; counts: readonly number[] }[] = []
  return ({ functions, latency: { boundsMs, counts } }, at) => {
    if (at - (latencies.at(-1)?.at ?? -Infinity) >= WINDOW_MS) latencies.push({ at, counts })
    while (latencies.length > 1 && at - (latencies[1]?.at ?? at) >= LATENCY_WINDOW_MS) latencies.shift()
    const took = difference(counts, latencies[0]?.counts)
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
    return {
      requestsPerSecond: rate(sum.requests, first.requests),
      failuresPerSecond: rate(sum.failures, first.failures),
      p50Ms: quantile(took, boundsMs, 0.5),
      p99Ms: quantile(took, boundsMs, 0.99),
    }
  }
}
