// The mesh as this edge sees it: its own status for the peers, the snapshot for the page, and who was here before.
import { isOwn, isPrivate } from '../addresses.js'
import type { EdgeSnapshot, ClusterSnapshot, FunctionSnapshot, LinkKind, LinkSnapshot } from '../snapshot.js'
import type { Mesh, Peer } from '../p2p/types.js'
import { MAX_LINKS as MAX_LINKS_TOLD, MAX_LOADED, type PeerStatus } from '../p2p/status.js'
import { regionOf } from '../regions.js'
import type { Registry } from '../registry/types.js'
import type { Rates } from './rates.js'
import type { Place } from './spec.js'

export interface ClusterViewOptions {
  cluster: string
  place: Place
  url: string
  version: string
  startedAt: number
  mesh: Pick<Mesh, 'id' | 'peers' | 'events' | 'impairments'>
  /** Peers that get no invocations from here for now, by id. */
  setAside: () => ReadonlyMap<string, string>
  registry: Pick<Registry, 'list' | 'seq' | 'conflicts' | 'lags'>
  loaded: ReadonlyMap<string, string>
}

/** What changes from second to second. */
export interface Load extends Rates {
  inFlight: number
  draining: boolean
}

export interface ClusterView {
  status(load: Load): PeerStatus
  snapshot(load: Load, at: number): ClusterSnapshot
  /** An edge goes for good: it is not missed. */
  farewell(id: string): void
}

/** An edge that is gone stays on the page this long. */
const FORGET_MS = 60 * 60 * 1_000
const MAX_GONE = 100
/** Of a snapshot, and of each edge in a very large mesh. */
const MAX_LINKS = 2_000
const LEAST_LINKS = 4
/** Others notice a death this much later than we do: what they say of it before counts for nothing. */
const OTHERS_NOTICE_MS = 4_500

export function openClusterView(options: ClusterViewOptions): ClusterView {
  const { cluster, loaded, mesh, place, registry, setAside, startedAt, url, version } = options
  const gone = new Map<string, EdgeSnapshot>()

  const leaving = new Set<string>()

  mesh.events.on('lost', (peer) => {
    if (leaving.delete(peer.id)) return
    gone.set(peer.id, { ...edgeOf(peer, Date.now()), state: 'down', requestsPerSecond: 0, failuresPerSecond: 0, inFlight: 0 })
    const oldest = gone.keys().next()
    if (gone.size > MAX_GONE && !oldest.done) gone.delete(oldest.value)
  })
  mesh.events.on('peer', (peer) => {
    leaving.delete(peer.id)
    // The same id came back, or a machine was set up anew under the same name.
    for (const [id, edge] of gone) if (id === peer.id || edge.name === peer.name) gone.delete(id)
  })

  const links = (): PeerStatus['links'] => {
    const impaired = mesh.impairments()
    const aside = setAside()
    const cut = [...impaired].filter(([, { cut }]) => cut).map(([to, chaos]) => ({ to, rttMs: null, kind: null, setAside: false, chaos }))
    return [...mesh.peers().map(({ host, id, rttMs }) => ({ to: id, rttMs, kind: kindOf(host), setAside: aside.has(id), chaos: impaired.get(id) ?? null })), ...cut]
  }

  const status = (load: Load): PeerStatus => ({
    name: place.name,
    region: place.region,
    url,
    version,
    arch: process.arch,
    startedAt,
    state: load.draining ? 'draining' : 'up',
    requestsPerSecond: load.requestsPerSecond,
    failuresPerSecond: load.failuresPerSecond,
    inFlight: load.inFlight,
    p50Ms: load.p50Ms,
    p99Ms: load.p99Ms,
    registrySeq: registry.seq(),
    functions: loaded.size,
    loaded: Object.fromEntries([...loaded].slice(0, MAX_LOADED)),
    links: mostTold(links()),
  })

  const self = (own: PeerStatus, at: number): EdgeSnapshot => ({ id: mesh.id, ...position(place.region), ...figures(own), reachable: true, registryLagMs: null, lastSeenAt: at })

  return {
    status,
    farewell: (id) => void leaving.add(id),
    snapshot(load, at) {
      const peers = mesh.peers()
      const own = status(load)
      const lags = new Map(registry.lags().map(({ edge, lagMs }) => [edge, lagMs]))
      for (const [id, edge] of gone) if (at - edge.lastSeenAt > FORGET_MS) gone.delete(id)
      const up = new Set([mesh.id, ...peers.map(({ id }) => id)])
      return {
        at,
        cluster,
        self: place.name,
        edges: [self(own, at), ...peers.map((peer) => edgeOf(peer, at)), ...[...gone.values()].filter(({ id }) => !up.has(id)).map((edge) => seenByOthers(edge, peers, at))].map((edge) => ({ ...edge, registryLagMs: lags.get(edge.id) ?? null })),
        links: [
          ...linksOf(mesh.id, own, up),
          ...peers.flatMap((peer) => (peer.status ? telling(linksOf(peer.id, peer.status, up), peers.length + 1) : [])),
        ],
        functions: functionsOf(registry, loaded, place.name, peers),
      }
    },
  }
}

/** By where the peer's packets come from. */
function kindOf(host: string): LinkKind | null {
  if (host === '') return null
  if (isOwn(host)) return 'loopback'
  return isPrivate(host) ? 'lan' : 'internet'
}

function edgeOf(peer: Peer, at: number): EdgeSnapshot {
  const { connectedAt, id, name, region, status } = peer
  const unknown = { url: '', version: '', arch: '', startedAt: connectedAt, functions: 0, requestsPerSecond: 0, failuresPerSecond: 0, inFlight: 0, p50Ms: null, p99Ms: null, registrySeq: 0, registryLagMs: null }
  // The name and region of the handshake: a status can't claim to be another edge.
  return { ...unknown, state: 'up', ...(status && figures(status)), id, name, region, ...position(region), reachable: true, lastSeenAt: at }
}

/** An edge that we lost and others have: it lives, and only the link to us is broken. */
function seenByOthers(edge: EdgeSnapshot, peers: readonly Peer[], at: number): EdgeSnapshot {
  const lives = at - edge.lastSeenAt > OTHERS_NOTICE_MS && peers.some(({ status }) => status?.links.some(({ chaos, to }) => to === edge.id && chaos?.cut !== true))
  return lives ? { ...edge, state: 'up', reachable: false } : edge
}

/** A peer's status may hold more than we know; only this goes on to the page. */
const figures = ({ name, region, state, url, version, arch, startedAt, functions, requestsPerSecond, failuresPerSecond, inFlight, p50Ms, p99Ms, registrySeq }: PeerStatus) => ({
  name,
  region,
  state,
  url,
  version,
  arch,
  startedAt,
  functions,
  requestsPerSecond,
  failuresPerSecond,
  inFlight,
  p50Ms: p50Ms ?? null,
  p99Ms: p99Ms ?? null,
  registrySeq,
})

function position(region: string): { latitude: number; longitude: number } {
  const { latitude, longitude } = regionOf(region) ?? { latitude: 0, longitude: 0 }
  return { latitude, longitude }
}

const linksOf = (from: string, { links }: PeerStatus, up: ReadonlySet<string>): LinkSnapshot[] =>
  links.map(({ chaos, kind, rttMs, setAside, to }) => ({ from, to, rttMs, up: up.has(to) && chaos?.cut !== true, kind: kind ?? null, setAside: setAside ?? false, chaos: chaos ?? null }))

/** As many as a status may name: all with something to tell, then the shortest. */
function mostTold(links: PeerStatus['links']): PeerStatus['links'] {
  if (links.length <= MAX_LINKS_TOLD) return links
  const rank = ({ chaos, rttMs, setAside }: PeerStatus['links'][number]): number => (chaos || setAside === true ? -1 : (rttMs ?? Infinity))
  return [...links].sort((one, other) => rank(one) - rank(other)).slice(0, MAX_LINKS_TOLD)
}

/** A full mesh has as many links as the square of its edges: of the others' the shortest ones, and all with something to tell. */
function telling(links: readonly LinkSnapshot[], edges: number): LinkSnapshot[] {
  const most = Math.max(LEAST_LINKS, Math.floor(MAX_LINKS / edges))
  if (links.length <= most) return [...links]
  const special = ({ chaos, setAside, up }: LinkSnapshot): boolean => !up || setAside || chaos !== null
  const shortest = links.filter((link) => !special(link)).sort((one, other) => (one.rttMs ?? Infinity) - (other.rttMs ?? Infinity))
  return [...links.filter(special), ...shortest].slice(0, most)
}

function functionsOf(registry: ClusterViewOptions['registry'], loaded: ReadonlyMap<string, string>, self: string, peers: readonly Peer[]): FunctionSnapshot[] {
  return registry.list().map(({ codeSha256, config, lastModified, name, revisionId }) => ({
    name,
    version: '$LATEST',
    codeSha256,
    description: config.description,
    memorySize: config.memorySize,
    timeout: config.timeout,
    failover: config.failover,
    lastModified,
    edges: [
      ...(loaded.get(name) === revisionId ? [self] : []),
      ...peers.filter(({ status }) => status?.loaded[name] === revisionId).map((peer) => peer.name),
    ].sort(),
    conflicts: registry.conflicts(name).length,
  }))
}
