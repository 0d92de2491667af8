// Several edges: what one says, all come to know.

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { cp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'

import type { BlobRef, RegistryRecord } from '../../lib/registry/record.js'
import { meshed, openTestCluster, peerOf, put, until, visible, within, type TestEdge } from '../p2p/harness.js'

/** Resolves when that edge holds all of the content itself. */
const holds = async (edge: TestEdge, ref: BlobRef): Promise<void> => {
  const look = async (): Promise<void> => {
    // Nothing tells when a block arrives but the block itself; each look is a read from the disk.
    while (!(await edge.registry.hasBlob(ref)))
      await new Promise((resolve) => {
        setImmediate(resolve)
      })
  }
  await within(`content on ${edge.name}`, look())
}

const sameSeq = (edges: readonly TestEdge[], seq: number): Promise<void[]> =>
  Promise.all(
    edges.map((edge) =>
      until(`${edge.name} has ${seq} records`, [[edge.registry.events, 'record']], () => edge.registry.seq() >= seq),
    ),
  )

test('a deploy on any edge is a change on every edge, the publisher included, with the same record', async () => {
  await using cluster = await openTestCluster(['a', 'b', 'c'])
  await meshed(cluster.edges)
  const changes = new Map<string, RegistryRecord[]>()
  for (const edge of cluster.edges)
    edge.registry.events.on('change', (record) => {
      changes.set(edge.name, [...(changes.get(edge.name) ?? []), record])
    })
  for (const publisher of cluster.edges) {
    const record = await publisher.registry.publish(put('hello', `by ${publisher.name}`))
    await Promise.all(cluster.edges.map((edge) => visible(edge, 'hello', record.revisionId)))
    for (const edge of cluster.edges) {
      assert.deepEqual(changes.get(edge.name)?.at(-1), record)
      assert.equal((await edge.registry.blob(record.module)).toString(), `module of by ${publisher.name}`)
    }
  }
  assert.ok(cluster.edges.every((edge) => edge.registry.seq() === 3 && edge.registry.conflicts('hello').length === 0))
})

test('an edge that was away, and one that is new, get everything, also from others than who wrote it', async () => {
  await using cluster = await openTestCluster(['a', 'b', 'c'])
  await meshed(cluster.edges)
  const [a, b, c] = cluster.edges
  assert.ok(a && b && c)
  await cluster.stop(c)
  const records: RegistryRecord[] = []
  for (let index = 0; index < 30; index += 1) records.push(await a.registry.publish(put(`f${index}`, String(index))))
  await a.registry.publish({ type: 'delete', name: 'f3' })
  await sameSeq([b], 31)
  const last = records.at(-1)
  assert.ok(last && !last.deleted)
  for (const record of records) if (!record.deleted) await holds(b, record.module)
  // Who wrote it all is gone for good.
  await cluster.stop(a)
  const again = await cluster.start('c')
  const fresh = await cluster.start('d')
  await sameSeq([again, fresh], 31)
  for (const edge of [again, fresh]) {
    assert.deepEqual(edge.registry.list(), b.registry.list())
    assert.equal(edge.registry.get('f3'), null)
    assert.equal((await edge.registry.blob(last.module)).toString(), 'module of 29')
    assert.equal((await edge.registry.blob(last.source)).toString(), 'source of 29')
  }
})

test('content reaches every edge unasked', async () => {
  await using cluster = await openTestCluster(['a', 'b', 'c'])
  await meshed(cluster.edges)
  const [a, b, c] = cluster.edges
  assert.ok(a && b && c)
  const content = randomBytes(3_000_000)
  const record = await a.registry.publish(put('big', '', { module: content }))
  await Promise.all([holds(b, record.module), holds(c, record.module)])
  await cluster.stop(a)
  await cluster.stop(b)
  assert.ok((await c.registry.blob(record.module)).equals(content))
})

test('content above the eager limit comes when it is asked for', async () => {
  await using cluster = await openTestCluster(['a', 'b'])
  await meshed(cluster.edges)
  const [a, b] = cluster.edges
  assert.ok(a && b)
  const content = randomBytes(11_000_000)
  const record = await a.registry.publish(put('huge', '', { module: content }))
  await visible(b, 'huge', record.revisionId)
  await holds(b, record.source)
  assert.equal(await b.registry.hasBlob(record.module), false)
  assert.ok((await b.registry.blob(record.module, { timeoutMs: 15_000 })).equals(content))
})

test('of two deploys in a partition one wins everywhere, the other is a conflict until the next', async () => {
  await using cluster = await openTestCluster([])
  // Alone: no beacon ports.
  let a = await cluster.start('a', { beaconPorts: [] })
  let b = await cluster.start('b', { beaconPorts: [] })
  const one = await a.registry.publish(put('hello', 'from a'))
  const two = await b.registry.publish(put('hello', 'from b'))
  await cluster.stop(a)
  await cluster.stop(b)
  a = await cluster.start('a')
  b = await cluster.start('b')
  const c = await cluster.start('c')
  await sameSeq([a, b, c], 2)
  const winner = one.revisionId > two.revisionId ? one : two
  const loser = winner === one ? two : one
  for (const edge of [a, b, c]) {
    assert.deepEqual(edge.registry.get('hello'), winner)
    assert.deepEqual(edge.registry.conflicts('hello'), [loser])
  }
  const resolved = await c.registry.publish(put('hello', 'from c'))
  await Promise.all([a, b].map((edge) => visible(edge, 'hello', resolved.revisionId)))
  assert.ok([a, b, c].every((edge) => edge.registry.conflicts('hello').length === 0))
  assert.deepEqual([...resolved.previous].sort(), [one.revisionId, two.revisionId].sort())
})

test('all edges deploy the same names at once, and agree', async () => {
  await using cluster = await openTestCluster(['a', 'b', 'c'])
  await meshed(cluster.edges)
  await Promise.all(
    cluster.edges.flatMap((edge) =>
      Array.from({ length: 10 }, (_, index) => edge.registry.publish(put(`f${index % 3}`, `${edge.name}${index}`))),
    ),
  )
  await sameSeq(cluster.edges, 30)
  const [a, b, c] = cluster.edges
  assert.ok(a && b && c)
  assert.deepEqual(b.registry.list(), a.registry.list())
  assert.deepEqual(c.registry.list(), a.registry.list())
  for (const name of ['f0', 'f1', 'f2']) {
    assert.deepEqual(b.registry.conflicts(name), a.registry.conflicts(name))
    assert.deepEqual(c.registry.conflicts(name), a.registry.conflicts(name))
  }
})

test('an edge whose disk went back in time begins another log, and gets its own past from the others', async () => {
  await using cluster = await openTestCluster(['a', 'b'])
  await meshed(cluster.edges)
  let [a] = cluster.edges
  const b = cluster.edges[1]
  assert.ok(a && b)
  const stateDir = a.stateDir
  await a.registry.publish(put('f', 'one'))
  await cluster.stop(a)
  const database = join(stateDir, 'store/db')
  const saved = join(cluster.directory, 'saved')
  await cp(database, saved, { recursive: true })
  const manifest = await readFile(join(stateDir, 'registry.json'))
  a = await cluster.start('a')
  await meshed([a, b])
  const lost = await a.registry.publish(put('f', 'two'))
  await visible(b, 'f', lost.revisionId)
  await cluster.stop(a)
  // Restored as it was after a clean stop: nothing here says that anything is missing.
  await rm(database, { recursive: true })
  await cp(saved, database, { recursive: true })
  await writeFile(join(stateDir, 'registry.json'), manifest)
  a = await cluster.start('a')
  await visible(a, 'f', lost.revisionId)
  const next = await a.registry.publish(put('f', 'three'))
  await visible(b, 'f', next.revisionId)
  assert.deepEqual([b.registry.seq(), b.registry.conflicts('f')], [3, []])
  assert.deepEqual(b.registry.list(), a.registry.list())
  assert.equal((await b.registry.blob(next.module)).toString(), 'module of three')
})

test('an edge that hears that its log is longer elsewhere leaves it alone and begins another', async () => {
  await using cluster = await openTestCluster(['a', 'b'])
  await meshed(cluster.edges)
  const [a, b] = cluster.edges
  assert.ok(a && b)
  const first = await a.registry.publish(put('f', 'one'))
  await visible(b, 'f', first.revisionId)
  assert.equal(a.registry.stats().logs, 1)
  const manifest = JSON.parse(await readFile(join(a.stateDir, 'registry.json'), 'utf8')) as { writers: string[] }
  const heard = once(a.mesh.events, 'message')
  peerOf(b.mesh, a.mesh)?.send('registry/logs', { logs: [{ key: manifest.writers[0], length: 2 }], ask: false })
  await within('heard', heard)
  const second = await a.registry.publish(put('f', 'two'))
  assert.equal(a.registry.stats().logs, 2)
  await visible(b, 'f', second.revisionId)
})

test('a peer that talks nonsense about logs changes nothing', async () => {
  await using cluster = await openTestCluster(['a', 'b'])
  await meshed(cluster.edges)
  const [a, b] = cluster.edges
  assert.ok(a && b)
  await a.registry.publish(put('f', 'one'))
  await sameSeq([b], 1)
  const nonsense: unknown[] = [
    null,
    'x',
    { logs: 'x' },
    { logs: [{ key: 'zz', length: 1 }], ask: false },
    { logs: Array.from({ length: 5_000 }, () => ({ key: '0'.repeat(64), length: 0 })), ask: true },
  ]
  for (const payload of nonsense) peerOf(b.mesh, a.mesh)?.send('registry/logs', payload)
  // A log that nobody has is waited for, and harms nobody.
  peerOf(b.mesh, a.mesh)?.send('registry/logs', { logs: [{ key: 'ab'.repeat(32), length: 7 }], ask: false })
  const record = await b.registry.publish(put('f', 'two'))
  await visible(a, 'f', record.revisionId)
  assert.equal(a.registry.stats().logs, 3)
})

test('the same edge without its registry is a new edge to it, and gets it all again', async () => {
  await using cluster = await openTestCluster(['a', 'b'])
  await meshed(cluster.edges)
  const [a, b] = cluster.edges
  assert.ok(a && b)
  const record = await a.registry.publish(put('f', 'one'))
  await visible(b, 'f', record.revisionId)
  await holds(b, record.module)
  await cluster.stop(a)
  await rm(join(a.stateDir, 'store'), { recursive: true })
  await rm(join(a.stateDir, 'registry.json'))
  const again = await cluster.start('a')
  await visible(again, 'f', record.revisionId)
  assert.equal((await again.registry.blob(record.module)).toString(), 'module of one')
})
