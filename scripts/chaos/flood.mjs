// A stranger at an edge's door, as a process: dials it over and over, proves nothing, sends noise; and beacons at it. Prints
// how many connections were opened, and the names of the protocols that the edge spoke before a proof.
import { randomBytes } from 'node:crypto'
import { createSocket } from 'node:dgram'
import HyperDHT from 'hyperdht'

const { count, host, id, key, port } = JSON.parse(process.argv[2])
const AT_ONCE = 48
const GIVE_UP_MS = 4_000

const dht = new HyperDHT({ bootstrap: [] })
await dht.bind()
const udp = createSocket('udp4')
let opened = 0
let refused = 0
let heard = 0

const dial = (n) =>
  new Promise((resolve) => {
    // Three of four have a key of their own, the others learnt the edge's public key and hold a wrong cluster key.
    const stream = dht.connect(Buffer.from(id, 'hex'), { relayAddresses: [{ host, port }], keyPair: HyperDHT.keyPair() })
    const timer = setTimeout(() => stream.destroy(), GIVE_UP_MS)
    stream.on('error', () => {})
    stream.on('data', (data) => { heard += data.byteLength })
    stream.once('open', () => {
      opened += 1
      // Silence, noise, or a proof that is none; then it waits to be thrown out.
      if (n % 3 === 0) return
      stream.write(n % 3 === 1 ? randomBytes(400) : Buffer.concat([Buffer.from([0, 1, 1]), Buffer.from(key, 'hex'), randomBytes(32)]))
      if (n % 2 === 0) setTimeout(() => stream.destroy(), 20)
    })
    stream.once('close', () => {
      clearTimeout(timer)
      refused += 1
      udp.send(randomBytes(62), 47_800 + (n % 16), '127.0.0.1', () => {})
      resolve()
    })
  })

let next = 0
await Promise.all(Array.from({ length: AT_ONCE }, async () => {
  while (next < count) await dial(next++)
}))
process.stdout.write(`${JSON.stringify({ opened, refused, heard })}\n`)
udp.close()
await dht.destroy({ force: true })
process.exit(0)
