// The other edges, and what all of them know: the mesh, the registry, who may be a member. Nobody is met before `mesh.join`.
import { SwarmError } from '../../errors.js'
import { openMesh } from '../../p2p/mesh.js'
import { openRegistry } from '../../registry/registry.js'
import { createSealer } from '../../registry/sealer.js'
import { openMembership } from '../membership.js'
import type { Ground } from './ground.js'
import type { Start } from './start.js'

export type Network = Awaited<ReturnType<typeof openNetwork>>

export async function openNetwork({ broken, config, log, place, stack }: Start, { identity, keyring, store }: Ground) {
  const { bootstrap, peers, stateDir } = config
  const mesh = stack.use(openMesh({ identity, keys: keyring, store, ...place, peers, bootstrap, log }))
  mesh.events.setMaxListeners(0)
  mesh.events.on('twin', (younger) => {
    const message = `another running edge has the identity in ${stateDir}, which is a copy: remove it, and this edge starts anew`
    if (younger) broken({ reason: message, unexplained: false, final: new SwarmError('STATE_DIR_IN_USE', message) })
  })
  const sealer = createSealer(() => keyring.secrets())
  const registry = stack.use(await openRegistry({ store, stateDir, mesh, edgeId: mesh.id, sealer, onBroken: broken, log }))
  const membership = stack.use(openMembership({ keyring, mesh, registry, log }))
  return { mesh, sealer, registry, membership }
}
