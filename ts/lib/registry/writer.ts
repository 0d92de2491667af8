// Writes this edge's changes into its log.

import { SwarmError } from '../errors.js'
import type { Log } from '../log.js'
import type { Blobs } from './blobs.js'
import type { HybridClock } from './clock.js'
import { compact, COMPACT_BLOCKS, isWorthIt, usageOf } from './compaction.js'
import type { Fold } from './fold.js'
import type { Logs } from './logs.js'
import type { Generation, OwnLog } from './own-log.js'
import { encodeRecord, MAX_RECORD_BYTES, revisionOf, type AnyRecord, type BlobRef, type FunctionConfig, type FunctionRecord } from './record.js'
import type { Change, CopyChange, PutChange } from './types.js'
import type { View } from './view.js'

/** Whether it is worth to compact is counted out once in so many records. */
const LOOK_EVERY = 256
const MAX_CANCELS = 64

export interface WriterOptions {
  view: () => View
  fold: Fold
  logs: Logs
  blobs: Blobs
  ownLog: OwnLog
  clock: HybridClock
  edgeId: string
  /** Hides what only edges of the cluster may read. */
  seal: (config: FunctionConfig) => FunctionConfig
  sync: () => Promise<void>
  compactBlocks?: number
  log: Log
}

export interface Writer {
  /** Appends the change and folds it; the record as it lies in the log. One call at a time, both. */
  append(change: Change): Promise<AnyRecord>
  /** Drops what no longer counts from our own logs, if that is worth it. */
  compactIfWorthIt(): Promise<void>
}

export const createWriter = (options: WriterOptions): Writer => {
  const { blobs, clock, edgeId, fold, log, logs, ownLog, view } = options
  const minBlocks = options.compactBlocks ?? COMPACT_BLOCKS
  const lookEvery = Math.min(LOOK_EVERY, minBlocks)
  let toldOf = ''
  let sinceLook = lookEvery

  /** What a put's record says of its content, which is written by then. */
  const contentOf = async (change: PutChange, generation: Generation) => {
    const put = (content: Buffer): Promise<BlobRef> => blobs.put(content, generation.blobs, view().blob)
    const { config, codeSha256, pluginDigest, archive, lambda } = change
    return {
      ...(archive === undefined ? {} : { archive: await put(archive) }),
      ...(lambda === undefined ? {} : { lambda }),
      config,
      codeSha256,
      pluginDigest,
      source: await put(change.source),
      module: await put(change.module),
      sourceMap: change.sourceMap === null ? null : await put(change.sourceMap),
    }
  }

  /** Our log, unless peers have more of it than we do: then it is left to be read, and another one begun. */
  const currentLog = async (): Promise<Generation> => {
    const generation = await ownLog.current()
    if (logs.claimed(keyOf(generation)) <= generation.log.length) return generation
    log.warn('peers have more of our log than we do: a new one is begun')
    await ownLog.retire()
    return ownLog.current()
  }

  return {
    append: async (change) => {
      const generation = await currentLog()
      const content = change.type === 'put' ? await contentOf(change, generation) : change.type === 'copy' ? copyOf(change) : null
      const heads = view().state(change.name)?.heads ?? []
      const hlc = clock.tick(heads[0]?.hlc)
      // They would win when their time comes, over what is written now by somebody who knows of them.
      const cancels = view()
        .waiting()
        .flatMap(({ record }) => (record.name === change.name ? [record.revisionId] : []))
        .slice(0, MAX_CANCELS)
      const at = clock.now()
      const winner = heads[0]
      const common = {
        v: 1 as const,
        name: change.name,
        hlc,
        edge: edgeId,
        revisionId: revisionOf(hlc, edgeId),
        previous: heads.map((head) => head.revisionId),
        ...(cancels.length > 0 && { cancels }),
        lastModified: at,
        createdAt: winner === undefined || winner.deleted ? at : winner.createdAt,
      }
      const record: AnyRecord =
        change.type === 'item'
          ? { ...common, deleted: false, kind: 'item', value: change.value }
          : content === null
            ? { ...common, deleted: true }
            : { ...content, ...common, deleted: false, config: options.seal(content.config) }
      const block = encodeRecord(record)
      if (block.byteLength > MAX_RECORD_BYTES) throw new SwarmError('TOO_LARGE', `the function's configuration is too large`)
      await generation.log.append(block)
      sinceLook += 1
      const key = keyOf(generation)
      logs.add([key])
      // Peers may have let go of a log that a former life has left: they hear that it goes on.
      if (toldOf !== key) logs.tell(key, generation.log.length)
      toldOf = key
      // The next change of this name must be written over this one.
      await fold.until(key, generation.log.length)
      return record
    },
    compactIfWorthIt: async () => {
      if (sinceLook < lookEvery) return
      sinceLook = 0
      if (!isWorthIt(usageOf(view(), edgeId), minBlocks)) return
      const announce = (key: string): void => logs.add([key])
      await compact({ view: view(), fold, ownLog, edgeId, claimed: (key) => logs.claimed(key), announce, sync: options.sync, log })
    },
  }
}

/** With fields that a newer version put there; what makes it that record is written over. */
const copyOf = ({ config, from, lambda }: CopyChange): FunctionRecord => ({ ...from, config: config ?? from.config, ...(lambda !== undefined && { lambda }) })

const keyOf = (generation: Generation): string => generation.log.key.toString('hex')
