// The next blocks of a log, read and sorted: what counts now, what waits, what is set aside and why.

import type Hypercore from 'hypercore'

import type { Log } from '../log.js'
import type { HybridClock } from './clock.js'
import { decodeBlock, NEWER, type AnyRecord, type Retirement } from './record.js'
import { REVOKED, type Place, type Step, type View } from './view.js'

/** Blocks in one batch: big enough to catch up fast, small enough not to hold up a fresh deploy. */
const STEP_BLOCKS = 256

export interface ReadOptions {
  key: string
  core: Pick<Hypercore, 'get' | 'length'>
  from: number
  view: Pick<View, 'author'>
  clock: Pick<HybridClock, 'isAhead' | 'now'>
  isRevoked: (record: AnyRecord, place: Place) => boolean
  log: Log
}

/** `full`: there may be more. */
export const readStep = async (options: ReadOptions): Promise<Step & { checkpoint: { log: string; length: number }; full: boolean }> => {
  const { clock, core, from, key, log, view } = options
  const step: Required<Pick<Step, 'records' | 'wait' | 'setAside' | 'retire' | 'over'>> = { records: [], wait: [], setAside: [], retire: [], over: [] }
  const to = Math.min(core.length, from + STEP_BLOCKS)
  let edge = view.author(key) ?? undefined
  const setAside = (block: number, reason: string): void => {
    const about = { log: key, block, edge: edge ?? null, reason }
    if (reason.startsWith(NEWER)) log.info('record set aside until this edge is updated', about)
    else log.warn('record set aside', about)
    step.setAside.push({ block, reason })
  }
  /** Only its writer may end a log: nobody else knows what of it still counts. */
  const mayRetire = (retirement: Retirement): boolean =>
    edge === retirement.edge && retirement.retires.every(({ log: other }) => other !== key && (view.author(other) ?? edge) === edge)

  let next = from
  for (; next < to; next += 1) {
    const block = await core.get(next, { wait: false })
    if (block === null) break
    const decoded = decodeBlock(block)
    const place = { log: key, block: next }
    if ('problem' in decoded) setAside(next, decoded.problem)
    else if ('retirement' in decoded) {
      edge ??= decoded.retirement.edge
      if (mayRetire(decoded.retirement)) {
        step.retire.push(...decoded.retirement.retires)
        step.over.push(...Object.entries(decoded.retirement.over ?? {}))
      } else setAside(next, 'retires logs of another edge')
    } else {
      const { record } = decoded
      edge ??= record.edge
      if (options.isRevoked(record, place)) setAside(next, `${REVOKED}: ${record.edge.slice(0, 16)}`)
      else if (clock.isAhead(record.hlc)) {
        log.warn('record is ahead of our clock and waits', { name: record.name, edge: record.edge, aheadMs: record.hlc[0] - clock.now() })
        step.wait.push({ record, place })
      } else step.records.push({ record, place })
    }
  }
  return { ...step, checkpoint: { log: key, length: next, ...(edge !== undefined && { edge }) }, full: next === to }
}
