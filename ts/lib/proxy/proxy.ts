// The proxy: one HTTP port in front of the edges.

import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { Pool } from 'undici'
import { formatEndpoint, listenError } from '../config.js'
import { codeOf, SwarmError } from '../errors.js'
import type { Log } from '../log.js'
import { openRetryBudget } from '../router.js'
import type { Upstream, Upstreams } from '../upstreams.js'
import { rawFailure } from './failure.js'
import { forward, type Forwarding } from './forward.js'
import { handleUpgrades } from './upgrade.js'

export interface ProxyOptions {
  host: string
  /** 0: any free one. */
  port: number
  /** Stays the caller's to close. */
  upstreams: Upstreams
  log: Log
  /** How long closing waits for requests under way. */
  graceMs?: number
}

export interface Proxy extends AsyncDisposable {
  readonly port: number
  /** `http://host:port` */
  readonly url: string
}

const MAX_CONNECTIONS = 4096
const MAX_HEADER_BYTES = 32 * 1024
/** To send a request's head, and the whole of it. */
const HEAD_TIMEOUT_MS = 15_000
const REQUEST_TIMEOUT_MS = 300_000
/** Longer than the 60 s of common load balancers, so that they close first. */
const IDLE_MS = 65_000
const CONNECT_TIMEOUT_MS = 1000
/** Shorter than any edge keeps an idle connection: the proxy closes first. */
const POOL_IDLE_MS = 4000
/** A function may run for 900 s. An edge that is silent as a whole is given up long before (`dead`). */
const HEADERS_TIMEOUT_MS = 905_000
const GRACE_MS = 10_000

const STATUS_OF_BAD_BYTES: Readonly<Record<string, 408 | 431>> = {
  HPE_HEADER_OVERFLOW: 431,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
}

const listen = async (server: Server, host: string, port: number): Promise<number> => {
  server.listen({ host, port })
  try {
    await once(server, 'listening')
  } catch (error) {
    throw listenError(error, {
      host,
      port,
      hostVariable: 'SWARMLAMBDA_PROXY_HOST',
      portVariable: 'SWARMLAMBDA_PROXY_PORT',
    })
  }
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : port
}

/** Connections to edges, kept alive. */
const openPools = () => {
  const pools = new Map<Upstream, Pool>()
  return {
    of: (upstream: Upstream): Pool => {
      const pool =
        pools.get(upstream) ??
        new Pool(upstream.origin, {
          connectTimeout: CONNECT_TIMEOUT_MS,
          keepAliveTimeout: POOL_IDLE_MS,
          keepAliveMaxTimeout: POOL_IDLE_MS,
          headersTimeout: HEADERS_TIMEOUT_MS,
          bodyTimeout: 0,
          pipelining: 1,
        })
      pools.set(upstream, pool)
      return pool
    },
    /** Ends all that waits for that edge. */
    drop: async (upstream: Upstream, reason: string): Promise<void> => {
      const pool = pools.get(upstream)
      pools.delete(upstream)
      await pool?.destroy(new Error(reason))
    },
    close: async (): Promise<void> => {
      await Promise.all([...pools.values()].map(pool => pool.destroy()))
    },
  }
}

/** Throws ADDRESS_IN_USE or CONFIG_INVALID. */
export const openProxy = async ({ host, port, upstreams, log, graceMs = GRACE_MS }: ProxyOptions): Promise<Proxy> => {
  const self = upstreams.list().find(({ endpoint }) => endpoint.host === host && endpoint.port === port)
  if (self !== undefined) {
    throw new SwarmError('CONFIG_INVALID', `SWARMLAMBDA_EDGES lists ${self.address}, which is the proxy itself`)
  }
  const pools = openPools()
  const tunnels = new Set<Duplex>()
  const busy = new WeakSet<Duplex>()
  const endless = new Set<ServerResponse>()
  let isClosing = false
  const forwarding: Forwarding = {
    upstreams,
    poolOf: pools.of,
    via: `swarmlambda-${randomBytes(4).toString('hex')}`,
    isClosing: () => isClosing,
    endless,
    budget: openRetryBudget(() => performance.now()),
    log,
  }
  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    const { socket } = request
    busy.add(socket)
    response.on('close', () => {
      busy.delete(socket)
      if (isClosing) setImmediate(() => server.closeIdleConnections())
    })
    void forward(forwarding, request, response)
  }
  const server = createServer(
    {
      keepAliveTimeout: IDLE_MS,
      headersTimeout: HEAD_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      connectionsCheckingInterval: 5000,
      maxHeaderSize: MAX_HEADER_BYTES,
      noDelay: true,
    },
    onRequest,
  )
  server.maxConnections = MAX_CONNECTIONS
  server.on('clientError', (error: Error, socket: Duplex) => {
    const code = codeOf(error) ?? ''
    // In the middle of an answer, ours would be taken for a part of it.
    if (code === 'ECONNRESET' || !socket.writable || busy.has(socket)) return void socket.destroy()
    socket.end(rawFailure(STATUS_OF_BAD_BYTES[code] ?? 400, 'Could not parse the request'))
  })
  handleUpgrades(server, forwarding, tunnels)

  const onDead = (upstream: Upstream): void => void pools.drop(upstream, 'it has been silent for too long')
  upstreams.events.on('dead', onDead)
  const bound = await listen(server, host, port)

  /** Streams of events and tunnels have no end of their own; what else is under way may finish. */
  const drain = async (): Promise<void> => {
    const closed = once(server, 'close')
    isClosing = true
    server.close()
    server.closeIdleConnections()
    for (const socket of tunnels) socket.destroy()
    for (const response of endless) response.destroy()
    const timer = setTimeout(() => server.closeAllConnections(), graceMs)
    await closed
    clearTimeout(timer)
  }

  return {
    port: bound,
    url: `http://${formatEndpoint({ host, port: bound })}`,
    [Symbol.asyncDispose]: async () => {
      await drain()
      upstreams.events.off('dead', onDead)
      await pools.close()
    },
  }
}
