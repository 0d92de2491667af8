// fetch out of a function, through the edge: a real server, the allow list, limits, streams.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { mkdtemp, rm } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { after, before, describe, test } from 'node:test'
import { deploy, invoke } from './harness/http.js'
import { startEdge, type Edge } from './harness/edges.js'

let folder = ''
let program: Edge
let edge = ''
let origin = ''
const seen: IncomingMessage[] = []
/** Called when a client went away before the answer ended. */
let gone: () => void = () => {}

const text = async (request: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}

/** Two requests that each end only when the other is there. */
const meeting: ServerResponse[] = []

const answers: Record<string, (request: IncomingMessage, response: ServerResponse) => void | Promise<void>> = {
  '/echo': async (request, response) => {
    const body = await text(request)
    response.setHeader('content-type', 'application/json')
    response.setHeader('x-two', ['a', 'b'])
    response.end(JSON.stringify({ method: request.method, headers: request.headers, body }))
  },
  '/meet': (_request, response) => {
    meeting.push(response)
    if (meeting.length === 2) for (const one of meeting.splice(0)) one.end('met')
  },
  '/gzip': (_request, response) => void response.setHeader('content-encoding', 'gzip').end(gzipSync('unpacked')),
  '/big': (_request, response) => void response.end(Buffer.alloc(3_000_000, 'x')),
  '/hang': (request, response) => {
    response.write('first')
    request.on('close', () => gone())
  },
  '/to-echo': (_request, response) => void response.writeHead(302, { location: '/echo' }).end(),
  '/to-private': (_request, response) => void response.writeHead(307, { location: 'http://10.255.255.1/' }).end(),
  '/round': (_request, response) => void response.writeHead(302, { location: '/round' }).end(),
  '/missing': (_request, response) => void response.writeHead(404, 'Gone Fishing').end('no'),
}

const server = createServer((request, response) => {
  seen.push(request)
  const answer = answers[new URL(request.url ?? '/', 'http://x').pathname]
  if (answer === undefined) return void response.writeHead(500).end()
  void answer(request, response)
})

before(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  folder = await mkdtemp(join(tmpdir(), 'swarm-'))
  program = await startEdge({ name: 'edge-a', folder })
  edge = program.url
})
after(async () => {
  server.closeAllConnections()
  server.close()
  await program.kill()
  await rm(folder, { recursive: true, force: true })
})

let count = 0
/** What the body of a handler answers; `event.origin` is the server. */
async function run(body: string, more: Record<string, unknown> = {}): Promise<unknown> {
  const name = `fetch-${count++}`
  const deployed = await deploy(edge, name, `exports.handler = async ({ origin }) => { ${body} }`, { allow: ['127.0.0.1'], ...more })
  assert.equal(deployed.status, 201, deployed.text)
  return (await invoke(edge, name, { origin })).json
}

const failing = (url: string): string => `try { await fetch(${url}); return 'reached' } catch (e) { return [e.name, e.message, e.cause.code, e.cause.message] }`

describe('a request', () => {
  test('carries method, headers and body, and brings status, headers and body', async () => {
    const answer = await run(`
      const r = await fetch(origin + '/echo', { method: 'PUT', body: JSON.stringify({ a: 'ü' }), headers: { 'content-type': 'application/json', 'x-own': '1' } })
      const { method, headers, body } = await r.json()
      return [r.status, r.ok, r.statusText, r.headers.get('x-two'), r.url === origin + '/echo', r.redirected, method, headers['x-own'], headers['content-type'], body]`)
    assert.deepEqual(answer, [200, true, 'OK', 'a, b', true, false, 'PUT', '1', 'application/json', '{"a":"ü"}'])
  })
  test('runs beside others: two that wait for each other both end, and timers go on', async () => {
    const answer = await run(`
      let ticks = 0; const timer = setInterval(() => ticks++, 1)
      const all = await Promise.all([fetch(origin + '/meet'), fetch(origin + '/meet').then((r) => r.text())])
      await new Promise((done) => setTimeout(done, 20)); clearInterval(timer)
      return [all[0].status, all[1], ticks > 0]`)
    assert.deepEqual(answer, [200, 'met', true])
  })
  test('unpacks what the server packed', async () => assert.equal(await run(`return (await fetch(origin + '/gzip')).text()`), 'unpacked'))
  test('streams a body, chunk by chunk', async () => {
    const answer = await run(`
      const r = await fetch(origin + '/big'); let bytes = 0, chunks = 0
      for await (const chunk of r.body) { bytes += chunk.length; chunks++ }
      return [bytes, chunks > 1]`)
    assert.deepEqual(answer, [3_000_000, true])
  })
  test('sends a stream', async () => {
    const answer = await run(`
      const body = new ReadableStream({ start(c) { c.enqueue(new TextEncoder().encode('one ')); c.enqueue(new TextEncoder().encode('two')); c.close() } })
      return (await (await fetch(origin + '/echo', { method: 'POST', body, duplex: 'half' })).json()).body`)
    assert.equal(answer, 'one two')
  })
  test('is what node:http sends', async () => {
    const answer = await run(`
      const http = require('node:http')
      return new Promise((resolve, reject) => {
        const request = http.request(origin + '/echo', { method: 'POST' }, (response) => {
          let text = ''; response.setEncoding('utf8').on('data', (c) => text += c).on('end', () => resolve([response.statusCode, JSON.parse(text).body]))
        })
        request.on('error', reject); request.end('from node')
      })`)
    assert.deepEqual(answer, [200, 'from node'])
  })
  test('of a data: URL needs no network', async () => {
    assert.deepEqual(await run(`const r = await fetch('data:text/plain;base64,aGk='); return [await r.text(), r.headers.get('content-type')]`, { allow: [] }), ['hi', 'text/plain'])
  })
})

describe('a request ends', () => {
  test('when its signal aborts, on the wire too', async () => {
    const left = new Promise<void>((resolve) => { gone = resolve })
    const answer = await run(`
      const control = new AbortController()
      const r = await fetch(origin + '/hang', { signal: control.signal })
      const reader = r.body.getReader(); const first = new TextDecoder().decode((await reader.read()).value)
      control.abort()
      return [first, await reader.read().catch((e) => e.name)]`)
    assert.deepEqual(answer, ['first', 'AbortError'])
    await left
  })
  test('when AbortSignal.timeout is over', async () => {
    assert.equal(await run(`try { const r = await fetch(origin + '/hang', { signal: AbortSignal.timeout(30) }); return await r.text() } catch (e) { return e.name }`), 'TimeoutError')
  })
  test('with its invocation', async () => {
    const left = new Promise<void>((resolve) => { gone = resolve })
    const answer = await run(`return (await fetch(origin + '/hang')).text()`, { timeout: 0.2, failover: 'never' }) as { errorType: string }
    assert.equal(answer.errorType, 'Sandbox.Timedout')
    await left
  })
  test('in an error that names the cause', async () => {
    const closed = createServer().listen(0, '127.0.0.1')
    await once(closed, 'listening')
    const { port } = closed.address() as AddressInfo
    closed.close()
    await once(closed, 'close')
    const answer = await run(failing(`'http://127.0.0.1:${port}/'`)) as string[]
    assert.deepEqual(answer.slice(0, 3), ['TypeError', 'fetch failed', 'ECONNREFUSED'])
  })
})

describe('redirects', () => {
  test('are followed, POST turned into GET', async () => {
    assert.deepEqual(await run(`const r = await fetch(origin + '/to-echo', { method: 'POST', body: 'x' }); const { method, body } = await r.json(); return [r.redirected, r.url === origin + '/echo', method, body]`), [true, true, 'GET', ''])
  })
  test('are returned, or refused, when asked for', async () => {
    assert.deepEqual(await run(`const r = await fetch(origin + '/to-echo', { redirect: 'manual' }); return [r.status, r.headers.get('location')]`), [302, '/echo'])
    assert.equal(((await run(failing(`origin + '/to-echo', { redirect: 'error' }`))) as string[])[3], 'unexpected redirect')
  })
  test('are checked like the first address, and end', async () => {
    assert.equal(((await run(failing(`origin + '/to-private'`))) as string[])[2], 'ERR_SWARM_EGRESS')
    assert.equal(((await run(failing(`origin + '/round'`))) as string[])[3], 'redirect count exceeded')
  })
})

describe('the allow list', () => {
  test('allows nothing by default, and says what to do', async () => {
    const answer = await run(failing(`origin`), { allow: [] }) as string[]
    assert.deepEqual(answer.slice(0, 3), ['TypeError', 'fetch failed', 'ERR_SWARM_EGRESS'])
    assert.match(answer[3] ?? '', /may not reach 127\.0\.0\.1:\d+; list it in "allow"/)
  })
  test('with a star still keeps loopback out, by address and by name', async () => {
    const before = seen.length
    const port = new URL(origin).port
    for (const url of [`http://127.0.0.1:${port}/`, `http://localhost:${port}/`, `http://[::ffff:127.0.0.1]:${port}/`, `http://2130706433:${port}/`, `http://0:${port}/`]) {
      assert.equal(((await run(failing(JSON.stringify(url)), { allow: ['*'] })) as string[])[2], 'ERR_SWARM_EGRESS', url)
    }
    assert.equal(seen.length, before)
  })
  test('may name localhost, a port, a network', async () => {
    const port = new URL(origin).port
    assert.equal(await run(`return (await fetch('http://localhost:${port}/missing')).status`, { allow: ['localhost'] }), 404)
    assert.equal(await run(`return (await fetch(origin + '/missing')).statusText`, { allow: [`127.0.0.1:${port}`] }), 'Not Found')
    assert.equal(((await run(failing('origin'), { allow: ['127.0.0.1:1'] })) as string[])[2], 'ERR_SWARM_EGRESS')
    assert.equal(await run(`return (await fetch(origin + '/missing')).status`, { allow: ['127.0.0.0/8'] }), 404)
  })
  test('is refused when an entry is none', async () => {
    const deployed = await deploy(edge, 'bad-allow', 'exports.handler = async () => 1', { allow: ['http://example.org/'] })
    assert.equal(deployed.status, 400)
    assert.match(deployed.text, /allow: .*example\.org/)
  })
})

describe('limits', () => {
  test('count requests', async () => {
    const answer = await run(`
      const codes = []
      for (let n = 0; n < 3; n++) codes.push(await fetch(origin + '/missing').then((r) => r.status, (e) => e.cause.code))
      return codes`, { limits: { fetchCount: 2 } })
    assert.deepEqual(answer, [404, 404, 'ERR_SWARM_FETCH_COUNT'])
  })
  test('count bytes, in and out', async () => {
    assert.equal(await run(`const r = await fetch(origin + '/big'); return r.text().then((t) => t.length, (e) => e.cause.code)`, { limits: { fetchBytes: 1_000_000 } }), 'ERR_SWARM_FETCH_BYTES')
    assert.equal(await run(`return fetch(origin + '/echo', { method: 'POST', body: 'x'.repeat(2000) }).then((r) => r.status, (e) => e.cause.code)`, { limits: { fetchBytes: 1_000 } }), 'ERR_SWARM_FETCH_BYTES')
  })
  test('and nothing goes out while a module loads', async () => {
    const deployed = await deploy(edge, 'early', `const early = fetch('http://127.0.0.1/').catch((e) => e.cause.message); exports.handler = () => early`, { allow: ['127.0.0.1'] })
    assert.equal(deployed.status, 201, deployed.text)
    assert.match(String((await invoke(edge, 'early')).json), /while a module loads/)
  })
})
