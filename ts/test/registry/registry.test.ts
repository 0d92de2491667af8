// One edge by itself, on real Hypercores.

import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { cp, open as openFile, readFile, readlink, rm, stat, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

import { SILENT, type Log } from '../../lib/log.js'
import { MAX_AHEAD_MS } from '../../lib/registry/clock.js'
import { encodeRecord, revisionOf, type RegistryRecord } from '../../lib/registry/record.js'
import { openStore } from '../../lib/registry/registry.js'
import { openTestEdge, put, spawnEdge, temporaryDirectory, until, within, type TestEdge } from '../p2p/harness.js'

const open = (
  directory: string,
  more: { clock?: () => number; log?: Log } = {},
): Promise<TestEdge> =>
  openTestEdge({ clusterKey: Buffer.alloc(32, 1), name: 'a', stateDir: join(directory, 'a'), ...more })

test('what is published is listed, found, and announced like any other change', async () => {
  await using directory = await temporaryDirectory()
  await using edge = await open(directory.path)
  const change = once(edge.registry.events, 'change')
  const record = await edge.registry.publish(put('hello', 'one', { sourceMap: Buffer.from('map') }))
  const [announced] = (await within('change', change)) as [RegistryRecord]
  assert.deepEqual(announced, record)
  assert.deepEqual(edge.registry.get('hello'), record)
  assert.deepEqual(edge.registry.list(), [record])
  assert.deepEqual(
    [record.edge, record.deleted, record.config.memorySize, record.previous],
    [edge.mesh.id, false, 128, []],
  )
  assert.equal(edge.registry.seq(), 1)
  assert.equal((await edge.registry.blob(record.source)).toString(), 'source of one')
  assert.equal((await edge.registry.blob(record.module)).toString(), 'module of one')
  assert.ok(record.sourceMap)
  assert.equal((await edge.registry.blob(record.sourceMap)).toString(), 'map')
})

test('a new deploy replaces the old one and keeps when it was created; a delete leaves nothing to read', async () => {
  await using directory = await temporaryDirectory()
  await using edge = await open(directory.path)
  const first = await edge.registry.publish(put('hello', 'one'))
  const second = await edge.registry.publish(put('hello', 'two'))
  assert.deepEqual([second.previous, second.createdAt], [[first.revisionId], first.createdAt])
  assert.ok(second.revisionId > first.revisionId)
  assert.equal(edge.registry.get('hello')?.revisionId, second.revisionId)
  const change = once(edge.registry.events, 'change')
  const gone = await edge.registry.publish({ type: 'delete', name: 'hello' })
  assert.equal(((await change) as [RegistryRecord])[0].revisionId, gone.revisionId)
  assert.deepEqual([edge.registry.get('hello'), edge.registry.list(), edge.registry.conflicts('hello')], [null, [], []])
  const again = await edge.registry.publish(put('hello', 'three'))
  assert.deepEqual([again.previous, again.createdAt], [[gone.revisionId], again.lastModified])
})

test('deploys of one name at the same time are one after the other: no conflict among them', async () => {
  await using directory = await temporaryDirectory()
  await using edge = await open(directory.path)
  const records = await Promise.all(
    Array.from({ length: 20 }, (_, index) => edge.registry.publish(put('hello', String(index)))),
  )
  assert.equal(
    edge.registry.get('hello')?.revisionId,
    records
      .map((record) => record.revisionId)
      .sort()
      .at(-1),
  )
  assert.deepEqual(edge.registry.conflicts('hello'), [])
})

test('a clean stop and a start bring everything back, in the same log', async () => {
  await using directory = await temporaryDirectory()
  const records: RegistryRecord[] = []
  for (let round = 0; round < 3; round += 1) {
    await using edge = await open(directory.path)
    assert.deepEqual(edge.registry.list(), records)
    assert.equal(edge.registry.seq(), records.length)
    records.push(await edge.registry.publish(put(`f${round}`, String(round))))
    assert.equal(edge.registry.stats().logs, 1)
    for (const record of edge.registry.list()) await edge.registry.blob(record.module)
  }
})

test('identical content is stored once', async () => {
  await using directory = await temporaryDirectory()
  await using edge = await open(directory.path)
  const content = { source: randomBytes(200_000), module: randomBytes(100_000) }
  const first = await edge.registry.publish(put('one', '', content))
  const second = await edge.registry.publish(put('two', '', content))
  await edge.registry.publish(put('one', 'other'))
  const third = await edge.registry.publish(put('one', '', content))
  assert.deepEqual([second.source, second.module], [first.source, first.module])
  assert.deepEqual([third.source, third.module], [first.source, first.module])
})

test('empty and large contents come back whole', async () => {
  await using directory = await temporaryDirectory()
  await using edge = await open(directory.path)
  const content = { source: Buffer.alloc(0), module: randomBytes(6_000_000) }
  const record = await edge.registry.publish(put('big', '', content))
  assert.ok((await edge.registry.blob(record.source)).equals(content.source))
  assert.ok((await edge.registry.blob(record.module)).equals(content.module))
  assert.ok(await edge.registry.hasBlob(record.module))
})

test('content that is not there, or does not have its digest, is missing', async () => {
  await using directory = await temporaryDirectory()
  await using edge = await open(directory.path)
  const { module } = await edge.registry.publish(put('hello', 'one'))
  await assert.rejects(edge.registry.blob({ ...module, sha256: '0'.repeat(64) }), {
    code: 'BLOB_MISSING',
    message: /digest/,
  })
  await assert.rejects(edge.registry.blob({ ...module, core: '1'.repeat(64) }, { timeoutMs: 100 }), {
    code: 'BLOB_MISSING',
  })
  assert.equal(await edge.registry.hasBlob({ ...module, core: '1'.repeat(64) }), false)
  const controller = new AbortController()
  const wait = edge.registry.blob({ ...module, core: '2'.repeat(64) }, { signal: controller.signal, timeoutMs: 60_000 })
  controller.abort(new Error('enough'))
  await assert.rejects(wait, { message: 'enough' })
})

test('a second process on a state directory is told that it is in use', async () => {
  await using directory = await temporaryDirectory()
  await using edge = await open(directory.path)
  await assert.rejects(openStore(edge.stateDir), { code: 'STATE_DIR_IN_USE' })
  const child = fork(
    fileURLToPath(new URL('../p2p/edge-process.js', import.meta.url)),
    [JSON.stringify({ clusterKey: '00'.repeat(32), name: 'a', stateDir: edge.stateDir, beaconPorts: [] })],
    { stdio: 'pipe' },
  )
  let output = ''
  child.stderr?.on('data', (data: Buffer) => {
    output += data.toString()
  })
  const [code] = (await within('exit', once(child, 'exit'))) as [number]
  assert.notEqual(code, 0)
  assert.match(output, /STATE_DIR_IN_USE/)
})

test('after kill -9 the next deploy starts a new log, and everything is still there', async () => {
  await using directory = await temporaryDirectory()
  const stateDir = join(directory.path, 'a')
  {
    await using child = await spawnEdge({ clusterKey: Buffer.alloc(32, 1), name: 'a', stateDir, beaconPorts: [] })
    child.tell({ type: 'publish', name: 'before', text: 'before' })
    await child.report('published')
    await child.kill('SIGKILL')
  }
  await using edge = await open(directory.path)
  assert.deepEqual(
    edge.registry.list().map((record) => record.name),
    ['before'],
  )
  assert.equal(edge.registry.stats().logs, 1)
  const record = await edge.registry.publish(put('before', 'after'))
  assert.equal(edge.registry.stats().logs, 2)
  assert.equal(record.previous.length, 1)
  assert.deepEqual(edge.registry.conflicts('before'), [])
  assert.equal((await edge.registry.blob(record.module)).toString(), 'module of after')
})

test('an edge that is killed without having deployed goes on with the log it has', async () => {
  await using directory = await temporaryDirectory()
  {
    await using edge = await open(directory.path)
    await edge.registry.publish(put('f', 'one'))
  }
  {
    await using child = await spawnEdge({
      clusterKey: Buffer.alloc(32, 1),
      name: 'a',
      stateDir: join(directory.path, 'a'),
      beaconPorts: [],
    })
    await child.kill('SIGKILL')
  }
  await using edge = await open(directory.path)
  await edge.registry.publish(put('f', 'two'))
  assert.equal(edge.registry.stats().logs, 1)
})

test(
  'a deploy is acknowledged after the write-ahead log that holds it was synced',
  { skip: process.platform !== 'linux' },
  async (t) => {
    await using directory = await temporaryDirectory()
    await using edge = await open(directory.path)
    await edge.registry.publish(put('warm', 'up'))
    const file = await openFile(join(directory.path, 'a/registry.json'))
    const prototype = Object.getPrototypeOf(file) as FileHandle
    await file.close()
    const synced: string[] = []
    const original = prototype.sync
    t.mock.method(prototype, 'sync', async function sync(this: FileHandle) {
      const path = await readlink(`/proc/self/fd/${this.fd}`)
      const held = path.endsWith('.log') && (await readFile(path)).includes('"codeSha256":"digest of one"')
      await original.call(this)
      if (held) synced.push(path)
    })
    await edge.registry.publish(put('f', 'one'))
    assert.equal(synced.length, 1)
    assert.match(synced[0] ?? '', /store\/db\/\d+\.log$/)
  },
)

/**
 * Puts blocks at the end of the log of the edge in `directory`, as an edge with an error, or from the future, might.
 */
const appendRaw = async (directory: string, blocks: Buffer[]): Promise<void> => {
  const stateDir = join(directory, 'a')
  const { logs } = JSON.parse(await readFile(join(stateDir, 'registry.json'), 'utf8')) as { logs: string[] }
  const store = await openStore(stateDir)
  const core = store.get({ name: `log-${String(logs.at(-1))}` })
  await core.ready()
  await core.append(blocks)
  await store.close()
}

const record = (name: string, hlc: [number, number]): RegistryRecord => ({
  v: 1,
  name,
  deleted: true,
  hlc,
  edge: 'ee'.repeat(32),
  revisionId: revisionOf(hlc, 'ee'.repeat(32)),
  previous: [],
  lastModified: hlc[0],
  createdAt: hlc[0],
})

test("malformed records are set aside, said once, counted, and in nobody's way", async () => {
  await using directory = await temporaryDirectory()
  {
    await using edge = await open(directory.path)
    await edge.registry.publish(put('f', 'one'))
  }
  await appendRaw(directory.path, [
    Buffer.from('not json'),
    randomBytes(100),
    Buffer.from('{"v":1,"name":"x"}'),
    encodeRecord({ ...record('f', [1, 0]), revisionId: 'zzz' }),
    encodeRecord({ ...record('kept', [1, 0]), extra: 'field' }),
  ])
  const said: string[] = []
  const log: Log = { ...SILENT, warn: (message) => void said.push(message) }
  {
    await using edge = await open(directory.path, { log })
    await until('all folded', [[edge.registry.events, 'record']], () => edge.registry.seq() === 6)
    assert.equal(edge.registry.stats().malformed, 4)
    assert.equal(said.filter((message) => message === 'record set aside').length, 4)
    const next = await edge.registry.publish(put('f', 'two'))
    assert.equal(edge.registry.get('f')?.revisionId, next.revisionId)
  }
  said.length = 0
  await using edge = await open(directory.path, { log })
  assert.equal(edge.registry.stats().malformed, 4)
  assert.deepEqual(said, [])
})

test('a record from the future waits for its time, also over a restart', async () => {
  await using directory = await temporaryDirectory()
  let now = Date.now()
  const clock = (): number => now
  {
    await using edge = await open(directory.path, { clock })
    await edge.registry.publish(put('f', 'one'))
  }
  await appendRaw(directory.path, [
    encodeRecord(record('f', [now + MAX_AHEAD_MS + 5_000, 0])),
    encodeRecord(record('g', [now, 7])),
  ])
  {
    await using edge = await open(directory.path, { clock })
    await until('all read', [[edge.registry.events, 'record']], () => edge.registry.seq() === 3)
    assert.equal(edge.registry.stats().waiting, 1)
    assert.ok(edge.registry.get('f'), 'its delete has not happened yet')
    // It does not carry our own clock with it.
    const mine = await edge.registry.publish(put('h', 'one'))
    assert.ok(mine.hlc[0] <= now + 1)
  }
  now += 5_001
  await using edge = await open(directory.path, { clock })
  await until('its time has come', [[edge.registry.events, 'change']], () => edge.registry.get('f') === null)
  assert.equal(edge.registry.stats().waiting, 0)
})

test('a record from the future is indexed when its time comes, without a restart', async () => {
  await using directory = await temporaryDirectory()
  {
    await using edge = await open(directory.path)
    await edge.registry.publish(put('f', 'one'))
  }
  await appendRaw(directory.path, [encodeRecord(record('f', [Date.now() + MAX_AHEAD_MS + 1_500, 0]))])
  await using edge = await open(directory.path)
  assert.ok(edge.registry.get('f'))
  await until('its time has come', [[edge.registry.events, 'change']], () => edge.registry.get('f') === null)
})

test('a lost view is made again from the logs', async () => {
  await using directory = await temporaryDirectory()
  const stateDir = join(directory.path, 'a')
  {
    await using edge = await open(directory.path)
    for (let index = 0; index < 10; index += 1) await edge.registry.publish(put(`f${index % 5}`, String(index)))
  }
  {
    const store = await openStore(stateDir)
    const view = store.get({ name: 'view-1' })
    await view.ready()
    await view.append(Buffer.from('not a Hyperbee block'))
    await store.close()
  }
  await using edge = await open(directory.path)
  await until('folded again', [[edge.registry.events, 'record']], () => edge.registry.seq() === 10)
  assert.deepEqual(
    edge.registry.list().map((each) => each.name),
    ['f0', 'f1', 'f2', 'f3', 'f4'],
  )
})

test('a copied state directory is refused with a word on why', async (t) => {
  await using directory = await temporaryDirectory()
  {
    await using edge = await open(directory.path)
    await edge.registry.publish(put('f', 'one'))
  }
  const copy = join(directory.path, 'copy')
  await cp(join(directory.path, 'a'), copy, { recursive: true })
  const [one, two] = await Promise.all([
    stat(join(directory.path, 'a/store/CORESTORE')),
    stat(join(copy, 'store/CORESTORE')),
  ])
  if (one.ino === two.ino) t.skip('a file system without inodes')
  await assert.rejects(openStore(copy), { code: 'STATE_DIR_IN_USE', message: /copy/ })
  await rm(copy, { recursive: true })
})
