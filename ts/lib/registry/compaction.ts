// What is no longer needed goes: our own logs are written anew with the records that still count, and the others end.
//
// A new log begins with a copy of every record of ours that is a head (the winner or a conflict of its name, in our
// view) or waits, the very same bytes: folding it again changes nothing. A retirement follows: these logs of ours are
// over, up to there. An edge that has folded as far as the retirement has everything of those logs that counts, and
// deletes them; one that never saw them never needs to. What was dropped was written over by a record that we have
// seen and that its own writer keeps; where that one is yet to arrive, the dropped record may still win meanwhile, but
// it is no conflict any more (view.ts, `settle`). What the dropped records themselves were written over, and other edges
// still have in their logs, is listed beside the retirement: it would look like a conflict without them.

import type Hypercore from 'hypercore'

import { SwarmError } from '../errors.js'
import type { Log } from '../log.js'
import type { Fold } from './fold.js'
import type { Generation, OwnLog } from './own-log.js'
import { MAX_OVER } from './merge.js'
import { decodeBlock, encodeRecord, NEWER, type AnyRecord } from './record.js'
import type { View } from './view.js'

/** Blocks of our logs, below which it isn't worth it. */
export const COMPACT_BLOCKS = 1_000
/** Every log costs each connection a channel, and each crash of an edge that deploys leaves one. */
const COMPACT_LOGS = 8
const APPEND_BLOCKS = 1_000
/** Of this many names in one block: at 256 revisions each, under the limit of a record. */
const OVER_NAMES = 64

/** How many blocks our logs have, and how many of them count. */
export const usageOf = (view: View, edgeId: string): { logs: string[]; blocks: number; live: number } => {
  const logs = ownLogs(view, edgeId)
  const blocks = logs.reduce((sum, key) => sum + view.folded(key) - view.retired(key), 0)
  let live = view.waiting().filter(({ record }) => record.edge === edgeId).length
  for (const [, { heads }] of view.states()) for (const { edge } of heads) if (edge === edgeId) live += 1
  return { logs: logs.filter((key) => view.folded(key) > view.retired(key)), blocks, live }
}

export const isWorthIt = ({ blocks, live, logs }: ReturnType<typeof usageOf>, minBlocks: number): boolean =>
  (blocks >= minBlocks && blocks > 2 * live) || logs.length > COMPACT_LOGS

export interface CompactOptions {
  view: View
  fold: Fold
  ownLog: OwnLog
  edgeId: string
  /** How long peers say a log is. */
  claimed: (key: string) => number
  /** Makes a log known to the peers and to the fold. */
  announce: (key: string) => void
  sync: () => Promise<void>
  log: Log
}

/** False: some of our logs is not all here yet. Nothing may be published meanwhile. */
export const compact = async (options: CompactOptions): Promise<boolean> => {
  const { claimed, edgeId, fold, log, ownLog, view } = options
  const old: { key: string; core: Hypercore }[] = []
  for (const key of ownLogs(view, edgeId)) {
    const core = fold.core(key)
    // Over already.
    if (core === undefined && view.retired(key) > 0) continue
    const complete = core !== undefined && core.length >= claimed(key) && view.folded(key) === core.length
    if (!complete) return false
    old.push({ key, core })
  }
  const blocks: Buffer[] = []
  const kept = new Set<string>()
  const over = new Map<string, Set<string>>()
  const isOver = (name: string, revisionIds: readonly string[]): void => {
    over.set(name, new Set([...(over.get(name) ?? []), ...revisionIds]))
  }
  for (const { core, key } of old) {
    for (let index = view.retired(key); index < core.length; index += 1) {
      const block = await core.get(index, { wait: false })
      if (block === null) return false
      const decoded = decodeBlock(block)
      if ('problem' in decoded) {
        if (decoded.problem.startsWith(NEWER)) blocks.push(block)
      } else if ('retirement' in decoded) {
        for (const [name, revisionIds] of Object.entries(decoded.retirement.over ?? {})) isOver(name, revisionIds)
      } else {
        const { cancels = [], name, previous, revisionId } = decoded.record
        if (!counts(decoded.record, view)) isOver(name, [...previous, ...cancels])
        else if (!kept.has(revisionId)) {
          kept.add(revisionId)
          blocks.push(block)
        }
      }
    }
  }
  const others = await revisionsIn(fold, new Set(old.map(({ key }) => key)))
  const listed = [...over].flatMap(([name, revisionIds]): [string, string[]][] => {
    const still = [...revisionIds].filter((revisionId) => others.has(revisionId)).sort().slice(-MAX_OVER)
    return still.length === 0 ? [] : [[name, still]]
  })
  const retirement = { v: 1, kind: 'retirement', edge: edgeId } as const
  for (let from = 0; from < listed.length; from += OVER_NAMES) {
    blocks.push(encodeRecord({ ...retirement, retires: [], over: Object.fromEntries(listed.slice(from, from + OVER_NAMES)) }))
  }
  await ownLog.retire()
  const generation = await ownLog.current()
  const key = generation.log.key.toString('hex')
  const ended = ownLogs(view, edgeId).map((each) => ({ log: each, length: Math.max(view.retired(each), fold.length(each)) }))
  blocks.push(encodeRecord({ ...retirement, retires: ended }))
  await appendAll(generation, blocks)
  // What comes after must not be on disk without it.
  await options.sync()
  options.announce(key)
  await fold.until(key, generation.log.length)
  await ownLog.forgetOthers()
  log.info('own log compacted', { logs: old.length, before: old.reduce((sum, { core }) => sum + core.length, 0), after: blocks.length })
  return true
}

const ownLogs = (view: View, edgeId: string): string[] => view.logs().filter((key) => view.author(key) === edgeId)

const counts = ({ name, revisionId }: AnyRecord, view: View): boolean =>
  view.state(name)?.heads.some((head) => head.revisionId === revisionId) === true || view.waiting().some(({ record }) => record.revisionId === revisionId)

/** All revisions in the logs of other edges, as far as they are here; what is on its way is not among them, and too new to matter. */
const revisionsIn = async (fold: Fold, own: ReadonlySet<string>): Promise<Set<string>> => {
  const found = new Set<string>()
  for (const key of fold.logs()) {
    const core = fold.core(key)
    if (own.has(key) || core === undefined) continue
    for (let index = 0; index < core.length; index += 1) {
      const block = await core.get(index, { wait: false })
      const decoded = block === null ? null : decodeBlock(block)
      if (decoded !== null && 'record' in decoded) found.add(decoded.record.revisionId)
    }
  }
  return found
}

const appendAll = async ({ log }: Generation, blocks: readonly Buffer[]): Promise<void> => {
  if (log.length > 0) throw new SwarmError('INTERNAL', 'a new log is not empty')
  for (let from = 0; from < blocks.length; from += APPEND_BLOCKS) await log.append(blocks.slice(from, from + APPEND_BLOCKS))
}
