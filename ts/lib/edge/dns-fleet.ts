// The fleet of an edge that serves DNS: itself and the peers it is connected with, by what they say of themselves.
import { isIP } from 'node:net'
import type { Fleet, FleetEdge } from '../dns/fleet.js'
import type { Mesh } from '../p2p/types.js'
import { distanceKm } from '../regions.js'
import type { Place } from './spec.js'

export interface DnsFleetOptions {
  place: Place
  url: string
  mesh: Pick<Mesh, 'peers'>
  /** This edge takes requests. */
  isReady: () => boolean
  inFlight: () => number
  clock: () => number
}

/** A peer that breaks off is gone from answers this much later, and from resolvers within their TTL. */
const STALE_MS = 500

export const openDnsFleet = ({ clock, inFlight, isReady, mesh, place, url }: DnsFleetOptions): Fleet => {
  const read = (): FleetEdge[] => {
    const self = edgeOf(place, url, isReady(), inFlight())
    const peers = mesh.peers().map(({ name, region, status }) => edgeOf({ name, region }, status?.url ?? '', status?.state === 'up', status?.inFlight ?? 0))
    return [self, ...peers].toSorted((a, b) => distanceKm(place.region, a.region) - distanceKm(place.region, b.region))
  }
  let edges: FleetEdge[] = []
  let at = -Infinity
  return {
    list() {
      if (clock() - at >= STALE_MS) {
        edges = read()
        at = clock()
      }
      return edges
    },
  }
}

/** An edge that says its address as a name has none here. */
function edgeOf({ name, region }: Place, url: string, isLive: boolean, inFlight: number): FleetEdge {
  const { hostname, port, protocol } = URL.canParse(url) ? new URL(url) : { hostname: '', port: '', protocol: '' }
  const host = hostname.replace(/^\[|\]$/g, '')
  return { name: name.toLowerCase(), region, port: Number(port) || (protocol === 'https:' ? 443 : 80), addresses: isIP(host) === 0 ? [] : [host], isLive, inFlight }
}
