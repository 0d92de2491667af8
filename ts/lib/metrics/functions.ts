// Figures by function, for so many functions that Prometheus can bear it: those that are called most, and all others as one.
import type { FunctionLatency, FunctionStats } from '../native.js'
import type { Counted } from './histograms.js'

export const MAX_FUNCTIONS = 100
/** No function has this name. */
export const OTHERS = '(other)'

const CLASSES = ['ok', 'error', 'timeout', 'crashed', 'refused'] as const

const nameOf = (key: string): string => key.split(':', 1)[0] ?? key

/** Which functions have a label of their own. */
export function busiest(stats: readonly FunctionStats[]): ReadonlySet<string> {
  const calls = new Map<string, number>()
  for (const one of stats) calls.set(nameOf(one.name), (calls.get(nameOf(one.name)) ?? 0) + CLASSES.reduce((sum, kind) => sum + one[kind], 0))
  const ordered = [...calls].sort(([, one], [, other]) => other - one)
  return new Set(ordered.slice(0, MAX_FUNCTIONS).map(([name]) => name))
}

/** How often each ended how, versions added up. */
export function endingsOf(stats: readonly FunctionStats[], own: ReadonlySet<string>): [{ function: string; class: string }, number][] {
  const sums = new Map<string, number>()
  for (const one of stats) {
    for (const kind of CLASSES) {
      const key = `${label(one.name, own)} ${kind}`
      sums.set(key, (sums.get(key) ?? 0) + one[kind])
    }
  }
  return [...sums].map(([key, count]) => {
    const [name = '', kind = ''] = key.split(' ')
    return [{ function: name, class: kind }, count]
  })
}

/** How long they took, versions added up. */
export function durationsOf(latencies: readonly FunctionLatency[], stats: readonly FunctionStats[], own: ReadonlySet<string>): Counted[] {
  const sums = new Map<string, { counts: number[]; totalMs: number }>()
  const at = (name: string): { counts: number[]; totalMs: number } => {
    const found = sums.get(name) ?? { counts: [], totalMs: 0 }
    sums.set(name, found)
    return found
  }
  for (const { counts, name } of latencies) {
    const sum = at(label(name, own))
    sum.counts = counts.map((count, index) => count + (sum.counts[index] ?? 0))
  }
  for (const { name, totalMs } of stats) {
    const sum = sums.get(label(name, own))
    if (sum) sum.totalMs += totalMs
  }
  return [...sums].map(([name, sum]) => ({ labels: { function: name }, ...sum }))
}

const label = (key: string, own: ReadonlySet<string>): string => (own.has(nameOf(key)) ? nameOf(key) : OTHERS)
