// An edge as the proxy and the DNS server know one: GET /healthz, and a handler for the rest.

import { EventEmitter, once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { z } from 'zod'
import type { Endpoint } from '../../lib/config.js'
import { SILENT } from '../../lib/log.js'
import { openProxy, type Proxy } from '../../lib/proxy/proxy.js'
import { openUpstreams, type Upstreams, type UpstreamsOptions } from '../../lib/upstreams.js'

export interface StubEdge extends AsyncDisposable {
  readonly name: string
  readonly endpoint: Endpoint
  /** Requests that reached it, health checks not counted. */
  readonly requests: IncomingMessage[]
  readonly events: EventEmitter<{ request: [IncomingMessage] }>
  /** As an edge that drains, or that answers no check at all. */
  health: 'ready' | 'draining' | 'silent'
  /** Closes the port and every connection at once, as the kernel does for a killed process. */
  kill(): Promise<void>
  /** Listens again on the same port. */
  revive(): Promise<void>
}

export interface StubOptions {
  name?: string
  region?: string
  handler?: RequestListener
  onUpgrade?: (request: IncomingMessage, socket: Duplex, head: Buffer) => void
}

const hello: RequestListener = (request, response) => {
  request.resume().on('end', () => response.end('hello'))
}

export const openStubEdge = async (options: StubOptions = {}): Promise<StubEdge> => {
  const { name = 'edge-a', region = 'us-west-sfo', handler = hello, onUpgrade } = options
  const requests: IncomingMessage[] = []
  const events = new EventEmitter<{ request: [IncomingMessage] }>()
  const sockets = new Set<Duplex>()

  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    if (request.url === '/healthz') {
      const ready = edge.health === 'ready'
      if (edge.health === 'silent') return
      response.writeHead(ready ? 200 : 503, { 'content-type': 'application/json' })
      return void response.end(JSON.stringify({ status: ready ? 'ok' : 'draining', live: true, ready, edge: name, region }))
    }
    requests.push(request)
    response.setHeader('x-swarm-edge', name)
    handler(request, response)
    events.emit('request', request)
  }
  const server = createServer({ keepAliveTimeout: 60_000 }, onRequest)
  server.on('connection', socket => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket)).on('error', () => {})
  })
  if (onUpgrade !== undefined) server.on('upgrade', onUpgrade)

  const listen = async (port: number): Promise<number> => {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    return z.object({ port: z.number() }).parse(server.address()).port
  }
  const kill = async (): Promise<void> => {
    if (!server.listening) return
    const closed = once(server, 'close')
    server.close()
    for (const socket of sockets) socket.destroy()
    await closed
  }
  const port = await listen(0)
  const edge: StubEdge = {
    name,
    endpoint: { host: '127.0.0.1', port },
    requests,
    events,
    health: 'ready',
    kill,
    revive: async () => void (await listen(port)),
    [Symbol.asyncDispose]: kill,
  }
  return edge
}

/** A port of loopback on which nothing listens. */
export const closedPort = async (): Promise<number> => {
  const edge = await openStubEdge()
  await edge.kill()
  return edge.endpoint.port
}

/** Resolves when `holds()`; looked at now and at every change of an upstream. Rejects after 5 s. */
export const untilUpstreams = async (upstreams: Upstreams, holds: () => boolean): Promise<void> => {
  const signal = AbortSignal.timeout(5000)
  while (!holds()) await once(upstreams.events, 'change', { signal })
}

export const upstreamsOf = (edges: readonly StubEdge[], options: Partial<UpstreamsOptions> = {}): Upstreams =>
  openUpstreams({ edges: edges.map(({ endpoint }) => endpoint), region: null, log: SILENT, ...options })

export interface Rig extends AsyncDisposable {
  proxy: Proxy
  upstreams: Upstreams
}

/** A proxy on a free port in front of `edges`, all of them checked once. */
export const openRig = async (edges: readonly StubEdge[], options: Partial<UpstreamsOptions> = {}): Promise<Rig> => {
  const upstreams = upstreamsOf(edges, options)
  const proxy = await openProxy({ host: '127.0.0.1', port: 0, upstreams, log: SILENT, graceMs: 500 })
  await upstreams.settled()
  return {
    proxy,
    upstreams,
    [Symbol.asyncDispose]: async () => {
      await proxy[Symbol.asyncDispose]()
      await upstreams[Symbol.asyncDispose]()
    },
  }
}
