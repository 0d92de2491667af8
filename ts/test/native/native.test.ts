// The native module as Node sees it: what crosses, in both directions.
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { NativeEdge } from '../../../bindings/index.js'
import type {
  ControlRequest,
  ControlResponse,
  FunctionSpec,
  InvokeRequest,
  MissRequest,
  MissResponse,
} from '../../../bindings/index.js'

const ANYWHERE = { host: '127.0.0.1', port: 0, https: null }
const PLUGIN = fileURLToPath(new URL('../../../crates/plugin/plugin.wasm', import.meta.url))
const INVOCATIONS = '/2015-03-31/functions'

const spec = (name: string, changes: Partial<FunctionSpec> = {}): FunctionSpec => ({
  name,
  version: '$LATEST',
  handler: 'index.handler',
  memoryMb: 128,
  timeoutMs: 3000,
  environment: { GREETING: 'hello' },
  concurrency: null,
  sourceMap: null,
  allow: [],
  limits: { logBytes: 262_144, tmpBytes: 1, fetchCount: 1, fetchBytes: 1 },
  ...changes,
})

const request = (name: string, payload: unknown): InvokeRequest => ({
  name,
  requestId: 'a-request',
  payload: Buffer.from(JSON.stringify(payload)),
  remainingMs: null,
  clientContext: null,
  origin: null,
})

const coded = (code: string) => (error: unknown) => error instanceof Error && 'code' in error && error.code === code

describe('the native module', () => {
  let cacheDir: string
  let edge: NativeEdge
  let url: string
  const misses: MissRequest[] = []
  const controls: ControlRequest[] = []
  let onMiss: (miss: MissRequest) => Promise<MissResponse>
  let onControl: (control: ControlRequest) => Promise<ControlResponse>

  const invoke = (name: string, body: string) => fetch(`${url}${INVOCATIONS}/${name}/invocations`, { method: 'POST', body })
  const deploy = async (name: string, source: string, changes?: Partial<FunctionSpec>) =>
    edge.load(spec(name, changes), await edge.compile(source))

  before(async () => {
    cacheDir = await mkdtemp(join(tmpdir(), 'swarmlambda-native-'))
    const options = { edge: 'edge-a', region: 'local', cacheDir, threads: 1, slots: 20, maxMemoryMb: null, imageMemoryMb: null, maxConnections: null }
    edge = await NativeEdge.open({ ...options, plugin: await readFile(PLUGIN) })
    const { port } = await edge.listen(
      ANYWHERE,
      async (miss) => {
        misses.push(miss)
        return await onMiss(miss)
      },
      async (control) => {
        controls.push(control)
        return await onControl(control)
      },
    )
    url = `http://127.0.0.1:${port}`
  })

  after(async () => {
    await edge.close(1000)
    await rm(cacheDir, { recursive: true })
  })

  test('says what it chose for this machine', () => {
    const info = edge.info()
    assert.match(info.pluginDigest, /^[0-9a-f]{64}$/)
    assert.equal(info.threads, 1)
    assert.equal(info.slots, 20)
    assert.equal(info.fromCache, false)
  })

  test('answers a hit without calling JavaScript, each time in a fresh sandbox', async () => {
    await deploy('counter', 'let n = 0; export const handler = async (event) => ({ n: ++n, event, env: process.env.GREETING })')
    for (const event of ['{"a":1}', '{"a":1}']) {
      const response = await invoke('counter', event)
      assert.deepEqual(await response.json(), { n: 1, event: { a: 1 }, env: 'hello' })
      assert.equal(response.headers.get('x-swarm-edge'), 'edge-a')
      assert.match(response.headers.get('x-swarm-tries') ?? '', /^edge-a=ok;\d+\.\dms$/)
    }
    assert.equal(misses.length + controls.length, 0)
    const stats = edge.stats()
    assert.equal(stats.functions.find(({ name }) => name === 'counter')?.ok, 2)
    assert.equal(stats.invocations, 2)
    assert.equal(stats.latency.counts.length, stats.latency.boundsMs.length + 1)
  })

  test('asks the host about a function that is not there, and answers with what it says', async () => {
    onMiss = async ({ payload }) => ({
      edge: 'edge-b',
      tries: [{ edge: 'edge-b', class: 'ok', ms: 2.3 }],
      outcome: { class: 'ok', payload, logs: Buffer.alloc(0), ms: 2, memoryMb: 1 },
      refusal: null,
      replayed: false,
    })
    const response = await invoke('elsewhere', '{"name":"world"}')
    assert.deepEqual(await response.json(), { name: 'world' })
    assert.match(response.headers.get('x-swarm-tries') ?? '', /^edge-a=absent;\d+\.\dms, edge-b=ok;2\.3ms$/)
    const { name, qualifier, clientContext, failover, requestId, local } = misses.pop() ?? assert.fail('no miss')
    assert.deepEqual({ name, qualifier, clientContext, failover }, { name: 'elsewhere', qualifier: null, clientContext: null, failover: null })
    assert.equal(requestId, response.headers.get('x-amzn-requestid'))
    assert.equal(local?.class, 'absent')
  })

  test('gives the host the ending of a handler that threw', async () => {
    await deploy('thrower', 'export const handler = async () => { console.log("before"); throw new TypeError("no") }')
    onMiss = async ({ local }) => ({ edge: 'edge-a', tries: [], outcome: local, refusal: null, replayed: false })
    const response = await invoke('thrower', '{}')
    assert.equal(response.headers.get('x-amz-function-error'), 'Unhandled')
    const { errorType, errorMessage } = (await response.json()) as Record<string, unknown>
    assert.deepEqual({ errorType, errorMessage }, { errorType: 'TypeError', errorMessage: 'no' })
    assert.match(String(misses.pop()?.local?.logs), /before/)
  })

  test('answers when the host throws or answers nonsense', async () => {
    onMiss = async () => {
      throw new Error('the router broke')
    }
    const thrown = await invoke('elsewhere', '{}')
    assert.equal(thrown.status, 500)
    assert.match(await thrown.text(), /the router broke/)
    onMiss = async () => ({}) as MissResponse
    assert.equal((await invoke('elsewhere', '{}')).status, 500)
  })

  test('gives the host every other request', async () => {
    onControl = async ({ method, path, query, body }) => ({
      status: 201,
      headers: ['content-type', 'text/plain', 'x-a', '1', 'x-a', '2'],
      body: Buffer.from(`${method} ${path} ${query} ${body.toString()}`),
    })
    const response = await fetch(`${url}/functions?wait=all`, { method: 'POST', body: 'body', headers: { 'X-B': '3' } })
    assert.equal(response.status, 201)
    assert.equal(await response.text(), 'POST /functions wait=all body')
    assert.equal(response.headers.get('x-a'), '1, 2')
    const { headers, remoteAddress } = controls.pop() ?? assert.fail('no control call')
    assert.equal(headers[headers.indexOf('x-b') + 1], '3')
    assert.match(remoteAddress, /^127\.0\.0\.1:\d+$/)
    onControl = async () => await Promise.reject(new Error('the api broke'))
    assert.equal((await fetch(`${url}/functions`)).status, 500)
  })

  test('rejects with a code and a message', async () => {
    await assert.rejects(edge.compile('export const handler = ('), coded('COMPILE'))
    const broken = await edge.compile('throw new Error("at load"); export const handler = async () => 1')
    await assert.rejects(edge.check(spec('broken'), broken), coded('LOAD'))
    await assert.rejects(edge.load(spec('broken'), broken), /at load/)
    assert.equal((await edge.invoke(request('broken', {}))).class, 'absent')
  })

  test('invokes for a peer on this edge only', async () => {
    const before = misses.length
    await deploy('echo', 'export const handler = async (event) => event')
    const { class: ending, payload, ms, memoryMb } = await edge.invoke(request('echo', { a: 1 }))
    assert.deepEqual([ending, String(payload)], ['ok', '{"a":1}'])
    assert.ok(ms > 0 && memoryMb > 0)
    await deploy('slow', 'export const handler = async () => { for (;;); }')
    assert.equal((await edge.invoke({ ...request('slow', {}), remainingMs: 50 })).class, 'timeout')
    assert.equal((await edge.invoke(request('nobody', {}))).class, 'absent')
    assert.equal(misses.length, before)
  })

  test('swaps and unloads a function while it serves', async () => {
    await deploy('swapped', 'export const handler = async () => 1')
    assert.equal(await (await invoke('swapped', '')).text(), '1')
    await deploy('swapped', 'export const handler = async () => 2')
    assert.equal(await (await invoke('swapped', '')).text(), '2')
    assert.equal(edge.stats().functions.find(({ name }) => name === 'swapped')?.ok, 2)
    assert.equal(edge.unload('swapped'), true)
    assert.equal(edge.unload('swapped'), false)
    onMiss = async ({ local }) => ({ edge: 'edge-a', tries: [], outcome: local, refusal: null, replayed: false })
    assert.equal((await invoke('swapped', '')).status, 404)
  })

  test('serves assets, the snapshot and its health', async () => {
    const asset = { path: '/', contentType: 'text/html', cacheControl: 'no-cache', body: Buffer.from('<p>'), etag: '"1"' }
    edge.setAssets([asset])
    edge.setSnapshot('{"at":1}')
    edge.setHealth('ok')
    assert.equal(await (await fetch(`${url}/`)).text(), '<p>')
    assert.deepEqual(await (await fetch(`${url}/cluster`)).json(), { at: 1 })
    assert.equal((await fetch(`${url}/healthz`)).status, 200)
    assert.throws(() => edge.setAssets([{ ...asset, contentType: 'a\nb' }]), coded('LISTEN'))
  })

  test('listens once', async () => {
    const never = async () => await Promise.reject(new Error('never'))
    await assert.rejects(edge.listen(ANYWHERE, never, never), coded('LISTEN'))
  })
})

describe('an edge of its own', () => {
  const open = async () => {
    const options = { edge: 'edge-b', region: 'local', cacheDir: null, threads: 1, slots: 2, maxMemoryMb: null, imageMemoryMb: null, maxConnections: null }
    return await NativeEdge.open({ ...options, plugin: await readFile(PLUGIN) })
  }
  const never = async () => await Promise.reject(new Error('never'))

  test('refuses a port that is taken, and can try another', async () => {
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const { port } = other.address() as AddressInfo
    const edge = await open()
    await assert.rejects(edge.listen({ ...ANYWHERE, port }, never, never), coded('ADDRESS_IN_USE'))
    await assert.rejects(edge.listen({ host: '192.0.2.1', port: 1, https: null }, never, never), coded('LISTEN'))
    await assert.rejects(edge.listen({ host: '127.0.0.1', port: 65536, https: null }, never, never), coded('LISTEN'))
    assert.ok((await edge.listen(ANYWHERE, never, never)).port > 0)
    await edge.close(0)
    other.close()
  })

  test('is closed for good, and twice is no harm', async () => {
    const edge = await open()
    const { port } = await edge.listen(ANYWHERE, never, never)
    await edge.close(1000)
    await edge.close(1000)
    await assert.rejects(fetch(`http://127.0.0.1:${port}/healthz`))
    await assert.rejects(edge.compile('export const handler = 1'), coded('CLOSED'))
    await assert.rejects(edge.invoke(request('echo', {})), coded('CLOSED'))
    await assert.rejects(edge.listen(ANYWHERE, never, never), coded('CLOSED'))
  })

  test('refuses what is not a plugin, and a name that cannot stand in a header', async () => {
    const options = { edge: 'edge-c', region: 'local', cacheDir: null, threads: null, slots: 2, maxMemoryMb: null, imageMemoryMb: null, maxConnections: null }
    await assert.rejects(
      NativeEdge.open({ ...options, plugin: Buffer.from('no plugin') }),
      (error) => coded('PLUGIN')(error) || coded('ENGINE')(error),
    )
    const plugin = await readFile(PLUGIN)
    await assert.rejects(NativeEdge.open({ ...options, edge: 'edge c', plugin }), coded('LISTEN'))
  })
})
