// Keys that change, and edges that are put out, on real meshes and registries in one process.

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { EventEmitter } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'

import { deriveKeys, loadClusterKey } from '../../lib/cluster.js'
import { openKeyring } from '../../lib/cluster/keyring.js'
import { areRelated, formatRing, mergeRings, parseRing, retireOthers, rotateRing, type Ring } from '../../lib/cluster/ring.js'
import { SILENT } from '../../lib/log.js'
import { meshed, openTestCluster, peerOf, put, temporaryDirectory, until, visible } from './harness.js'

const ticks = new EventEmitter()
setInterval(() => ticks.emit('tick'), 20).unref()

const hex = (): string => randomBytes(32).toString('hex')

test('rings that were changed apart are merged to the same in any order, and what is retired stays it', () => {
  const first = parseRing(hex(), 'test')
  const left = rotateRing(first, randomBytes(32), 1_000)
  const right = retireOthers(rotateRing(first, randomBytes(32), 2_000))
  const all = [first, left, right, rotateRing(left, randomBytes(32), 500)]
  const texts = new Set<string>()
  for (let round = 0; round < 50; round += 1) {
    const order = [...all, ...all].sort(() => Math.random() - 0.5)
    texts.add(formatRing(order.reduce((ring: Ring, other) => mergeRings(ring, other))))
  }
  assert.equal(texts.size, 1)
  const merged = parseRing([...texts][0] ?? '', 'test')
  assert.ok(!merged.keys.some(({ key }) => key.equals(first.keys[0]?.key ?? Buffer.alloc(0))), 'the first key was retired')
  assert.deepEqual([...merged.retired.values()][0], deriveKeys(first.keys[0]?.key ?? Buffer.alloc(0)).secrets)
  assert.ok(areRelated(merged, first))
  assert.ok(!areRelated(merged, parseRing(hex(), 'test')))
})

test('a rotated key wins over the one in the variable, unless that is another cluster’s', async () => {
  await using directory = await temporaryDirectory()
  const source = { stateDir: join(directory.path, 'a'), clusterKey: hex() }
  const ring = await openKeyring(source, SILENT)
  assert.equal((await loadClusterKey(source)).toString('hex'), source.clusterKey)
  await ring.rotate()
  const current = (await loadClusterKey(source)).toString('hex')
  assert.notEqual(current, source.clusterKey)
  await ring.retire()
  ring[Symbol.dispose]()
  assert.equal((await loadClusterKey(source)).toString('hex'), current)
  const other = hex()
  assert.equal((await loadClusterKey({ ...source, clusterKey: other })).toString('hex'), other)
})

test('a key file that its owner changed is read without a restart', async () => {
  await using directory = await temporaryDirectory()
  const source = { stateDir: join(directory.path, 'a'), clusterKey: null }
  using ring = await openKeyring(source, SILENT)
  const path = join(directory.path, 'cluster.key')
  await writeFile(path, `${hex()}@5000\n${await readFile(path, 'utf8')}`)
  await until('the new key', [[ring.events, 'change']], () => ring.keys().length === 2)
})

test('a key is rotated and the old one retired while edges talk: no connection is lost, secrets stay readable', { timeout: 60_000 }, async () => {
  await using cluster = await openTestCluster(['a', 'b', 'c'])
  await meshed(cluster.edges)
  const [a, b, c] = cluster.edges
  assert.ok(a && b && c)
  const lost: string[] = []
  for (const edge of cluster.edges) edge.mesh.events.on('lost', (peer) => lost.push(`${edge.name} lost ${peer.name}`))
  const secret = put('secret', 'one')
  const { revisionId } = await a.registry.publish({ ...secret, config: { ...secret.config, environment: { TOKEN: 'abc' } } })
  await Promise.all([b, c].map((edge) => visible(edge, 'secret', revisionId)))

  const rotated = await b.membership.rotate()
  assert.deepEqual([rotated.confirmed, rotated.missing, rotated.keyIds.length], [['a', 'c'], [], 2])
  // A new edge comes with the old key, and is given the new one.
  const d = await cluster.start('d')
  await meshed([a, b, c, d])
  await until('d has the new key', [[ticks, 'tick']], () => d.keyring.ids()[0] === rotated.keyIds[0])
  const retired = await c.membership.retire()
  assert.deepEqual([retired.confirmed, retired.missing, retired.keyIds], [['a', 'b', 'd'], [], rotated.keyIds.slice(0, 1)])
  assert.deepEqual(lost, [])
  assert.deepEqual(a.registry.get('secret')?.config.environment, { TOKEN: 'abc' })

  // Restarted, an edge comes back by what it has kept; an edge with the old key alone is a stranger.
  await cluster.stop(a)
  const again = await cluster.start('a')
  await meshed([again, b, c, d])
  assert.deepEqual(again.registry.get('secret')?.config.environment, { TOKEN: 'abc' })
  const old = await cluster.start('old')
  const rejected = await again.registry.publish(put('after', 'rotation'))
  await visible(d, 'after', rejected.revisionId)
  assert.deepEqual(old.mesh.peers(), [])
})

test('a revoked edge is out for good: refused after a restart, its later records ignored wherever they come from', { timeout: 60_000 }, async () => {
  await using cluster = await openTestCluster(['a', 'b', 'x'])
  await meshed(cluster.edges)
  const [a, b, x] = cluster.edges
  assert.ok(a && b && x)
  const before = await x.registry.publish(put('before', 'by x'))
  const both = await x.registry.publish(put('both', 'by x'))
  await Promise.all([a, b].map((edge) => visible(edge, 'both', both.revisionId)))
  assert.ok(before)
  // b and x are cut off together; x goes on writing, b has it.
  await cluster.stop(a)
  const late = await x.registry.publish(put('both', 'late'))
  const only = await x.registry.publish(put('only', 'late'))
  await visible(b, 'only', only.revisionId)
  await cluster.stop(b)
  const again = await cluster.start('a', { beaconPorts: [] })
  const { missing, revoked } = await again.membership.revoke(x.mesh.id)
  assert.deepEqual([missing, revoked.id], [[], x.mesh.id])
  await cluster.stop(again)
  // The operator gave b the new key.
  await writeFile(join(b.stateDir, 'cluster.key'), await readFile(join(a.stateDir, 'cluster.key')))
  const [one, two] = [await cluster.start('a'), await cluster.start('b')]
  await meshed([one, two])
  const changed = await one.registry.publish(put('news', 'from a'))
  await visible(two, 'news', changed.revisionId)
  await until('b forgot what came late', [[ticks, 'tick']], () => two.registry.get('only') === null)
  for (const edge of [one, two]) {
    await until(`${edge.name} keeps what came before`, [[ticks, 'tick']], () => edge.registry.get('both')?.revisionId === both.revisionId)
    assert.deepEqual(edge.registry.list().map(({ name }) => name), ['before', 'both', 'news'])
    assert.equal(edge.membership.revocations()[0]?.id, x.mesh.id)
  }
  assert.ok(two.registry.stats().revoked >= 2)
  assert.ok(late)

  await cluster.stop(x)
  const back = await cluster.start('x')
  const last = await two.registry.publish(put('last', 'one'))
  await visible(one, 'last', last.revisionId)
  assert.deepEqual(back.mesh.peers(), [])
  for (const edge of [one, two]) assert.equal(peerOf(edge.mesh, back.mesh), null)
})
