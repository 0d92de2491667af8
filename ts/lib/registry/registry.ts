// The registry: which functions there are, the same on every edge. One append-only log for each edge, all of them on
// all edges, folded into one view. A deploy here and a deploy elsewhere come out of the same end: the `change` event.
//
//   publish → writer → own log ┐
//                              ├─▶ fold ─▶ view ─▶ events, get, list
//   peers' logs (logs.ts) ─────┘    └─▶ blobs (fetched), collect.ts and compaction.ts (let go)

import { EventEmitter } from 'node:events'

import type Corestore from 'corestore'

import { messageOf, SwarmError } from '../errors.js'
import type { Log } from '../log.js'
import type { Mesh } from '../p2p/types.js'
import { openBlobs } from './blobs.js'
import { createClock } from './clock.js'
import { openCollector } from './collect.js'
import { openFold } from './fold.js'
import { openLags } from './lags.js'
import { openLogs } from './logs.js'
import { openHealth, type Broken } from './health.js'
import { writeManifest, type Manifest } from './manifest.js'
import { winnerOf } from './merge.js'
import { openOwnLog } from './own-log.js'
import { isPart } from './parts.js'
import { isItem, type AnyRecord, type DeletedRecord, type FunctionRecord, type ItemRecord, type RegistryRecord } from './record.js'
import { rebuild, needsRebuild } from './rebuild.js'
import { manifestOf } from './recover.js'
import type { Sealer } from './sealer.js'
import { createSealing } from './sealing.js'
import { createSync } from './store.js'
import type { Change, CopyChange, DeleteChange, ItemChange, PutChange, Registry, RegistryEvents } from './types.js'
import { openView, refsOf, type View } from './view.js'
import { createWriter } from './writer.js'

export type { Change, DeleteChange, PutChange, Registry, RegistryEvents, RegistryStats } from './types.js'
export type { AnyRecord, BlobRef, DeletedRecord, FunctionConfig, FunctionRecord, ItemRecord, RegistryRecord } from './record.js'
export { functionConfigSchema } from './record.js'
export { kindOf, markDamaged } from './damage.js'
export type { Broken } from './health.js'
export { openStore } from './store.js'

/** To be changed with what a view holds, or with which records it understands: the next start makes it anew. */
const VIEW = 'view-3'
/** A view of so many blocks for each entry is written anew. */
const VIEW_FACTOR = 3
const VIEW_BLOCKS = 2_000
const VIEW_LOOK_EVERY = 256
const UNBELIEVE_EVERY_MS = 1_000

export interface RegistryOptions {
  /** By {@link openStore}, and replicated by the mesh. Closed by whoever opened it, after the registry. */
  store: Corestore
  stateDir: string
  mesh: Pick<Mesh, 'events' | 'peers' | 'broadcast' | 'clock' | 'replicate'>
  /** Of this edge: its public key, hex. */
  edgeId: string
  /** Hides environments in the logs. */
  sealer: Sealer
  /** Milliseconds since the epoch. */
  clock?: () => number
  /** Own blocks from which a log is compacted; view.ts likewise. */
  compactBlocks?: number
  /** Called once. */
  onBroken?: (broken: Broken) => void
  /** Content that nothing needs stays this long, ms. */
  graceMs?: number
  log: Log
}

/** Opens with what is on disk; waits for no peer. */
export const openRegistry = async (options: RegistryOptions): Promise<Registry> => {
  const { store, stateDir, mesh, edgeId, log } = options
  const events = new EventEmitter<RegistryEvents>()
  const ownClock = options.clock ?? Date.now
  const clock = createClock(() => ownClock() + mesh.clock.offsetMs())
  const sync = createSync(stateDir)
  const health = openHealth({ stateDir, onBroken: (broken) => options.onBroken?.(broken), log })
  /** What is opened here closes by itself with the store. */
  const opening = async <T>(work: Promise<T>): Promise<T> =>
    work.catch(async (error: unknown) => {
      health[Symbol.dispose]()
      throw await health.failedToOpen(error)
    })
  const manifest = await opening(manifestOf(stateDir, store, VIEW, log))
  const inTurn = createQueue()
  const saving = createQueue()
  const save = (): Promise<void> => saving(() => writeManifest(stateDir, manifest))
  const saveLater = (): void => {
    save().catch((error: unknown) => {
      log.error('known logs not saved', { reason: messageOf(error) })
    })
  }
  let view = await opening(openViewOrAnother(store, manifest, save, log))
  /** Cleared here; the rest of it goes at the next start. */
  const discard = (key: string): void => {
    manifest.writers = manifest.writers.filter((writer) => writer !== key)
    manifest.garbage = [...new Set([...(manifest.garbage ?? []), key])]
    saveLater()
  }
  manifest.garbage = []
  const blobs = openBlobs({ store, isNeeded: (ref) => view.isNeeded(ref), mayFetch: () => !health.space.isLow(), onFailed: (error) => health.failed(error), onEmpty: discard, log })
  const ownLog = openOwnLog({ store, manifest, save, sync, log })
  const { sealed, opened } = createSealing(options.sealer, log)
  const lags = openLags(edgeId, clock)
  let closed = false
  let remaking = false
  let foldedSinceLook = 0

  const fetchBlobs = (record: AnyRecord): void => {
    for (const ref of refsOf(record)) {
      if (!view.isNeeded(ref)) continue
      // Its writer goes on with a core that was empty.
      if (manifest.garbage?.includes(ref.core) === true) {
        manifest.garbage = manifest.garbage.filter((key) => key !== ref.core)
        saveLater()
      }
      blobs.fetch(ref)
    }
  }
  /** A listener's error is not the log's. */
  const emit = (event: 'change' | 'record', stored: AnyRecord): void => {
    try {
      const record = opened(stored)
      if (!isPart(record.name) && !isItem(record)) events.emit(event, record)
      else if (event === 'change') events.emit('part', record)
    } catch (error) {
      log.error('a listener of the registry failed', { event, name: stored.name, reason: messageOf(error) })
    }
  }
  const newViewName = (): string => `${VIEW}-${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 6)}`
  const switchTo = async (name: string): Promise<void> => {
    manifest.view = name
    await save()
  }
  /** While nothing is folded: the view as it should have been. */
  const remake = async (): Promise<void> => {
    const name = newViewName()
    const old = view
    const made = await rebuild({ store, name, old, fold, clock, log })
    view = made.view
    await switchTo(name)
    for (const record of made.changed) emit('change', record)
    await old.destroy()
  }
  const compactView = async (): Promise<void> => {
    const { blocks, entries } = view.size()
    if (blocks < VIEW_BLOCKS || blocks < entries * VIEW_FACTOR) return
    const name = newViewName()
    await view.rewrite(name, () => switchTo(name))
    log.info('the view was written anew', { before: blocks, after: view.size().blocks })
  }
  const inBackground = (what: string, work: () => Promise<void>): void => {
    fold.pause(work).catch((error: unknown) => {
      log.error(what, { reason: messageOf(error) })
    })
  }
  const fold = openFold({
    store,
    view: () => view,
    clock,
    onChange: (record) => {
      emit('change', record)
    },
    onRecord: (record) => {
      fetchBlobs(record)
      lags.indexed(record)
      emit('record', record)
      foldedSinceLook += 1
      if (foldedSinceLook < VIEW_LOOK_EVERY) return
      foldedSinceLook = 0
      inBackground('the view was not written anew', compactView)
    },
    onRevoked: (revocations) => {
      if (needsRebuild(view, revocations)) inBackground('the view was not made again', remake)
    },
    onFailed: (error) => {
      health.failed(error)
    },
    onRetired: discard,
    claimed: (key) => logs.claimed(key),
    log,
  })
  for (const [, state] of view.states()) {
    for (const head of state.heads) {
      clock.observe(head.hlc)
      fetchBlobs(head)
    }
  }
  for (const key of manifest.writers) fold.add(key)
  const onAdded = (keys: readonly string[]): void => {
    manifest.writers = [...new Set([...manifest.writers, ...keys])]
    manifest.garbage = manifest.garbage?.filter((key) => !keys.includes(key))
    saveLater()
  }
  const logs = openLogs({ mesh, fold, view: () => view, onAdded, log })
  const writer = createWriter({
    view: () => view,
    fold,
    logs,
    blobs,
    ownLog,
    clock,
    edgeId,
    seal: sealed,
    sync,
    log,
    ...(options.compactBlocks !== undefined && { compactBlocks: options.compactBlocks }),
  })
  const collector = openCollector({
    view: () => view,
    blobs,
    exclusively: (work) => inTurn(() => fold.pause(work)),
    log,
    ...(options.graceMs !== undefined && { graceMs: options.graceMs }),
  })

  /** Records that this edge believed while its clock was ahead, and nobody else does: they wait, here too. */
  const unbelieve = setInterval(() => {
    if (!mesh.clock.isConfirmed() || remaking) return
    const ahead = [...view.states()].filter(([, { heads }]) => heads.some(({ hlc }) => clock.isAhead(hlc)))
    if (ahead.length === 0) return
    log.error('records of a time that is yet to come are taken back: the clock of this edge was ahead', { names: ahead.length })
    remaking = true
    inBackground('the view was not made again', () => remake().finally(() => (remaking = false)))
  }, UNBELIEVE_EVERY_MS)
  unbelieve.unref()

  function publish(change: PutChange): Promise<FunctionRecord>
  function publish(change: DeleteChange): Promise<DeletedRecord>
  function publish(change: CopyChange): Promise<FunctionRecord>
  function publish(change: ItemChange): Promise<ItemRecord>
  async function publish(change: Change): Promise<AnyRecord> {
    await health.space.need(change.type === 'put' ? change.source.byteLength + change.module.byteLength + (change.archive?.byteLength ?? 0) : 0)
    const record = await inTurn(async () => {
      if (closed) throw new SwarmError('CLOSED', 'registry is closed')
      try {
        const written = await writer.append(change)
        await sync()
        return written
      } catch (error) {
        // Half of it may be on the disk: this log is not written to again.
        if (!(error instanceof SwarmError)) await ownLog.abandon()
        throw health.failed(error)
      }
    })
    // Behind it, for nobody to wait.
    inTurn(() => (closed ? Promise.resolve() : writer.compactIfWorthIt())).catch((error: unknown) => {
      log.warn('own log not compacted', { reason: messageOf(error) })
    })
    return opened(record)
  }

  const functionOf = (record: AnyRecord | null): FunctionRecord | null =>
    record === null || record.deleted || isItem(record) ? null : (opened(record) as FunctionRecord)

  return {
    events,
    publish,
    get: (name) => functionOf(winnerOf(view.state(name))),
    copy: publish,
    put: publish,
    item: (key) => {
      const record = winnerOf(view.state(key))
      return record !== null && isItem(record) ? record : null
    },
    allParts: () => [...view.states()].filter(([key]) => isPart(key)).map(([, state]) => winnerOf(state)).filter((record) => record !== null && !record.deleted),
    parts: (name) =>
      [...view.states()]
        .filter(([key]) => key.length > name.length && key.startsWith(name) && isPart(key.slice(name.length, name.length + 1)))
        .map(([, state]) => winnerOf(state))
        .filter((record) => record !== null)
        .map(opened)
        .sort((a, b) => (a.name < b.name ? -1 : 1)),
    list: () =>
      [...view.states()]
        .filter(([key]) => !isPart(key))
        .map(([, state]) => functionOf(winnerOf(state)))
        .filter((record) => record !== null)
        .sort((a, b) => (a.name < b.name ? -1 : 1)),
    conflicts: (name) => (view.state(name)?.heads.slice(1) ?? []).filter((record): record is RegistryRecord => !isItem(record)),
    seq: () => view.seq(),
    logsOf: (edge) => view.logs().filter((key) => view.author(key) === edge).map((key) => ({ key, length: view.folded(key) })),
    lags: () => lags.of(view),
    hasBlob: (ref) => blobs.has(ref),
    blob: async (ref, blobOptions) => {
      if (!(await blobs.has(ref))) mesh.replicate()
      return blobs.get(ref, blobOptions)
    },
    collect: () => collector.run(),
    stats: () => {
      const { malformed, newer, revoked } = view.setAside()
      return {
        logs: fold.logs().length,
        malformed: malformed + blobs.malformed() + logs.malformed(),
        newer,
        revoked,
        waiting: view.waiting().length,
        clockOffsetMs: mesh.clock.offsetMs(),
        waitingFrom: [...new Set(view.waiting().map(({ record }) => record.edge))].sort(),
      }
    },
    [Symbol.asyncDispose]: async () => {
      closed = true
      clearInterval(unbelieve)
      health[Symbol.dispose]()
      logs[Symbol.dispose]()
      await inTurn(() => Promise.resolve())
      await collector[Symbol.asyncDispose]()
      await blobs.close()
      await fold.close()
      await ownLog.close()
      await saving(() => Promise.resolve())
      await view[Symbol.asyncDispose]()
    },
  }
}

/** Runs what it is given one after the other. */
const createQueue = (): (<T>(work: () => Promise<T>) => Promise<T>) => {
  let last: Promise<unknown> = Promise.resolve()
  return (work) => {
    const result = last.then(work)
    last = result.catch(() => undefined)
    return result
  }
}

/** The view of the last run; a damaged or outdated one is left behind, and a new one is made from the logs. */
const openViewOrAnother = async (
  store: Corestore,
  manifest: Manifest,
  save: () => Promise<void>,
  log: Log,
): Promise<View> => {
  if (manifest.view.startsWith(VIEW)) {
    try {
      return await openView(store, manifest.view)
    } catch (error) {
      log.error('the view is damaged: it is made again from the logs', { reason: messageOf(error) })
    }
  }
  manifest.view = `${VIEW}-${Date.now().toString(36)}`
  await save()
  return openView(store, manifest.view)
}
