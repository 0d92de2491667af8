// An edge's ring of cluster keys: read at the start, changed by a rotation here or elsewhere, and by hand in its file.

import { EventEmitter } from 'node:events'
import { stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'

import { randomBytes } from 'node:crypto'

import { messageOf } from '../errors.js'
import type { Log } from '../log.js'
import { deriveKeys, KEY_BYTES, keyIdOf, type ClusterKeys } from './derive.js'
import { readIfThere, readOrCreate, replaceFile } from './files.js'
import { areRelated, currentOf, formatRing, mergeRings, parseRing, retireOthers, rotateRing, type Ring } from './ring.js'

/** Where a program finds its key. */
export interface KeySource {
  stateDir: string
  /** Null: the file `cluster.key` beside the state directory. */
  clusterKey: string | null
}

export interface Keyring extends Disposable {
  readonly events: EventEmitter<{ change: [] }>
  /** What is accepted, the current keys first. */
  keys(): readonly ClusterKeys[]
  /** What opens secrets: the current keys first, retired ones too. */
  secrets(): readonly Buffer[]
  /** Names of the accepted keys, the current one first. */
  ids(): readonly string[]
  /** For another edge's {@link Keyring.merge}. */
  text(): string
  /** Takes over what another edge of this cluster knows; on disk when it resolves. `CONFIG_INVALID`: it is no ring. */
  merge(text: string): Promise<void>
  /** Makes a new current key; the others stay accepted. */
  rotate(): Promise<void>
  /** Accepts the current key only, from now on. */
  retire(): Promise<void>
}

const LOOK_EVERY_MS = 2_000

/** With a given key, what a rotation brings is kept in the state directory; else in the file that edges here share. */
const pathOf = ({ clusterKey, stateDir }: KeySource): string => join(clusterKey === null ? dirname(stateDir) : stateDir, 'cluster.key')

/** The first edge makes the file; edges that start at the same instant agree on one. */
export const loadRing = async (source: KeySource): Promise<Ring> => {
  const path = pathOf(source)
  if (source.clusterKey === null) return parseRing(await readOrCreate(path, () => `${randomBytes(KEY_BYTES).toString('hex')}\n`), path)
  const given = parseRing(source.clusterKey, 'SWARMLAMBDA_CLUSTER_KEY')
  const text = await readIfThere(path)
  const kept = text === null ? null : parseRing(text, path)
  // A key that what is kept does not know is another cluster's: what is given wins.
  return kept !== null && areRelated(kept, given) ? mergeRings(kept, given) : given
}

export const openKeyring = async (source: KeySource, log: Log): Promise<Keyring> => {
  const path = pathOf(source)
  const events = new EventEmitter<{ change: [] }>()
  let ring = await loadRing(source)
  let derived = ring.keys.map(({ key }) => deriveKeys(key))
  let turn: Promise<void> = Promise.resolve()
  let seen = await changedAt(path)

  const install = async (next: Ring): Promise<void> => {
    const text = formatRing(next)
    if (text === formatRing(ring)) return
    await replaceFile(path, text)
    seen = await changedAt(path)
    ring = next
    derived = ring.keys.map(({ key }) => deriveKeys(key))
    log.info('cluster keys changed', { accepted: ring.keys.map(({ key }) => keyIdOf(key)).join(), retired: ring.retired.size })
    events.emit('change')
  }
  const change = (next: () => Ring): Promise<void> => {
    const done = turn.then(() => install(next()))
    turn = done.catch(() => undefined)
    return done
  }
  /** Another edge that shares the file, or its owner, changed it. */
  const look = async (): Promise<void> => {
    const at = await changedAt(path)
    if (at === seen || at === null) return
    seen = at
    const text = await readIfThere(path)
    if (text !== null) await change(() => mergeRings(ring, parseRing(text, path)))
  }
  const timer = setInterval(() => {
    look().catch((error: unknown) => {
      log.error('the cluster key file could not be read again: the keys stay as they are', { reason: messageOf(error) })
    })
  }, LOOK_EVERY_MS)
  timer.unref()

  return {
    events,
    keys: () => derived,
    secrets: () => [...derived.map(({ secrets }) => secrets), ...ring.retired.values()],
    ids: () => ring.keys.map(({ key }) => keyIdOf(key)),
    text: () => formatRing(ring),
    merge: async (text) => {
      const theirs = parseRing(text, 'what a peer sent')
      await change(() => mergeRings(ring, theirs))
    },
    rotate: () => change(() => rotateRing(ring, randomBytes(KEY_BYTES), Date.now())),
    retire: () => change(() => retireOthers(ring)),
    [Symbol.dispose]: () => {
      clearInterval(timer)
    },
  }
}

/** Null: there is no such file. */
const changedAt = (path: string): Promise<string | null> =>
  stat(path).then(
    ({ ino, mtimeMs, size }) => [ino, mtimeMs, size].join(),
    () => null,
  )

/** The current key: what tokens are minted with. */
export const loadClusterKey = async (source: KeySource): Promise<Buffer> => currentOf(await loadRing(source)).key
