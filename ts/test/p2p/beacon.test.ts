import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { createSocket, type Socket } from 'node:dgram'
import { EventEmitter } from 'node:events'
import { test } from 'node:test'

import { openBeacon } from '../../lib/p2p/beacon.js'
import type { Hello } from '../../lib/p2p/hello.js'
import { SILENT } from '../../lib/log.js'
import { freePorts, until } from './harness.js'

const open = (options: {
  ports: readonly number[]
  key: Buffer
  answer?: boolean
  seeds?: { host: string; port: number }[]
}) => {
  const own: Hello = {
    publicKey: randomBytes(32),
    incarnation: randomBytes(8).toString('hex'),
    port: 1 + Math.floor(Math.random() * 60_000),
  }
  const heard = new EventEmitter()
  const hellos: Hello[] = []
  const beacon = openBeacon({
    ports: options.ports,
    seeds: options.seeds ?? [],
    own,
    keys: () => [options.key],
    twins: { question: () => Buffer.alloc(0), heard: () => null },
    onHello: (hello) => {
      hellos.push(hello)
      heard.emit('hello')
      return options.answer ?? false
    },
    log: SILENT,
  })
  const hears = (other: { own: Hello }): Promise<void> =>
    until('hello heard', [[heard, 'hello']], () => hellos.some((hello) => hello.publicKey.equals(other.own.publicKey)))
  return { own, hellos, hears, [Symbol.asyncDispose]: () => beacon[Symbol.asyncDispose]() }
}

/** Sockets that hold these ports. */
const occupy = async (ports: readonly number[]): Promise<{ sockets: Socket[] } & AsyncDisposable> => {
  const sockets = await Promise.all(
    ports.map(
      (port) =>
        new Promise<Socket>((resolve, reject) => {
          const socket = createSocket('udp4').once('error', reject)
          socket.bind(port, '0.0.0.0', () => {
            resolve(socket)
          })
        }),
    ),
  )
  return {
    sockets,
    [Symbol.asyncDispose]: async () => {
      await Promise.all(
        sockets.map(
          (socket) =>
            new Promise<void>((resolve) => {
              socket.close(() => {
                resolve()
              })
            }),
        ),
      )
    },
  }
}

test('edges on one machine hear each other, whoever came first', async () => {
  const ports = await freePorts(3)
  const key = randomBytes(32)
  await using a = open({ ports, key })
  await using b = open({ ports, key })
  await using c = open({ ports, key })
  await Promise.all([a.hears(b), a.hears(c), b.hears(a), b.hears(c), c.hears(a), c.hears(b)])
  assert.ok(a.hellos.some((hello) => hello.incarnation === b.own.incarnation && hello.port === b.own.port))
})

test('clusters share the ports and hear only their own', async () => {
  const ports = await freePorts(4)
  const [one, two] = [randomBytes(32), randomBytes(32)]
  await using a = open({ ports, key: one })
  await using x = open({ ports, key: two })
  await using b = open({ ports, key: one })
  await using y = open({ ports, key: two })
  await Promise.all([a.hears(b), b.hears(a), x.hears(y), y.hears(x)])
  assert.ok(
    [...a.hellos, ...b.hellos].every((hello) => [a, b].some(({ own }) => own.publicKey.equals(hello.publicKey))),
  )
  assert.ok(
    [...x.hellos, ...y.hellos].every((hello) => [x, y].some(({ own }) => own.publicKey.equals(hello.publicKey))),
  )
})

test('with every port taken it still says hello, and hears the answer', async () => {
  const ports = await freePorts(2)
  const key = randomBytes(32)
  await using others = await occupy(ports.slice(1))
  await using a = open({ ports, key, answer: true })
  await using late = open({ ports, key })
  await Promise.all([a.hears(late), late.hears(a)])
  assert.equal(others.sockets.length, 1)
})

test('a host in SWARMLAMBDA_PEERS is told, by name or by address', async () => {
  const key = randomBytes(32)
  const [port] = await freePorts(1)
  assert.ok(port !== undefined)
  await using a = open({ ports: [port], key })
  await using byAddress = open({ ports: [], key, seeds: [{ host: '127.0.0.1', port }] })
  await using byName = open({ ports: [], key, seeds: [{ host: 'localhost', port }] })
  await Promise.all([a.hears(byAddress), a.hears(byName)])
})

test('noise on its port changes nothing', async () => {
  const key = randomBytes(32)
  const [port] = await freePorts(1)
  assert.ok(port !== undefined)
  await using a = open({ ports: [port], key })
  const noise = createSocket('udp4')
  for (let round = 0; round < 500; round += 1) noise.send(randomBytes(1 + (round % 120)), port, '127.0.0.1')
  await using b = open({ ports: [port], key })
  await a.hears(b)
  noise.close()
  assert.ok(a.hellos.every((hello) => hello.publicKey.equals(b.own.publicKey)))
})

test('it closes at once, even while it opens, and with seeds nobody can reach', async () => {
  const key = randomBytes(32)
  const started = performance.now()
  const beacon = open({
    ports: await freePorts(16),
    key,
    seeds: [
      { host: '240.0.0.1', port: 9 },
      { host: 'nowhere.invalid', port: 9 },
    ],
  })
  await beacon[Symbol.asyncDispose]()
  assert.ok(performance.now() - started < 1_000)
})
