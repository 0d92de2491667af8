// Who is in the cluster: the shared keys, what is derived from them, and this edge's own key pair.

import { randomBytes } from 'node:crypto'
import { rename } from 'node:fs/promises'
import { join } from 'node:path'

import HyperDHT, { type KeyPair } from 'hyperdht'

import { KEY_BYTES } from './cluster/derive.js'
import { readOrCreate } from './cluster/files.js'
import { SILENT, type Log } from './log.js'

export { deriveKeys, type ClusterKeys } from './cluster/derive.js'
export { loadClusterKey, openKeyring, type Keyring } from './cluster/keyring.js'
export type { KeyPair }

/** This edge's Noise key pair, kept in its state directory (mode 0600). A damaged one is set aside: the edge is another one then. */
export const loadIdentity = async (stateDir: string, log: Log = SILENT): Promise<KeyPair> => {
  const path = join(stateDir, 'identity.key')
  const load = (): Promise<string> => readOrCreate(path, () => `${randomBytes(KEY_BYTES).toString('hex')}\n`)
  let text = await load()
  if (!/^[0-9a-f]{64}\s*$/i.test(text)) {
    const aside = `${path}.broken-${randomBytes(4).toString('hex')}`
    await rename(path, aside)
    log.error('the identity of this edge was damaged and set aside: it is a new edge to the others', { kept: aside })
    text = await load()
  }
  return HyperDHT.keyPair(Buffer.from(text.trim(), 'hex'))
}
