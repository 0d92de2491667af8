// Cases about the edge itself: cores, many functions, idle connections, failover, start-up.
import { setTimeout as delay } from 'node:timers/promises'
import { connect } from 'node:net'
import { deploy, invoke } from '../scripts/lib/cluster.mjs'
import { EVENT, pathOf, startCandidates, startEdge } from './candidates.mjs'
import { quantile, residentMb } from './figures.mjs'
import { chooseLoad } from './load.mjs'
import { measure } from './rounds.mjs'

/** What a process gives back, it gives back some time after its work. */
const SETTLE_MS = 2_000
/** From when on a connection counts as idle. */
const IDLE_MS = 12_000

const range = (count, make) => Array.from({ length: count }, (_, index) => make(index))
const milliseconds = (values) => `${quantile(values, 0.5).toFixed(2)} ms, ${quantile(values, 0.99).toFixed(2)} ms`
const timed = async (call) => {
  const started = performance.now()
  await call()
  return performance.now() - started
}

export const cores = {
  async run({ children, settings, sources, stateDir }) {
    const rows = []
    for (const threads of [1, 2]) {
      const edge = await startEdge(children, `${stateDir}/cores-${threads}`, [process.execPath], { SWARMLAMBDA_THREADS: String(threads) })
      const bodies = { hello: EVENT, fib: '{"n":18}' }
      for (const name of Object.keys(bodies)) await deploy(edge.address, name, sources[name])
      const targets = Object.entries(bodies).map(([name, body]) => ({ what: `${name === 'fib' ? 'fib(18)' : name}, ${threads} thread${threads === 1 ? '' : 's'}`, pid: edge.pid, url: edge.address + pathOf(name), body }))
      rows.push(...(await measure('cores', targets, { ...settings, pin: { load: [] } })))
      await children.kill('edge')
    }
    return { title: 'one and two threads', note: 'not pinned: on a machine of two cores the load takes its part of them', rows }
  },
}

export const thousand = {
  async run({ children, pin, quick, settings, stateDir }) {
    const count = quick ? 200 : 1_000
    const edge = await startEdge(children, `${stateDir}/thousand`, pin.server)
    const before = await residentMb(edge.pid)
    const names = range(count, (index) => `hello-${index}`)
    for (let at = 0; at < count; at += 8) await Promise.all(names.slice(at, at + 8).map((name) => deploy(edge.address, name, `exports.handler = async (e) => ({ ok: true, e, name: '${name}' })`)))
    await delay(SETTLE_MS)
    const idleMb = (await residentMb(edge.pid)) - before
    const calls = { first: [], second: [] }
    for (const times of Object.values(calls)) for (const name of names) times.push(await timed(() => invoke(edge.address, name, {})))
    const one = { what: 'one function', pid: edge.pid, url: edge.address + pathOf(names[0]), body: EVENT }
    const all = { what: `${count} functions in turn`, pid: edge.pid, urls: names.map((name) => edge.address + pathOf(name)), body: EVENT }
    const rows = await measure('thousand', [one, all], settings)
    await children.kill('edge')
    return {
      title: `${count} functions called in turn`,
      rows,
      figures: [
        ['memory of an idle deployed function', `${((idleMb * 1024) / count).toFixed(0)} kB`],
        ['first invocation after its deploy, as a Node client sees it: p50, p99', milliseconds(calls.first)],
        ['second invocation: p50, p99', milliseconds(calls.second)],
      ],
    }
  },
}

const openConnection = (address) => {
  const { hostname, port } = new URL(address)
  const request = `POST ${pathOf('hello')} HTTP/1.1\r\nhost: ${hostname}\r\ncontent-type: application/json\r\ncontent-length: ${EVENT.length}\r\n\r\n${EVENT}`
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => socket.write(request))
    socket.once('data', () => resolve(socket)).once('error', reject)
  })
}

/** Servers of their own, with hello alone: what earlier cases left, and give back at times, is more than connections take. */
export const connections = {
  peers: ['uws', 'node', 'bun', 'deno', 'workerd'],
  async run({ children, installed, pin, quick, sources, stateDir }) {
    const count = quick ? 500 : 2_000
    const wanted = new Set(connections.peers)
    const candidates = await startCandidates({ children, installed, pin, sources: { hello: sources.hello }, stateDir: `${stateDir}/connections`, wanted })
    const { load } = await chooseLoad()
    const figures = []
    for (const { address, pid, what } of Object.values(candidates)) {
      await load({ urls: [address + pathOf('hello')], body: EVENT, connections: 64, pipeline: 1, seconds: 2, pin: pin.load })
      await delay(SETTLE_MS)
      const before = await residentMb(pid)
      const sockets = []
      while (sockets.length < count) sockets.push(...(await Promise.all(range(50, () => openConnection(address)))))
      await delay(IDLE_MS)
      figures.push([what, `${((((await residentMb(pid)) - before) * 1024) / count).toFixed(1)} kB`])
      for (const socket of sockets) socket.destroy()
    }
    return { title: 'memory of an idle connection', note: `what a server grows by, divided by its ${count} keep-alive connections, 12 s after one request each`, figures }
  },
}

export const failover = {
  async run({ quick, stateDir }) {
    const { openLocalMesh, EDGES } = await import('../dist/lib/dev/local-mesh.js')
    const mesh = await openLocalMesh({
      edges: EDGES.slice(0, 2).map((edge) => ({ ...edge, port: 0 })),
      stateDir: `${stateDir}/failover`,
      proxyPort: null,
      dnsPort: null,
      env: process.env,
      edgeEnv: { SWARMLAMBDA_CLUSTER_ID: 'bench-failover', SWARMLAMBDA_BOOTSTRAP: 'none' },
      onLine: () => {},
      onExit: (name, how) => process.stderr.write(`${name} ${how}\n`),
    })
    try {
      const [first, second] = mesh.edges
      await deploy(first.url, 'moves', `exports.handler = async () => { if (process.env.SWARMLAMBDA_NODE_NAME === '${first.name}') throw new Error('not here'); return 1 }`)
      const times = { direct: [], moved: [] }
      for (let turn = 0; turn < (quick ? 100 : 400); turn += 1) {
        for (const [kind, url] of [['direct', second.url], ['moved', first.url]]) {
          const started = performance.now()
          const { headers, text } = await invoke(url, 'moves', {})
          if (text === '1' && headers.get('x-swarm-edge') === second.name) times[kind].push(performance.now() - started)
          // Retries are a part of the traffic: ordinary requests earn them.
          for (let more = 0; more < 5; more += 1) await invoke(second.url, 'moves', {})
        }
      }
      const row = (kind) => `${milliseconds(times[kind])} (${times[kind].length} requests)`
      return { title: 'a failover to another edge of this machine', figures: [['answered where it landed: p50, p99', row('direct')], ['failed there, answered by the other edge: p50, p99', row('moved')]] }
    } finally {
      await mesh[Symbol.asyncDispose]()
    }
  },
}

export const startup = {
  async run({ children, quick, stateDir }) {
    const start = () => startEdge(children, `${stateDir}/startup`, [process.execPath])
    const { address } = await start()
    for (const index of range(100, (index) => index)) await deploy(address, `hello-${index}`, `exports.handler = async () => ${index}`)
    const times = []
    for (let turn = 0; turn < (quick ? 2 : 7); turn += 1) {
      await children.kill('edge')
      const started = performance.now()
      const edge = await start()
      times.push(performance.now() - started)
      if ((await invoke(edge.address, 'hello-99', {})).text !== '99') throw new Error('the edge forgot a function')
    }
    await children.kill('edge')
    return {
      title: 'start of an edge with 100 functions',
      note: 'after kill -9, native code cached, not pinned: from the start of the process until it serves',
      figures: [['median, least, most', `${quantile(times, 0.5).toFixed(0)} ms, ${Math.min(...times).toFixed(0)} ms, ${Math.max(...times).toFixed(0)} ms`]],
    }
  },
}
