// Promise 12: what a mesh costs as it grows. Up to some tens of edges with the real mesh and registry, all in one process
// that has a network to itself (what its loopback carries is what they send); above, with the real choice of neighbours,
// status messages and records, and the costs that were measured.
import { createHash } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { neighboursOf } from '../../dist/lib/p2p/neighbours.js'
import { encodeStatus } from '../../dist/lib/p2p/status-patch.js'
import { estimateMs } from '../../dist/lib/router/order.js'
import { distanceKm } from '../../dist/lib/regions.js'
import { unshareCommand } from '../../dist/test/mesh/harness/namespace.js'
import { runToEnd } from '../../dist/test/mesh/harness/processes.js'
import { statusOf } from '../../dist/test/p2p/harness.js'
import { ms, quantile } from './load.mjs'

export const title = 'The costs of a mesh as it grows'

const INSIDE = fileURLToPath(new URL('scale-inside.mjs', import.meta.url))
const REGIONS = ['us-west-sfo', 'us-east-iad', 'eu-central-fra', 'ap-southeast-sin', 'sa-east-gru', 'ap-northeast-nrt']
const MAX_TOLD = 64
/** What a hop takes besides the way: a publish between real edges on a quiet machine (DESIGN §5: p50 8 ms). */
const HOP_MS = 8

export async function run({ quick, random, say }) {
  const unshare = unshareCommand()
  const rows = []
  const reported = (what, figure, met = true, limit = 'reported') => rows.push({ what, figure, limit, met })
  for (const edges of unshare === null ? [] : quick ? [4] : [3, 10, 30]) {
    const { code, output } = await runToEnd(unshare[0], [...unshare.slice(1), process.execPath, INSIDE, JSON.stringify({ edges, publishes: quick ? 5 : 100 })], { timeoutMs: 280_000 })
    const found = /^result (.*)$/m.exec(output)
    if (code !== 0 || !found) {
      reported(`${edges} real edges`, output.trim().split('\n').slice(-2).join(' ').slice(0, 160) || 'out of time', false)
      continue
    }
    const { connectedMs, everywhere, idle, memoryMb, missing, neighbours, publishing } = JSON.parse(found[1])
    reported(`${edges} real edges: until all are connected; neighbours of each`, `${ms(connectedMs)}; ${neighbours}`)
    reported(`${edges} real edges, each: memory, and at rest packets and bytes a second`, `${memoryMb.toFixed(1)} MB, ${idle.packets.toFixed(0)}, ${(idle.bytes / 1e3).toFixed(1)} kB`)
    reported(`${edges} real edges: a publish until it is everywhere, p50 and p99; kB an edge sends for each`, `${ms(everywhere.p50)}, ${ms(everywhere.p99)}; ${(publishing.bytes / 1e3).toFixed(1)}`)
    reported(`${edges} real edges: publishes that did not reach all`, missing, missing === 0, '0')
  }
  for (const edges of quick ? [100] : [100, 300, 1_000]) simulated(edges, random, reported)
  messages(reported)
  if (!quick) await functions(reported, say)
  return rows
}

/** Replication over the neighbours that so many edges would choose. */
function simulated(count, random, reported) {
  const all = Array.from({ length: count }, (_, index) => ({ id: createHash('sha256').update(`${index}/${random.next()}`).digest('hex'), region: REGIONS[index % REGIONS.length] }))
  const byId = new Map(all.map((edge) => [edge.id, edge]))
  const graph = new Map(all.map(({ id }) => [id, new Set()]))
  for (const self of all) {
    for (const id of neighboursOf(self, all.filter((other) => other !== self))) {
      graph.get(self.id).add(id)
      graph.get(id).add(self.id)
    }
  }
  /** Announced, asked for, sent: one and a half round trips a hop, and what a hop costs besides. */
  const hop = (one, other) => 1.5 * estimateMs({ distanceKm: distanceKm(byId.get(one).region, byId.get(other).region), rttMs: null }) + HOP_MS
  const spread = (from, gone) => {
    const at = new Map([[from, 0]])
    const open = new Set([from])
    while (open.size > 0) {
      const next = [...open].reduce((a, b) => (at.get(b) < at.get(a) ? b : a))
      open.delete(next)
      for (const other of graph.get(next)) {
        const arrives = at.get(next) + hop(next, other)
        if (gone.has(other) || arrives >= (at.get(other) ?? Infinity)) continue
        at.set(other, arrives)
        open.add(other)
      }
    }
    return at
  }
  const times = Array.from({ length: 10 }, () => [...spread(random.pick(all).id, new Set()).values()]).flat()
  const third = new Set(random.shuffled(all).slice(0, Math.floor(count * 0.3)).map(({ id }) => id))
  const reached = spread(all.find(({ id }) => !third.has(id)).id, third).size
  const degrees = [...graph.values()].map(({ size }) => size)
  const mean = degrees.reduce((a, b) => a + b, 0) / count
  reported(`${count} edges, simulated: neighbours, mean and most; logs × connections of each, and in a full mesh`, `${mean.toFixed(1)}, ${Math.max(...degrees)}; ${Math.round(count * mean)}, ${count * (count - 1)}`)
  reported(`${count} edges, simulated over 6 regions: a record until it is everywhere, p50 and longest`, `${ms(quantile(times, 0.5))}, ${ms(Math.max(...times))}`)
  reported(`${count} edges, simulated: reached when 30 % are gone at once`, `${reached} of ${count - third.size}`, reached === count - third.size, 'all')
}

/** What the status costs an edge at 1,000 edges and 100,000 functions. */
function messages(reported) {
  const loaded = Object.fromEntries(Array.from({ length: 2_000 }, (_, index) => [`function-${index}`, `01a21716d905000000-${String(index).padStart(16, '0')}`]))
  const links = Array.from({ length: 256 }, (_, index) => ({ to: createHash('sha256').update(String(index)).digest('hex'), rttMs: 40.123, kind: 'internet', setAside: false, chaos: null }))
  const before = { ...statusOf('edge-a'), loaded, functions: 100_000, links, clockMs: 1 }
  const envelope = (payload) => Buffer.from(JSON.stringify({ topic: 'mesh/status', payload }))
  const whole = encodeStatus(before, envelope).whole().length
  const patch = encodeStatus({ ...before, clockMs: 2, requestsPerSecond: 10, inFlight: 3 }, envelope).since(before).length
  const deploy = encodeStatus({ ...before, loaded: { ...loaded, 'function-7': 'another' }, clockMs: 2 }, envelope).since(before).length
  reported('status of an edge with 100,000 functions and 999 peers: whole; how busy it is; after a deploy', `${(whole / 1e3).toFixed(0)} kB; ${patch} B; ${deploy} B`)
  reported('what an edge of 1,000 sends a second of it: whole to all, and as it is', `${((whole * 999) / 1e6).toFixed(0)} MB; ${((patch * MAX_TOLD) / 1e3).toFixed(0)} kB`)
}

/** An edge that gets a log of 100,000 functions from another one. */
async function functions(reported, say) {
  const { code, output } = await runToEnd(process.execPath, [INSIDE, JSON.stringify({ functions: 100_000 })], { timeoutMs: 590_000 })
  const found = /^result (.*)$/m.exec(output)
  if (code !== 0 || !found) {
    say(output.trim().split('\n').slice(-3).join(' ').slice(0, 300))
    reported('100,000 functions', 'out of time', false)
    return
  }
  const { count, diskMb, listMs, memoryMb, openMs, tookMs } = JSON.parse(found[1])
  reported(`${count} functions: until a new edge knows all; records a second`, `${(tookMs / 1e3).toFixed(0)} s; ${Math.round(count / (tookMs / 1e3))}`)
  reported(`${count} functions: memory of the registry, disk, listing all, opening it again`, `${memoryMb.toFixed(0)} MB, ${diskMb.toFixed(0)} MB, ${ms(listMs)}, ${ms(openMs)}`)
}
