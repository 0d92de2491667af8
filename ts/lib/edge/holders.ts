// Which edges have a revision loaded, and waiting until enough of them do.
import type { EventEmitter } from 'node:events'
import type { Wait } from '../api/schemas.js'
import type { Mesh, Peer } from '../p2p/types.js'
import type { FunctionRecord } from '../registry/record.js'
import type { Registry } from '../registry/types.js'
import type { Holding } from '../router.js'

export interface HoldersOptions {
  self: string
  mesh: Pick<Mesh, 'peers' | 'events'>
  registry: Pick<Registry, 'get'>
  loaded: ReadonlyMap<string, string>
  /** Emits `change` when {@link HoldersOptions.loaded} did. */
  changes: EventEmitter<{ change: [] }>
}

/** A deploy answers after this even when an edge is still missing; the answer says which have it. */
const MAX_WAIT_MS = 2_000

/** Names of the edges that have this very revision, this one first. */
export function holdersOf({ loaded, mesh, self }: HoldersOptions, name: string, revisionId: string): string[] {
  const peers = mesh.peers().filter(({ status }) => status?.loaded[name] === revisionId)
  return [...(loaded.get(name) === revisionId ? [self] : []), ...peers.map((peer) => peer.name).sort()]
}

/** What a peer's last status says about a function of any revision. */
export function holdingOf({ status }: Pick<Peer, 'status'>, name: string): Holding {
  if (status === null) return 'unknown'
  if (Object.hasOwn(status.loaded, name)) return 'has'
  return Object.keys(status.loaded).length < status.functions ? 'unknown' : 'lacks'
}

/** Resolves when enough edges have it, a newer revision replaced it, or the time is up. */
export function waitForHolders(options: HoldersOptions, { name, revisionId }: FunctionRecord, wait: Wait): Promise<void> {
  const { changes, mesh, registry } = options
  const isDone = (): boolean => {
    if (registry.get(name)?.revisionId !== revisionId) return true
    const have = holdersOf(options, name, revisionId).length
    const edges = 1 + mesh.peers().filter(({ status }) => status?.state !== 'draining').length
    const needed = { local: 1, quorum: Math.floor(edges / 2) + 1, all: edges }[wait]
    return options.loaded.get(name) === revisionId && have >= needed
  }
  return new Promise((resolve) => {
    const look = (): void => {
      if (isDone()) finish()
    }
    const finish = (): void => {
      clearTimeout(timer)
      changes.off('change', look)
      mesh.events.off('status', look).off('lost', look)
      resolve()
    }
    const timer = setTimeout(finish, MAX_WAIT_MS)
    changes.on('change', look)
    mesh.events.on('status', look).on('lost', look)
    look()
  })
}
