// An edge that is told to drain: proxies and peers go elsewhere, what arrives is answered, its queue moves.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { startMesh, startProxy, REGION, type MeshOfEdges } from './harness/edges.js'
import { call, deploy, invoke, snapshotWhere, tries } from './harness/http.js'
import type { Program } from './harness/processes.js'

let mesh: MeshOfEdges
let proxy: Program & { url: string }
let a = ''

before(async () => {
  mesh = await startMesh({ SWARMLAMBDA_EVENT_RETRIES: '0,0' })
  a = mesh.url('edge-a')
  proxy = await startProxy(Object.values(mesh.edges), { SWARMLAMBDA_REGION: REGION['edge-a'] })
  assert.equal((await deploy(a, 'where', 'exports.handler = async () => process.env.SWARMLAMBDA_NODE_NAME')).status, 201)
  assert.equal((await deploy(a, 'sink', 'exports.handler = async () => { throw new Error("kept") }', { failover: 'never' })).status, 201)
})
after(async () => {
  await proxy.kill()
  await mesh[Symbol.asyncDispose]()
})

const stateSeenBy = (url: string, name: string, state: string) => snapshotWhere(url, ({ edges }) => edges.some((edge) => edge.name === name && edge.state === state))
const event = (url: string): ReturnType<typeof invoke> => invoke(url, 'sink', {}, { 'x-amz-invocation-type': 'Event' })

/** The edges that gave an event up, once `count` did. */
async function deadLetters(count: number): Promise<string[]> {
  for (;;) {
    const { deadLetters: letters } = (await call('GET', `${a}/dead-letters`)).json as { deadLetters: { edge: string }[] }
    if (letters.length >= count) return letters.map(({ edge }) => edge)
  }
}

test('a draining edge says so, answers what arrives, and gives new work away until it is told to serve', { timeout: 60_000 }, async () => {
  assert.equal((await invoke(proxy.url, 'where')).text, '"edge-a"')
  const drained = await call('POST', `${a}/drain`, '{}')
  assert.deepEqual([drained.status, drained.json], [200, { state: 'draining' }])

  const health = await call('GET', `${a}/healthz`)
  assert.deepEqual([health.status, health.json], [503, { status: 'draining', live: true, ready: false, edge: 'edge-a', region: REGION['edge-a'] }])
  await stateSeenBy(mesh.url('edge-b'), 'edge-a', 'draining')
  assert.equal(tries(await invoke(a, 'where')), 'edge-a=ok')

  await proxy.line('edge is draining')
  assert.equal((await invoke(proxy.url, 'where')).text, '"edge-b"')
  assert.equal((await event(a)).status, 202)
  const [at] = await deadLetters(1)
  assert.ok(at === 'edge-b' || at === 'edge-c', at)

  assert.deepEqual((await call('POST', `${a}/undrain`, '{}')).json, { state: 'up' })
  assert.equal((await call('GET', `${a}/healthz`)).status, 200)
  await stateSeenBy(mesh.url('edge-b'), 'edge-a', 'up')
  assert.equal((await event(a)).status, 202)
  assert.deepEqual((await deadLetters(2)).sort(), [at, 'edge-a'].sort())
})

test('an edge that is told to stop does not wait for a function that runs for a minute', { timeout: 60_000 }, async () => {
  await deploy(a, 'minute', 'exports.handler = async () => { await new Promise((done) => setTimeout(done, 60_000)) }', { timeout: 70, failover: 'never' })
  const { url } = mesh.edges['edge-c']
  const cut = invoke(url, 'minute').then(() => 'answered', () => 'cut')
  await snapshotWhere(url, ({ edges, self }) => edges.some(({ inFlight, name }) => name === self && inFlight > 0))
  assert.equal(await mesh.edges['edge-c'].stop(), 0)
  assert.equal(await cut, 'cut')
})

test('an edge that leaves ends, and the others forget it', { timeout: 60_000 }, async () => {
  const left = mesh.edges['edge-b']
  assert.deepEqual((await call('POST', `${a}/edges/edge-b/leave`, '{}')).json, { state: 'leaving' })
  assert.equal(await left.exited, 0)
  // edge-c, which was only stopped, is missed.
  const { edges } = await snapshotWhere(a, ({ edges }) => edges.every(({ name }) => name !== 'edge-b'))
  assert.deepEqual(edges.map(({ name, state }) => `${name} ${state}`).sort(), ['edge-a up', 'edge-c down'])
  assert.equal((await invoke(a, 'where')).text, '"edge-a"')
})
