// The registry: which functions there are, the same on every edge. One append-only log for each edge, all of them on
// all edges, folded into one view. A deploy here and a deploy elsewhere come out of the same end: the `change` event.

import { EventEmitter } from 'node:events'

import type Corestore from 'corestore'
import { z } from 'zod'

import { messageOf, SwarmError } from '../errors.js'
import type { Log } from '../log.js'
import type { Mesh, Peer } from '../p2p/types.js'
import { openBlobs } from './blobs.js'
import { createClock } from './clock.js'
import { openFold } from './fold.js'
import { readManifest, writeManifest, type Manifest } from './manifest.js'
import { winnerOf } from './merge.js'
import { openOwnLog, type Generation } from './own-log.js'
import { isPart } from './parts.js'
import {
  encodeRecord,
  isItem,
  MAX_RECORD_BYTES,
  revisionOf,
  type AnyRecord,
  type BlobRef,
  type DeletedRecord,
  type FunctionConfig,
  type FunctionRecord,
  type ItemRecord,
  type RegistryRecord,
} from './record.js'
import type { Sealer } from './sealer.js'
import { createSync } from './store.js'
import type { Change, CopyChange, DeleteChange, ItemChange, PutChange, Registry, RegistryEvents } from './types.js'
import { openView, refsOf, type View } from './view.js'

export type { Change, DeleteChange, PutChange, Registry, RegistryEvents, RegistryStats } from './types.js'
export type { AnyRecord, BlobRef, DeletedRecord, FunctionConfig, FunctionRecord, ItemRecord, RegistryRecord } from './record.js'
export { functionConfigSchema } from './record.js'
export { openStore } from './store.js'

/** To be changed with what a view holds: the next start makes it anew. */
const VIEW = 'view-2'
const LOGS_TOPIC = 'registry/logs'
/** Logs in one message, and logs altogether: every one costs each connection a channel. */
const MAX_LOGS = 4_096

const logsSchema = z.object({
  logs: z
    .array(z.object({ key: z.string().regex(/^[0-9a-f]{64}$/), length: z.number().int().nonnegative() }))
    .max(MAX_LOGS),
  /** The sender wants ours. */
  ask: z.boolean(),
})

export interface RegistryOptions {
  /** By {@link openStore}, and replicated by the mesh. Closed by whoever opened it, after the registry. */
  store: Corestore
  stateDir: string
  mesh: Pick<Mesh, 'events' | 'peers' | 'broadcast'>
  /** Of this edge: its public key, hex. */
  edgeId: string
  /** Hides environments in the logs. */
  sealer: Sealer
  /** Milliseconds since the epoch. */
  clock?: () => number
  log: Log
}

/** Opens with what is on disk; waits for no peer. */
export const openRegistry = async (options: RegistryOptions): Promise<Registry> => {
  const { store, stateDir, mesh, edgeId, log } = options
  const events = new EventEmitter<RegistryEvents>()
  const clock = createClock(options.clock ?? Date.now)
  const sync = createSync(stateDir)
  const manifest: Manifest = (await readManifest(stateDir)) ?? { v: 1, logs: [], open: false, view: VIEW, writers: [] }
  const inTurn = createQueue()
  const saving = createQueue()
  const save = (): Promise<void> => saving(() => writeManifest(stateDir, manifest))
  const view = await openViewOrAnother(store, manifest, save, log)
  const blobs = openBlobs(store, log)
  const ownLog = openOwnLog({ store, manifest, save, log })
  let closed = false

  const sealed = (config: FunctionConfig): FunctionConfig =>
    Object.keys(config.environment).length === 0 ? config : { ...config, environment: {}, sealedEnvironment: options.sealer.seal(JSON.stringify(config.environment)) }
  const opened = (record: AnyRecord): AnyRecord => {
    if (record.deleted || isItem(record)) return record
    const { sealedEnvironment, ...config } = record.config
    if (sealedEnvironment === undefined) return record
    const text = options.sealer.open(sealedEnvironment)
    if (text === null) log.error('an environment was encrypted with another cluster key: the function runs without it', { name: record.name })
    return { ...record, config: { ...config, environment: text === null ? {} : (JSON.parse(text) as Record<string, string>) } }
  }

  const fetchBlobs = (record: AnyRecord): void => {
    for (const ref of refsOf(record)) blobs.fetch(ref)
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
  const fold = openFold({
    store,
    view,
    clock,
    onChange: (record) => {
      emit('change', record)
    },
    onRecord: (record) => {
      fetchBlobs(record)
      emit('record', record)
    },
    log,
  })
  for (const [, state] of view.states()) {
    for (const head of state.heads) {
      clock.observe(head.hlc)
      fetchBlobs(head)
    }
  }
  for (const key of manifest.writers) fold.add(key)

  /** How long peers say a log is. */
  const claimed = new Map<string, number>()
  const known = (): { key: string; length: number }[] =>
    fold
      .logs()
      .slice(0, MAX_LOGS)
      .map((key) => ({ key, length: fold.length(key) }))
  const addLogs = (keys: readonly string[]): void => {
    const fresh = keys.filter((key) => !fold.has(key)).slice(0, Math.max(MAX_LOGS - fold.logs().length, 0))
    if (fresh.length === 0) return
    for (const key of fresh) fold.add(key)
    manifest.writers = [...new Set([...manifest.writers, ...fresh])]
    save().catch((error: unknown) => {
      log.error('known logs not saved', { reason: messageOf(error) })
    })
    mesh.broadcast(LOGS_TOPIC, { logs: fresh.map((key) => ({ key, length: 0 })), ask: false })
  }
  const onPeer = (peer: Peer): void => {
    peer.send(LOGS_TOPIC, { logs: known(), ask: false })
  }
  const onMessage = (peer: Peer, topic: string, payload: unknown): void => {
    if (topic !== LOGS_TOPIC) return
    const parsed = logsSchema.safeParse(payload)
    if (!parsed.success) {
      log.debug('malformed list of logs', { peer: peer.name })
      return
    }
    addLogs(parsed.data.logs.map(({ key }) => key))
    for (const { key, length } of parsed.data.logs) {
      if (fold.has(key)) claimed.set(key, Math.max(length, claimed.get(key) ?? 0))
    }
    if (parsed.data.ask) peer.send(LOGS_TOPIC, { logs: known(), ask: false })
  }
  mesh.events.on('peer', onPeer)
  mesh.events.on('message', onMessage)
  // Peers from before the registry was open: what they said then nobody heard.
  mesh.broadcast(LOGS_TOPIC, { logs: known(), ask: true })

  /** What a put's record says of its content, which is written by then. */
  const contentOf = async (change: PutChange, generation: Generation) => {
    const put = (content: Buffer): Promise<BlobRef> => blobs.put(content, generation.blobs, view.blob)
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
    if ((claimed.get(keyOf(generation)) ?? 0) <= generation.log.length) return generation
    log.warn('peers have more of our log than we do: a new one is begun')
    ownLog.retire()
    return ownLog.current()
  }

  /** Appends the change and folds it. One call at a time. */
  const append = async (change: Change): Promise<AnyRecord> => {
    if (closed) throw new SwarmError('CLOSED', 'registry is closed')
    const generation = await currentLog()
    const content = change.type === 'put' ? await contentOf(change, generation) : change.type === 'copy' ? copyOf(change) : null
    const heads = view.state(change.name)?.heads ?? []
    const hlc = clock.tick()
    const at = clock.now()
    const winner = heads[0]
    const common = {
      v: 1 as const,
      name: change.name,
      hlc,
      edge: edgeId,
      revisionId: revisionOf(hlc, edgeId),
      previous: heads.map((head) => head.revisionId),
      lastModified: at,
      createdAt: winner === undefined || winner.deleted ? at : winner.createdAt,
    }
    const record: AnyRecord =
      change.type === 'item'
        ? { ...common, deleted: false, kind: 'item', value: change.value }
        : content === null
          ? { ...common, deleted: true }
          : { ...common, deleted: false, ...content, config: sealed(content.config) }
    const block = encodeRecord(record)
    if (block.byteLength > MAX_RECORD_BYTES)
      throw new SwarmError('TOO_LARGE', `the function's configuration is too large`)
    await generation.log.append(block)
    const key = keyOf(generation)
    addLogs([key])
    // The next change of this name must be written over this one.
    await fold.until(key, generation.log.length)
    return opened(record)
  }

  function publish(change: PutChange): Promise<FunctionRecord>
  function publish(change: DeleteChange): Promise<DeletedRecord>
  function publish(change: CopyChange): Promise<FunctionRecord>
  function publish(change: ItemChange): Promise<ItemRecord>
  async function publish(change: Change): Promise<AnyRecord> {
    const record = await inTurn(() => append(change))
    await sync()
    return record
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
    hasBlob: (ref) => blobs.has(ref),
    blob: (ref, blobOptions) => blobs.get(ref, blobOptions),
    stats: () => ({
      logs: fold.logs().length,
      malformed: view.malformed() + blobs.malformed(),
      waiting: view.waiting().length,
    }),
    [Symbol.asyncDispose]: async () => {
      closed = true
      mesh.events.off('peer', onPeer)
      mesh.events.off('message', onMessage)
      await inTurn(() => Promise.resolve())
      await blobs.close()
      await fold.close()
      await ownLog.close()
      await saving(() => Promise.resolve())
      await view[Symbol.asyncDispose]()
    },
  }
}

/** A record's content, without what makes it this record. */
const copyOf = ({ config, from, lambda }: CopyChange) => {
  const { archive, codeSha256, module, pluginDigest, source, sourceMap } = from
  const kept = lambda ?? from.lambda
  return {
    ...(archive === undefined ? {} : { archive }),
    ...(kept === undefined ? {} : { lambda: kept }),
    config: config ?? from.config,
    codeSha256,
    pluginDigest,
    source,
    sourceMap,
    module,
  }
}

const keyOf = (generation: Generation): string => generation.log.key.toString('hex')

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
