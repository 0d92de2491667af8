import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { createServer, type Server, type ServerResponse } from 'node:http'
import { test } from 'node:test'
import { SILENT } from '../../lib/log.js'
import { nearestFirst, openUpstreams } from '../../lib/upstreams.js'
import { openStubEdge, untilUpstreams, upstreamsOf } from './stub-edge.js'

const names = (all: readonly { name: string | null }[]): (string | null)[] => all.map(({ name }) => name)

test('nearest is the shortest way when we know where we are', () => {
  const edges = [
    { name: 'fra', region: 'eu-central-fra', rttMs: 1 },
    { name: 'iad', region: 'us-east-iad', rttMs: 90 },
    { name: 'sfo', region: 'us-west-sfo', rttMs: 50 },
  ]
  assert.deepEqual(names(nearestFirst(edges, 'us-west-sea')), ['sfo', 'iad', 'fra'])
  assert.deepEqual(names(nearestFirst(edges, 'eu-west-ams')), ['fra', 'iad', 'sfo'])
})

test('else it is the shortest round trip, and as listed when they are much the same', () => {
  const edges = [
    { name: 'a', region: 'x', rttMs: 81 },
    { name: 'b', region: 'x', rttMs: 3.9 },
    { name: 'c', region: 'x', rttMs: 0.2 },
    { name: 'd', region: 'x', rttMs: null },
  ]
  assert.deepEqual(names(nearestFirst(edges, null)), ['b', 'c', 'd', 'a'])
})

test('learns who the edges are, and keeps it when they are gone', async () => {
  await using a = await openStubEdge({ name: 'edge-a', region: 'eu-west-ams' })
  await using upstreams = upstreamsOf([a], { checkEveryMs: 20 })
  assert.equal(upstreams.list()[0]?.state, 'unknown')
  await upstreams.settled()
  const [upstream] = upstreams.live()
  assert.equal(upstream?.name, 'edge-a')
  assert.equal(upstream?.region, 'eu-west-ams')
  await untilUpstreams(upstreams, () => upstreams.live().length === 1)
  await a.kill()
  await untilUpstreams(upstreams, () => upstreams.live().length === 0)
  assert.equal(upstream?.state, 'down')
  assert.equal(upstream?.name, 'edge-a')
})

test('a failure marks an edge down at once, and only a later check marks it up', async () => {
  await using a = await openStubEdge()
  await using upstreams = upstreamsOf([a], { checkEveryMs: 60_000 })
  await upstreams.settled()
  const [upstream] = upstreams.live()
  assert.ok(upstream)
  upstreams.failed(upstream, new Error('refused'))
  assert.equal(upstream.state, 'down')
  // Which does not wait for its turn.
  await untilUpstreams(upstreams, () => upstreams.live().length === 1)
})

test('a check that began before a failure does not take it back', async () => {
  const checks = new EventEmitter<{ held: [ServerResponse] }>()
  let isHolding = false
  const answer = (response: ServerResponse) =>
    response.end(JSON.stringify({ status: 'ok', live: true, ready: true, edge: 'edge-a', region: 'eu-west-ams' }))
  const server = createServer((_request, response) => {
    if (isHolding) checks.emit('held', response)
    else answer(response)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  assert.ok(typeof address === 'object' && address !== null)
  const edges = [{ host: '127.0.0.1', port: address.port }]
  const upstreams = openUpstreams({ edges, region: null, log: SILENT, checkEveryMs: 10, checkTimeoutMs: 10_000 })
  await upstreams.settled()
  const [upstream] = upstreams.live()
  assert.ok(upstream)

  const held = () => new Promise<ServerResponse>(resolve => checks.once('held', resolve))
  isHolding = true
  const before = await held()
  upstreams.failed(upstream, new Error('refused'))
  const after = held()
  answer(before)
  // The next check begins when the one before is done with.
  const response = await after
  assert.equal(upstream.state, 'down')
  answer(response)
  await untilUpstreams(upstreams, () => upstream.state === 'up')
  await upstreams[Symbol.asyncDispose]()
  server.closeAllConnections()
  server.close()
})

for (const [what, status, body] of [
  ['something that is no edge', 200, 'hello'],
  ['an error page', 500, '{"live":false}'],
  ['an endless page', 200, 'x'.repeat(200_000)],
] as const) {
  test(`${what} is not live`, async () => {
    const server: Server = createServer((_request, response) => response.writeHead(status).end(body))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    assert.ok(typeof address === 'object' && address !== null)
    const edges = [{ host: '127.0.0.1', port: address.port }]
    const upstreams = openUpstreams({ edges, region: null, log: SILENT })
    await upstreams.settled()
    assert.equal(upstreams.list()[0]?.state, 'down')
    await upstreams[Symbol.asyncDispose]()
    server.closeAllConnections()
    server.close()
  })
}
