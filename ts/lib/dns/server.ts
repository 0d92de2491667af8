// The DNS server: one port, UDP and TCP, answering from the edges as they are at that moment.

import { createSocket, type Socket as UdpSocket } from 'node:dgram'
import { once } from 'node:events'
import { isIP, isIPv6, type Server, type Socket } from 'node:net'
import { formatEndpoint, listenError } from '../config.js'
import { codeOf, messageOf } from '../errors.js'
import type { Log } from '../log.js'
import { nearestTo, type Fleet } from './fleet.js'
import { createLimiter } from './limiter.js'
import type { Places } from './places.js'
import type { Subnet } from './query.js'
import { respond, truncated, type Placing } from './respond.js'
import type { Signer } from './signer.js'
import { createTcpServer } from './tcp.js'
import type { NameServer, Zone, ZoneEdge } from './zone.js'

/** What may change while it serves. */
export interface DnsSettings {
  ttlSeconds: number
  /** None: ns.<zone>, this server. */
  nameServers: readonly NameServer[]
  /** Certificate authorities, for CAA. */
  issuers: readonly string[]
  /** The texts of `_acme-challenge.<name>`; absent: there are none. */
  challenges?: (name: string) => readonly string[]
  /** Edges in one answer; null: all. */
  mostAnswers: number | null
  /** Answers a second over UDP for one network; 0: no limit. */
  answersPerSecond: number
  /** Where clients are; null: all get the edges in the fleet's order. */
  places: Places | null
  /** None: answers are not signed. */
  signer?: Signer | null
}

export interface DnsOptions extends DnsSettings {
  host: string
  /** 0: any that is free for both UDP and TCP. */
  port: number
  /** Lower case, without the dot at its end. */
  zone: string
  /** Stays the caller's to close. */
  fleet: Fleet
  log: Log
}

export interface DnsServer extends AsyncDisposable {
  /** From the next question on. */
  update(settings: DnsSettings): void
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
  const { fleet, host, log, port } = options
  const sockets = new Set<Socket>()
  const apply = ({ answersPerSecond, challenges, issuers, mostAnswers, nameServers, places, signer = null, ttlSeconds }: DnsSettings) => ({
    limit: createLimiter(answersPerSecond, Date.now),
    zoneNow: createZone({ name: options.zone, ttlSeconds, issuers, mostAnswers, nameServers, signer, serverAddresses: ownAddresses(host), ...(challenges && { challenges }) }, fleet),
    place: createPlacing(places, fleet),
  })
  let current = apply(options)

  const reply = (message: Buffer, transport: 'udp' | 'tcp', from: string): Buffer | null => {
    const { limit, place, zoneNow } = current
    try {
      const verdict = transport === 'udp' ? limit(from) : 'answer'
      if (verdict === 'drop') return null
      if (verdict === 'truncate') return truncated(message)
      return respond(message, zoneNow(), transport, place && ((subnet) => place(subnet, from)))
    } catch (error) {
      // No message may end the server; one that gets here is a defect.
      log.error('a query could not be answered', { reason: messageOf(error), query: message.toString('hex', 0, 64) })
      return null
    }
  }

  const tcp = createTcpServer((message, from) => reply(message, 'tcp', from), sockets)
  const { udp, bound } = await listen(tcp, host, port)
  tcp.on('error', error => log.warn('DNS over TCP', { reason: messageOf(error) }))
  udp.on('error', error => log.warn('DNS over UDP', { reason: messageOf(error) }))
  udp.on('message', (message, from) => {
    const response = reply(message, 'udp', from.address)
    // Port 0 cannot be answered; a lost answer is asked for again.
    if (response !== null && from.port > 0) udp.send(response, from.port, from.address, () => {})
  })

  return {
    port: bound,
    update(settings) {
      current = apply(settings)
    },
    address: formatEndpoint({ host, port: bound }),
    [Symbol.asyncDispose]: async () => {
      const closed = once(udp, 'close')
      udp.close()
      for (const socket of sockets) socket.destroy()
      await Promise.all([closed, closeServer(tcp)])
    },
  }
}

/** An address of any interface is none to send a resolver to. */
const ownAddresses = (host: string): string[] => (isIP(host) !== 0 && host !== '0.0.0.0' && host !== '::' ? [host] : [])

/** The zone as the fleet is now; its serial grows when the fleet changes. */
const createZone = (fixed: Omit<Zone, 'serial' | 'edges'>, fleet: Fleet): (() => Zone) => {
  const now = (): number => Math.floor(Date.now() / 1000)
  let zone: Zone = { ...fixed, serial: now(), edges: fleet.list() }
  let shape = shapeOf(zone.edges)
  return () => {
    const edges = fleet.list()
    if (edges === zone.edges) return zone
    const next = shapeOf(edges)
    zone = { ...zone, edges, serial: next === shape ? zone.serial : Math.max(zone.serial + 1, now()) }
    shape = next
    return zone
  }
}

/** What of the edges is data of the zone: not their order, nor how busy they are. */
const shapeOf = (edges: readonly ZoneEdge[]): string =>
  JSON.stringify(edges.map(({ addresses, isLive, name, port }) => [name, port, isLive, ...addresses]).sort())

/** By the subnet that a resolver names, else by its own address. */
const createPlacing = (places: Places | null, fleet: Fleet): ((subnet: Subnet | null, from: string) => ReturnType<Placing>) | null => {
  if (places === null) return null
  let edges = fleet.list()
  /** By degrees: few enough to keep. */
  const orders = new Map<string, readonly ZoneEdge[]>()
  return (subnet, from) => {
    const now = fleet.list()
    if (now !== edges) {
      edges = now
      orders.clear()
    }
    const place = places.find(subnet !== null && subnet.prefix > 0 ? subnet.address : from)
    // What no place decides is the same for every subnet.
    if (place === null) return { edges, scope: 0 }
    const key = `${Math.round(place.latitude)} ${Math.round(place.longitude)}`
    const order = orders.get(key) ?? nearestTo(place, edges)
    orders.set(key, order)
    return { edges: order, scope: subnet === null || subnet.prefix === 0 ? 0 : Math.min(place.prefix, subnet.family === 1 ? 32 : 128) }
  }
}
