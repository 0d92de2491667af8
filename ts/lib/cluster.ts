// Who is in the cluster: the shared key, what is derived from it, and this edge's own key pair.

import { hkdfSync, randomBytes } from 'node:crypto'
import { link, mkdir, open, readFile, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'

import HyperDHT, { type KeyPair } from 'hyperdht'

import { SwarmError } from './errors.js'

const KEY_BYTES = 32
const HEX_KEY = /^[0-9a-f]{64}$/i

export type { KeyPair }

/** One key for each use, so that what is shown for one use says nothing about another. */
export interface ClusterKeys {
  /** Hyperswarm's topic, and the tag in mDNS names. Not secret: strangers see it. */
  topic: Buffer
  /** MACs beacons. */
  beacon: Buffer
  /** MACs the proof that opens a connection. */
  mac: Buffer
  /** Makes tokens for control calls. */
  control: Buffer
  /** Encrypts secrets in the registry. */
  secrets: Buffer
}

/** Derives the keys of a cluster (HKDF-SHA256, RFC 5869). */
export const deriveKeys = (clusterKey: Buffer): ClusterKeys => {
  const derive = (use: string): Buffer => Buffer.from(hkdfSync('sha256', clusterKey, 'swarmlambda/v1', use, KEY_BYTES))
  return { topic: derive('topic'), beacon: derive('beacon'), mac: derive('mac'), control: derive('control'), secrets: derive('secrets') }
}

/**
 * The cluster key: `clusterKey` (64 hex digits) when it is given, else that of the file beside the state directories.
 * The first edge makes the file (mode 0600); edges that start at the same instant agree on one.
 */
export const loadClusterKey = async (options: { stateDir: string; clusterKey: string | null }): Promise<Buffer> => {
  if (options.clusterKey !== null) return parseKey(options.clusterKey, 'SWARMLAMBDA_CLUSTER_KEY')
  return loadKeyFile(join(dirname(options.stateDir), 'cluster.key'))
}

/** This edge's Noise key pair, kept in its state directory (mode 0600). */
export const loadIdentity = async (stateDir: string): Promise<KeyPair> =>
  HyperDHT.keyPair(await loadKeyFile(join(stateDir, 'identity.key')))

const loadKeyFile = async (path: string): Promise<Buffer> =>
  parseKey(await readOrCreate(path, () => `${randomBytes(KEY_BYTES).toString('hex')}\n`), path)

const parseKey = (text: string, where: string): Buffer => {
  if (!HEX_KEY.test(text.trim())) {
    throw new SwarmError('CONFIG_INVALID', `${where} does not hold a key: it must be 64 hex digits`)
  }
  return Buffer.from(text.trim(), 'hex')
}

/**
 * The file's content, or `make()` written there if no file was there. Whoever comes second reads what the first
 * wrote.
 */
const readOrCreate = async (path: string, make: () => string): Promise<string> => {
  const existing = await readIfThere(path)
  if (existing !== null) return existing
  const directory = dirname(path)
  await mkdir(directory, { recursive: true })
  const temporary = `${path}.${randomBytes(6).toString('hex')}`
  const file = await open(temporary, 'wx', 0o600)
  try {
    await file.writeFile(make())
    await file.sync()
  } finally {
    await file.close()
  }
  try {
    // A link appears whole or not at all, and fails when the name is taken: unlike a rename or an exclusive create.
    await link(temporary, path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    await unlink(temporary)
  }
  return readFile(path, 'utf8')
}

const readIfThere = async (path: string): Promise<string | null> => {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}
