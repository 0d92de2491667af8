// What clients may do wrong, against one real edge: every answer has Lambda's shape, nothing hangs, nothing breaks.
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { startEdge, type Edge } from './harness/edges.js'
import { call, deploy, events, invoke } from './harness/http.js'
import { request } from 'undici'

let folder = ''
let edge: Edge
let url = ''

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'swarm-'))
  edge = await startEdge({ name: 'edge-a', folder })
  url = edge.url
  const answer = await deploy(url, 'echo', 'exports.handler = async (e) => e')
  assert.equal(answer.status, 201, answer.text)
})
after(async () => {
  await edge.kill()
  await rm(folder, { recursive: true, force: true })
})

const works = async (): Promise<void> => {
  const answer = await invoke(url, 'echo', { still: 'here' })
  assert.deepEqual([answer.status, answer.json], [200, { still: 'here' }])
}

/** Sends bytes, and returns all that comes until the other side closes, or `ms` passed. */
async function raw(bytes: string | Buffer, ms = 5_000): Promise<string> {
  const socket = connect(edge.port, '127.0.0.1')
  let text = ''
  socket.on('data', (chunk) => { text += chunk.toString() })
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  socket.write(bytes)
  await Promise.race([once(socket, 'close'), new Promise((resolve) => setTimeout(resolve, ms).unref())])
  socket.destroy()
  return text
}

const INVOCATIONS = '/2015-03-31/functions/echo/invocations'

describe('invocations', () => {
  test('any JSON is an event, none at all is {}', async () => {
    for (const event of ['1', '"a"', 'null', 'true', '[]', '{"a":{"b":[1,2,{"c":"ü\\u0000"}]}}', ' {"a" : 1}\n']) {
      const answer = await invoke(url, 'echo', event)
      assert.equal(answer.status, 200, answer.text)
      assert.deepEqual(answer.json, JSON.parse(event))
    }
    assert.equal((await call('POST', `${url}${INVOCATIONS}`, '')).text, '{}')
    assert.equal((await call('POST', `${url}${INVOCATIONS}`)).text, '{}')
  })
  test('a body that is no JSON', async () => {
    for (const body of ['{', 'hello', '{"a":}', '[1,]', '{"a":1}x', '\u0000', "{'a':1}", 'NaN', Buffer.from([0xff, 0xfe])]) {
      const answer = await invoke(url, 'echo', body)
      assert.equal(answer.status, 400, `${String(body)}: ${answer.text}`)
      assert.equal(answer.headers['x-amzn-errortype'], 'InvalidRequestContentException')
      const { Message, Type } = answer.json as Record<string, string>
      assert.equal(Type, 'User')
      assert.match(Message ?? '', /^Could not parse request body into json/)
    }
    await works()
  })
  test('deeply nested JSON', async () => {
    const depth = 100_000
    const answer = await invoke(url, 'echo', '['.repeat(depth) + ']'.repeat(depth))
    assert.ok([200, 400].includes(answer.status), `${answer.status}`)
    await works()
  })
  test('an event above 6 MB', async () => {
    const answer = await invoke(url, 'echo', JSON.stringify('x'.repeat(6 * 1024 * 1024)))
    assert.equal(answer.status, 413)
    assert.equal(answer.headers['x-amzn-errortype'], 'RequestTooLargeException')
    const fits = await invoke(url, 'echo', JSON.stringify('x'.repeat(6 * 1024 * 1024 - 2)))
    assert.equal(fits.status, 200)
    await works()
  })
  test('an answer above 6 MB', async () => {
    await deploy(url, 'large', 'exports.handler = async () => "x".repeat(7 * 1024 * 1024)', { failover: 'never' })
    const answer = await invoke(url, 'large')
    assert.equal(answer.headers['x-amz-function-error'], 'Unhandled')
    assert.equal((answer.json as Record<string, string>)['errorType'], 'Function.ResponseSizeTooLarge')
  })
  test('names that are none', async () => {
    for (const name of ['a.b', 'a b', '../x', 'x'.repeat(65), 'ü', '%']) {
      const answer = await invoke(url, name)
      assert.equal(answer.status, 400, `${name}: ${answer.text}`)
      assert.equal((answer.json as Record<string, string>)['Type'], 'User')
    }
    assert.equal((await invoke(url, 'nobody')).status, 404)
    assert.equal((await call('POST', `${url}${INVOCATIONS}?Qualifier=7`, {})).status, 404)
    assert.equal((await call('POST', `${url}${INVOCATIONS}?Qualifier=%24LATEST`, { a: 1 })).status, 200)
  })
  test('other methods', async () => {
    for (const method of ['GET', 'PUT', 'DELETE', 'PATCH']) {
      const answer = await call(method, `${url}${INVOCATIONS}`)
      assert.equal(answer.status, 405, method)
      assert.equal(answer.headers['allow'], 'POST')
    }
  })
})

describe('control calls', () => {
  test('no JSON, wrong type, foreign page, foreign name, unknown path', async () => {
    assert.equal((await call('POST', `${url}/functions`, '{')).status, 400)
    assert.equal((await call('POST', `${url}/functions`, '{}', { 'content-type': 'text/plain' })).status, 415)
    assert.equal((await call('POST', `${url}/functions`, {}, { origin: 'http://evil.example' })).status, 403)
    assert.equal((await call('POST', `${url}/functions`, {}, { host: 'evil.example' })).status, 403)
    assert.equal((await call('GET', `${url}/functions`, null, { host: 'evil.example' })).status, 403)
    assert.equal((await call('GET', `${url}/no/such/path`)).status, 404)
    assert.equal((await call('PUT', `${url}/functions`, {})).status, 405)
  })
  test('a name that nobody has', async () => {
    const answer = await call('GET', `${url}/functions/nobody`)
    assert.equal(answer.status, 404)
    assert.deepEqual(answer.json, { Type: 'User', Message: 'Function not found: nobody' })
  })
})

describe('the rest of the gateway', () => {
  test('health, cluster, metrics', async () => {
    const health = await call('GET', `${url}/healthz`)
    assert.deepEqual(health.json, { status: 'ok', live: true, ready: true, edge: 'edge-a', region: 'us-west-sfo' })
    const { cluster, edges, functions, self } = (await call('GET', `${url}/cluster`)).json as { cluster: string; self: string; edges: { name: string }[]; functions: { name: string }[] }
    assert.deepEqual([cluster, self, edges.map(({ name }) => name)], ['local', 'edge-a', ['edge-a']])
    assert.ok(functions.some(({ name }) => name === 'echo'))
    await works()
    const metrics = await call('GET', `${url}/metrics`)
    assert.match(metrics.headers['content-type'] ?? '', /^text\/plain/)
    assert.match(metrics.text, /swarmlambda_invocations_total\{function="echo",class="ok",edge="edge-a",region="us-west-sfo"\} [1-9]/)
  })
  test('the event stream begins with a snapshot', async () => {
    const abort = new AbortController()
    const { body, headers } = await request(`${url}/events`, { signal: abort.signal })
    assert.match(String(headers['content-type']), /^text\/event-stream/)
    const first = await events(body).next()
    assert.ok(!first.done && first.value.event === 'snapshot')
    abort.abort()
  })
})

describe('what is hardly HTTP', () => {
  test('half a request, then nothing', async () => {
    for (const half of ['P', 'POST /2015-03-31/func', `POST ${INVOCATIONS} HTTP/1.1\r\nhost: x\r\ncontent-le`, `POST ${INVOCATIONS} HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{"a"`]) {
      await raw(half, 50)
      await works()
    }
  })
  test('nonsense is refused and the connection closed', async () => {
    for (const nonsense of ['\r\n\r\n\r\nhello\r\n\r\n', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 'GET / HTTP/9.9\r\n\r\n', 'GET  /  HTTP/1.1\r\n\r\n', `POST ${INVOCATIONS} HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n`]) {
      const text = await raw(nonsense)
      assert.ok(text === '' || text.startsWith('HTTP/1.1 400'), JSON.stringify(text))
    }
    await works()
  })
  test('a length and chunks at once: one request at the most', async () => {
    const body = '0\r\n\r\nGET /healthz HTTP/1.1\r\nhost: x\r\n\r\n'
    const text = await raw(`POST ${INVOCATIONS} HTTP/1.1\r\nhost: x\r\ncontent-length: ${body.length}\r\ntransfer-encoding: chunked\r\n\r\n${body}`, 500)
    assert.ok(!text.includes('"live"') || !text.includes('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-amz'), text)
    await works()
  })
  test('endless headers', async () => {
    const text = await raw(`GET /healthz HTTP/1.1\r\nhost: x\r\n${'x-y: z\r\n'.repeat(50_000)}\r\n`)
    assert.ok(text === '' || /^HTTP\/1\.1 4\d\d/.test(text), text.slice(0, 100))
    await works()
  })
  test('pipelined requests are answered in order', async () => {
    const one = (n: number): string => `POST ${INVOCATIONS} HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\n${n === 9 ? 'connection: close\r\n' : ''}\r\n${n}`
    const text = await raw(Array.from({ length: 10 }, (_, n) => one(n)).join(''))
    assert.deepEqual(text.match(/\r\n\r\n\d/g)?.map((found) => Number(found.at(-1))), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  })
  test('a hundred clients that go away in the middle', async () => {
    await Promise.all(Array.from({ length: 100 }, () => raw(`POST ${INVOCATIONS} HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\n\r\n1`, Math.random() * 20)))
    await works()
  })
  test('the edge is still the same process', async () => {
    assert.equal(await Promise.race([edge.exited, Promise.resolve('running')]), 'running')
    assert.doesNotMatch(edge.output(), /panicked/)
  })
})
