// What happened to the mesh, as this edge saw it: kept for who opens a page later, told at once to who has one open.
import type { Mesh, Peer } from '../p2p/types.js'
import type { Registry } from '../registry/types.js'
import type { HistoryEvent } from '../snapshot.js'

export interface HistoryOptions {
  mesh: Pick<Mesh, 'id' | 'events' | 'peers'>
  registry: Pick<Registry, 'events' | 'conflicts' | 'list'>
  /** Name of this edge. */
  self: string
  onEvent: (event: HistoryEvent) => void
  clock: () => number
}

export interface History extends Disposable {
  /** The oldest first. */
  list(): readonly HistoryEvent[]
  /** Peers (name by id) that this edge sends no invocations for now: called about once a second. */
  setAside(names: ReadonlyMap<string, string>): void
  /** The id of the cluster key that this edge uses: called about once a second. */
  keyed(id: string): void
}

type Told = HistoryEvent extends infer Event ? (Event extends HistoryEvent ? Omit<Event, 'id' | 'at'> : never) : never

const MAX_EVENTS = 500
/** Records that arrive much later than they were written are old news: a new edge gets thousands at once. */
const NEWS_MS = 15 * 60_000

export function openHistory({ clock, mesh, onEvent, registry, self }: HistoryOptions): History {
  const events: HistoryEvent[] = []
  const startedAt = clock()
  /** Names of edges that were here before. */
  const known = new Set<string>()
  /** By id, when each that is connected started, once it said so. */
  const connected = new Map<string, number | null>()
  const draining = new Set<string>()
  const functions = new Set(registry.list().map(({ name }) => name))
  const conflicts = new Map<string, number>()
  let aside: ReadonlyMap<string, string> = new Map()
  let key: string | null = null
  let nextId = 1

  const tell = (told: Told, at = clock()): void => {
    const event = { ...told, id: `${mesh.id.slice(0, 16)}.${startedAt}-${nextId++}`, at }
    events.push(event)
    // What was deployed before this edge came is put where it belongs.
    if ((events.at(-2)?.at ?? 0) > at) events.sort((a, b) => a.at - b.at)
    if (events.length > MAX_EVENTS) events.shift()
    onEvent(event)
  }

  const onPeer = ({ id, name, region }: Peer): void => {
    // A second connection replaces the first without a word.
    if (connected.has(id)) return
    connected.set(id, null)
    tell({ kind: known.has(name) ? 'back' : 'joined', edge: name, region })
    known.add(name)
  }
  const onLost = ({ id, name, region }: Peer, reason: string): void => {
    if (reason === 'replaced') return
    connected.delete(id)
    draining.delete(id)
    tell({ kind: 'lost', edge: name, region })
  }
  const onStatus = ({ id, name, region }: Peer, { startedAt: began, state }: { startedAt: number; state: string }): void => {
    const before = connected.get(id) ?? null
    connected.set(id, began)
    // It was gone for so short a time that its new connection replaced the old one.
    if (before !== null && began > before) tell({ kind: 'back', edge: name, region })
    const was = draining.has(id)
    if (state === 'draining' && !was) {
      draining.add(id)
      tell({ kind: 'draining', edge: name, region })
    } else if (state === 'up' && was) {
      draining.delete(id)
      tell({ kind: 'back', edge: name, region })
    }
  }
  const onChange = ({ deleted, lastModified, name }: { deleted: boolean; lastModified: number; name: string }): void => {
    const isNew = !functions.has(name)
    if (deleted) functions.delete(name)
    else functions.add(name)
    if (clock() - lastModified > NEWS_MS) return
    if (!deleted) tell({ kind: isNew ? 'deployed' : 'updated', function: name }, lastModified)
    else if (!isNew) tell({ kind: 'deleted', function: name }, lastModified)
  }
  const onRecord = ({ name }: { name: string }): void => {
    const versions = registry.conflicts(name).length
    if (versions > (conflicts.get(name) ?? 0)) tell({ kind: 'conflict', function: name, versions })
    conflicts.set(name, versions)
  }

  mesh.events.on('peer', onPeer).on('lost', onLost).on('status', onStatus)
  registry.events.on('change', onChange).on('record', onRecord)
  for (const peer of mesh.peers()) onPeer(peer)

  return {
    list: () => events,
    setAside(names) {
      for (const [id, peer] of names) if (!aside.has(id)) tell({ kind: 'ejected', edge: self, peer })
      for (const [id, peer] of aside) if (!names.has(id)) tell({ kind: 'readmitted', edge: self, peer })
      aside = names
    },
    keyed(id) {
      if (key !== null && id !== key) tell({ kind: 'rotated', edge: self })
      key = id
    },
    [Symbol.dispose]() {
      mesh.events.off('peer', onPeer).off('lost', onLost).off('status', onStatus)
      registry.events.off('change', onChange).off('record', onRecord)
    },
  }
}
