// Promise 2: a ledger counts what ran, while edges are killed, stopped and started again, and time-outs run out.
import { setTimeout as sleep } from 'node:timers/promises'
import { connected, NAMES, startMesh, startProxy } from '../../dist/test/mesh/harness/edges.js'
import { call, deploy } from '../../dist/test/mesh/harness/http.js'
import { metric } from './agree.mjs'
import { openLedger } from './ledger.mjs'
import { load, ms } from './load.mjs'
import { within } from './within.mjs'

export const title = 'A safe function never runs twice; an Idempotency-Key gives the same answer from any edge'

const CLIENTS = 8
const PATHS = ['safe', 'safe-late', 'safe-throws', 'any']

/** Writes its event into the ledger; then it answers, throws, or answers too late. */
const writer = (url, afterwards) => `exports.handler = async (id) => {
  await fetch('${url}', { method: 'POST', body: id })
  ${afterwards}
  return { id, edge: process.env.SWARMLAMBDA_NODE_NAME, at: Date.now() }
}`

export const run = (given) => within(async (use) => once(use(await openLedger()), use(await startMesh()), given))

async function once(ledger, mesh, { quick, random, say }) {
  const faults = quick ? 4 : 40
  const given = { allow: ['127.0.0.1'], failover: 'safe', timeout: 2 }
  await deploy(mesh.url('edge-a'), 'safe', writer(ledger.url, ''), given)
  await deploy(mesh.url('edge-a'), 'safe-late', writer(ledger.url, 'await new Promise((done) => setTimeout(done, 500))'), { ...given, timeout: 0.3 })
  await deploy(mesh.url('edge-a'), 'safe-throws', writer(ledger.url, 'throw new Error("afterwards")'), given)
  await deploy(mesh.url('edge-a'), 'any', writer(ledger.url, ''), { ...given, failover: 'any' })
  await connected(Object.values(mesh.edges))

  const ids = []
  const samples = await within(async (use) => {
    const proxy = use(await startProxy(Object.values(mesh.edges), { SWARMLAMBDA_LOG: 'warn' }))
    const of = (n) => {
      const name = PATHS[n % PATHS.length]
      const id = `${name}-${n}`
      ids.push(id)
      // Each fourth goes to an edge itself: it has nobody to send it again.
      const url = n % 16 < 4 ? mesh.url(NAMES[n % NAMES.length]) : proxy.url
      const keyed = name === 'any' || n % 8 < 4
      return { url: `${url}/2015-03-31/functions/${name}/invocations`, body: JSON.stringify(id), headers: { ...(keyed ? { 'idempotency-key': id } : {}), 'x-id': id } }
    }
    const clients = use(load({ clients: CLIENTS, pauseMs: 5, of, timeoutMs: 10_000 }))
    for (let fault = 0; fault < faults; fault++) {
      await sleep(random.between(100, 600))
      const victim = random.pick(NAMES)
      if (random.next() < 0.5) {
        await mesh.edges[victim].kill()
        await sleep(random.between(0, 1_000))
        await mesh.restart(victim)
      } else {
        // To the others it is behind a partition, and comes back in the middle of what it did.
        mesh.edges[victim].signal('SIGSTOP')
        await sleep(random.between(500, 4_000))
        mesh.edges[victim].signal('SIGCONT')
      }
      if (!quick && fault % 10 === 9) say(`${fault + 1} faults, ${clients.samples.length} requests, ${ledger.size()} executions`)
      await connected(Object.values(mesh.edges), 60_000)
    }
    return clients.samples
  })
  const twice = ledger.twice().filter((id) => id.startsWith('safe'))
  for (const id of twice.slice(0, 5)) say(`${id} ran ${ledger.times(id)} times`)
  const ok = samples.filter(({ status, text }) => status === 200 && text.startsWith('{"id":')).map(({ text }) => JSON.parse(text))
  const invented = ok.filter(({ id }) => ledger.times(id) === 0)

  // Every edge is restarted, and still gives the answers it or others gave.
  const told = []
  for (const name of NAMES) {
    await mesh.restart(name)
    await connected(Object.values(mesh.edges), 60_000)
    told.push(await toldAgain(mesh, name))
  }
  const answers = ok.filter(({ id }) => id.startsWith('any-')).slice(-50)
  const before = ledger.size()
  let different = 0
  for (const answer of answers) {
    for (const edge of NAMES) {
      const again = await call('POST', `${mesh.url(edge)}/2015-03-31/functions/any/invocations`, JSON.stringify(answer.id), { 'idempotency-key': answer.id })
      if (again.status !== 200 || again.text !== JSON.stringify(answer)) {
        if (different === 0) say(`${answer.id} on ${edge}: ${again.status} ${again.text.slice(0, 200)} instead of ${JSON.stringify(answer)}`)
        different += 1
      }
    }
  }
  say(`${samples.length} requests, ${ledger.size()} executions, ${samples.filter(({ status }) => status === 502 || status === 409).length} refused to be made twice`)
  return [
    { what: 'until an edge that was restarted knows the answers for keys again, longest', figure: ms(Math.max(...told)), limit: 'reported', met: told.every(Number.isFinite) },
    { what: `executions of one request of a safe function, ${faults} faults, ${samples.length} requests`, figure: twice.length === 0 ? 1 : Math.max(...twice.map(ledger.times)), limit: '1', met: twice.length === 0 },
    { what: 'answers without an execution', figure: invented.length, limit: '0', met: invented.length === 0 },
    { what: `other answers for a key, ${answers.length} keys asked on 3 edges after all were restarted`, figure: different, limit: '0', met: answers.length > 0 && different === 0 && ledger.size() === before },
  ]
}

/** Milliseconds until it keeps as many answers as the others. */
async function toldAgain(mesh, name) {
  const kept = (edge) => metric(mesh.edges[edge], 'swarmlambda_idempotent_answers')
  const beganAt = performance.now()
  for (; performance.now() - beganAt < 60_000; await sleep(50)) {
    const others = await Promise.all(NAMES.filter((other) => other !== name).map(kept))
    if ((await kept(name)) >= Math.min(...others)) return performance.now() - beganAt
  }
  return Infinity
}
