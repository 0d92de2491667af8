// A peer with a valid key that sends nonsense, as a process: fuzzed frames on every channel, oversized ones, beacons with
// flipped bits, and messages of a version that does not exist yet. Prints `sent N`.
import { randomBytes } from 'node:crypto'
import { createSocket } from 'node:dgram'
import HyperDHT from 'hyperdht'
import Protomux from 'protomux'
import encodings from 'compact-encoding'
import { deriveKeys } from '../../dist/lib/cluster.js'
import { authenticate } from '../../dist/lib/p2p/auth.js'
import { encodeHello } from '../../dist/lib/p2p/hello.js'
import { randomFrom } from './random.mjs'

const { connections, id, key, port, seed } = JSON.parse(process.argv[2])
const random = randomFrom(`${seed}/poison`)
const keys = deriveKeys(Buffer.from(key, 'hex'))
const FRAMES = 60
const dht = new HyperDHT({ bootstrap: [] })
await dht.bind()
const udp = createSocket('udp4')
let sent = 0

const noise = () => randomBytes(Math.floor(random.next() ** 3 * 40_000))
/** JSON with fields that are wrong, missing, too many or of the future. */
const json = () => Buffer.from(JSON.stringify(random.pick([
  null, [], 7, 'x'.repeat(2_000), { topic: 'registry/logs', payload: { logs: [{ key: 'zz', length: -1 }], ask: 'no' } },
  { topic: 'registry/logs', payload: { logs: Array.from({ length: 50 }, () => ({ key: randomBytes(32).toString('hex'), length: 1e15 })), ask: true } },
  { topic: 'mesh/addresses', payload: [{ id: randomBytes(32).toString('hex'), host: '203.0.113.9', port: 9 }] },
  { topic: 'of/the/future', payload: { deep: { er: [[[[]]]] } } }, { topic: 'x'.repeat(500), payload: 1 },
  { name: 'poison', region: 'nowhere', links: 'many', loaded: { f: 5 }, state: 'melting' },
  { name: 'edge-a', region: 'eu', url: 'javascript:alert(1)', version: '99', arch: 'quantum', startedAt: 1, state: 'up', requestsPerSecond: 1e300, failuresPerSecond: 0, inFlight: 0, registrySeq: 1e300, functions: 0, loaded: {}, links: [], fromTheFuture: { kept: true } },
])))
const METHODS = ['invoke', 'cluster/ring', 'edge/command', 'once', 'observe', 'queue', 'schedules/claim', '__proto__', 'constructor', '']
const call = () => {
  const method = Buffer.from(random.pick(METHODS))
  const head = Buffer.alloc(9)
  head.writeUInt32BE(Math.floor(random.next() * 2 ** 32), 0)
  head.writeUInt32BE(Math.floor(random.next() * 2 ** 32), 4)
  head.writeUInt8(random.next() < 0.9 ? method.length : 255, 8)
  return Buffer.concat([head, method, random.next() < 0.5 ? noise() : json()])
}

const poison = (n) =>
  new Promise((resolve) => {
    const stream = dht.connect(Buffer.from(id, 'hex'), { relayAddresses: [{ host: '127.0.0.1', port }], keyPair: HyperDHT.keyPair() })
    const timer = setTimeout(() => stream.destroy(), 8_000)
    stream.on('error', () => {})
    stream.once('close', () => { clearTimeout(timer); resolve() })
    stream.once('open', () => authenticate(stream, { keys: [keys.mac], onRejected: () => {}, onProved: () => {
      const mux = Protomux.from(stream)
      const peer = mux.createChannel({ protocol: 'swarmlambda/peer/1', handshake: encodings.raw, onopen: () => attack() })
      const rpc = mux.createChannel({ protocol: 'swarmlambda/rpc/1' })
      const types = [...Array.from({ length: 4 }, () => peer.addMessage({ encoding: encodings.raw })), ...Array.from({ length: 3 }, () => rpc.addMessage({ encoding: encodings.raw }))]
      rpc.open()
      const good = { name: `poison-${n}`, region: 'eu-west-dub', incarnation: randomBytes(8).toString('hex'), port: 9, fromTheFuture: true }
      peer.open(n % 4 === 3 ? noise() : Buffer.from(JSON.stringify(good)))
      const attack = () => {
        for (let frame = 0; frame < FRAMES && !stream.destroyed; frame++) {
          const kind = random.next()
          if (kind < 0.1) stream.write(noise())
          else if (kind < 0.5) types[4 + Math.floor(random.next() * 3)].send(random.next() < 0.7 ? call() : noise())
          else random.pick(types).send(random.next() < 0.6 ? json() : noise())
          sent += 1
        }
        if (n % 8 === 0) random.pick(types).send(Buffer.alloc(9 * 1024 * 1024))
        setTimeout(() => stream.destroy(), 100)
      }
      if (n % 4 === 3) setTimeout(attack, 10)
    } }))
  })

const hello = encodeHello({ publicKey: randomBytes(32), incarnation: '00'.repeat(8), port: 9 }, keys.beacon)
for (let n = 0; n < connections; n += 4) {
  await Promise.all(Array.from({ length: 4 }, (_, slot) => poison(n + slot)))
  for (let packet = 0; packet < 20; packet++) {
    const body = Buffer.from(hello)
    // The first of them is right: an edge that nobody answers for.
    if (packet > 0) body[Math.floor(random.next() * body.length)] ^= 1 << Math.floor(random.next() * 8)
    udp.send(packet % 5 === 4 ? noise().subarray(0, 1_400) : body, 47_800 + (packet % 16), '127.0.0.1', () => {})
    sent += 1
  }
}
process.stdout.write(`sent ${sent}\n`)
udp.close()
await dht.destroy({ force: true })
process.exit(0)
