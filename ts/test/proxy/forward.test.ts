import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request as httpRequest, type ClientRequest, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { connect, type Socket } from 'node:net'
import { test } from 'node:test'
import { text } from 'node:stream/consumers'
import { closedPort, openRig, openStubEdge, untilUpstreams, type StubEdge } from './stub-edge.js'
import { SILENT } from '../../lib/log.js'
import { openProxy } from '../../lib/proxy/proxy.js'
import { openUpstreams } from '../../lib/upstreams.js'

/** What a server sends back for these bytes until it closes or `until` matches. */
const exchange = async (port: number, bytes: string, until: RegExp): Promise<string> => {
  const socket = connect(port, '127.0.0.1')
  socket.write(bytes)
  let received = ''
  for await (const chunk of socket) {
    received += String(chunk)
    if (until.test(received)) break
  }
  socket.destroy()
  return received
}

const responseOf = (client: ClientRequest): Promise<IncomingMessage> =>
  new Promise(resolve => client.on('response', resolve))

const requestOf = (edge: StubEdge): Promise<IncomingMessage> =>
  new Promise(resolve => edge.events.once('request', resolve))

/** Unlike once(), whatever the error it closes with. */
const closeOf = (socket: Socket): Promise<void> => new Promise(resolve => socket.on('close', () => resolve()))

test('passes method, target, headers and body on, and the answer back', async () => {
  await using edge = await openStubEdge({
    handler: (request, response) => {
      void text(request).then(body => {
        response.setHeader('Set-Cookie', ['a=1', 'b=2'])
        response.setHeader('X-Odd-Case', 'kept')
        response.setHeader('X-Mine', 'dropped')
        response.setHeader('Connection', 'keep-alive, X-Mine')
        response.writeHead(201, 'Made')
        response.end(`${request.method} ${request.url} ${body}`)
      })
    },
  })
  await using rig = await openRig([edge])
  const client = httpRequest(`${rig.proxy.url}/functions/a%2Fb?x=1&y=%20`, {
    method: 'PUT',
    headers: {
      ...{ host: 'hello.lambda.mesh:8790', 'x-custom': 'yes', te: 'trailers', 'x-hop': 'dropped' },
      ...{ connection: 'close, X-Hop', 'x-forwarded-for': '10.0.0.9', 'proxy-authorization': 'secret' },
    },
  })
  client.end('body')
  const response = await responseOf(client)
  assert.equal(await text(response), 'PUT /functions/a%2Fb?x=1&y=%20 body')
  assert.equal(response.statusCode, 201)
  assert.equal(response.statusMessage, 'Made')
  assert.deepEqual(response.headers['set-cookie'], ['a=1', 'b=2'])
  assert.ok(response.rawHeaders.includes('X-Odd-Case'))
  assert.equal(response.headers['x-mine'], undefined)
  assert.equal(response.headers['x-swarm-proxy'], '1')
  assert.match(response.headers.via ?? '', /^1\.1 swarmlambda-[0-9a-f]{8}$/)

  const seen = edge.requests[0]?.headers
  assert.ok(seen)
  assert.equal(seen.host, 'hello.lambda.mesh:8790')
  assert.equal(seen['x-custom'], 'yes')
  assert.equal(seen['x-forwarded-for'], '10.0.0.9, 127.0.0.1')
  assert.equal(seen['x-forwarded-proto'], 'http')
  assert.equal(seen['x-forwarded-host'], 'hello.lambda.mesh:8790')
  assert.match(seen.via ?? '', /^1\.1 swarmlambda-/)
  for (const name of ['te', 'x-hop', 'proxy-authorization']) assert.equal(seen[name], undefined)
})

test('streams both ways: the answer begins before the request has ended', async () => {
  await using edge = await openStubEdge({ handler: (request, response) => request.pipe(response) })
  await using rig = await openRig([edge])
  const client = httpRequest(rig.proxy.url, { method: 'POST' })
  client.write('one')
  const response = await responseOf(client)
  assert.equal(String((await once(response, 'data'))[0]), 'one')
  client.write('two')
  assert.equal(String((await once(response, 'data'))[0]), 'two')
  client.end()
  await once(response.resume(), 'end')
})

test('a body larger than any buffer arrives whole both ways', async () => {
  await using edge = await openStubEdge({ handler: (request, response) => request.pipe(response) })
  await using rig = await openRig([edge])
  const body = Buffer.alloc(20_000_000, 'lambda')
  const response = await fetch(rig.proxy.url, { method: 'POST', body })
  assert.ok(Buffer.from(await response.arrayBuffer()).equals(body))
})

test('an answer that comes before the body was sent is passed on', async () => {
  await using edge = await openStubEdge({
    handler: (request, response) => {
      response.writeHead(413, { connection: 'close' }).end('too large')
      response.on('finish', () => request.socket.destroySoon())
    },
  })
  await using rig = await openRig([edge])
  const client = httpRequest(rig.proxy.url, { method: 'POST', headers: { 'content-length': 5_000_000 } })
  client.on('error', () => {})
  client.write(Buffer.alloc(1000))
  const response = await responseOf(client)
  assert.equal(response.statusCode, 413)
  assert.equal(await text(response), 'too large')
  client.destroy()
})

test('requests go to the nearest edge, and to the next when the connection is refused', async () => {
  const echo = (request: IncomingMessage) => text(request)
  await using far = await openStubEdge({ name: 'edge-c', region: 'eu-central-fra' })
  await using next = await openStubEdge({
    name: 'edge-b',
    region: 'us-east-iad',
    handler: (request, response) => void echo(request).then(body => response.end(body)),
  })
  await using near = await openStubEdge({ name: 'edge-a', region: 'us-west-sfo' })
  await using rig = await openRig([far, next, near], { region: 'us-west-lax', checkEveryMs: 60_000 })
  assert.equal((await fetch(rig.proxy.url)).headers.get('x-swarm-edge'), 'edge-a')

  await near.kill()
  const response = await fetch(rig.proxy.url, { method: 'POST', body: 'the whole body' })
  assert.equal(response.headers.get('x-swarm-edge'), 'edge-b')
  assert.equal(response.headers.get('x-swarm-proxy'), '2')
  assert.equal(await response.text(), 'the whole body')
  // It is known to be down now, and is not tried again.
  assert.equal((await fetch(rig.proxy.url)).headers.get('x-swarm-proxy'), '1')
  assert.equal(far.requests.length, 0)
})

test('an edge that comes back gets requests again', async () => {
  await using a = await openStubEdge({ name: 'edge-a' })
  await using b = await openStubEdge({ name: 'edge-b' })
  await using rig = await openRig([a, b], { checkEveryMs: 20 })
  await a.kill()
  assert.equal((await fetch(rig.proxy.url)).headers.get('x-swarm-edge'), 'edge-b')
  await a.revive()
  await untilUpstreams(rig.upstreams, () => rig.upstreams.live().length === 2)
  assert.equal((await fetch(rig.proxy.url)).headers.get('x-swarm-edge'), 'edge-a')
})

test('a draining edge gets no new requests, and finishes those it has', async () => {
  let finish = (): void => {}
  await using a = await openStubEdge({
    name: 'edge-a',
    handler: (_request, response) => {
      finish = () => response.end('late')
    },
  })
  await using b = await openStubEdge({ name: 'edge-b' })
  await using rig = await openRig([a, b], { checkEveryMs: 20 })
  const underWay = fetch(rig.proxy.url)
  await once(a.events, 'request')
  a.health = 'draining'
  await untilUpstreams(rig.upstreams, () => rig.upstreams.live().length === 1)
  assert.equal((await fetch(rig.proxy.url)).headers.get('x-swarm-edge'), 'edge-b')
  finish()
  assert.equal(await (await underWay).text(), 'late')

  b.health = 'draining'
  await untilUpstreams(rig.upstreams, () => rig.upstreams.live().length === 0)
  assert.equal((await fetch(rig.proxy.url)).status, 503)
})

/** Breaks every connection that brings a request, once its body is there. */
const breaks: RequestListener = request => void request.resume().on('end', () => request.socket.destroy())

test('a request whose edge breaks off is sent whole to the next one, which is told', async () => {
  const seen: string[] = []
  await using a = await openStubEdge({ name: 'edge-a', handler: breaks })
  await using b = await openStubEdge({
    name: 'edge-b',
    handler: (request, response) => {
      void text(request).then(body => {
        seen.push(`${request.method} ${String(request.headers['x-swarm-repeat'] ?? '')} ${body.length}`)
        response.setHeader('x-swarm-tries', 'edge-b=ok;1.0ms')
        response.end('b')
      })
    },
  })
  for (const init of [{}, { method: 'POST', body: 'x'.repeat(300_000) }]) {
    await using rig = await openRig([a, b], { checkEveryMs: 60_000 })
    const response = await fetch(rig.proxy.url, { ...init, headers: { 'x-swarm-repeat': 'forged' } })
    assert.equal(await response.text(), 'b')
    assert.match(response.headers.get('x-swarm-tries') ?? '', /^edge-a=unreachable;\d+\.\dms, edge-b=ok;1\.0ms$/)
    assert.equal(response.headers.get('x-swarm-proxy'), '2')
  }
  assert.deepEqual(seen, ['GET edge-a 0', 'POST edge-a 300000'])
})

test('what the next one does not make again, what breaks off there as well, and what is too large to keep, fails', async () => {
  await using a = await openStubEdge({ name: 'edge-a', handler: breaks })
  await using refuses = await openStubEdge({
    name: 'edge-b',
    handler: (request, response) => void request.resume().on('end', () => response.writeHead(502, { 'x-swarm-repeat': 'refused' }).end('not twice')),
  })
  await using breaksToo = await openStubEdge({ name: 'edge-c', handler: breaks })
  const post = async (next: StubEdge, body: string): Promise<string> => {
    await using rig = await openRig([a, next], { checkEveryMs: 60_000 })
    const response = await fetch(rig.proxy.url, { method: 'POST', body })
    return `${response.status} ${await response.text()}`
  }
  assert.equal(await post(refuses, 'x'), '502 not twice')
  const broken = /^502 {"Type":"Service","Message":"edge-a \(127\.0\.0\.1:\d+\) broke off before it answered: .*"}$/
  assert.match(await post(breaksToo, 'x'), broken)
  assert.equal(breaksToo.requests.length, 1)
  assert.match(await post(refuses, 'x'.repeat(7_000_000)), broken)
  assert.equal(refuses.requests.length, 1)
})

test('an answer that breaks off in the middle is not made to look whole', async () => {
  await using a = await openStubEdge({
    handler: (request, response) => {
      response.write('half')
      response.socket?.once('drain', () => request.socket.destroy())
      setImmediate(() => request.socket.destroy())
    },
  })
  await using rig = await openRig([a])
  const response = await fetch(rig.proxy.url)
  assert.equal(response.status, 200)
  await assert.rejects(response.text())
})

test('with no edge at all it answers 503 with Retry-After, whatever the checks said', async () => {
  const edges = [
    { host: '127.0.0.1', port: await closedPort() },
    { host: '127.0.0.1', port: await closedPort() },
  ]
  await using upstreams = openUpstreams({ edges, region: null, log: SILENT })
  await using proxy = await openProxy({ host: '127.0.0.1', port: 0, upstreams, log: SILENT })
  const response = await fetch(proxy.url)
  assert.equal(response.status, 503)
  assert.equal(response.headers.get('retry-after'), '1')
  assert.equal(response.headers.get('x-swarm-proxy'), '2')
  assert.match(await response.text(), /^{"Type":"Service","Message":"No edge could be reached; tried 127\.0\.0\.1:\d+, /)
})

test('an edge that is up but was thought down is used when no other is left', async () => {
  await using a = await openStubEdge()
  await using rig = await openRig([a], { checkEveryMs: 60_000 })
  const [upstream] = rig.upstreams.list()
  assert.ok(upstream)
  a.health = 'silent'
  rig.upstreams.failed(upstream, new Error('somebody said so'))
  assert.equal(rig.upstreams.live().length, 0)
  assert.equal((await fetch(rig.proxy.url)).status, 200)
})

test('a client that goes away is noticed by the edge', async () => {
  await using a = await openStubEdge({ handler: () => {} })
  await using rig = await openRig([a], { checkEveryMs: 60_000 })
  const client = new AbortController()
  const answer = fetch(rig.proxy.url, { signal: client.signal })
  const request = await requestOf(a)
  const gone = closeOf(request.socket)
  client.abort()
  await assert.rejects(answer)
  await gone
  assert.equal(rig.upstreams.live().length, 1, 'which is no fault of the edge')
})

test('a client that goes away while it sends is noticed by the edge', async () => {
  await using a = await openStubEdge({ handler: request => void request.resume() })
  await using rig = await openRig([a], { checkEveryMs: 60_000 })
  const client = httpRequest(rig.proxy.url, { method: 'POST', headers: { 'content-length': 100_000 } })
  client.on('error', () => {})
  client.write('some')
  const request = await requestOf(a)
  const gone = closeOf(request.socket)
  client.destroy()
  await gone
  assert.equal(rig.upstreams.live().length, 1)
})

test('an edge that hangs is left aside, and what waits for it is answered by the next one', async () => {
  await using a = await openStubEdge({ name: 'edge-a', handler: () => {} })
  await using b = await openStubEdge({ name: 'edge-b' })
  await using rig = await openRig([a, b], { checkEveryMs: 20, checkTimeoutMs: 50 })
  const stuck = fetch(rig.proxy.url, { method: 'POST', body: 'x' })
  await once(a.events, 'request')
  a.health = 'silent'
  assert.equal((await stuck).headers.get('x-swarm-edge'), 'edge-b')
  assert.equal((await fetch(rig.proxy.url)).headers.get('x-swarm-edge'), 'edge-b')
  assert.deepEqual(b.requests.map(({ headers }) => headers['x-swarm-repeat']), ['edge-a', undefined])
})

test('when the next one does not make it again, an edge that hangs may answer yet, and is given up in the end', async () => {
  const held: ServerResponse[] = []
  await using a = await openStubEdge({ name: 'edge-a', handler: (_request, response) => void held.push(response) })
  await using b = await openStubEdge({ name: 'edge-b', handler: (_request, response) => response.writeHead(502, { 'x-swarm-repeat': 'refused' }).end() })
  await using rig = await openRig([a, b], { checkEveryMs: 20, checkTimeoutMs: 50, giveUpMs: 1_000 })
  const both = [fetch(rig.proxy.url), fetch(rig.proxy.url)]
  while (a.requests.length < 2) await once(a.events, 'request')
  a.health = 'silent'
  while (b.requests.length < 2) await once(b.events, 'request')
  held[0]?.end('late')
  const texts = await Promise.all(both.map(async (answer) => `${(await answer).status} ${(await (await answer).text()).slice(0, 30)}`))
  assert.deepEqual(texts.sort(), ['200 late', '502 {"Type":"Service","Message":"e'])
})

test('a proxy that is its own edge says so instead of going round', async () => {
  const port = await closedPort()
  const edges = [{ host: 'localhost', port }]
  await using upstreams = openUpstreams({ edges, region: null, log: SILENT })
  await using proxy = await openProxy({ host: '127.0.0.1', port, upstreams, log: SILENT })
  const response = await fetch(proxy.url)
  assert.equal(response.status, 508)

  await using same = openUpstreams({ edges: [{ host: '127.0.0.1', port }], region: null, log: SILENT })
  await assert.rejects(openProxy({ host: '127.0.0.1', port, upstreams: same, log: SILENT }), {
    code: 'CONFIG_INVALID',
    message: `SWARMLAMBDA_EDGES lists 127.0.0.1:${port}, which is the proxy itself`,
  })
})

test('takes requests in absolute form, HTTP/1.0 and pipelined, and refuses what is none', async () => {
  await using a = await openStubEdge({ handler: (request, response) => response.end(`got ${request.url}`) })
  await using rig = await openRig([a])
  const { port } = rig.proxy
  const absolute = 'GET http://other.mesh/x?y HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'
  assert.match(await exchange(port, absolute, /got \/x\?y/), /^HTTP\/1\.1 200 /)
  assert.equal(a.requests[0]?.headers.host, 'other.mesh')
  const old = await exchange(port, 'GET /old HTTP/1.0\r\n\r\n', /got \/old$/)
  assert.doesNotMatch(old, /chunked/i)
  const two = 'GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'
  assert.match(await exchange(port, two, /got \/2/), /got \/1[^]*got \/2/)

  const json = /{"Type":"User","Message":"[^"]+"}$/
  assert.match(await exchange(port, 'OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n', json), /^HTTP\/1\.1 400 /)
  assert.match(await exchange(port, 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n', json), /^HTTP\/1\.1 400 /)
  assert.match(await exchange(port, 'no such thing\r\n\r\n', json), /^HTTP\/1\.1 400 /)
  const large = `GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(40_000)}\r\n\r\n`
  assert.match(await exchange(port, large, json), /^HTTP\/1\.1 431 /)
  const smuggled = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'
  assert.match(await exchange(port, smuggled, json), /^HTTP\/1\.1 400 /)
})

test('HEAD, 204 and 304 have no body, and Expect is answered', async () => {
  await using a = await openStubEdge({
    handler: (request, response) => {
      const status = Number(request.url?.slice(1)) || 200
      response.writeHead(status, status === 200 ? { 'content-length': 5 } : {})
      response.end(status === 200 ? 'hello' : undefined)
    },
  })
  await using rig = await openRig([a])
  const head = await fetch(`${rig.proxy.url}/`, { method: 'HEAD' })
  assert.equal(head.headers.get('content-length'), '5')
  for (const status of [204, 304]) assert.equal((await fetch(`${rig.proxy.url}/${status}`)).status, status)
  const client = httpRequest(rig.proxy.url, { method: 'POST', headers: { expect: '100-continue' } })
  client.on('continue', () => client.end('x'))
  const response = await responseOf(client)
  assert.equal(await text(response), 'hello')
})
