// Folds every log into the view, block by block, as far as its blocks are here; one step at a time over all logs.

import type Corestore from 'corestore'
import type Hypercore from 'hypercore'

import { messageOf, SwarmError } from '../errors.js'
import type { Log } from '../log.js'
import { MAX_AHEAD_MS, type HybridClock } from './clock.js'
import { decodeRecord, type AnyRecord } from './record.js'
import type { Step, View } from './view.js'

/** Blocks in one batch: big enough to catch up fast, small enough not to hold up a fresh deploy. */
const STEP_BLOCKS = 256
/** setTimeout's limit is 2^31 ms; a clock that is set meanwhile is noticed within this. */
const MAX_SLEEP_MS = 60_000

export interface Fold {
  /** Opens a log, asks peers for all of it, and folds it from now on. Known ones are left alone. */
  add(key: string): void
  /** Public keys of all logs, hex. */
  logs(): string[]
  has(key: string): boolean
  length(key: string): number
  /** Resolves when that many blocks of a log are folded. */
  until(key: string, length: number): Promise<void>
  close(): Promise<void>
}

export interface FoldOptions {
  store: Corestore
  view: View
  clock: HybridClock
  /** Every record that was folded, whether it won or not; after its `onChange`. */
  onRecord: (record: AnyRecord) => void
  onChange: (record: AnyRecord) => void
  log: Log
}

export const openFold = (options: FoldOptions): Fold => {
  const { store, view, clock, log } = options
  const cores = new Map<string, Hypercore>()
  const dirty = new Set<string>()
  const waiters = new Set<{ key: string; length: number; resolve: () => void; reject: (error: Error) => void }>()
  let running: Promise<void> | null = null
  let ripening: NodeJS.Timeout | undefined
  let ripe = false
  let closed = false

  const apply = async (step: Step): Promise<void> => {
    const changed = await view.fold(step)
    for (const record of step.records ?? []) clock.observe(record.hlc)
    for (const record of changed) options.onChange(record)
    for (const record of step.records ?? []) options.onRecord(record)
    if (step.wait !== undefined && step.wait.length > 0) scheduleRipe()
  }

  /** Folds what is here of one log; true when there may be more. */
  const advance = async (key: string, core: Hypercore): Promise<boolean> => {
    // Shorter than it was: its writer lost its end and went on. What comes instead is folded too.
    if (core.length < view.folded(key)) await apply({ checkpoint: { log: key, length: core.length } })
    const from = view.folded(key)
    const to = Math.min(core.length, from + STEP_BLOCKS)
    const step: Required<Pick<Step, 'records' | 'wait' | 'malformed'>> = { records: [], wait: [], malformed: [] }
    let next = from
    for (; next < to; next += 1) {
      const block = await core.get(next, { wait: false })
      if (block === null) break
      const record = decodeRecord(block)
      if (typeof record === 'string') {
        log.warn('record set aside', { log: key, block: next, reason: record })
        step.malformed.push({ block: next, reason: record })
      } else if (clock.isAhead(record.hlc)) {
        log.warn('record is ahead of our clock and waits', {
          name: record.name,
          edge: record.edge,
          aheadMs: record.hlc[0] - clock.now(),
        })
        step.wait.push(record)
      } else {
        step.records.push(record)
      }
    }
    if (next === from) return false
    await apply({ ...step, checkpoint: { log: key, length: next } })
    for (const waiter of waiters) {
      if (waiter.key !== key || waiter.length > next) continue
      waiters.delete(waiter)
      waiter.resolve()
    }
    return next === to && core.length > to
  }

  const foldRipe = async (): Promise<void> => {
    const ripe = view.waiting().filter(({ record }) => !clock.isAhead(record.hlc))
    if (ripe.length > 0) await apply({ records: ripe.map(({ record }) => record), ripe })
    scheduleRipe()
  }
  const scheduleRipe = (): void => {
    clearTimeout(ripening)
    const waiting = view.waiting()
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
      if (closed) return
      if (ripe) {
        ripe = false
        await foldRipe()
        continue
      }
      const [key] = dirty
      const core = key === undefined ? undefined : cores.get(key)
      if (key === undefined || core === undefined) return
      dirty.delete(key)
      try {
        // Behind the others: a long log must not hold up a short one.
        if (await advance(key, core)) dirty.add(key)
      } catch (error) {
        log.error('log not folded', { log: key, reason: messageOf(error) })
        fail(error, key)
      }
    }
  }
  const wake = (): void => {
    if (closed || running !== null) return
    running = run()
      .catch((error: unknown) => {
        log.error('records not folded', { reason: messageOf(error) })
      })
      .finally(() => {
        running = null
        if (dirty.size > 0 || ripe) wake()
      })
  }
  const touch = (key: string): void => {
    dirty.add(key)
    wake()
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
          core.download({ start: 0, end: -1 })
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
    until: (key, length) =>
      new Promise((resolve, reject) => {
        if (view.folded(key) >= length) resolve()
        else waiters.add({ key, length, resolve, reject })
      }),
    close: async () => {
      closed = true
      clearTimeout(ripening)
      await running
      fail(new SwarmError('CLOSED', 'registry is closed'))
    },
  }
}
