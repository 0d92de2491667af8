// Promise 1: edges are killed, and stopped dead, one after another under load through the proxy.
import { setTimeout as sleep } from 'node:timers/promises'
import { connected, NAMES, REGION, startMesh, startProxy } from '../../dist/test/mesh/harness/edges.js'
import { deploy } from '../../dist/test/mesh/harness/http.js'
import { load, ms, quantile } from './load.mjs'
import { within } from './within.mjs'

export const title = 'Killing or stopping any one of three edges fails no idempotent request'

const CLIENTS = 8
const AFTER_MS = 1_000
const ALLOWED_RISE_MS = 250
const ALLOWED_HANG_MS = 3_000

/** Every way to ask that may be made twice. */
const requestsTo = (url) => (n) =>
  [
    { url: `${url}/2015-03-31/functions/any/invocations` },
    { url: `${url}/2015-03-31/functions/safe/invocations`, headers: { 'x-swarm-failover': 'any' } },
    { url: `${url}/2015-03-31/functions/any/invocations`, headers: { 'idempotency-key': `kill-${n}` } },
    { url: `${url}/fn/any/path`, method: 'GET' },
    { url: `${url}/fn/any/path`, method: 'PUT' },
    { url: `${url}/2015-03-31/functions/slow/invocations` },
  ][n % 6]

export const run = (given) => within(async (use) => kills(use(await startMesh()), given))

async function kills(mesh, { quick, random, say }) {
  const rounds = quick ? 3 : 100
  const edges = () => Object.values(mesh.edges)
  const source = 'exports.handler = async () => process.env.SWARMLAMBDA_NODE_NAME'
  await deploy(mesh.url('edge-a'), 'any', source)
  await deploy(mesh.url('edge-a'), 'safe', source, { failover: 'safe' })
  await deploy(mesh.url('edge-a'), 'slow', 'exports.handler = async () => { await new Promise((done) => setTimeout(done, 20)); return 1 }')
  await connected(edges())

  const calm = []
  const killing = []
  const failures = []
  for (let round = 0; round < rounds; round++) {
    const victim = NAMES[round % NAMES.length]
    await connected(edges(), 60_000)
    // Near the victim, so that the load is on it.
    const { killedAt, samples } = await within(async (use) => {
      const proxy = use(await startProxy(edges(), { SWARMLAMBDA_REGION: REGION[victim], SWARMLAMBDA_LOG: 'warn' }))
      const clients = use(load({ clients: CLIENTS, pauseMs: 2, of: requestsTo(proxy.url) }))
      await sleep(random.between(300, 700))
      const at = performance.now()
      await mesh.edges[victim].kill()
      await sleep(AFTER_MS)
      return { killedAt: at, samples: clients.samples }
    })
    for (const sample of samples) {
      if (sample.status !== 200) failures.push({ round, victim, ...sample })
      ;(sample.at + sample.ms < killedAt ? calm : killing).push(sample.ms)
    }
    await mesh.restart(victim)
    if (rounds > 10 && round % 10 === 9) say(`${round + 1} kills, ${calm.length + killing.length} requests, ${failures.length} failed`)
  }
  for (const { ms: took, round, status, text, victim } of failures.slice(0, 5)) say(`round ${round}, ${victim}: ${status} after ${ms(took)} ${text.slice(0, 200)}`)
  const rise = quantile(killing, 0.99) - quantile(calm, 0.99)

  const hung = await hang(mesh, random, say)
  return [
    { what: `failed requests, ${rounds} kills, ${calm.length + killing.length} requests`, figure: failures.length, limit: '0', met: failures.length === 0 },
    { what: 'p99 before, and its rise in the second after a kill', figure: `${ms(quantile(calm, 0.99))} + ${ms(Math.max(0, rise))}`, limit: `+ ${ALLOWED_RISE_MS} ms`, met: quick || rise <= ALLOWED_RISE_MS },
    ...hung.rows(quick),
  ]
}

/** Each edge in turn is stopped dead (SIGSTOP), then goes on. */
async function hang(mesh, random, say) {
  const samples = []
  for (const victim of NAMES) {
    await connected(Object.values(mesh.edges), 60_000)
    await within(async (use) => {
      const proxy = use(await startProxy(Object.values(mesh.edges), { SWARMLAMBDA_REGION: REGION[victim], SWARMLAMBDA_LOG: 'warn' }))
      const clients = use(load({ clients: CLIENTS, pauseMs: 2, of: requestsTo(proxy.url) }))
      await sleep(random.between(300, 700))
      const stoppedAt = performance.now()
      mesh.edges[victim].signal('SIGSTOP')
      await sleep(ALLOWED_HANG_MS + 2_000)
      mesh.edges[victim].signal('SIGCONT')
      await clients[Symbol.asyncDispose]()
      samples.push(...clients.samples.map((sample) => ({ ...sample, since: sample.at - stoppedAt })))
    })
  }
  const failed = samples.filter(({ status }) => status !== 200)
  for (const { since, status, text } of failed.slice(0, 5)) say(`hang: ${status}, sent ${Math.round(since)} ms after it, ${text.slice(0, 200)}`)
  const calm = quantile(samples.filter(({ since }) => since < -50).map((sample) => sample.ms), 0.99)
  const later = samples.filter(({ since }) => since > ALLOWED_HANG_MS).map((sample) => sample.ms)
  const longest = Math.max(...samples.map((sample) => sample.ms))
  return {
    rows: (quick) => [
      { what: `failed requests, ${NAMES.length} edges that hang, ${samples.length} requests`, figure: failed.length, limit: '0', met: failed.length === 0 },
      { what: 'longest wait for an edge that hangs', figure: ms(longest), limit: `${ALLOWED_HANG_MS} ms`, met: quick || longest <= ALLOWED_HANG_MS + calm },
      { what: 'rise of p99 later than 3 s after it', figure: ms(Math.max(0, quantile(later, 0.99) - calm)), limit: `${ALLOWED_RISE_MS} ms`, met: quick || quantile(later, 0.99) - calm <= ALLOWED_RISE_MS },
    ],
  }
}
