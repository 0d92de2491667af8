// Many edges (mesh and registry, no gateway) in this process, or one registry with many functions; prints `result {…}`.
import { readFile, readdir, stat } from 'node:fs/promises'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { openStore } from '../../dist/lib/registry/registry.js'
import { revisionOf } from '../../dist/lib/registry/record.js'
import { openTestCluster, put, statusOf } from '../../dist/test/p2p/harness.js'
import { quantile } from './load.mjs'

const { edges: count, functions, publishes } = JSON.parse(process.argv[2])
const REGIONS = ['us-west-sfo', 'us-east-iad', 'eu-central-fra', 'ap-southeast-sin']
const REST_MS = 5_000

const rssMb = () => process.memoryUsage().rss / 2 ** 20
const until = async (holds, withinMs) => {
  for (const end = performance.now() + withinMs; performance.now() < end; await sleep(20)) if (holds()) return true
  return holds()
}
/** What loopback carried since the network is there. */
const carried = async () => {
  const [, numbers] = /lo:\s*(.*)/.exec(await readFile('/proc/self/net/dev', 'utf8'))
  const [bytes, packets] = numbers.trim().split(/\s+/).map(Number)
  return { bytes, packets }
}
const result = (value) => process.stdout.write(`result ${JSON.stringify(value)}\n`)

async function mesh() {
  execFileSync('ip', ['link', 'set', 'lo', 'up'])
  const cluster = await openTestCluster([])
  const before = rssMb()
  const beganAt = performance.now()
  const edges = []
  for (let index = 0; index < count; index++) edges.push(await cluster.start(`edge-${index}`, { region: REGIONS[index % REGIONS.length] }))
  if (!(await until(() => edges.every(({ mesh }) => mesh.peers().length === count - 1), 200_000))) throw new Error(`not all connected: ${Math.min(...edges.map(({ mesh }) => mesh.peers().length))} of ${count - 1}`)
  const connectedMs = performance.now() - beganAt
  const tell = () => {
    for (const { mesh, name } of edges) mesh.setStatus({ ...statusOf(name), inFlight: Math.floor(Math.random() * 5), links: mesh.peers().slice(0, 256).map(({ id, rttMs }) => ({ to: id, rttMs })) })
  }
  const telling = setInterval(tell, 1_000)
  await sleep(3_000)
  const memoryMb = (rssMb() - before) / count
  const rest = await carried()
  await sleep(REST_MS)
  const rested = await carried()
  const perSecond = (field) => (rested[field] - rest[field]) / (REST_MS / 1_000) / count

  const times = []
  let missing = 0
  const from = await carried()
  const startedAt = performance.now()
  for (let n = 0; n < publishes; n++) {
    const publisher = edges[n % count]
    const at = performance.now()
    const record = await publisher.registry.publish(put(`f${n % 10}`, `text ${n}`))
    const everywhere = await until(() => edges.every(({ registry }) => registry.get(record.name)?.revisionId === record.revisionId), 20_000)
    if (everywhere) times.push(performance.now() - at)
    else missing += 1
  }
  const to = await carried()
  const lasted = (performance.now() - startedAt) / 1_000
  clearInterval(telling)
  const bytes = Math.max(0, (to.bytes - from.bytes) / count - perSecond('bytes') * lasted) / publishes
  const replicating = edges.map(({ mesh }) => mesh.peers().filter((peer) => peer.replicates()).length)
  result({
    connectedMs,
    memoryMb,
    idle: { bytes: perSecond('bytes'), packets: perSecond('packets') },
    everywhere: { p50: quantile(times, 0.5), p99: quantile(times, 0.99) },
    publishing: { bytes },
    missing,
    neighbours: `${Math.min(...replicating)} to ${Math.max(...replicating)}`,
  })
}

/** One function is published, and its record written as often as there are to be functions, under other names. */
async function registry() {
  const cluster = await openTestCluster(['a'])
  let [a] = cluster.edges
  await a.registry.publish(put('function-0', 'text'))
  const { stateDir } = a
  await cluster.stop(a)
  const { logs } = JSON.parse(await readFile(join(stateDir, 'registry.json'), 'utf8'))
  const store = await openStore(stateDir)
  const core = store.get({ name: `log-${logs.at(-1)}` })
  await core.ready()
  const record = JSON.parse((await core.get(core.length - 1)).toString())
  for (let from = 1; from < functions; from += 1_000) {
    await core.append(Array.from({ length: Math.min(1_000, functions - from) }, (_, index) => {
      const hlc = [record.hlc[0], record.hlc[1] + from + index]
      return Buffer.from(JSON.stringify({ ...record, name: `function-${from + index}`, hlc, revisionId: revisionOf(hlc, record.edge) }))
    }))
  }
  await store.close()
  a = await cluster.start('a')
  // Counted by what is indexed: to list a hundred thousand every few milliseconds is most of the work.
  const known = (edge) => edge.registry.seq()
  await until(() => known(a) === functions, 280_000)
  const before = rssMb()
  const beganAt = performance.now()
  let b = await cluster.start('b')
  let complete = false
  for (const end = performance.now() + 280_000; performance.now() < end && !complete; await sleep(500)) complete = known(b) === functions
  const tookMs = performance.now() - beganAt
  const memoryMb = rssMb() - before
  const listedAt = performance.now()
  const count = b.registry.list().length
  const listMs = performance.now() - listedAt
  await cluster.stop(b)
  const openedAt = performance.now()
  b = await cluster.start('b')
  const openMs = performance.now() - openedAt
  const files = (await readdir(b.stateDir, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile())
  const sizes = await Promise.all(files.map((entry) => stat(join(entry.parentPath, entry.name)).then(({ size }) => size, () => 0)))
  result({ count, tookMs, memoryMb, listMs, openMs, diskMb: sizes.reduce((sum, size) => sum + size, 0) / 1e6 })
}

await (functions === undefined ? mesh() : registry())
process.exit(0)
