// Peers with the key that join the mesh on this machine, stay until they met somebody, and are gone, as a process. Prints
// `done N`.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import HyperDHT from 'hyperdht'
import { deriveKeys } from '../../dist/lib/cluster.js'
import { SILENT } from '../../dist/lib/log.js'
import { openMesh } from '../../dist/lib/p2p/mesh.js'
import { openStore } from '../../dist/lib/registry/registry.js'
import { EventEmitter } from 'node:events'

const { count, key } = JSON.parse(process.argv[2])
const AT_ONCE = 4
const MET_WITHIN_MS = 20_000
const keys = { keys: () => [deriveKeys(Buffer.from(key, 'hex'))], events: new EventEmitter() }
const folder = await mkdtemp(join(tmpdir(), 'swarm-'))
let next = 0
let done = 0

const visitor = async (slot) => {
  const store = await openStore(join(folder, String(slot)), SILENT)
  for (let n = next++; n < count; n = next++) {
    const mesh = openMesh({ identity: HyperDHT.keyPair(), keys, store, name: `visitor-${n}`, region: 'eu-west-dub', bootstrap: 'none', mdns: false, log: SILENT })
    const met = new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), MET_WITHIN_MS)
      mesh.events.on('peer', ({ name }) => {
        if (name !== 'edge-a') return
        clearTimeout(timer)
        resolve(true)
      })
    })
    await mesh.join()
    if (await met) done += 1
    await mesh[Symbol.asyncDispose]()
  }
  await store.close()
}
await Promise.all(Array.from({ length: AT_ONCE }, (_, slot) => visitor(slot)))
await rm(folder, { recursive: true, force: true })
process.stdout.write(`done ${done}\n`)
process.exit(0)
