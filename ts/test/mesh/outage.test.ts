// Edges that come and go: deploys while one is away, restarts in any order, kill -9 of each in turn under load.
import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { after, before, describe, test } from 'node:test'
import { Agent, request } from 'undici'
import { connected, NAMES, REGION, seesUp, startMesh, startProxy, type MeshOfEdges } from './harness/edges.js'
import { call, deploy, invoke, snapshotWhere, tries } from './harness/http.js'

let mesh: MeshOfEdges

before(async () => { mesh = await startMesh() })
after(() => mesh[Symbol.asyncDispose]())

const has = (name: string, edges: readonly string[]) => (snapshot: { functions: { name: string; edges: string[] }[] }): boolean =>
  snapshot.functions.some((one) => one.name === name && one.edges.join() === [...edges].sort().join())

describe('an edge that was away', () => {
  test('gets what was deployed, changed and deleted meanwhile, and keeps what it had', async () => {
    const a = mesh.url('edge-a')
    for (const name of ['kept', 'changed', 'removed']) assert.equal((await deploy(a, name, 'exports.handler = async () => 1')).status, 201)
    await mesh.edges['edge-c'].kill()
    await seesUp(a, ['edge-a', 'edge-b'], 5_000)

    const away = await deploy(a, 'fresh', 'exports.handler = async () => "fresh"')
    assert.deepEqual((away.json as { edges: string[] }).edges, ['edge-a', 'edge-b'])
    assert.equal((await deploy(mesh.url('edge-b'), 'changed', 'exports.handler = async () => 2')).status, 200)
    assert.equal((await call('DELETE', `${a}/functions/removed`)).status, 204)

    const { url } = await mesh.restart('edge-c')
    await snapshotWhere(url, (snapshot) => has('fresh', NAMES)(snapshot) && has('changed', NAMES)(snapshot) && !snapshot.functions.some(({ name }) => name === 'removed'))
    const own = { 'x-swarm-failover': 'never' }
    assert.deepEqual([await invoke(url, 'fresh', {}, own), await invoke(url, 'changed', {}, own), await invoke(url, 'kept', {}, own)].map(({ text }) => text), ['"fresh"', '2', '1'])
    assert.equal((await invoke(url, 'removed', {}, own)).status, 404)
  })

  test('serves what it had alone, before it meets anybody', async () => {
    await Promise.all(NAMES.map((name) => mesh.edges[name].kill()))
    const { url } = await mesh.restart('edge-b')
    const answer = await invoke(url, 'fresh')
    assert.deepEqual([answer.text, tries(answer)], ['"fresh"', 'edge-b=ok'])
    assert.equal((await deploy(url, 'alone', 'exports.handler = async () => "alone"')).status, 201)
    await mesh.restart('edge-c')
    await mesh.restart('edge-a')
    await connected(Object.values(mesh.edges))
    for (const { url: other } of Object.values(mesh.edges)) await snapshotWhere(other, has('alone', NAMES))
  })

  test('a stopped edge first finishes what runs', async () => {
    await deploy(mesh.url('edge-b'), 'slow', 'exports.handler = async () => { await new Promise((done) => setTimeout(done, 1000)); return "slow" }')
    const { url } = mesh.edges['edge-c']
    const invoked = invoke(url, 'slow')
    await snapshotWhere(url, ({ edges, self }) => edges.some(({ inFlight, name }) => name === self && inFlight > 0))
    assert.equal(await mesh.edges['edge-c'].stop(), 0)
    assert.deepEqual([(await invoked).text, tries(await invoked)], ['"slow"', 'edge-c=ok'])
    await mesh.restart('edge-c')
  })

  for (const order of [['edge-a', 'edge-b', 'edge-c'], ['edge-c', 'edge-a', 'edge-b']] as const) {
    test(`all come back, stopped and started in the order ${order.join(', ')}`, async () => {
      for (const name of order) assert.equal(await mesh.edges[name].stop(), 0)
      for (const name of order) await mesh.restart(name)
      await connected(Object.values(mesh.edges))
      for (const { url } of Object.values(mesh.edges)) assert.equal((await invoke(url, 'fresh', {}, { 'x-swarm-failover': 'never' })).text, '"fresh"')
    })
  }
})

interface Sent {
  at: number
  /** The edge that answered. */
  edge: string
  result: string
}

const CLIENTS = 8

/** Clients that invoke one after another until told to stop; everything they saw. */
function load(url: string, name: string) {
  const sent: Sent[] = []
  const stop = new AbortController()
  const agent = new Agent({ connections: CLIENTS })
  const one = async (): Promise<Omit<Sent, 'at'>> => {
    const { body, headers, statusCode } = await request(`${url}/2015-03-31/functions/${name}/invocations`, { dispatcher: agent, method: 'POST', body: '{}' })
    return { edge: String(headers['x-swarm-edge']), result: `${statusCode} ${await body.text()}` }
  }
  const client = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      const at = performance.now()
      sent.push({ at, ...(await one().catch((error: unknown) => ({ edge: '', result: String(error) }))) })
      await sleep(2)
    }
  }
  const clients = Promise.all(Array.from({ length: CLIENTS }, client))
  return {
    sent,
    async [Symbol.asyncDispose]() {
      stop.abort()
      await clients
      await agent.destroy()
    },
  }
}

describe('kill -9 under load through the proxy', () => {
  for (const victim of NAMES) {
    test(`${victim}: nothing fails`, async () => {
      const others = NAMES.filter((name) => name !== victim)
      await connected(Object.values(mesh.edges))
      // Near the victim, so that all the load is on it.
      await using proxy = await startProxy(Object.values(mesh.edges), { SWARMLAMBDA_REGION: REGION[victim] })
      let killedAt = 0
      let goneAt = 0
      let restartedAt = 0
      let sent: Sent[] = []
      {
        await using clients = load(proxy.url, 'fresh')
        sent = clients.sent
        await sleep(500)
        killedAt = performance.now()
        await mesh.edges[victim].kill()
        goneAt = performance.now()
        await seesUp(mesh.url(victim === 'edge-a' ? 'edge-b' : 'edge-a'), others, 5_000)
        await sleep(300)
        const restarted = await mesh.restart(victim)
        restartedAt = performance.now()
        await seesUp(restarted.url, NAMES)
        await sleep(700)
      }
      const story = `killed at ${killedAt}, gone at ${goneAt}, of ${sent.length} requests: ${JSON.stringify(sent.filter(({ result }) => result !== '200 "fresh"'))}\n${proxy.output()}`
      const answeredBy = (from: number, to: number): Set<string> => new Set(sent.filter(({ at, result }) => at > from && at < to && result.startsWith('200')).map(({ edge }) => edge))
      assert.deepEqual(answeredBy(0, killedAt - 100), new Set([victim]), story)
      assert.ok(!answeredBy(goneAt, restartedAt - 300).has(victim), story)
      assert.ok(answeredBy(restartedAt, Infinity).has(victim), story)

      // What was under way there is made again elsewhere, as the function's failover allows.
      assert.deepEqual(sent.filter(({ result }) => result !== '200 "fresh"'), [], story)
    })
  }
})
