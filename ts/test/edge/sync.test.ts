import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { describe, test } from 'node:test'
import { openSync, type Sync } from '../../lib/edge/sync.js'
import { specOf } from '../../lib/edge/spec.js'
import { SwarmError } from '../../lib/errors.js'
import { SILENT } from '../../lib/log.js'
import type { BlobRef, FunctionRecord, RegistryRecord } from '../../lib/registry/record.js'
import type { RegistryEvents } from '../../lib/registry/types.js'

const PLUGIN = 'plugin-1'

interface Given {
  known?: FunctionRecord[]
  /** Called before a blob is answered. */
  onBlob?: (what: string) => Promise<void> | void
  onLoad?: (what: string) => Promise<void> | void
}

/** A sync over a registry and an engine that only write down what they are asked. */
function open(given: Given = {}) {
  const events = new EventEmitter<RegistryEvents>()
  const changes = new EventEmitter<{ change: [] }>()
  const done: string[] = []
  const sync = openSync({
    engine: {
      info: () => ({ pluginDigest: PLUGIN, slots: 1, maxMemoryMb: 512, reservationBytes: 1, pagemapScan: true, fromCache: true, threads: 1 }),
      compile: (source) => Promise.resolve(Buffer.from(`compiled ${source}`)),
      async load(spec, module) {
        await given.onLoad?.(module.toString())
        done.push(`load ${spec.name} ${module.toString()}`)
      },
      unload: (name) => done.push(`unload ${name}`) > 0,
      setAliases() {},
    },
    registry: {
      events,
      list: () => given.known ?? [],
      allParts: () => [],
      get: () => null,
      async blob(ref: BlobRef) {
        await given.onBlob?.(ref.sha256)
        return Buffer.from(ref.sha256)
      },
    },
    isPlacedHere: () => true,
    specOf: (...rest) => specOf({ name: 'edge-a', region: 'us-west-sfo' }, ...rest),
    onChange: () => changes.emit('change'),
    log: SILENT,
  })
  const change = async (record: RegistryRecord): Promise<void> => {
    events.emit('change', record)
    await once(changes, 'change')
  }
  return { sync, events, changes, change, done }
}

const ref = (what: string): BlobRef => ({ sha256: what, size: 1, core: '', blockOffset: 0, blockLength: 1, byteOffset: 0 })
const record = (name: string, revisionId: string, pluginDigest = PLUGIN): FunctionRecord => ({
  v: 1,
  name,
  deleted: false,
  hlc: [1, 0],
  edge: 'e',
  revisionId,
  previous: [],
  lastModified: 1,
  createdAt: 1,
  config: { handler: 'index.handler', memorySize: 128, timeout: 3, environment: {}, description: '', failover: 'any' },
  codeSha256: '',
  pluginDigest,
  source: ref(`source-${revisionId}`),
  sourceMap: null,
  module: ref(`module-${revisionId}`),
})
const deleted = (name: string): RegistryRecord => {
  const { config: _config, codeSha256: _code, pluginDigest: _digest, source: _source, sourceMap: _map, module: _module, ...common } = record(name, 'gone')
  return { ...common, deleted: true }
}

describe('sync', () => {
  test('loads what the registry knew, then every change, then deletes', async () => {
    const { change, done, sync } = open({ known: [record('a', 'r1'), record('b', 'r1')] })
    await using _sync: Sync = sync
    await sync.settled
    assert.deepEqual([...sync.loaded], [['a', 'r1'], ['b', 'r1']])
    await change(record('a', 'r2'))
    await change(deleted('b'))
    assert.deepEqual([...sync.loaded], [['a', 'r2']])
    assert.deepEqual(done, ['load a module-r1', 'load b module-r1', 'load a module-r2', 'unload b'])
  })

  test('compiles again from the source when the record was made with another plugin', async () => {
    const { change, done, sync } = open()
    await using _sync: Sync = sync
    await change(record('a', 'r1', 'plugin-2'))
    assert.deepEqual(done, ['load a compiled source-r1'])
  })

  test('of records that come while one is loading only the last is loaded', async () => {
    const first = withResolvers()
    const { changes, done, events, sync } = open({ onLoad: async (what) => { if (what === 'module-r1') await first.promise } })
    await using _sync: Sync = sync
    for (const revision of ['r1', 'r2', 'r3']) events.emit('change', record('a', revision))
    first.resolve(undefined)
    while (sync.loaded.get('a') !== 'r3') await once(changes, 'change')
    assert.equal(done.at(-1), 'load a module-r3')
    assert.ok(!done.includes('load a module-r2'))
  })

  test('a function that is deleted while it loads is not there afterwards', async () => {
    const first = withResolvers()
    const { changes, done, events, sync } = open({ onLoad: () => first.promise })
    await using _sync: Sync = sync
    events.emit('change', record('a', 'r1'))
    await new Promise(setImmediate)
    events.emit('change', deleted('a'))
    first.resolve(undefined)
    while (done.at(-1) !== 'unload a') await once(changes, 'change')
    assert.equal(sync.loaded.size, 0)
  })

  test('a blob that is nowhere yet is asked for again when a peer comes', async () => {
    let missing = true
    const { changes, events, sync } = open({ onBlob: () => { if (missing) throw new SwarmError('BLOB_MISSING', 'nobody has it') } })
    await using _sync: Sync = sync
    events.emit('change', record('a', 'r1'))
    await new Promise(setImmediate)
    missing = false
    const start = performance.now()
    sync.poke()
    await once(changes, 'change')
    assert.equal(sync.loaded.get('a'), 'r1')
    assert.ok(performance.now() - start < 200)
  })

  test('is settled even when something is missing or does not load', async () => {
    const { done, sync } = open({
      known: [record('lost', 'r1'), record('broken', 'r2'), record('fine', 'r3')],
      onBlob: (what) => { if (what === 'module-r1') throw new SwarmError('BLOB_MISSING', 'nobody has it') },
      onLoad: (what) => { if (what === 'module-r2') throw new SwarmError('LOAD_FAILED', 'index.js:1:1: no') },
    })
    await using _sync: Sync = sync
    await sync.settled
    assert.deepEqual(done, ['load fine module-r3'])
  })

  test('a change that does not load leaves what was loaded', async () => {
    const { change, sync, events } = open({ onLoad: (what) => { if (what === 'module-r2') throw new SwarmError('LOAD_FAILED', 'no') } })
    await using _sync: Sync = sync
    await change(record('a', 'r1'))
    events.emit('change', record('a', 'r2'))
    await change(record('b', 'r3'))
    assert.equal(sync.loaded.get('a'), 'r1')
  })
})

function withResolvers(): { promise: Promise<undefined>; resolve: (value: undefined) => void } {
  let resolve: (value: undefined) => void = () => undefined
  const promise = new Promise<undefined>((done) => { resolve = done })
  return { promise, resolve }
}
