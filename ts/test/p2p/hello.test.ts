import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'

import { decodeHello, encodeHello, HELLO_BYTES } from '../../lib/p2p/hello.js'

const key = randomBytes(32)
const hello = { publicKey: randomBytes(32), incarnation: randomBytes(8).toString('hex'), port: 49_737 }

test('a hello arrives as it was sent', () => {
  const packet = encodeHello(hello, key)
  assert.equal(packet.byteLength, HELLO_BYTES)
  assert.deepEqual(decodeHello(packet, [key]), hello)
})

test('a hello of another cluster says nothing', () => {
  assert.equal(decodeHello(encodeHello(hello, randomBytes(32)), [key]), null)
})

test('a hello with any bit changed, cut short or made longer is dropped', () => {
  const packet = encodeHello(hello, key)
  for (let bit = 0; bit < packet.byteLength * 8; bit += 1) {
    const changed = Buffer.from(packet)
    changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
    assert.equal(decodeHello(changed, [key]), null, `bit ${bit}`)
  }
  for (let length = 0; length < packet.byteLength; length += 1)
    assert.equal(decodeHello(packet.subarray(0, length), [key]), null)
  assert.equal(decodeHello(Buffer.concat([packet, Buffer.of(0)]), [key]), null)
})

test('noise is dropped', () => {
  for (let round = 0; round < 1_000; round += 1) assert.equal(decodeHello(randomBytes(round % 100), [key]), null)
})
