import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import { test } from 'node:test'

import HyperDHT from 'hyperdht'

import {
  openTestCluster,
  freePorts,
  meshed,
  openTestEdge,
  peerOf,
  put,
  statusOf,
  temporaryDirectory,
  until,
  visible,
  within,
} from './harness.js'

test('three edges opened at the same instant are a mesh within seconds, and know who is who', async () => {
  await using cluster = await openTestCluster(['a', 'b', 'c'])
  await meshed(cluster.edges, 5_000)
  const [a, b] = cluster.edges
  assert.ok(a && b)
  const peer = peerOf(a.mesh, b.mesh)
  assert.deepEqual([peer?.name, peer?.region, peer?.host], ['b', 'local', '127.0.0.1'])
  assert.ok(cluster.edges.every((edge) => edge.mesh.peers().length === 2))
})

test('the round trip to a peer is measured', async () => {
  await using cluster = await openTestCluster(['a', 'b'])
  await meshed(cluster.edges)
  const [a, b] = cluster.edges
  assert.ok(a && b)
  // A status that comes back and forth is an event to look at; nothing but time brings a ping.
  b.mesh.handle('echo', async (payload) => payload)
  const measured = async (): Promise<void> => {
    while (peerOf(a.mesh, b.mesh)?.rttMs === null)
      await peerOf(a.mesh, b.mesh)?.request('echo', Buffer.alloc(0), { timeoutMs: 5_000 })
  }
  await within('round trip', measured())
  const rtt = peerOf(a.mesh, b.mesh)?.rttMs
  assert.ok(typeof rtt === 'number' && rtt >= 0 && rtt < 1_000)
})

test('a status reaches who is there and who comes later, with unknown fields; a malformed one nobody', async () => {
  await using cluster = await openTestCluster(['a', 'b'])
  await meshed(cluster.edges)
  const [a, b] = cluster.edges
  assert.ok(a && b)
  const received = once(b.mesh.events, 'status')
  a.mesh.setStatus({ ...statusOf('a'), requestsPerSecond: 7, fromTheFuture: 'kept' })
  const [, status] = (await within('status', received)) as [unknown, Record<string, unknown>]
  assert.deepEqual([status['requestsPerSecond'], status['fromTheFuture']], [7, 'kept'])
  const c = await cluster.start('c')
  await until(
    'status of a on c',
    [[c.mesh.events, 'status']],
    () => peerOf(c.mesh, a.mesh)?.status?.requestsPerSecond === 7,
  )

  const next = once(b.mesh.events, 'status')
  a.mesh.setStatus({ ...statusOf('a'), inFlight: -1 })
  a.mesh.setStatus({ ...statusOf('a'), inFlight: 3 })
  await within('the good one', next)
  assert.equal(peerOf(b.mesh, a.mesh)?.status?.inFlight, 3)
})

test('messages reach all, or the one they are for', async () => {
  await using cluster = await openTestCluster(['a', 'b', 'c'])
  await meshed(cluster.edges)
  const [a, b, c] = cluster.edges
  assert.ok(a && b && c)
  const heard: string[] = []
  for (const edge of [b, c]) {
    edge.mesh.events.on('message', (peer, topic, payload) => {
      if (topic === 'news') heard.push(`${edge.name}: ${peer.name} ${JSON.stringify(payload)}`)
    })
  }
  a.mesh.broadcast('news', { n: 1 })
  peerOf(a.mesh, c.mesh)?.send('news', { n: 2 })
  await until(
    'three messages',
    [
      [b.mesh.events, 'message'],
      [c.mesh.events, 'message'],
    ],
    () => heard.length === 3,
  )
  assert.deepEqual(heard.sort(), ['b: a {"n":1}', 'c: a {"n":1}', 'c: a {"n":2}'])
})

test('a peer is asked, and an edge that closes is known at once', async () => {
  await using cluster = await openTestCluster(['a', 'b'])
  await meshed(cluster.edges)
  const [a, b] = cluster.edges
  assert.ok(a && b)
  b.mesh.handle('double', async (payload, { peer }) => Buffer.from(`${peer.name}:${payload.toString().repeat(2)}`))
  const peer = peerOf(a.mesh, b.mesh)
  assert.equal((await peer?.request('double', Buffer.from('xy'), { timeoutMs: 5_000 }))?.toString(), 'a:xyxy')
  const lost = once(a.mesh.events, 'lost')
  const started = performance.now()
  await cluster.stop(b)
  const closedAfter = performance.now() - started
  await within('lost', lost, 1_000)
  assert.ok(closedAfter < 1_000, `closed in ${closedAfter.toFixed(0)} ms`)
  await assert.rejects(peer?.request('double', Buffer.from('xy'), { timeoutMs: 5_000 }) ?? Promise.resolve(), {
    code: 'PEER_UNREACHABLE',
  })
})

test('an edge that restarts is back within 2 s', async () => {
  await using cluster = await openTestCluster(['a', 'b', 'c'])
  await meshed(cluster.edges)
  for (const name of ['a', 'b', 'c']) {
    const edge = cluster.edges.find((candidate) => candidate.name === name)
    const others = cluster.edges.filter((candidate) => candidate.name !== name)
    assert.ok(edge)
    await cluster.stop(edge)
    const again = await cluster.start(name)
    cluster.edges.splice(cluster.edges.indexOf(edge), 1, again)
    await meshed([again, ...others], 2_000)
  }
})

test('an edge with another key on the same ports sees no peer, no log and no function', async () => {
  await using cluster = await openTestCluster(['a', 'b'])
  await using directory = await temporaryDirectory()
  await using stranger = await openTestEdge({
    clusterKey: randomBytes(32),
    name: 'x',
    stateDir: join(directory.path, 'x'),
    beaconPorts: cluster.beaconPorts,
  })
  await meshed(cluster.edges)
  const [a, b] = cluster.edges
  assert.ok(a && b)
  const record = await a.registry.publish(put('hello', 'one'))
  await visible(b, 'hello', record.revisionId)
  assert.deepEqual(stranger.mesh.peers(), [])
  assert.deepEqual([stranger.registry.seq(), stranger.registry.stats().logs, stranger.registry.list()], [0, 0, []])
  assert.ok(cluster.edges.every((edge) => edge.mesh.peers().length === 1))
})

test('who dials with the right address and the wrong key gets no further than the proof', async () => {
  await using cluster = await openTestCluster(['a', 'b'])
  await meshed(cluster.edges)
  const [a, b] = cluster.edges
  assert.ok(a && b)
  const node = new HyperDHT({ bootstrap: [] })
  // Where it listens is on the beacon for all to see.
  const relayAddresses = [{ host: '127.0.0.1', port: portOf(b.mesh.peers()[0]) }]
  const stream = node.connect(Buffer.from(a.mesh.id, 'hex'), { keyPair: HyperDHT.keyPair(), relayAddresses })
  stream.on('error', () => undefined)
  const closed = new Promise<void>((resolve) => {
    stream.once('close', () => {
      resolve()
    })
  })
  await within('connected', once(stream, 'open'))
  // It says nothing for 5 s, then it is closed: nobody ever saw it.
  await within('closed', closed, 8_000)
  assert.deepEqual(
    a.mesh.peers().map((peer) => peer.name),
    ['b'],
  )
  await node.destroy({ force: true })
})

test('unproven connections are capped', async () => {
  await using cluster = await openTestCluster(['a', 'b'])
  await meshed(cluster.edges)
  const [a, b] = cluster.edges
  assert.ok(a && b)
  const node = new HyperDHT({ bootstrap: [] })
  const relayAddresses = [{ host: '127.0.0.1', port: portOf(b.mesh.peers()[0]) }]
  let closed = 0
  const early = new Promise<void>((resolve) => {
    for (let index = 0; index < 40; index += 1) {
      const stream = node.connect(Buffer.from(a.mesh.id, 'hex'), { keyPair: HyperDHT.keyPair(), relayAddresses })
      stream.on('error', () => undefined)
      stream.once('close', () => {
        closed += 1
        if (closed === 8) resolve()
      })
    }
  })
  await within('those above the cap are closed at once', early, 4_000)
  assert.equal(a.mesh.peers().length, 1)
  assert.ok(a.mesh.strangers() >= 8)
  await node.destroy({ force: true })
})

/** Where the peer listens, as it said itself. */
const portOf = (peer: unknown): number => (peer as { introduction: { port: number } }).introduction.port

test('one known host is enough to meet everybody', async () => {
  await using directory = await temporaryDirectory()
  const clusterKey = randomBytes(32)
  const [seed] = await freePorts(1)
  assert.ok(seed !== undefined)
  const start = (name: string, beaconPorts: number[]) =>
    openTestEdge({
      clusterKey,
      name,
      stateDir: join(directory.path, name),
      beaconPorts,
      peers: [{ host: '127.0.0.1', port: seed }],
    })
  await using a = await start('a', [seed])
  await using b = await start('b', [])
  await using c = await start('c', [])
  await meshed([a, b, c])
})

test('an unreachable bootstrap delays neither opening, nor meeting, nor closing', async () => {
  await using cluster = await openTestCluster([])
  const unreachable = { bootstrap: [{ host: '127.0.0.1', port: 9 }] }
  const started = performance.now()
  const edges = await Promise.all([cluster.start('a', unreachable), cluster.start('b', unreachable)])
  await meshed(edges, 3_000)
  const openedAfter = performance.now() - started
  const closing = performance.now()
  await Promise.all(edges.map((edge) => cluster.stop(edge)))
  assert.ok(performance.now() - closing < 1_000, 'closed within a second')
  assert.ok(openedAfter < 3_000)
})
