// registry.json, or what can be known without it.

import type Corestore from 'corestore'

import { messageOf, SwarmError } from '../errors.js'
import type { Log } from '../log.js'
import { setAside } from './damage.js'
import { readManifest, type Manifest } from './manifest.js'
import { decodeBlock } from './record.js'

/** A damaged one is set aside, and the logs are found in the store. Never rejects for what is in the file. */
export const manifestOf = async (stateDir: string, store: Corestore, view: string, log: Log): Promise<Manifest> => {
  const empty: Manifest = { v: 1, logs: [], open: false, view, writers: [] }
  try {
    return (await readManifest(stateDir)) ?? empty
  } catch (error) {
    if (!(error instanceof SwarmError) || error.code !== 'REGISTRY_CORRUPT') throw error
    const kept = await setAside(stateDir, 'registry.json')
    const writers = await logsIn(store)
    log.error('registry.json was damaged and set aside: the logs were found in the store', { kept, logs: writers.length, reason: messageOf(error) })
    return { ...empty, view: '', writers }
  }
}

/** Public keys of the cores whose first block is a record. */
const logsIn = async (store: Corestore): Promise<string[]> => {
  const found: string[] = []
  for await (const discoveryKey of store.list()) {
    const core = store.get({ discoveryKey, active: false })
    try {
      await core.ready()
      const block = core.length > 0 ? await core.get(0, { wait: false }) : null
      if (block !== null && !('problem' in decodeBlock(block))) found.push(core.key.toString('hex'))
    } finally {
      await core.close()
    }
  }
  return found
}
