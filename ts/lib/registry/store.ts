// The Corestore in an edge's state directory: opened by one process at a time, and synced when it must be on disk.

import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'

import Corestore from 'corestore'
import type Hypercore from 'hypercore'
import HypercoreStorage from 'hypercore-storage'
import Rache from 'rache'

import { messageOf, SwarmError } from '../errors.js'
import { SILENT, type Log } from '../log.js'
import { kindOf, openOrSetAside } from './damage.js'
import { readManifest } from './manifest.js'
import { syncFile } from './sync-file.js'

/** RocksDB's own default is 64 MB, which an edge fills with what it deploys until a table is written. */
const WRITE_BUFFER_BYTES = 16 << 20
/** Nodes of the views, about 1 kB each; the default is 65,536. */
const CACHED_NODES = 8_192

const storePath = (stateDir: string): string => join(stateDir, 'store')

/**
 * Opens `<stateDir>/store`; `STATE_DIR_IN_USE` when another process has it, or when it is a copy of another edge's,
 * `DISK_FULL`. A damaged one is set aside, and an empty one opened.
 */
export const openStore = async (stateDir: string, log: Log = SILENT): Promise<Corestore> => {
  await mkdir(stateDir, { recursive: true })
  const store = await openOrSetAside(stateDir, () => openOnce(stateDir), log)
  await sweep(store, stateDir).catch((error: unknown) => {
    log.warn('logs that are over are still on the disk', { reason: messageOf(error) })
  })
  return store
}

/** Nobody replicates yet: what was cleared goes altogether, with its tree. */
const sweep = async (store: Corestore, stateDir: string): Promise<void> => {
  const manifest = await readManifest(stateDir).catch(() => null)
  for (const key of manifest?.garbage ?? []) {
    const core = store.get({ key: Buffer.from(key, 'hex'), active: false })
    await core.ready()
    await deleteCore(store, core)
  }
}

const openOnce = async (stateDir: string): Promise<Corestore> => {
  const storage = new HypercoreStorage(storePath(stateDir), { writeBufferSize: WRITE_BUFFER_BYTES })
  const store = new Corestore(storage, { globalCache: new Rache({ maxSize: CACHED_NODES }) })
  try {
    await store.ready()
    return store
  } catch (error) {
    await store.close().catch(() => undefined)
    const message = messageOf(error)
    if (message.includes('could not be locked')) {
      throw new SwarmError('STATE_DIR_IN_USE', `${stateDir} is in use by another process`, { cause: error })
    }
    if (message.includes('Invalid device file')) {
      throw new SwarmError(
        'STATE_DIR_IN_USE',
        `${stateDir} is a copy: two edges must not share an identity. Remove it, and the edge starts anew`,
        { cause: error },
      )
    }
    if (kindOf(error) === 'full') throw new SwarmError('DISK_FULL', `the disk of ${stateDir} is full`, { cause: error })
    throw error
  }
}

/**
 * Takes a core and all that is kept of it off the disk; its session is closed. Only of cores that no peer asks for: a
 * peer that attaches to one meanwhile would be an error that nobody catches.
 */
export const deleteCore = async (store: Corestore, session: Hypercore): Promise<void> => {
  const { core } = session
  const { core: pointer } = core.state.storage
  await session.close()
  // The store keeps a core open for a while after its last session: it would write to what is deleted.
  await core.close()
  store.cores.map.delete(core.discoveryKey.toString('hex'))
  await store.storage.deleteCore(pointer)
}

/**
 * Resolves when all that the store has written so far is on disk. Hypercore's storage has no such call, and a RocksDB
 * flush writes a new table each time: so its write-ahead logs are synced, into which every write went before it
 * resolved. Calls that come while one is under way share the next one.
 */
export const createSync = (stateDir: string): (() => Promise<void>) => {
  const database = join(storePath(stateDir), 'db')
  let synced = new Set<string>()
  let running: Promise<void> | null = null
  let next: Promise<void> | null = null

  const run = async (): Promise<void> => {
    const names = (await readdir(database)).filter((name) => name.endsWith('.log'))
    await Promise.all(names.map((name) => syncFile(join(database, name))))
    // New names are on disk when their directory is.
    if (names.some((name) => !synced.has(name))) await syncFile(database)
    synced = new Set(names)
  }
  const start = (): Promise<void> => {
    running = run().finally(() => {
      running = null
    })
    return running
  }
  return () => {
    if (running === null) return start()
    next ??= running
      .catch(() => undefined)
      .then(() => {
        next = null
        return start()
      })
    return next
  }
}
