// The DNS server: one port, UDP and TCP, answering from the edges as they are at that moment.

import { createSocket, type Socket as UdpSocket } from 'node:dgram'
import { once } from 'node:events'
import { isIP, isIPv6, type Server, type Socket } from 'node:net'
import { formatEndpoint, listenError } from '../config.js'
import { codeOf, messageOf } from '../errors.js'
import type { Log } from '../log.js'
import { nearestFirst, type Upstream, type Upstreams } from '../upstreams.js'
import type { Addresses } from './addresses.js'
import { respond } from './respond.js'
import { createTcpServer } from './tcp.js'
import type { Zone, ZoneEdge } from './zone.js'

export interface DnsOptions {
  host: string
  /** 0: any that is free for both UDP and TCP. */
  port: number
  /** Lower case, without the dot at its end. */
  zone: string
  ttlSeconds: number
  region: string | null
  /** These two stay the caller's to close. */
  upstreams: Upstreams
  addresses: Addresses
  log: Log
}

export interface DnsServer extends AsyncDisposable {
  readonly port: number
  /** `host:port` */
  readonly address: string
}

/** How often a free TCP port may turn out to be taken for UDP. */
const PORT_ATTEMPTS = 10

const listenTcp = async (server: Server, host: string, port: number): Promise<number> => {
  server.listen({ host, port })
  await once(server, 'listening')
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : port
}

const listenUdp = async (host: string, port: number): Promise<UdpSocket> => {
  const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4')
  try {
    socket.bind({ address: host, port, exclusive: true })
    await once(socket, 'listening')
    return socket
  } catch (error) {
    socket.close()
    throw error
  }
}

const closeServer = async (server: Server): Promise<void> => {
  if (!server.listening) return
  const closed = once(server, 'close')
  server.close()
  await closed
}

const listen = async (tcp: Server, host: string, port: number): Promise<{ udp: UdpSocket; bound: number }> => {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const bound = await listenTcp(tcp, host, port)
      return { udp: await listenUdp(host, bound), bound }
    } catch (error) {
      await closeServer(tcp)
      if (port === 0 && codeOf(error) === 'EADDRINUSE' && attempt < PORT_ATTEMPTS) continue
      const names = { hostVariable: 'SWARMLAMBDA_DNS_HOST', portVariable: 'SWARMLAMBDA_DNS_PORT' }
      throw listenError(error, { host, port, ...names })
    }
  }
}

/** Throws ADDRESS_IN_USE or CONFIG_INVALID. */
export const openDns = async (options: DnsOptions): Promise<DnsServer> => {
  const { host, port, upstreams, addresses, region, log } = options
  const sockets = new Set<Socket>()
  // An address of any interface is none to send a resolver to.
  const serverAddresses = isIP(host) !== 0 && host !== '0.0.0.0' && host !== '::' ? [host] : []

  const zoneEdge = (upstream: Upstream): ZoneEdge => ({
    name: upstream.name?.toLowerCase() ?? '',
    port: upstream.endpoint.port,
    addresses: addresses.of(upstream.endpoint.host),
    isLive: upstream.state === 'up',
  })
  const now = (): number => Math.floor(Date.now() / 1000)
  let serial = now()
  const onChange = (): void => {
    serial = Math.max(serial + 1, now())
  }
  upstreams.events.on('change', onChange)

  const reply = (message: Buffer, transport: 'udp' | 'tcp'): Buffer | null => {
    const zone: Zone = {
      name: options.zone,
      ttlSeconds: options.ttlSeconds,
      serial,
      serverAddresses,
      edges: nearestFirst(upstreams.list(), region).map(zoneEdge),
    }
    try {
      return respond(message, zone, transport)
    } catch (error) {
      // No message may end the server; one that gets here is a defect.
      log.error('a query could not be answered', { reason: messageOf(error), query: message.toString('hex', 0, 64) })
      return null
    }
  }

  const tcp = createTcpServer(message => reply(message, 'tcp'), sockets)
  const { udp, bound } = await listen(tcp, host, port)
  tcp.on('error', error => log.warn('DNS over TCP', { reason: messageOf(error) }))
  udp.on('error', error => log.warn('DNS over UDP', { reason: messageOf(error) }))
  udp.on('message', (message, from) => {
    const response = reply(message, 'udp')
    // Port 0 cannot be answered; a lost answer is asked for again.
    if (response !== null && from.port > 0) udp.send(response, from.port, from.address, () => {})
  })

  return {
    port: bound,
    address: formatEndpoint({ host, port: bound }),
    [Symbol.asyncDispose]: async () => {
      upstreams.events.off('change', onChange)
      const closed = once(udp, 'close')
      udp.close()
      for (const socket of sockets) socket.destroy()
      await Promise.all([closed, closeServer(tcp)])
    },
  }
}
