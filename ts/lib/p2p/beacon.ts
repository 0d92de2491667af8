// The beacon: a hello each second to every port of a small loopback range, and to the hosts in SWARMLAMBDA_PEERS.
// Every edge on a machine takes the first free port of the range, so none of them has to be up for the others to meet.

import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'

import { messageOf } from '../errors.js'
import { decodeHello, encodeHello, type Hello } from './hello.js'
import type { Log } from '../log.js'
import type { Twins } from './twin.js'

/** Sixteen edges a machine find each other by themselves; more still find those, and are answered. */
export const BEACON_PORTS: readonly number[] = Array.from({ length: 16 }, (_, index) => 47_800 + index)

const SEND_EVERY_MS = 1_000
const RESOLVED_FOR_MS = 30_000

export interface BeaconOptions {
  ports: readonly number[]
  /** Hosts to say hello to besides this one. */
  seeds: readonly { host: string; port: number }[]
  own: Hello
  /** Asked each time: while a key is rotated, one hello is said with each. */
  keys: () => readonly Buffer[]
  /** Asked of whoever says hello with our own public key. */
  twins: Twins
  /** A hello of this cluster was heard; answered with our own when this returns true. */
  onHello: (hello: Hello, host: string) => boolean
  log: Log
}

export interface Beacon extends AsyncDisposable {
  /** Asks whoever beacons on that host whether it has our identity. */
  askForTwin(host: string): void
}

/**
 * Starts at once and waits for nothing; a machine that has no sockets to give has no beacon, and says so at debug
 * level.
 */
export const openBeacon = (options: BeaconOptions): Beacon => {
  const { ports, own, keys, log, twins } = options
  const resolve = cachedLookup(log)
  const complaints = new Set<string>()
  let socket: Socket | null = null
  let ownPort: number | null = null
  let timer: NodeJS.Timeout | undefined
  let closed = false

  const send = (port: number, host: string): void => {
    const onSent = (error: Error | null): void => {
      const code = error !== null && 'code' in error ? String(error.code) : undefined
      // Once for each kind: an unplugged network would otherwise fill the log.
      if (code === undefined || complaints.has(code)) return
      complaints.add(code)
      log.debug('beacon not sent', { code, host, port })
    }
    for (const key of keys()) socket?.send(encodeHello(own, key), port, host, onSent)
  }
  const announce = (): void => {
    for (const port of ports) if (port !== ownPort) send(port, '127.0.0.1')
    for (const seed of options.seeds) {
      const address = resolve(seed.host)
      if (address !== null) send(seed.port, address)
    }
  }
  const onMessage = (message: Buffer, from: RemoteInfo): void => {
    const hello = decodeHello(message, keys())
    if (hello === null) {
      const answer = twins.heard(message)
      if (answer !== null) socket?.send(answer, from.port, from.address)
      return
    }
    if (hello.publicKey.equals(own.publicKey)) {
      if (hello.incarnation !== own.incarnation) socket?.send(twins.question(), from.port, from.address)
      return
    }
    if (options.onHello(hello, from.address)) send(from.port, from.address)
  }

  const start = async (): Promise<void> => {
    for (const port of [...ports, 0]) {
      try {
        socket = await bindUdp(port)
        ownPort = socket.address().port
        break
      } catch (error) {
        log.debug('beacon port not free', { port, reason: messageOf(error) })
      }
    }
    if (socket === null) return
    socket.on('message', onMessage)
    socket.on('error', (error) => {
      log.debug('beacon socket', { reason: error.message })
    })
    if (closed) return
    log.debug('beacon listens', { port: ownPort })
    announce()
    timer = setInterval(announce, SEND_EVERY_MS)
  }
  const started = start()

  return {
    askForTwin: (host) => {
      for (const port of ports) socket?.send(twins.question(), port, host)
    },
    [Symbol.asyncDispose]: async () => {
      closed = true
      await started
      clearInterval(timer)
      const open = socket
      socket = null
      if (open !== null)
        await new Promise<void>((done) =>
          open.close(() => {
            done()
          }),
        )
    },
  }
}

/** On every interface: a seed's hello comes from elsewhere, and a hello without the MAC is dropped unread. */
const bindUdp = (port: number): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = createSocket({ type: 'udp4', reuseAddr: false })
    socket.once('error', (error) => {
      socket.close()
      reject(error)
    })
    socket.bind({ port, address: '0.0.0.0', exclusive: true }, () => {
      socket.removeAllListeners('error')
      resolve(socket)
    })
  })

/**
 * Names → addresses without waiting: null until known. One look-up a name at a time, because each holds a thread of
 * libuv's pool for as long as an absent name server takes, and the disk needs those threads too.
 */
const cachedLookup = (log: Log): ((host: string) => string | null) => {
  const known = new Map<string, { address: string | null; at: number; busy: boolean }>()
  return (host) => {
    if (isIP(host) === 4) return host
    const entry = known.get(host) ?? { address: null, at: -Infinity, busy: false }
    known.set(host, entry)
    if (!entry.busy && Date.now() - entry.at > RESOLVED_FOR_MS) {
      entry.busy = true
      lookup(host, { family: 4 })
        .then((found) => {
          entry.address = found.address
        })
        .catch((error: unknown) => {
          log.debug('peer name not resolved', { host, reason: messageOf(error) })
        })
        .finally(() => {
          entry.at = Date.now()
          entry.busy = false
        })
    }
    return entry.address
  }
}
