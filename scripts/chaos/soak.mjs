// Promise 10: many invocations, deploys and peers that come and go; memory must not grow with them.
import { randomBytes } from 'node:crypto'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { connected, startEdge } from '../../dist/test/mesh/harness/edges.js'
import { deploy } from '../../dist/test/mesh/harness/http.js'
import { start } from '../../dist/test/mesh/harness/processes.js'
import { openFolder, residentMb, returning } from './agree.mjs'
import { load, percent, quantile } from './load.mjs'
import { within } from './within.mjs'

export const title = 'Memory stays flat however much an edge does'

const VISITORS = fileURLToPath(new URL('visitors.mjs', import.meta.url))
const ALLOWED_GROWTH = 0.1
const SAMPLES = 40

export const run = (given) => within((use) => soak(use, given))

async function soak(use, { quick, say }) {
  const share = quick ? 0.01 : 1
  const { path: folder } = use(await openFolder())
  const key = randomBytes(32).toString('hex')
  const env = { SWARMLAMBDA_CLUSTER_KEY: key, SWARMLAMBDA_LOG: 'warn' }
  const [a, b] = await Promise.all(['edge-a', 'edge-b'].map(async (name) => use(await startEdge({ name, folder, env }))))
  await connected([a, b])
  await deploy(a.url, 'hello', returning('hello'))
  const rows = []
  const judge = (what, { failed, memory }) => {
    // Of the last half: its first quarter against its last, each by its median.
    const half = memory.slice(Math.floor(memory.length / 2))
    const quarter = Math.max(1, Math.floor(half.length / 4))
    const [from, to] = [quantile(half.slice(0, quarter), 0.5), quantile(half.slice(-quarter), 0.5)]
    rows.push({ what: `${what}: resident memory from half of it to the end`, figure: `${from.toFixed(0)} → ${to.toFixed(0)} MB (${percent(to / from - 1)})`, limit: percent(ALLOWED_GROWTH), met: quick || to / from - 1 <= ALLOWED_GROWTH })
    rows.push({ what: `${what}: failed`, figure: failed, limit: '0', met: failed === 0 })
  }

  const invocations = Math.round(1_000_000 * share)
  judge(`${invocations} invocations`, await invoked(a, invocations, say))
  const deploys = Math.round(10_000 * share)
  judge(`${deploys} deploys of ${Math.round(1_000 * share)} names`, await deployed(a, deploys, Math.round(1_000 * share), say))
  rows.push(await disk(folder, deploys))
  const visits = Math.round(1_000 * share)
  judge(`${visits} connects and losses of peers`, await visited(use, a, key, visits))
  return rows
}

const reached = (memory, done, of) => done >= (memory.length / SAMPLES) * of

async function invoked(edge, count, say) {
  const memory = []
  let failed = 0
  let done = 0
  const clients = load({ clients: 32, of: () => ({ url: `${edge.url}/2015-03-31/functions/hello/invocations` }) })
  const beganAt = performance.now()
  while (done < count) {
    await new Promise((resolve) => setTimeout(resolve, 50))
    const samples = clients.samples.splice(0)
    done += samples.length
    failed += samples.filter(({ status }) => status !== 200).length
    if (reached(memory, done, count)) memory.push(await residentMb(edge.pid))
  }
  say(`${done} invocations in ${((performance.now() - beganAt) / 1_000).toFixed(0)} s`)
  await clients[Symbol.asyncDispose]()
  return { memory, failed }
}

async function deployed(edge, count, names, say) {
  const memory = []
  let failed = 0
  let next = 0
  const beganAt = performance.now()
  const one = async () => {
    for (let n = next++; n < count; n = next++) {
      const { status } = await deploy(edge.url, `soak-${n % names}`, returning(`deploy ${n}`))
      if (status >= 300) failed += 1
      if (reached(memory, n, count)) memory.push(await residentMb(edge.pid))
    }
  }
  await Promise.all([one(), one(), one(), one()])
  say(`${count} deploys in ${((performance.now() - beganAt) / 1_000).toFixed(0)} s`)
  return { memory, failed }
}

/** A process of peers that come and go. */
async function visited(use, edge, key, count) {
  const visitors = use(start(process.execPath, [VISITORS, JSON.stringify({ count, key })]))
  const memory = []
  let over = false
  void visitors.exited.then(() => { over = true })
  while (!over) {
    memory.push(await residentMb(edge.pid))
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  const done = Number(/^done (\d+)$/m.exec(visitors.output())?.[1] ?? 0)
  return { memory, failed: count - done }
}

/** What is left on the disk of an edge for each of its deploys. */
async function disk(folder, deploys) {
  const sizeOf = async (path) => {
    const entries = await readdir(path, { withFileTypes: true, recursive: true })
    const sizes = await Promise.all(entries.filter((entry) => entry.isFile()).map((entry) => stat(join(entry.parentPath, entry.name)).then(({ size }) => size, () => 0)))
    return sizes.reduce((sum, size) => sum + size, 0)
  }
  const bytes = await sizeOf(join(folder, 'edge-a', 'store'))
  return { what: 'disk of an edge afterwards', figure: `${(bytes / 1e6).toFixed(0)} MB, ${(bytes / 1e3 / deploys).toFixed(1)} kB a deploy`, limit: 'reported', met: true }
}
