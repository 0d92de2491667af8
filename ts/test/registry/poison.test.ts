// What a peer with a valid key may send: garbage, too much, and things of the next version. It is set aside, counted,
// kept for those who understand it, and stops nothing.

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { EventEmitter } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'

import { decodeHello } from '../../lib/p2p/hello.js'
import { createTwins } from '../../lib/p2p/twin.js'
import { decodeBlock, revisionOf } from '../../lib/registry/record.js'
import { openStore } from '../../lib/registry/registry.js'
import { meshed, openTestCluster, put, until, visible } from '../p2p/harness.js'
import { seeded } from './seeded.js'

const ticks = new EventEmitter()
setInterval(() => ticks.emit('tick'), 20).unref()

/** A value of JSON, or a piece of a record that is a little wrong. */
const anything = (random: () => number, depth = 0): unknown => {
  const pick = Math.floor(random() * (depth > 3 ? 6 : 8))
  if (pick === 6) return Array.from({ length: Math.floor(random() * 4) }, () => anything(random, depth + 1))
  if (pick === 7) return Object.fromEntries(Array.from({ length: Math.floor(random() * 4) }, (_, index) => [['v', 'kind', 'hlc', '__proto__', 'name'][Math.floor(random() * 5)] ?? String(index), anything(random, depth + 1)]))
  return [null, true, random() * 1e18, -1, 'x'.repeat(Math.floor(random() * 50)), ''][pick]
}

test('no block, hello or packet makes the parsers throw', () => {
  const random = seeded(1)
  const hlc: [number, number] = [1_700_000_000_000, 0]
  const good: Record<string, unknown> = { v: 1, name: 'f', deleted: true, hlc, edge: 'aa', revisionId: revisionOf(hlc, 'aa'), previous: [], lastModified: 1, createdAt: 1 }
  const fields = [...Object.keys(good), 'kind', 'retires', 'over', 'cancels', 'config', 'source']
  const twins = createTwins({ publicKey: randomBytes(32), incarnation: '00'.repeat(8), startedAt: 1, keys: () => [randomBytes(32)], onTwin: () => assert.fail() })
  for (let round = 0; round < 20_000; round += 1) {
    const field = fields[Math.floor(random() * fields.length)] ?? 'v'
    decodeBlock(Buffer.from(JSON.stringify({ ...good, [field]: anything(random) })))
    const noise = randomBytes(Math.floor(random() * 100))
    decodeBlock(noise)
    assert.equal(decodeHello(noise, [randomBytes(32)]), null)
    assert.equal(twins.heard(noise), null)
  }
  assert.ok('problem' in decodeBlock(Buffer.alloc(2 * 1024 * 1024, 0x20)))
})

test('a poisoned log of a peer stops nobody; records of the next version are passed on, and told from malformed ones', { timeout: 60_000 }, async () => {
  await using cluster = await openTestCluster(['a', 'b'])
  await meshed(cluster.edges)
  const b = cluster.edges[1]
  let [a] = cluster.edges
  assert.ok(a && b)
  const first = await a.registry.publish(put('f', 'one'))
  await visible(b, 'f', first.revisionId)
  const { stateDir } = a
  await cluster.stop(a)
  const { logs } = JSON.parse(await readFile(join(stateDir, 'registry.json'), 'utf8')) as { logs: string[] }
  {
    const store = await openStore(stateDir)
    const core = store.get({ name: `log-${String(logs.at(-1))}` })
    await core.ready()
    const random = seeded(2)
    await core.append([
      ...Array.from({ length: 50 }, () => randomBytes(200)),
      ...Array.from({ length: 50 }, () => Buffer.from(JSON.stringify(anything(random)) ?? '')),
      Buffer.alloc(1_500_000, 0x20),
      Buffer.from(JSON.stringify({ v: 1, kind: 'retirement', edge: b.mesh.id, retires: [{ log: 'ab'.repeat(32), length: 9 }] })),
      Buffer.from(JSON.stringify({ v: 2, name: 'f', of: 'the future' })),
      Buffer.from(JSON.stringify({ v: 1, kind: 'layer', name: 'l', deleted: false })),
    ])
    await store.close()
  }
  a = await cluster.start('a')
  await meshed([a, b])
  const next = await a.registry.publish(put('f', 'two', { lambda: { kept: true } }))
  await visible(b, 'f', next.revisionId, 30_000)
  await until('all of it was read', [[ticks, 'tick']], () => b.registry.seq() === a.registry.seq())
  for (const edge of [a, b]) {
    const { malformed, newer } = edge.registry.stats()
    assert.ok(malformed >= 100, `${malformed} malformed on ${edge.name}`)
    assert.ok(newer >= 2, `${newer} newer on ${edge.name}`)
  }
  const back = await b.registry.publish(put('g', 'three'))
  await visible(a, 'g', back.revisionId, 30_000)
})

test('fields of a newer version are kept when a record is copied', { timeout: 60_000 }, async () => {
  await using cluster = await openTestCluster(['a'])
  const [a] = cluster.edges
  assert.ok(a)
  const first = await a.registry.publish(put('f', 'one'))
  const newer = { ...first, fromTheFuture: { kept: true }, config: { ...first.config, color: 'red' } }
  const copy = await a.registry.copy({ type: 'copy', name: 'f:1', from: newer })
  assert.deepEqual([copy['fromTheFuture'], copy.config['color']], [{ kept: true }, 'red'])
})
