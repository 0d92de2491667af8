// One edge whose disk lost something while nobody else is there to tell. With others: ts/test/mesh/damage.test.ts.

import assert from 'node:assert/strict'
import { readdir, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'

import Corestore from 'corestore'

import { SILENT } from '../../lib/log.js'
import { openOwnLog } from '../../lib/registry/own-log.js'
import { openTestEdge, put, temporaryDirectory, type TestEdgeOptions } from '../p2p/harness.js'

test('a log that is shorter than it was left is not written to, although nobody is there to tell', { timeout: 60_000 }, async () => {
  await using directory = await temporaryDirectory()
  const stateDir = join(directory.path, 'a')
  const options: TestEdgeOptions = { clusterKey: Buffer.alloc(32, 1), name: 'a', stateDir }
  {
    await using edge = await openTestEdge(options)
    for (let index = 0; index < 5; index += 1) await edge.registry.publish(put(`f${index}`, String(index)))
  }
  const database = join(stateDir, 'store/db')
  const [wal = ''] = (await readdir(database)).filter((name) => name.endsWith('.log'))
  await truncate(join(database, wal), Math.floor((await stat(join(database, wal))).size * 0.6))
  const errors: string[] = []
  await using edge = await openTestEdge({ ...options, log: { ...SILENT, error: (message) => void errors.push(message) } })
  const before = edge.registry.seq()
  assert.ok(before < 5)
  await edge.registry.publish(put('next', 'one'))
  assert.equal(edge.registry.stats().logs, 2)
  assert.match(errors.join(), /lost the end of our log/)
})

test('a log whose key the disk lost is not written to', async () => {
  await using directory = await temporaryDirectory()
  const openStore = (name: string): Corestore => new Corestore(join(directory.path, name), { primaryKey: Buffer.alloc(32, 5), unsafe: true })
  const earlier = openStore('earlier')
  const left = earlier.get({ name: 'log-one' })
  await left.ready()
  // On the damaged disk there is nothing of it when a peer tells of it: it comes back by its public key.
  const damaged = openStore('damaged')
  await damaged.get({ key: left.key }).ready()
  const manifest = { v: 1 as const, logs: ['one'], open: false, view: '', writers: [] }
  const done = (): Promise<void> => Promise.resolve()
  const { blobs, log } = await openOwnLog({ store: damaged, manifest, save: done, sync: done, log: SILENT }).current()
  assert.ok(log.writable && blobs.writable)
  assert.notDeepEqual(log.key, left.key)
  await log.append(Buffer.from('a record'))
  await damaged.close()
  await earlier.close()
})

test('an edge without its identity is a new edge; with a damaged one, too', async () => {
  await using directory = await temporaryDirectory()
  const options: TestEdgeOptions = { clusterKey: Buffer.alloc(32, 1), name: 'a', stateDir: join(directory.path, 'a') }
  let id = ''
  {
    await using edge = await openTestEdge(options)
    id = edge.mesh.id
    await edge.registry.publish(put('f', 'one'))
  }
  await writeFile(join(options.stateDir, 'identity.key'), 'half of a k')
  await using edge = await openTestEdge(options)
  assert.notEqual(edge.mesh.id, id)
  assert.deepEqual(edge.registry.list().map(({ name }) => name), ['f'])
})
