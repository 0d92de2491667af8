// Asynchronous invocations (AWS Lambda's `Event`): accepted once they are on disk, executed at least once, tried again when
// they fail, and in the end handed to a destination or kept as a dead letter.
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { messageOf, SwarmError } from './errors.js'
import type { Log } from './log.js'
import { deadLetterSchema, queuedEventSchema, recordOf, type Condition, type DeadLetter, type Destination, type QueuedEvent, type Settings } from './queue/event.js'
import { openSpool } from './queue/spool.js'

export type { DeadLetter, Destination, QueuedEvent, Settings } from './queue/event.js'
export { queuedEventSchema } from './queue/event.js'

/** How one attempt ended. */
export type Attempted =
  | { kind: 'ok' | 'failed'; /** JSON. */ response: string; functionArn: string; executedVersion: string }
  /** Nobody executed it; another time somebody may. */
  | { kind: 'refused' }
  /** There is no such function any more. */
  | { kind: 'absent' }
  /** It is another edge's. */
  | { kind: 'superseded' }

export interface QueueOptions {
  /** Made when it isn't there. */
  folder: string
  invoke: (event: QueuedEvent) => Promise<Attempted>
  settings: (event: QueuedEvent) => Settings
  /** Milliseconds after the first, second… failed execution. */
  retryDelaysMs: readonly number[]
  clock: () => number
  log: Log
}

export type NewEvent = Pick<QueuedEvent, 'id' | 'name' | 'qualifier' | 'payload' | 'clientContext' | 'schedule'>

export interface Queue {
  /** Resolves when it is on disk, or was already; `TOO_MANY_REQUESTS` when too many wait. */
  accept(event: NewEvent): Promise<void>
  /** The same of an event that another edge had. */
  adopt(event: QueuedEvent): Promise<void>
  /** Events that wait or run. */
  depth(): number
  /** The oldest first. */
  deadLetters(): DeadLetter[]
  /** Puts a dead letter back in the queue, as new; false: there is none of that id. */
  redrive(id: string): Promise<boolean>
  /** False: there is none of that id. */
  discard(id: string): Promise<boolean>
  /** Begins no further attempt, and accepts events all the same; resolves when none runs. */
  pause(): Promise<void>
  resume(): void
  /** As `pause`, for good, and accepts nothing more. What waits stays on disk. */
  stop(): Promise<void>
  /** After `pause` or `stop`: gives every event away that `give` takes. */
  handOver(give: (event: QueuedEvent) => Promise<boolean>): Promise<void>
}

const MAX_EVENTS = 100_000
const MAX_DEAD_LETTERS = 10_000
const MAX_RUNNING = 32
/** So that a slow function leaves room for others. */
const MAX_RUNNING_OF_ONE = 8
/** Lambda's: a function that reaches itself through destinations stops here. */
const MAX_HOPS = 16
const FIRST_REFUSAL_MS = 1_000
const LONGEST_REFUSAL_MS = 5 * 60_000
/** setTimeout's limit is 2^31 ms. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

/** Goes on with what is on disk. */
export async function openQueue({ clock, folder, invoke, log, retryDelaysMs, settings }: QueueOptions): Promise<Queue> {
  const pending = await openSpool(join(folder, 'pending'), (value) => queuedEventSchema.safeParse(value).data ?? null, log)
  const dead = await openSpool(join(folder, 'dead'), (value) => deadLetterSchema.safeParse(value).data ?? null, log)
  const deadLetters = new Map<string, DeadLetter>()
  /** Every event that is on disk: payloads stay there. */
  const waiting = new Set<string>()
  /** Ids that may run, by function. */
  const ready = new Map<string, string[]>()
  const later = new Map<string, NodeJS.Timeout>()
  const running = new Map<string, Promise<void>>()
  const runningOf = new Map<string, number>()
  let paused = false
  let stopped = false

  const schedule = ({ id, name, notBefore }: Pick<QueuedEvent, 'id' | 'name' | 'notBefore'>): void => {
    const wait = notBefore - clock()
    if (wait > 0) {
      if (!stopped) later.set(id, setTimeout(() => schedule({ id, name, notBefore }), Math.min(wait, LONGEST_TIMER_MS)))
      return
    }
    later.delete(id)
    const ids = ready.get(name)
    if (ids) ids.push(id)
    else ready.set(name, [id])
    pump()
  }

  const pump = (): void => {
    for (const [name, ids] of [...ready]) {
      while (ids.length > 0 && !paused && running.size < MAX_RUNNING && (runningOf.get(name) ?? 0) < MAX_RUNNING_OF_ONE) {
        const id = ids.shift() ?? ''
        runningOf.set(name, (runningOf.get(name) ?? 0) + 1)
        const work = attempt(id)
          .catch((error: unknown) => log.error('an event could not be worked on; it stays on disk', { id, function: name, error: messageOf(error) }))
          .finally(() => {
            running.delete(id)
            const left = (runningOf.get(name) ?? 1) - 1
            if (left > 0) runningOf.set(name, left)
            else runningOf.delete(name)
            pump()
          })
        running.set(id, work)
      }
      // Whoever still waits comes after the others.
      ready.delete(name)
      if (ids.length > 0) ready.set(name, ids)
    }
  }

  const attempt = async (id: string): Promise<void> => {
    const event = await pending.read(id)
    if (event === null) {
      waiting.delete(id)
      return
    }
    const { maxAgeMs, maxRetries, onFailure, onSuccess } = settings(event)
    const isTooOld = (at: number): boolean => at - event.receivedAt > maxAgeMs
    if (event.hops > MAX_HOPS) return await giveUp(event, 'RecursiveInvocation', null, null)
    if (isTooOld(clock())) return await giveUp(event, 'EventAgeExceeded', null, onFailure)
    const attempted = await invoke(event)
    switch (attempted.kind) {
      case 'ok':
        if (onSuccess) await forward(event, onSuccess, recordOf(event, { ...attempted, condition: 'Success' }, clock()))
        return await finish(id)
      case 'superseded':
        return await finish(id)
      case 'absent':
        return await giveUp(event, 'FunctionNotFound', null, onFailure)
      case 'refused':
        return await again({ ...event, refusals: event.refusals + 1, notBefore: clock() + Math.min(FIRST_REFUSAL_MS * 2 ** Math.min(event.refusals, 20), LONGEST_REFUSAL_MS) })
      case 'failed': {
        const failed = { ...event, attempts: event.attempts + 1 }
        if (failed.attempts > maxRetries) return await giveUp(failed, 'RetriesExhausted', attempted, onFailure)
        const notBefore = clock() + (retryDelaysMs[Math.min(event.attempts, retryDelaysMs.length - 1)] ?? 0)
        if (isTooOld(notBefore)) return await giveUp(failed, 'EventAgeExceeded', attempted, onFailure)
        return await again({ ...failed, notBefore })
      }
    }
  }

  const again = async (event: QueuedEvent): Promise<void> => {
    await pending.write(event.id, event)
    schedule(event)
  }

  const finish = async (id: string): Promise<void> => {
    await pending.remove(id)
    waiting.delete(id)
  }

  const giveUp = async (event: QueuedEvent, condition: Condition, last: Extract<Attempted, { kind: 'ok' | 'failed' }> | null, destination: Destination | null): Promise<void> => {
    log.warn('an event is given up', { id: event.id, function: event.name, condition, attempts: event.attempts })
    const response = last?.response ?? null
    if (destination) {
      const { executedVersion, functionArn } = last ?? { executedVersion: '', functionArn: '' }
      await forward(event, destination, recordOf(event, { condition, response, functionArn, executedVersion }, clock()))
    } else {
      await bury({ ...event, condition, response, diedAt: clock() })
    }
    await finish(event.id)
  }

  const bury = async (letter: DeadLetter): Promise<void> => {
    await dead.write(letter.id, letter)
    deadLetters.set(letter.id, letter)
    for (const [id, oldest] of deadLetters) {
      if (deadLetters.size <= MAX_DEAD_LETTERS) break
      log.error('the oldest dead letter is dropped: too many', { id, function: oldest.name })
      deadLetters.delete(id)
      await dead.remove(id)
    }
  }

  const forward = async (event: QueuedEvent, { name, qualifier }: Destination, payload: string): Promise<void> =>
    await enter({ ...fresh({ id: randomUUID(), name, qualifier, payload, clientContext: null }), hops: event.hops + 1 })

  const fresh = ({ clientContext, id, name, payload, qualifier }: NewEvent): QueuedEvent => ({ v: 1, id, name, qualifier, payload, clientContext, receivedAt: clock(), notBefore: 0, attempts: 0, refusals: 0, hops: 0 })

  const enter = async (event: QueuedEvent): Promise<void> => {
    waiting.add(event.id)
    try {
      await pending.write(event.id, event)
    } catch (error) {
      waiting.delete(event.id)
      throw error
    }
    schedule(event)
  }

  const admit = (): void => {
    if (stopped) throw new SwarmError('CLOSED', 'the edge is stopping')
    if (waiting.size >= MAX_EVENTS) throw new SwarmError('TOO_MANY_REQUESTS', `${MAX_EVENTS} events wait on this edge`)
  }

  for (const letter of (await dead.all()).sort((a, b) => a.diedAt - b.diedAt)) deadLetters.set(letter.id, letter)
  const found = (await pending.all()).sort((a, b) => a.receivedAt - b.receivedAt)
  for (const { id } of found) waiting.add(id)
  for (const event of found) schedule(event)

  return {
    async accept(event) {
      admit()
      if (waiting.has(event.id)) return
      await enter({ ...fresh(event), ...(event.schedule ? { schedule: event.schedule } : {}) })
    },
    async adopt(event) {
      admit()
      if (!waiting.has(event.id)) await enter(event)
    },
    depth: () => waiting.size,
    deadLetters: () => [...deadLetters.values()],
    async redrive(id) {
      const letter = deadLetters.get(id)
      if (!letter) return false
      admit()
      await enter(fresh(letter))
      deadLetters.delete(id)
      await dead.remove(id)
      return true
    },
    async discard(id) {
      if (!deadLetters.delete(id)) return false
      await dead.remove(id)
      return true
    },
    async pause() {
      paused = true
      await Promise.all(running.values())
    },
    resume() {
      if (stopped) return
      paused = false
      pump()
    },
    async stop() {
      paused = true
      stopped = true
      for (const timer of later.values()) clearTimeout(timer)
      await Promise.all(running.values())
    },
    async handOver(give) {
      for (const id of [...waiting]) {
        const event = running.has(id) ? null : await pending.read(id)
        if (event !== null && (await give(event))) await finish(id)
      }
    },
  }
}
