// The fleet of bin/dns: edges that are asked for their health, at the addresses their names have.
import { nearestFirst, type Upstream, type Upstreams } from '../upstreams.js'
import type { Addresses } from './addresses.js'
import type { Fleet, FleetEdge } from './fleet.js'

/** Both stay the caller's to close. */
export const fleetOfUpstreams = (upstreams: Upstreams, addresses: Addresses, region: string | null): Fleet => {
  const read = (): FleetEdge[] => nearestFirst(upstreams.list(), region).map(edgeOf)
  const edgeOf = (upstream: Upstream): FleetEdge => ({
    name: upstream.name?.toLowerCase() ?? '',
    port: upstream.endpoint.port,
    addresses: addresses.of(upstream.endpoint.host),
    isLive: upstream.state === 'up',
    region: upstream.region ?? '',
    inFlight: 0,
  })
  let edges = read()
  let at = Date.now()
  const refresh = (): void => {
    edges = read()
    at = Date.now()
  }
  upstreams.events.on('change', refresh)
  return {
    list() {
      // Round trips and looked-up addresses change without an event.
      if (Date.now() - at > STALE_MS) refresh()
      return edges
    },
  }
}

const STALE_MS = 500
