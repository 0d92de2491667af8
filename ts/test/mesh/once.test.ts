// Requests that may be made twice, on real edges: a ledger outside counts what ran.
import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { NAMES, seesUp, startMesh, startProxy, REGION, type EdgeName, type MeshOfEdges } from './harness/edges.js'
import { call, deploy, invoke, tries, type Answer } from './harness/http.js'

const ledger: string[] = []
const wrote = new EventEmitter<{ entry: [] }>()
const held = new EventEmitter<{ release: [] }>()
/** Writes down what it gets; keeps `hold…` waiting. */
const server = createServer((request, response) => {
  void (async () => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const entry = Buffer.concat(chunks).toString()
    ledger.push(entry)
    wrote.emit('entry')
    if (entry.startsWith('"hold')) await once(held, 'release')
    response.end(String(ledger.length))
  })()
})
const timesOf = (entry: string): number => ledger.filter((one) => one === JSON.stringify(entry)).length
async function written(entry: string): Promise<void> {
  const signal = AbortSignal.timeout(20_000)
  while (timesOf(entry) === 0) await once(wrote, 'entry', { signal })
}

let mesh: MeshOfEdges
const writer = (origin: string): string => `exports.handler = async (event) => {
  const entry = event.body ?? JSON.stringify(event)
  const response = await fetch('${origin}', { method: 'POST', body: entry })
  return { wrote: entry, number: await response.text(), edge: process.env.SWARMLAMBDA_NODE_NAME }
}`

before(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  mesh = await startMesh()
  const allow = ['127.0.0.1']
  for (const failover of ['any', 'safe'] as const) {
    const { status, text } = await deploy(mesh.url('edge-a'), failover, writer(`http://127.0.0.1:${port}`), { failover, allow, timeout: 20 })
    assert.equal(status, 201, text)
  }
})
after(async () => {
  held.emit('release')
  server.closeAllConnections()
  server.close()
  await mesh[Symbol.asyncDispose]()
})

/** With one word as the event. */
const send = (url: string, name: string, word: string, headers: Record<string, string> = {}): Promise<Answer> => invoke(url, name, JSON.stringify(word), headers)
const keyed = (edge: EdgeName, name: string, word: string, key: string, more: Record<string, string> = {}): Promise<Answer> =>
  send(mesh.url(edge), name, word, { 'idempotency-key': key, ...more })

describe('an Idempotency-Key', () => {
  test('gives every edge\'s caller the answer of the first, headers and receipt included, and runs once', async () => {
    const first = await keyed('edge-a', 'any', 'k1', 'key-1')
    assert.deepEqual([first.status, tries(first), first.headers['idempotent-replayed']], [200, 'edge-a=ok', undefined])
    for (const edge of NAMES) {
      const again = await keyed(edge, 'any', 'k1', '"key-1"')
      assert.deepEqual([again.status, again.text, tries(again), again.headers['x-swarm-edge']], [200, first.text, 'edge-a=ok', 'edge-a'])
      assert.equal(again.headers['idempotent-replayed'], 'true')
    }
    assert.equal(timesOf('k1'), 1)
    assert.equal((await keyed('edge-b', 'safe', 'k1', 'key-1')).headers['idempotent-replayed'], undefined, 'the key is the function\'s')
  })

  test('answers 422 to another request with the same key, 400 to a key that is none', async () => {
    const differs = await keyed('edge-c', 'any', 'other', 'key-1')
    assert.deepEqual([differs.status, timesOf('other')], [422, 0])
    assert.equal((await keyed('edge-c', 'any', 'k', 'k'.repeat(300))).status, 400)
  })

  test('answers 409 while the first is being executed, on whichever edge, and its answer afterwards', async () => {
    const first = keyed('edge-a', 'safe', 'hold-1', 'key-2')
    await written('hold-1')
    for (const edge of NAMES) assert.deepEqual([(await keyed(edge, 'safe', 'hold-1', 'key-2')).status], [409], edge)
    held.emit('release')
    assert.equal((await first).status, 200)
    assert.equal((await keyed('edge-c', 'safe', 'hold-1', 'key-2')).text, (await first).text)
    assert.equal(timesOf('hold-1'), 1)
  })

  test('holds under /fn as well, where the method, the path and the body are the request', async () => {
    const put = (edge: EdgeName, word: string): Promise<Answer> => call('PUT', `${mesh.url(edge)}/fn/any/x`, JSON.stringify(word), { 'idempotency-key': 'key-3' })
    const first = await put('edge-b', 'w1')
    assert.equal(first.status, 200, first.text)
    assert.equal((await put('edge-c', 'w1')).text, first.text)
    assert.equal((await put('edge-c', 'w2')).status, 422)
    assert.equal(timesOf('w1'), 1)
  })

  test('does not keep what never ran', async () => {
    assert.equal((await keyed('edge-a', 'late', 'l1', 'key-4')).status, 404)
    assert.equal((await deploy(mesh.url('edge-a'), 'late', 'exports.handler = async () => 1')).status, 201)
    assert.equal((await keyed('edge-b', 'late', 'l1', 'key-4')).text, '1')
  })
})

test('an edge that hung while requests with keys ran gives the same answers afterwards', async () => {
  const keys = Array.from({ length: 12 }, (_, n) => `hung-${n}`)
  mesh.edges['edge-c'].signal('SIGSTOP')
  const answers = await Promise.all(keys.map((key) => keyed('edge-a', 'safe', key, key))).finally(() => mesh.edges['edge-c'].signal('SIGCONT'))
  for (const [n, key] of keys.entries()) {
    const first = answers[n]
    assert.equal(first?.status, 200, first?.text)
    // It hears first that they run, then what they answered.
    let again = await keyed('edge-c', 'safe', key, key)
    for (const until = Date.now() + 20_000; again.status === 409 && Date.now() < until; ) again = await keyed('edge-c', 'safe', key, key)
    assert.deepEqual([again.status, again.text, timesOf(key)], [200, first.text, 1])
  }
})

describe('a request that a proxy sends again', () => {
  test('runs where the function may run twice, and nowhere else; a control call by its method', async () => {
    const repeat = { 'x-swarm-repeat': 'edge-z' }
    const again = await send(mesh.url('edge-b'), 'any', 'r1', repeat)
    assert.deepEqual([again.status, tries(again), timesOf('r1')], [200, 'edge-b=ok', 1])
    const refused = await send(mesh.url('edge-b'), 'safe', 'r2', repeat)
    assert.deepEqual([refused.status, refused.headers['x-swarm-repeat'], timesOf('r2')], [502, 'refused', 0])
    assert.match(refused.text, /edge-z broke off and may have run the function; its failover is \\"safe\\"/)
    assert.equal((await send(mesh.url('edge-b'), 'safe', 'r2', { ...repeat, 'x-swarm-failover': 'any' })).status, 200)
    assert.equal((await call('POST', `${mesh.url('edge-b')}/functions`, {}, repeat)).status, 502)
    assert.equal((await call('GET', `${mesh.url('edge-b')}/functions`, null, repeat)).status, 200)
  })
})

// These end an edge, so they are last.
describe('kill -9 of the edge that runs it', () => {
  test('a function that may run twice is answered by another edge; a safe one is not run again, whatever is tried', async () => {
    const all = Object.values(mesh.edges)
    await using proxy = await startProxy(all, { SWARMLAMBDA_REGION: REGION['edge-c'] })
    const [any, anyKeyed, safe, safeKeyed] = [
      send(proxy.url, 'any', 'hold-any'),
      send(proxy.url, 'any', 'hold-any-keyed', { 'idempotency-key': 'key-5' }),
      send(proxy.url, 'safe', 'hold-safe'),
      send(proxy.url, 'safe', 'hold-safe-keyed', { 'idempotency-key': 'key-6' }),
    ]
    const events = ['hold-any', 'hold-any-keyed', 'hold-safe', 'hold-safe-keyed']
    await Promise.all(events.map(written))
    await mesh.edges['edge-c'].kill()
    const [first, second] = [await safe, await safeKeyed]
    assert.deepEqual([first.status, second.status], [502, 409], `${first.text} ${second.text}`)
    while (timesOf('hold-any') + timesOf('hold-any-keyed') < 4) await once(wrote, 'entry', { signal: AbortSignal.timeout(20_000) })
    held.emit('release')
    for (const answer of [await any, await anyKeyed]) {
      assert.equal(answer.status, 200, answer.text)
      assert.match(tries(answer), /^edge-c=unreachable edge-[ab]=ok$/)
    }
    assert.equal((await keyed('edge-a', 'any', 'hold-any-keyed', 'key-5')).text, (await anyKeyed).text)

    // Who still takes edge-c for alive says that the first request is being executed.
    for (const edge of ['edge-a', 'edge-b'] as const) await seesUp(mesh.url(edge), ['edge-a', 'edge-b'])
    const later = await keyed('edge-b', 'safe', 'hold-safe-keyed', 'key-6')
    assert.deepEqual([later.status, /nobody knows whether it ran/.test(later.text)], [409, true], later.text)
    assert.deepEqual(events.map(timesOf), [2, 2, 1, 1])
  })

  test('an answer outlives the edge that gave it', async () => {
    assert.equal((await keyed('edge-b', 'any', 'k1', 'key-1')).headers['idempotent-replayed'], 'true')
    assert.equal(timesOf('k1'), 1 + 1)
  })
})
