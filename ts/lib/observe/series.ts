// What each function did in the last 15 minutes on this edge, in steps of 10 seconds; merged over edges when it is asked for.
import { z } from 'zod'
import type { Engine } from '../native.js'
import type { FunctionSeries } from '../snapshot.js'
import { difference, quantile, sum, total, type Sparse } from './latency.js'

export const STEP_MS = 10_000
const STEPS = 90
/** Functions that are remembered: those that are called most. */
const MAX_FUNCTIONS = 500

/** One step of one function on one edge. */
export const stepSchema = z.object({ at: z.number(), errors: z.number(), counts: z.array(z.number()).max(512) })
export type Step = z.infer<typeof stepSchema>

export interface Series extends Disposable {
  /** Of all versions together, oldest first, without those in which nothing happened; the last one is not over. */
  of(name: string): Step[]
}

type Seen = Map<string, { counts: readonly number[]; errors: number }>

export function openSeries(engine: Pick<Engine, 'latencies'>, clock: () => number): Series {
  const steps = new Map<string, Step[]>()
  const read = (): Seen => new Map(engine.latencies().map(({ counts, errors, name }) => [name, { counts, errors }]))
  let seen = read()

  /** What happened since the last step, by function. */
  const news = (now: Seen, at: number): Map<string, Step> => {
    const found = new Map<string, Step>()
    for (const [key, { counts, errors }] of now) {
      const before = seen.get(key)
      const more = difference(counts, before?.counts)
      if (more.length === 0) continue
      const name = key.split(':', 1)[0] ?? key
      const step = found.get(name)
      const failed = Math.max(0, errors - (before?.errors ?? 0))
      found.set(name, { at, errors: failed + (step?.errors ?? 0), counts: [...sum([more, step?.counts ?? []])] })
    }
    return found
  }
  const step = (): void => {
    const end = Math.round(clock() / STEP_MS) * STEP_MS
    const now = read()
    for (const [name, one] of news(now, end - STEP_MS)) steps.set(name, [...(steps.get(name) ?? []), one])
    seen = now
    for (const [name, all] of steps) {
      const fresh = all.filter(({ at }) => at > end - STEPS * STEP_MS)
      if (fresh.length === 0) steps.delete(name)
      else if (fresh.length < all.length) steps.set(name, fresh)
    }
    if (steps.size > MAX_FUNCTIONS) forgetRarest(steps)
  }

  let timer = setTimeout(tick, untilNextStep(clock()))
  function tick(): void {
    step()
    timer = setTimeout(tick, untilNextStep(clock()))
    timer.unref()
  }
  timer.unref()

  return {
    of(name) {
      const current = news(read(), Math.floor(clock() / STEP_MS) * STEP_MS).get(name)
      return [...(steps.get(name) ?? []), ...(current ? [current] : [])]
    },
    [Symbol.dispose]: () => clearTimeout(timer),
  }
}

const untilNextStep = (now: number): number => STEP_MS - (now % STEP_MS) || STEP_MS

function forgetRarest(steps: Map<string, Step[]>): void {
  const calls = [...steps].map(([name, all]) => ({ name, count: all.reduce((sum, { counts }) => sum + total(counts), 0) }))
  calls.sort((one, other) => other.count - one.count)
  for (const { name } of calls.slice(MAX_FUNCTIONS)) steps.delete(name)
}

/** The steps of all edges, as `GET /functions/{name}/series` shows them. */
export function seriesOf(name: string, all: readonly Step[], boundsMs: readonly number[], now: number): FunctionSeries {
  const at = (step: number): number => step - (step % STEP_MS)
  const byStep = new Map<number, Step[]>()
  for (const step of all) byStep.set(at(step.at), [...(byStep.get(at(step.at)) ?? []), step])
  const first = at(now) - (STEPS - 1) * STEP_MS
  const points = Array.from({ length: STEPS }, (_, index) => {
    const start = first + index * STEP_MS
    const steps = byStep.get(start) ?? []
    const counts: Sparse = sum(steps.map((step) => step.counts))
    const errors = steps.reduce((sum, step) => sum + step.errors, 0)
    return { at: start, count: total(counts), errors, p50Ms: quantile(counts, boundsMs, 0.5), p99Ms: quantile(counts, boundsMs, 0.99) }
  })
  return { function: name, stepMs: STEP_MS, points }
}
