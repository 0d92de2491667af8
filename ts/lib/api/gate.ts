// A bounded number of tasks at once, a bounded number that wait, and a clear no to more.
import { SwarmError } from '../errors.js'

/** Runs a task when there is room; rejects with `TOO_MANY_REQUESTS` when even the queue is full. */
export type Gate = <Result>(task: () => Promise<Result>) => Promise<Result>

export function openGate(maxRunning: number, maxWaiting: number, refusal: string): Gate {
  const waiting: (() => void)[] = []
  let running = 0

  const enter = async (): Promise<void> => {
    if (running < maxRunning) {
      running += 1
      return
    }
    if (waiting.length >= maxWaiting) throw new SwarmError('TOO_MANY_REQUESTS', refusal)
    // The one that leaves hands its place over, so `running` stays.
    await new Promise<void>((resolve) => waiting.push(resolve))
  }

  const leave = (): void => {
    const next = waiting.shift()
    if (next) next()
    else running -= 1
  }

  return async (task) => {
    await enter()
    try {
      return await task()
    } finally {
      leave()
    }
  }
}
