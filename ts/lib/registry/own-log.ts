// This edge's own log. A writer that lost its last blocks (a power cut, a restored disk) and goes on appending forks
// its log for good: so after any stop that was not clean the next record starts a new log, and the old one is only
// read.

import { randomBytes } from 'node:crypto'

import type Corestore from 'corestore'
import type Hypercore from 'hypercore'

import type { Log } from '../log.js'
import type { Manifest } from './manifest.js'

export interface Generation {
  log: Hypercore
  /** Content lies beside the log, under the same rule. */
  blobs: Hypercore
}

export interface OwnLog {
  /** The log to append to: opened, or made, by the first call. One call at a time. */
  current(): Promise<Generation>
  /** Leaves the current log as it is: the next `current()` makes another. */
  retire(): Promise<void>
  /** As `retire`, after a write failed: what is on the disk of it is not known. */
  abandon(): Promise<void>
  /** Those before the current one are over, and never opened again. */
  forgetOthers(): Promise<void>
  /** After the last append; what was written is on disk then. */
  close(): Promise<void>
}

export interface OwnLogOptions {
  store: Corestore
  /** Read and changed here: `logs`, `open`, and the own ones of `writers`. */
  manifest: Manifest
  /** Puts the manifest on disk. */
  save: () => Promise<void>
  /** Puts the store on disk. */
  sync: () => Promise<void>
  log: Log
}

export const openOwnLog = (options: OwnLogOptions): OwnLog => {
  const { store, manifest, save, sync, log } = options
  let current: Generation | null = null
  let usable = !manifest.open
  let abandoned = false
  if (manifest.open)
    log.info('last stop was not clean: a new log is begun with the next deploy', { logs: manifest.logs.length })

  /** A later life of this edge, which a restored disk knows nothing of, has ended the log; others told. */
  const isEnded = (core: Hypercore): boolean => manifest.garbage?.includes(core.key.toString('hex')) === true
  const leave = async (): Promise<void> => {
    usable = false
    const left = current
    current = null
    await left?.log.close()
  }

  const open = async (): Promise<Generation> => {
    if (current !== null && isEnded(current.log)) await leave()
    if (current !== null) return current
    let name = usable ? manifest.logs.at(-1) : undefined
    if (name === undefined) {
      // Random, not counted: a restored state directory must not count to a name that is taken.
      name = randomBytes(8).toString('hex')
      manifest.logs.push(name)
    }
    const generation = { log: store.get({ name: `log-${name}` }), blobs: store.get({ name: `blobs-${name}` }) }
    await Promise.all([generation.log.ready(), generation.blobs.ready()])
    // Left in order, and shorter than it was left: the disk lost its end.
    const wanted = manifest.lengths?.[name]
    const missing = wanted === undefined ? 0 : Math.max(wanted.log - generation.log.length, wanted.blobs - generation.blobs.length)
    if (missing > 0) {
      log.error('the disk lost the end of our log: what other edges have is fetched again, a new log is begun', { blocks: missing })
      usable = false
      return open()
    }
    if (isEnded(generation.log)) {
      usable = false
      return open()
    }
    if (!generation.log.writable || !generation.blobs.writable) {
      log.error('the disk lost the key of our log: it is only read from now on, a new log is begun')
      usable = false
      return open()
    }
    const key = generation.log.key.toString('hex')
    manifest.open = true
    if (!manifest.writers.includes(key)) manifest.writers.push(key)
    // On disk before the first append: a crash from here on is known to be one.
    await save()
    current = generation
    usable = true
    return generation
  }

  return {
    current: open,
    retire: leave,
    forgetOthers: async () => {
      manifest.logs = manifest.logs.slice(-1)
      await save()
    },
    abandon: async () => {
      abandoned = true
      usable = false
      current = null
    },
    close: async () => {
      if (current === null || abandoned) return
      const name = manifest.logs.at(-1)
      if (name !== undefined) manifest.lengths = { [name]: { log: current.log.length, blobs: current.blobs.length } }
      // First what it says, then that it is so.
      await sync()
      manifest.open = false
      await save()
    },
  }
}
