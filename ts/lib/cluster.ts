// Who is in the cluster: the shared keys, what is derived from them, and this edge's own key pair.

import { randomBytes } from 'node:crypto'
import { join } from 'node:path'

import HyperDHT, { type KeyPair } from 'hyperdht'

import { KEY_BYTES } from './cluster/derive.js'
import { readOrCreate } from './cluster/files.js'
import { currentOf, parseRing } from './cluster/ring.js'

export { deriveKeys, type ClusterKeys } from './cluster/derive.js'
export { loadClusterKey, openKeyring, type Keyring } from './cluster/keyring.js'
export type { KeyPair }

/** This edge's Noise key pair, kept in its state directory (mode 0600). */
export const loadIdentity = async (stateDir: string): Promise<KeyPair> => {
  const path = join(stateDir, 'identity.key')
  const text = await readOrCreate(path, () => `${randomBytes(KEY_BYTES).toString('hex')}\n`)
  return HyperDHT.keyPair(currentOf(parseRing(text, path)).key)
}
