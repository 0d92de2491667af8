// Schedules on three real edges: a ledger outside sees what fires, while edges are killed, stopped and started again.
import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { connected, startEdge, startMesh, type EdgeName, type MeshOfEdges } from './harness/edges.js'
import { call, deploy, type Answer } from './harness/http.js'

interface Fired {
  /** The function. */
  path: string
  edge: EdgeName
  event: { id: string; time: string; [field: string]: unknown }
}

const ledger: Fired[] = []
const wrote = new EventEmitter<{ entry: [] }>()
wrote.setMaxListeners(0)
const server = createServer((request, response) => {
  void (async () => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    response.end()
    ledger.push({ path: request.url ?? '', ...(JSON.parse(Buffer.concat(chunks).toString()) as Omit<Fired, 'path'>) })
    wrote.emit('entry')
  })()
})
const firedBy = (path: string): Fired[] => ledger.filter((entry) => entry.path === path)
async function entries(path: string, isEnough: (found: Fired[]) => boolean): Promise<Fired[]> {
  const signal = AbortSignal.timeout(60_000)
  while (!isEnough(firedBy(path))) await once(wrote, 'entry', { signal })
  return firedBy(path)
}
const slotsOf = (found: readonly Fired[]): string[] => found.map(({ event }) => event.time)
const onlyOnce = (found: readonly Fired[]): void => {
  const slots = slotsOf(found)
  assert.deepEqual(slots, [...new Set(slots)], 'a slot was fired twice')
}

let mesh: MeshOfEdges
const SHORT = { SWARMLAMBDA_SHORTEST_RATE: '1000', SWARMLAMBDA_EVENT_RETRIES: '200,400' }
const url = (path: string, edge: EdgeName = 'edge-a'): string => mesh.url(edge) + path
const put = (name: string, body: unknown, edge: EdgeName = 'edge-a'): Promise<Answer> => call('PUT', url(`/schedules/${name}`, edge), body)
const get = async (name: string, edge: EdgeName = 'edge-a'): Promise<Record<string, unknown>> => (await call('GET', url(`/schedules/${name}`, edge))).json as Record<string, unknown>

before(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  mesh = await startMesh(SHORT)
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  for (const name of ['tick', 'killed', 'other']) {
    const source = `exports.handler = async (event) => { await fetch('${origin}/${name}', { method: 'POST', body: JSON.stringify({ event, edge: process.env.SWARMLAMBDA_NODE_NAME }) }) }`
    assert.equal((await deploy(mesh.url('edge-a'), name, source, { allow: ['127.0.0.1'] })).status, 201)
  }
})
after(async () => {
  server.closeAllConnections()
  server.close()
  await mesh[Symbol.asyncDispose]()
})

describe('a schedule', () => {
  test('written on one edge fires on one edge at a time, once in the mesh, with EventBridge’s event', async () => {
    const made = await put('every-second', { function: 'tick', expression: 'rate(1 second)' }, 'edge-b')
    assert.equal(made.status, 201, made.text)
    // Which edge a slot falls to follows from a hash: five may fall to one, but not for long.
    const found = await entries('/tick', (all) => all.length >= 5 && new Set(all.map(({ edge }) => edge)).size > 1)
    onlyOnce(found)
    const [{ event: { id, time, ...event } } = { event: { id: '', time: '' } }] = found
    assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/)
    assert.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
    assert.deepEqual(event, {
      version: '0',
      'detail-type': 'Scheduled Event',
      source: 'aws.events',
      account: '000000000000',
      region: 'us-east-1',
      resources: ['arn:aws:events:us-east-1:000000000000:rule/every-second'],
      detail: {},
    })
    const { last, next, ...rest } = await get('every-second', 'edge-c')
    assert.ok(typeof next === 'string' && typeof (last as { time: string }).time === 'string')
    assert.deepEqual([rest['function'], rest['expression'], rest['timezone'], rest['enabled']], ['tick', 'rate(1 second)', 'UTC', true])
  })

  test('that is disabled, changed or deleted does as it is told', async () => {
    assert.equal((await put('every-second', { function: 'tick', expression: 'rate(1 second)', enabled: false })).status, 200)
    assert.equal((await get('every-second'))['next'], null)
    const own = { function: 'other', expression: 'rate(1 second)', input: { id: 'mine', time: 'x' } }
    assert.equal((await put('with-input', own)).status, 201)
    assert.deepEqual((await entries('/other', (all) => all.length > 0))[0]?.event, { id: 'mine', time: 'x' })
    assert.equal((await call('DELETE', url('/schedules/with-input', 'edge-b'))).status, 204)
    assert.equal((await call('DELETE', url('/schedules/with-input', 'edge-b'))).status, 404)
    const { json } = await call('GET', url('/schedules', 'edge-b'))
    assert.deepEqual((json as { schedules: { name: string }[] }).schedules.map(({ name }) => name), ['every-second'])
    const count = firedBy('/tick').length
    // Other schedules went on for some slots meanwhile.
    await put('count', { function: 'other', expression: 'rate(1 second)' })
    const before = firedBy('/other').length
    await entries('/other', (all) => all.length >= before + 3)
    await call('DELETE', url('/schedules/count'))
    assert.ok(firedBy('/tick').length <= count + 1, 'a disabled schedule fired')
  })

  test('that cannot be is refused, and the field is named', async () => {
    for (const [body, message] of [
      [{ function: 'tick', expression: 'rate(1 minutes)' }, /^expression: /],
      [{ function: 'nobody', expression: 'rate(1 minute)' }, /^function: /],
      [{ function: 'tick:9', expression: 'rate(1 minute)' }, /^function: /],
      [{ function: 'tick', expression: 'rate(1 minute)', timezone: 'Mars/Olympus' }, /^timezone: /],
      [{ function: 'tick', expression: 'rate(1 minute)', colour: 'red' }, /colour/],
      [{ expression: 'rate(1 minute)' }, /^function: /],
      [{ function: 'tick', expression: 'rate(1 minute)', input: 'x'.repeat(70_000) }, /^input: /],
    ] as const) {
      const answer = await put('bad', body)
      assert.equal(answer.status, 400, answer.text)
      assert.match((answer.json as { Message: string }).Message, message)
    }
    assert.equal((await put('a%20b', { function: 'tick', expression: 'rate(1 minute)' })).status, 400)
    assert.equal((await call('GET', url('/schedules/bad'))).status, 404)
    assert.equal((await call('POST', url('/schedules/bad'), {})).status, 405)
  })
})

describe('while edges come and go', () => {
  test('kill -9 of the edge that fires: the slots after it are fired by others, each once, also when it is back', async () => {
    await put('steady', { function: 'killed', expression: 'rate(1 second)' })
    const [first] = await entries('/killed', (all) => new Set(all.map(({ edge }) => edge)).size > 1)
    assert.ok(first)
    // Not in the middle of its execution, which would begin anew when the edge is back.
    await mesh.edges[first.edge].kill()
    const before = firedBy('/killed').length
    const others = await entries('/killed', (all) => all.length >= before + 5)
    onlyOnce(others)
    assert.ok(others.slice(before).every(({ edge }) => edge !== first.edge))
    mesh.edges[first.edge] = await startEdge({ name: first.edge, folder: mesh.folder, port: mesh.edges[first.edge].port, env: SHORT })
    await connected(Object.values(mesh.edges))
    const back = await entries('/killed', (all) => all.slice(others.length).some(({ edge }) => edge === first.edge))
    onlyOnce(back)
  })

  test('an edge that is told to stop leaves its turns to others', async () => {
    const name = 'edge-b'
    await mesh.edges[name].stop()
    const before = firedBy('/killed').length
    onlyOnce(await entries('/killed', (all) => all.length >= before + 4))
  })

  test('a function that is gone is fired no more', async () => {
    assert.equal((await call('DELETE', url('/functions/killed'))).status, 204)
    await put('after', { function: 'other', expression: 'rate(1 second)' })
    const before = firedBy('/other').length
    await entries('/other', (all) => all.length >= before + 2)
    const { json } = await call('GET', url('/dead-letters?function=killed'))
    assert.ok((json as { deadLetters: unknown[] }).deadLetters.length <= 1)
  })
})
