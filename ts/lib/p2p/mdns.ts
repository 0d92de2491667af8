// Discovery on the local networks: a multicast DNS record with our hello, on every interface (RFC 6762).

import { networkInterfaces } from 'node:os'

import multicastDns, { type MulticastDns } from 'multicast-dns'

import { messageOf } from '../errors.js'
import { decodeHello, encodeHello, type Hello } from './hello.js'
import type { Log } from '../log.js'

/** Often at first, and when the machine's addresses changed; then rarely: who comes later asks for itself, and is answered. */
const EAGER_EVERY_MS = 1_000
const EAGER_FOR_MS = 5_000
const EVERY_MS = 10_000
const TTL_SECONDS = 10

export interface MdnsOptions {
  /** Asked each time: of each key, what names the cluster without naming the key, and what MACs a hello. */
  keys: () => readonly { topic: Buffer; beacon: Buffer }[]
  own: Hello
  onHello: (hello: Hello, host: string) => void
  /** Somebody there has our public key. */
  onTwin: (host: string) => void
  log: Log
}

/** Starts at once, waits for nothing, follows interfaces that come and go. */
export const openMdns = (options: MdnsOptions): AsyncDisposable => {
  const { own, keys, log } = options
  const names = (): string[] => keys().map(({ topic }) => nameOf(topic))
  const records = () =>
    keys().map(({ beacon, topic }) => ({
      name: nameOf(topic),
      type: 'TXT' as const,
      ttl: TTL_SECONDS,
      data: [`h=${encodeHello(own, beacon).toString('base64')}`],
    }))
  const responders = new Map<string, MulticastDns>()
  let eagerSince = Date.now()
  let knownAddresses = ''
  let lastAt = -Infinity

  const complain =
    (address: string) =>
    (error: unknown): void => {
      log.debug('mdns', { address, reason: messageOf(error) })
    }
  const onData = (data: unknown, host: string): void => {
    const text = Buffer.isBuffer(data) ? data.toString() : ''
    if (!text.startsWith('h=')) return
    const hello = decodeHello(
      Buffer.from(text.slice(2), 'base64'),
      keys().map(({ beacon }) => beacon),
    )
    if (hello === null) return
    if (!hello.publicKey.equals(own.publicKey)) options.onHello(hello, host)
    else if (hello.incarnation !== own.incarnation) options.onTwin(host)
  }
  const open = (address: string): MulticastDns => {
    const responder = multicastDns({ interface: address, bind: '0.0.0.0', reuseAddr: true, loopback: true })
    const drop = (error: unknown): void => {
      complain(address)(error)
      if (responders.get(address) === responder) responders.delete(address)
      responder.destroy()
    }
    responder.on('error', drop)
    responder.on('warning', complain(address))
    responder.on('query', (packet) => {
      const known = names()
      if (packet.questions.some((question) => known.includes(question.name))) responder.respond({ answers: records() })
    })
    responder.on('response', (packet, from) => {
      const known = names()
      for (const answer of packet.answers) {
        if (!known.includes(answer.name) || answer.type !== 'TXT') continue
        for (const data of [answer.data].flat()) onData(data, from.address)
      }
    })
    return responder
  }
  const visitInterfaces = (addresses: readonly string[]): void => {
    for (const [address, responder] of responders) {
      if (addresses.includes(address)) continue
      responders.delete(address)
      responder.destroy()
    }
    for (const address of addresses) {
      const existing = responders.get(address)
      const responder = existing ?? open(address)
      responders.set(address, responder)
      const say = (): void => {
        responder.query(names().map((name) => ({ name, type: 'TXT' })))
        responder.respond({ answers: records() })
      }
      if (existing === undefined) responder.once('ready', say)
      else say()
    }
  }
  const announce = (): void => {
    const now = Date.now()
    try {
      const addresses = localAddresses()
      if (addresses.join() !== knownAddresses) eagerSince = now
      knownAddresses = addresses.join()
      if (now - eagerSince > EAGER_FOR_MS && now - lastAt < EVERY_MS) return
      lastAt = now
      visitInterfaces(addresses)
    } catch (error) {
      // Some sandboxes refuse to list interfaces.
      complain('any')(error)
    }
  }
  announce()
  const timer = setInterval(announce, EAGER_EVERY_MS)

  return {
    [Symbol.asyncDispose]: async () => {
      clearInterval(timer)
      const closing = [...responders.values()].map(
        (responder) =>
          new Promise<void>((done) => {
            responder.destroy(done)
          }),
      )
      responders.clear()
      await Promise.all(closing)
    },
  }
}

const nameOf = (topic: Buffer): string => `_${topic.toString('hex', 0, 6)}._swarmlambda._udp.local`

const localAddresses = (): string[] =>
  Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter((address) => address.family === 'IPv4' && !address.internal)
    .map((address) => address.address)
