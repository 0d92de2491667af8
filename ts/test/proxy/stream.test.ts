import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { connect, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { test } from 'node:test'
import { openRig, openStubEdge } from './stub-edge.js'

const events = (_request: unknown, response: ServerResponse): void => {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
  response.flushHeaders()
}

test('events pass one by one, and their stream ends with its edge, so that the client turns to the next', async () => {
  const streams: ServerResponse[] = []
  const handler = (request: unknown, response: ServerResponse): void => {
    events(request, response)
    streams.push(response)
  }
  await using a = await openStubEdge({ name: 'edge-a', handler })
  await using b = await openStubEdge({ name: 'edge-b', handler })
  await using rig = await openRig([a, b])
  // The head is there before the first event.
  const response = await fetch(`${rig.proxy.url}/events`)
  assert.equal(response.headers.get('x-swarm-edge'), 'edge-a')
  assert.ok(response.body)
  const reader = response.body.getReader()
  for (const event of ['data: 1\n\n', 'data: 2\n\n']) {
    streams[0]?.write(event)
    assert.equal(Buffer.from((await reader.read()).value ?? []).toString(), event)
  }
  await a.kill()
  await assert.rejects(reader.read())
  const again = await fetch(`${rig.proxy.url}/events`)
  assert.equal(again.headers.get('x-swarm-edge'), 'edge-b')
  await again.body?.cancel()
})

test('closing ends streams of events at once and lets other requests finish', async () => {
  await using a = await openStubEdge({
    handler: (request, response) => {
      if (request.url === '/events') events(request, response)
    },
  })
  const rig = await openRig([a])
  const stream = await fetch(`${rig.proxy.url}/events`)
  const slow = fetch(`${rig.proxy.url}/slow`)
  await once(a.events, 'request')
  const closed = rig[Symbol.asyncDispose]()
  await assert.rejects(stream.text())
  // Nobody ends this one: it is cut when the grace is over.
  await assert.rejects(slow)
  await closed
})

/** Accepts every WebSocket and sends back what it gets. */
const acceptUpgrade = (request: { headers: Record<string, unknown> }, socket: Duplex, head: Buffer): void => {
  const key = String(request.headers['sec-websocket-key'])
  const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
  )
  if (head.length > 0) socket.write(head)
  socket.on('error', () => {}).pipe(socket)
}

const HANDSHAKE = [
  'GET /chat HTTP/1.1',
  'Host: lambda.mesh',
  'Upgrade: websocket',
  'Connection: keep-alive, Upgrade',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  '\r\n',
].join('\r\n')

/** Reads until what was received matches. */
const until = async (socket: Socket, pattern: RegExp): Promise<string> => {
  let received = ''
  while (!pattern.test(received)) received += String((await once(socket, 'data'))[0])
  return received
}

test('a WebSocket is joined to the next edge when the nearest refuses, and both ends close together', async () => {
  await using a = await openStubEdge({ name: 'edge-a' })
  await using b = await openStubEdge({ name: 'edge-b', onUpgrade: acceptUpgrade })
  await using rig = await openRig([a, b], { checkEveryMs: 60_000 })
  await a.kill()
  const client = connect(rig.proxy.port, '127.0.0.1')
  client.write(`${HANDSHAKE}early`)
  const head = await until(client, /\r\n\r\nearly$/)
  assert.match(head, /^HTTP\/1\.1 101 Switching Protocols\r\n/)
  assert.match(head, /Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=\r\n/)
  assert.equal(head.match(/^Upgrade: websocket\r$/gm)?.length, 1)
  client.write('later')
  await until(client, /^later$/)
  const closed = once(client, 'close')
  await b.kill()
  await closed
})

test('closing the proxy closes its WebSockets', async () => {
  await using a = await openStubEdge({ onUpgrade: acceptUpgrade })
  const rig = await openRig([a])
  const client = connect(rig.proxy.port, '127.0.0.1')
  client.write(HANDSHAKE)
  await until(client, /\r\n\r\n$/)
  const closed = once(client, 'close')
  await rig[Symbol.asyncDispose]()
  await closed
})

test('an edge that does not agree to a WebSocket answers as to any request', async () => {
  const body = 'x'.repeat(300_000)
  await using a = await openStubEdge({ handler: (_request, response) => response.writeHead(404).end(`${body}no`) })
  await using rig = await openRig([a])
  const client = connect(rig.proxy.port, '127.0.0.1')
  client.write(HANDSHAKE)
  assert.match(await until(client, /no\r\n0\r\n\r\n$/), /^HTTP\/1\.1 404 Not Found\r\n/)
  await once(client, 'close')
})

test('any other upgrade is not agreed to, and the request is served', async () => {
  await using a = await openStubEdge({ handler: (request, response) => request.pipe(response) })
  await using rig = await openRig([a])
  const client = connect(rig.proxy.port, '127.0.0.1')
  // As curl --http2 sends it.
  client.write(
    'POST /x HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n' +
      'HTTP2-Settings: AAMAAABk\r\nContent-Length: 4\r\n\r\nbo',
  )
  client.write('dy')
  assert.match(await until(client, /body\r\n0\r\n\r\n$/), /^HTTP\/1\.1 200 OK\r\n/)
  assert.equal(a.requests[0]?.headers['http2-settings'], undefined)
})
