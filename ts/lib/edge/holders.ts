// Which edges have a revision loaded, and waiting until enough of them do.
import type { Wait } from '../api/schemas.js'
import type { Mesh, Peer } from '../p2p/types.js'
import type { FunctionRecord } from '../registry/record.js'
import type { Registry } from '../registry/types.js'
import type { Signals } from './opening/start.js'
import { placementOf, type Holding, type Placement } from '../router.js'

export interface HoldersOptions {
  self: string
  region: string
  mesh: Pick<Mesh, 'id' | 'peers' | 'events'>
  registry: Pick<Registry, 'get'>
  loaded: ReadonlyMap<string, string>
  /** Emits `change` when {@link HoldersOptions.loaded} did. */
  changes: Signals
}

/** A deploy answers after this even when another edge is still missing; the answer says which have it. */
const MAX_WAIT_MS = 2_000
/** For the edge itself it waits so much longer: what comes next asks this very edge. Large functions take seconds to load on a busy machine. */
const MAX_OWN_WAIT_MS = 18_000

/** Names of the edges that have this very revision, this one first. */
export function holdersOf({ loaded, mesh, self }: HoldersOptions, name: string, revisionId: string): string[] {
  const peers = mesh.peers().filter(({ status }) => status?.loaded[name] === revisionId)
  return [...(loaded.get(name) === revisionId ? [self] : []), ...peers.map((peer) => peer.name).sort()]
}

/** The ids of the edges that are to have it loaded, of those that are connected. */
export function placedOn({ mesh, region }: Pick<HoldersOptions, 'region'> & { mesh: Pick<Mesh, 'id' | 'peers'> }, name: string, config: Placement): Set<string> {
  const peers = mesh.peers().map(({ id, region: at, status }) => ({ id, region: at, draining: status?.state === 'draining' }))
  return placementOf(name, config, [{ id: mesh.id, region, draining: false }, ...peers])
}

/** Calls when edges came or went, or began or ended to drain. */
export function watchPlaces(mesh: Pick<Mesh, 'peers' | 'events'>, onChange: () => void): Disposable {
  let before = ''
  const look = (): void => {
    const now = mesh.peers().map(({ id, status }) => `${id} ${status?.state === 'draining'}`).sort().join()
    if (now === before) return
    before = now
    onChange()
  }
  mesh.events.on('peer', look).on('lost', look).on('status', look)
  return { [Symbol.dispose]: () => void mesh.events.off('peer', look).off('lost', look).off('status', look) }
}

/** What a peer's last status says about a function of any revision. */
export function holdingOf({ status }: Pick<Peer, 'status'>, name: string): Holding {
  if (status === null) return 'unknown'
  if (Object.hasOwn(status.loaded, name)) return 'has'
  return Object.keys(status.loaded).length < status.functions ? 'unknown' : 'lacks'
}

/** Resolves when enough edges have it, a newer revision replaced it, or the time is up. */
export function waitForHolders(options: HoldersOptions, { config, name, revisionId }: FunctionRecord, wait: Wait): Promise<void> {
  const { changes, mesh, registry } = options
  const isDone = (): boolean => {
    if (registry.get(name)?.revisionId !== revisionId) return true
    const have = holdersOf(options, name, revisionId).length
    const placed = placedOn(options, name, config)
    const draining = new Set(mesh.peers().filter(({ status }) => status?.state === 'draining').map(({ id }) => id))
    const edges = [...placed].filter((id) => !draining.has(id)).length
    const needed = { local: 1, quorum: Math.floor(edges / 2) + 1, all: edges }[wait]
    return have >= Math.min(needed, edges) && (!placed.has(mesh.id) || options.loaded.get(name) === revisionId)
  }
  const isHere = (): boolean => options.loaded.get(name) === revisionId || !placedOn(options, name, config).has(mesh.id)
  return new Promise((resolve) => {
    let isLate = false
    const look = (): void => {
      if (isDone() || (isLate && isHere())) finish()
    }
    const finish = (): void => {
      clearTimeout(timer)
      changes.off('change', look)
      mesh.events.off('status', look).off('lost', look)
      resolve()
    }
    let timer = setTimeout(() => {
      isLate = true
      timer = setTimeout(finish, MAX_OWN_WAIT_MS)
      look()
    }, MAX_WAIT_MS)
    changes.on('change', look)
    mesh.events.on('status', look).on('lost', look)
    look()
  })
}
