// Requests a second and how long they took, from counters that only grow.
import type { FunctionLatency, Stats } from '../native.js'
import { difference, quantile, type Sparse } from '../observe/latency.js'

export interface Rates {
  requestsPerSecond: number
  failuresPerSecond: number
  /** Of the last minute's invocations over HTTP, or where none came, of those that ran here for other edges; null: there was none. */
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

/** Call {@link openRates | the result} about once a second with the newest counters. `executions`: of each function that ran here. */
export function openRates(executions: () => readonly Pick<FunctionLatency, 'counts'>[] = () => []): (stats: Stats, at: number) => Rates {
  const samples: Sample[] = []
  const answered = openLastMinute()
  const ran = openLastMinute()
  return ({ functions, latency: { boundsMs, counts } }, at) => {
    const overHttp = answered(at, () => counts)
    const took = overHttp.length > 0 ? overHttp : ran(at, () => totalOf(executions()))
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

const totalOf = (all: readonly { counts: readonly number[] }[]): number[] =>
  all.reduce<number[]>((sum, { counts }) => counts.map((count, index) => count + (sum[index] ?? 0)), [])

/** What a counter of durations counted in the last minute, or since it was last asked for. */
function openLastMinute(): (at: number, read: () => readonly number[]) => Sparse {
  const past: { at: number; counts: readonly number[] }[] = []
  return (at, read) => {
    const counts = read()
    if (at - (past.at(-1)?.at ?? -Infinity) >= WINDOW_MS) past.push({ at, counts })
    while (past.length > 1 && at - (past[0]?.at ?? at) >= LATENCY_WINDOW_MS + WINDOW_MS) past.shift()
    return difference(counts, past[0]?.counts)
  }
}
