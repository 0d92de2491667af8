// Folds every log into the view, block by block, as far as its blocks are here; one step at a time over all logs.

import type Corestore from 'corestore'
import type Hypercore from 'hypercore'

import { messageOf, SwarmError } from '../errors.js'
import type { Log } from '../log.js'
import { MAX_AHEAD_MS, type HybridClock } from './clock.js'
import { readStep } from './read-step.js'
import type { AnyRecord } from './record.js'
import { isRevoked, revocationsOf, type Revocations } from './revocations.js'
import type { Step, View } from './view.js'

/** setTimeout's limit is 2^31 ms; a clock that is set meanwhile is noticed within this. */
const MAX_SLEEP_MS = 60_000

export interface Fold {
  /** Opens a log, asks peers for all of it that counts, and folds it from now on. Known ones are left alone. */
  add(key: string): void
  /** Public keys of all logs, hex. */
  logs(): string[]
  has(key: string): boolean
  length(key: string): number
  /** One that is open. */
  core(key: string): Hypercore | undefined
  /** Resolves when that many blocks of a log are folded. */
  until(key: string, length: number): Promise<void>
  /** Runs while nothing is folded. */
  pause<T>(work: () => Promise<T>): Promise<T>
  close(): Promise<void>
}

export interface FoldOptions {
  store: Corestore
  view: () => View
  clock: HybridClock
  /** Every record that was folded, whether it won or not; after its `onChange`. */
  onRecord: (record: AnyRecord) => void
  onChange: (record: AnyRecord) => void
  /** Revocations changed, and what is folded does not agree with them: the view must be made again. */
  onRevoked: (revocations: Revocations) => void
  /** The store failed. */
  onFailed: (error: unknown) => void
  /** How long peers say a log is. */
  claimed: (key: string) => number
  /** A log is over, and gone from the disk. */
  onRetired: (key: string) => void
  log: Log
}

interface Waiter {
  key: string
  length: number
  resolve: () => void
  reject: (error: Error) => void
}

export const openFold = (options: FoldOptions): Fold => {
  const { store, view, clock, log } = options
  const cores = new Map<string, Hypercore>()
  const dirty = new Set<string>()
  const waiters = new Set<Waiter>()
  const pauses: (() => Promise<void>)[] = []
  let revocations = revocationsOf(view())
  let running: Promise<void> | null = null
  let ripening: NodeJS.Timeout | undefined
  let ripe = false
  let closed = false

  const apply = async (step: Step): Promise<void> => {
    const changed = await view().fold(step)
    const records = (step.records ?? []).map(({ record }) => record)
    for (const record of records) clock.observe(record.hlc)
    for (const record of changed) options.onChange(record)
    for (const record of records) options.onRecord(record)
    if (step.wait !== undefined && step.wait.length > 0) scheduleRipe()
    if (changed.some((record) => record.name.startsWith('!revoked:'))) reviseRevocations()
    for (const { log: key } of step.retire ?? []) await retire(key)
  }
  const reviseRevocations = (): void => {
    revocations = revocationsOf(view())
    options.onRevoked(revocations)
  }
  /** Ends a log, unless there is more of it, here or at a peer, than its writer knew when he ended it. */
  const retire = async (key: string): Promise<void> => {
    const core = cores.get(key)
    if (core === undefined || Math.max(core.length, options.claimed(key)) > view().retired(key)) return
    cores.delete(key)
    dirty.delete(key)
    try {
      await core.clear(0, core.length)
      await core.close()
      options.onRetired(key)
    } catch (error) {
      log.warn('a log that is over was not cleared', { log: key, reason: messageOf(error) })
    }
  }

  /** Folds what is here of one log; true when there may be more. */
  const advance = async (key: string, core: Hypercore): Promise<boolean> => {
    // Shorter than it was: its writer lost its end and went on. What comes instead is folded too.
    if (core.length < view().folded(key)) await apply({ checkpoint: { log: key, length: core.length } })
    const retired = view().retired(key)
    if (retired > 0 && core.length > 0 && core.length <= retired) {
      await retire(key)
      return false
    }
    const from = Math.max(view().folded(key), retired)
    const step = await readStep({ key, core, from, view: view(), clock, isRevoked: (record, place) => isRevoked(revocations, record, place), log })
    const { length } = step.checkpoint
    if (length === from) return false
    await apply(step)
    for (const waiter of waiters) {
      if (waiter.key !== key || waiter.length > length) continue
      waiters.delete(waiter)
      waiter.resolve()
    }
    return step.full && core.length > length
  }

  const foldRipe = async (): Promise<void> => {
    const records = view()
      .waiting()
      .filter(({ record }) => !clock.isAhead(record.hlc))
    if (records.length > 0) await apply({ records, ripe: records.map(({ record }) => record.revisionId) })
    scheduleRipe()
  }
  const scheduleRipe = (): void => {
    clearTimeout(ripening)
    const waiting = view().waiting()
    if (waiting.length === 0 || closed) return
    const first = Math.min(...waiting.map(({ record }) => record.hlc[0])) - MAX_AHEAD_MS - clock.now()
    const look = (): void => {
      ripe = true
      wake()
    }
    ripening = setTimeout(look, Math.min(Math.max(first, 0), MAX_SLEEP_MS))
  }

  const fail = (error: unknown, key?: string): void => {
    for (const waiter of waiters) {
      if (key !== undefined && waiter.key !== key) continue
      waiters.delete(waiter)
      waiter.reject(error instanceof Error ? error : new Error(messageOf(error)))
    }
  }

  const run = async (): Promise<void> => {
    for (;;) {
      const pause = pauses.shift()
      if (pause !== undefined) {
        await pause()
        continue
      }
      if (closed) return
      if (ripe) {
        ripe = false
        await foldRipe()
        continue
      }
      const [key] = dirty
      const core = key === undefined ? undefined : cores.get(key)
      if (key === undefined) return
      dirty.delete(key)
      if (core === undefined) continue
      try {
        // Behind the others: a long log must not hold up a short one.
        if (await advance(key, core)) dirty.add(key)
      } catch (error) {
        log.error('log not folded', { log: key, reason: messageOf(error) })
        fail(error, key)
        options.onFailed(error)
      }
    }
  }
  const wake = (): void => {
    if (running !== null) return
    running = run()
      .catch((error: unknown) => {
        log.error('records not folded', { reason: messageOf(error) })
        options.onFailed(error)
      })
      .finally(() => {
        running = null
        if (pauses.length > 0 || (!closed && (dirty.size > 0 || ripe))) wake()
      })
  }
  const touch = (key: string): void => {
    if (!cores.has(key)) return
    dirty.add(key)
    if (!closed) wake()
  }
  scheduleRipe()

  return {
    add: (key) => {
      if (closed || cores.has(key)) return
      const core = store.get({ key: Buffer.from(key, 'hex') })
      cores.set(key, core)
      const onMore = (): void => {
        touch(key)
      }
      core.on('append', onMore)
      core.on('download', onMore)
      core.on('truncate', onMore)
      core.ready().then(
        () => {
          // In order, as they are folded: at random, a long log would be nearly whole before its first records counted.
          core.download({ start: view().retired(key), end: -1, linear: true })
          touch(key)
        },
        (error: unknown) => {
          cores.delete(key)
          log.warn('log not opened', { log: key, reason: messageOf(error) })
          fail(error, key)
        },
      )
    },
    logs: () => [...cores.keys()],
    has: (key) => cores.has(key),
    length: (key) => cores.get(key)?.length ?? 0,
    core: (key) => cores.get(key),
    until: (key, length) =>
      new Promise((resolve, reject) => {
        if (view().folded(key) >= length) resolve()
        else waiters.add({ key, length, resolve, reject })
      }),
    pause: (work) =>
      new Promise((resolve, reject) => {
        pauses.push(() => work().then(resolve, reject))
        wake()
      }),
    close: async () => {
      closed = true
      clearTimeout(ripening)
      await running
      fail(new SwarmError('CLOSED', 'registry is closed'))
    },
  }
}
