// Promise 11: edges started in any order, all at once, alone, on networks that come late, and stopped politely.
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { setTimeout as sleep } from 'node:timers/promises'
import { connected, NAMES, startEdge } from '../../dist/test/mesh/harness/edges.js'
import { call, deploy, invoke } from '../../dist/test/mesh/harness/http.js'
import { unshareCommand } from '../../dist/test/mesh/harness/namespace.js'
import { runToEnd } from '../../dist/test/mesh/harness/processes.js'
import { ms } from './load.mjs'
import { within } from './within.mjs'

export const title = 'Edges find each other however they are started, and leave politely'

const ALLOWED_LEAVE_MS = 5_000
const SCRIPT = fileURLToPath(new URL('network.sh', import.meta.url))

export async function run({ quick, random, say }) {
  const rows = []
  for (const order of quick ? ['all at once'] : ['all at once', random.shuffled(NAMES), random.shuffled(NAMES)]) rows.push(await started(order, say))
  rows.push(...(await leave(quick)))
  rows.push(...(quick ? [] : await networks(say)))
  return rows
}

/** Three edges, from nothing. */
async function started(order, say) {
  const folder = await mkdtemp(join(tmpdir(), 'swarm-'))
  const edges = []
  const beganAt = performance.now()
  try {
    if (order === 'all at once') edges.push(...(await Promise.all(NAMES.map((name) => startEdge({ name, folder })))))
    else for (const name of order) edges.push(await startEdge({ name, folder }))
    const readyAt = performance.now()
    await connected(edges, 30_000)
    say(`${order}: connected ${ms(performance.now() - readyAt)} after the last was ready`)
    return { what: `started ${order === 'all at once' ? order : order.join(', ')}: until connected`, figure: ms(performance.now() - beganAt), limit: 'connected', met: true }
  } finally {
    await Promise.all(edges.map((edge) => edge.kill()))
    await rm(folder, { recursive: true, force: true })
  }
}

/** An edge alone serves; told to stop, it finishes what runs, and gives its queue to the other. */
const leave = (quick) => within((use) => politely(use, quick))

async function politely(use, quick) {
  const folder = await mkdtemp(join(tmpdir(), 'swarm-'))
  const env = { SWARMLAMBDA_EVENT_RETRIES: '100' }
  use({ [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) })
  const a = use(await startEdge({ name: 'edge-a', folder, env }))
  await deploy(a.url, 'slow', 'exports.handler = async () => { await new Promise((done) => setTimeout(done, 1_000)); return "finished" }')
  await deploy(a.url, 'events', 'exports.handler = async () => { await new Promise((done) => setTimeout(done, 200)); throw new Error("kept") }', { failover: 'never' })
  const alone = await invoke(a.url, 'slow')
  const b = use(await startEdge({ name: 'edge-b', folder, env }))
  await connected([a, b])

  const accepted = await Promise.all(Array.from({ length: 40 }, () => invoke(a.url, 'events', {}, { 'x-amz-invocation-type': 'Event' })))
  const running = invoke(a.url, 'slow')
  await sleep(200)
  const beganAt = performance.now()
  const code = await a.stop()
  const took = performance.now() - beganAt
  const finished = await running
  // Each event fails in the end, wherever it is, and is kept there as a dead letter.
  const ids = new Set()
  for (const until = performance.now() + 60_000; performance.now() < until && ids.size < accepted.length; await sleep(200)) {
    const { deadLetters } = (await call('GET', `${b.url}/dead-letters`)).json
    for (const { id } of deadLetters) ids.add(id)
    if (ids.size + 8 >= accepted.length) break
  }
  return [
    { what: 'an edge alone serves', figure: alone.text, limit: '"finished"', met: alone.text === '"finished"' },
    { what: 'SIGTERM to exit, with work running and 40 events queued', figure: ms(took), limit: `${ALLOWED_LEAVE_MS} ms, code 0`, met: code === 0 && (quick || took < ALLOWED_LEAVE_MS) },
    { what: 'what ran is finished', figure: finished.text.slice(0, 40), limit: '"finished"', met: finished.text === '"finished"' },
    // Up to eight ran there when it was told, and may have ended there.
    { what: 'queued events that the other edge took', figure: ids.size, limit: '≥ 32 of 40', met: ids.size >= 32 },
  ]
}

const WAYS = { mdns: 'a LAN without a default route (mDNS)', late: 'cables that are plugged in later', peers: 'SWARMLAMBDA_PEERS, no mDNS', dht: 'a private DHT bootstrap in another namespace, no mDNS' }

async function networks(say) {
  const unshare = unshareCommand()
  if (unshare === null) return [{ what: 'networks', figure: 'needs root or user namespaces, and ip', limit: '', met: null }]
  const folder = await mkdtemp(join(tmpdir(), 'swarm-'))
  const [command, ...args] = unshare
  const { output } = await runToEnd(command, [...args, 'bash', SCRIPT], { env: { FOLDER: folder }, timeoutMs: 300_000 })
  const met = new Map([...output.matchAll(/^(\w+) (\d+)$/gm)].map(([, way, took]) => [way, Number(took)]))
  if (!/^done$/m.test(output)) {
    say(output.trim().split('\n').slice(-3).join('\n').slice(0, 600))
    for (const file of (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.log') && !name.includes('store/'))) say(`${file}: ${(await readFile(join(folder, file), 'utf8')).trim().split('\n').slice(-2).join(' | ').slice(0, 400)}`)
  }
  await rm(folder, { recursive: true, force: true })
  return Object.entries(WAYS).map(([way, what]) => ({ what, figure: met.has(way) ? ms(met.get(way)) : 'not connected', limit: 'connected', met: met.has(way) }))
}
