// The mesh, as the edge that answers sees it: who is up, whose version and whose clock differ.
import type { Client } from '../client.js'
import { messageOf } from '../errors.js'
import type { ClusterSnapshot } from '../snapshot.js'
import { VERSION } from '../version.js'
import type { Finding } from './finding.js'

/** Records this far ahead wait before they are indexed, signatures so old are refused; half of it is worth a word. */
const CLOCK_WARN_MS = 2_000
const CLOCK_BAD_MS = 60_000
/** A round trip that says more of load than of the network. */
const SLOW_RTT_MS = 1_000

/** `client`: or why there is none. `asked`: an endpoint was named, so that there should be one. */
export async function checkMesh(client: Client | string, asked: boolean): Promise<Finding[]> {
  if (typeof client === 'string') {
    return [{ check: 'mesh', level: asked ? 'bad' : 'warn', found: asked ? client : 'no edge runs here yet', mend: asked ? 'start the edge, or correct --endpoint' : '"swarmlambda dev" or "npm start" brings up three' }]
  }
  try {
    const before = Date.now()
    const snapshot = await client.json<ClusterSnapshot>('GET', '/cluster')
    return [edges(snapshot, client.endpoint), ...versions(snapshot), clock(snapshot, before, Date.now()), ...links(snapshot)]
  } catch (error) {
    return [{ check: 'mesh', level: 'bad', found: messageOf(error), mend: 'an edge that is not on loopback wants a token: --token, or SWARMLAMBDA_TOKEN' }]
  }
}

function edges({ cluster, edges: all, self }: ClusterSnapshot, endpoint: string): Finding {
  const down = all.filter(({ state }) => state === 'down').map(({ name }) => name)
  const found = `${cluster}: ${all.length - down.length} of ${all.length} edges up, seen from ${self} at ${endpoint}`
  return down.length > 0 ? { check: 'mesh', level: 'bad', found: `${found}; down: ${down.join(', ')}`, mend: 'start them again, or look at their logs; an edge that is gone for good is forgotten after an hour' } : { check: 'mesh', level: 'ok', found }
}

function versions({ edges: all }: ClusterSnapshot): Finding[] {
  const live = all.filter(({ state, version }) => state !== 'down' && version !== '')
  const found = [...new Set(live.map(({ version }) => version))]
  const other = live.filter(({ version }) => version !== VERSION)
  return other.length === 0
    ? [{ check: 'versions', level: 'ok', found: `all run ${VERSION}` }]
    : [{ check: 'versions', level: 'warn', found: `this is ${VERSION}, edges run ${found.join(', ')} (${other.map(({ name }) => name).join(', ')})`, mend: 'upgrade the older ones; edges of different versions work together meanwhile' }]
}

/** The edge's clock against ours; half of the round trip is unknown. */
function clock({ at }: ClusterSnapshot, before: number, after: number): Finding {
  const off = at < before ? at - before : at > after ? at - after : 0
  // A snapshot may be a second old.
  const ms = off < 0 ? Math.min(0, off + 1_000) : off
  if (Math.abs(ms) < CLOCK_WARN_MS) return { check: 'clock', level: 'ok', found: 'agrees with the edge' }
  return { check: 'clock', level: Math.abs(ms) < CLOCK_BAD_MS ? 'warn' : 'bad', found: `the edge is ${(Math.abs(ms) / 1_000).toFixed(0)} s ${ms > 0 ? 'ahead' : 'behind'}`, mend: 'run an NTP client (systemd-timesyncd, chrony): records from the future wait, old signatures are refused' }
}

function links({ edges: all, links: known }: ClusterSnapshot): Finding[] {
  const nameOf = new Map(all.map(({ id, name }) => [id, name]))
  return known
    .filter(({ rttMs, up }) => up && rttMs !== null && rttMs > SLOW_RTT_MS)
    .map(({ from, rttMs, to }): Finding => ({ check: 'links', level: 'warn', found: `${nameOf.get(from) ?? from} → ${nameOf.get(to) ?? to} takes ${Math.round(rttMs ?? 0)} ms`, mend: 'look at the load of both machines, and at the network between them' }))
}
