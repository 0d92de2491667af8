// What nobody needs goes, on every edge, and nothing that counts with it.

import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { test } from 'node:test'

import type { FunctionRecord } from '../../lib/registry/record.js'
import { meshed, openTestCluster, put, until, visible, within, type TestEdge } from '../p2p/harness.js'

/** What no event tells is looked for again and again. */
const ticks = new EventEmitter()
setInterval(() => ticks.emit('tick'), 20).unref()

const COMPACTING = { compactBlocks: 40, graceMs: 0 }

/** Resolves when that edge follows just so many logs. */
const logs = (edge: TestEdge, count: number): Promise<void> =>
  until(`${edge.name} follows ${count} logs`, [[edge.registry.events, 'record'], [edge.mesh.events, 'status'], [ticks, 'tick']], () => edge.registry.stats().logs === count)

const contents = (edge: TestEdge) => ({ list: edge.registry.list(), conflicts: edge.registry.list().map(({ name }) => edge.registry.conflicts(name)) })

test('a log is written anew without what was replaced; an edge that was away, and a new one, end up with the same', { timeout: 60_000 }, async () => {
  await using cluster = await openTestCluster([])
  const a = await cluster.start('a', COMPACTING)
  const b = await cluster.start('b', COMPACTING)
  let c = await cluster.start('c', COMPACTING)
  await meshed([a, b, c])
  // Of b, and overwritten by a: nothing of b's counts in the end but `kept`.
  for (let index = 0; index < 5; index += 1) await b.registry.publish(put(`f${index}`, `b${index}`))
  const kept = await b.registry.publish(put('kept', 'of b'))
  await Promise.all([a, c].map((edge) => visible(edge, 'kept', kept.revisionId)))
  for (let round = 0; round < 6; round += 1) for (let index = 0; index < 5; index += 1) await a.registry.publish(put(`f${index}`, `a${index}.${round}`))
  // c is away from the middle of a's log, and comes back when that log is no more.
  await until('c is not behind', [[ticks, 'tick']], () => c.registry.seq() === a.registry.seq())
  await cluster.stop(c)
  let last: FunctionRecord | null = null
  for (let round = 0; round < 12; round += 1) for (let index = 0; index < 5; index += 1) last = await a.registry.publish(put(`f${index}`, `a${index}.${round + 6}`))
  await a.registry.publish({ type: 'delete', name: 'f0' })
  assert.ok(last)
  await until('b is not behind', [[ticks, 'tick']], () => b.registry.seq() === a.registry.seq())
  await Promise.all([a, b].map((edge) => logs(edge, 2)))
  assert.deepEqual(contents(b), contents(a))

  c = await cluster.start('c', COMPACTING)
  const d = await cluster.start('d', COMPACTING)
  await Promise.all([c, d].map((edge) => until(`${edge.name} has it all`, [[ticks, 'tick']], () => edge.registry.seq() === a.registry.seq())))
  await Promise.all([c, d].map((edge) => logs(edge, 2)))
  for (const edge of [b, c, d]) assert.deepEqual(contents(edge), contents(a))
  assert.deepEqual(a.registry.list().map(({ name }) => name), ['f1', 'f2', 'f3', 'f4', 'kept'])
  for (const edge of [a, b, c, d]) assert.equal((await edge.registry.blob(last.module)).toString(), 'module of a4.17')

  // It all goes on: over a restart, and in both directions.
  await cluster.stop(a)
  const again = await cluster.start('a', COMPACTING)
  assert.deepEqual(contents(again), contents(d))
  const more = await again.registry.publish(put('f1', 'more'))
  const other = await d.registry.publish(put('f2', 'other'))
  await Promise.all([again, b, c, d].flatMap((edge) => [visible(edge, 'f1', more.revisionId), visible(edge, 'f2', other.revisionId)]))
})

test('a conflict is still a conflict after its writers compacted', { timeout: 60_000 }, async () => {
  await using cluster = await openTestCluster([])
  let a = await cluster.start('a', { beaconPorts: [] })
  let b = await cluster.start('b', { beaconPorts: [] })
  await a.registry.publish(put('both', 'from a'))
  await b.registry.publish(put('both', 'from b'))
  await cluster.stop(a)
  await cluster.stop(b)
  a = await cluster.start('a', COMPACTING)
  b = await cluster.start('b', COMPACTING)
  await meshed([a, b])
  for (const edge of [a, b]) for (let index = 0; index < 90; index += 1) await edge.registry.publish(put(`own-${edge.name}`, `${index}`))
  await until('the same', [[ticks, 'tick']], () => a.registry.seq() === b.registry.seq())
  await Promise.all([a, b].map((edge) => logs(edge, 2)))
  assert.equal(a.registry.conflicts('both').length, 1)
  const c = await cluster.start('c')
  await until('c has it all', [[ticks, 'tick']], () => c.registry.seq() === a.registry.seq())
  for (const edge of [b, c]) assert.deepEqual(contents(edge), contents(a))
})

test('content that nothing needs leaves every disk, content that comes back is written again', { timeout: 60_000 }, async () => {
  await using cluster = await openTestCluster([])
  const a = await cluster.start('a', COMPACTING)
  const b = await cluster.start('b', COMPACTING)
  await meshed([a, b])
  const first = await a.registry.publish(put('f', 'one'))
  await visible(b, 'f', first.revisionId)
  await b.registry.blob(first.module)
  const second = await a.registry.publish(put('f', 'two'))
  await visible(b, 'f', second.revisionId)
  await b.registry.blob(second.module)
  for (const edge of [a, b]) {
    await edge.registry.collect()
    await edge.registry.collect()
    assert.deepEqual([await edge.registry.hasBlob(first.module), await edge.registry.hasBlob(second.module)], [false, true], edge.name)
  }
  const third = await b.registry.publish(put('f', 'one'))
  await visible(a, 'f', third.revisionId)
  assert.equal((await a.registry.blob(third.module)).toString(), 'module of one')
  assert.equal((await b.registry.blob(third.module)).toString(), 'module of one')
})

test('a version and an alias keep the content they need', { timeout: 60_000 }, async () => {
  await using cluster = await openTestCluster([])
  const a = await cluster.start('a', COMPACTING)
  const first = await a.registry.publish(put('f', 'one'))
  const change = within('version', once(a.registry.events, 'part'))
  await a.registry.copy({ type: 'copy', name: 'f:1', from: first })
  await change
  await a.registry.publish(put('f', 'two'))
  await a.registry.collect()
  await a.registry.collect()
  assert.ok(await a.registry.hasBlob(first.module))
  await a.registry.publish({ type: 'delete', name: 'f:1' })
  await a.registry.collect()
  await a.registry.collect()
  assert.equal(await a.registry.hasBlob(first.module), false)
})
