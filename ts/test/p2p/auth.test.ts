import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'

import type { SecretStream } from '@hyperswarm/secret-stream'
import encodings from 'compact-encoding'
import HyperDHT from 'hyperdht'
import Protomux from 'protomux'

import { authenticate } from '../../lib/p2p/auth.js'
import { within } from './harness.js'
import { openPair } from './streams.js'

/** 'proved', or why not. */
const outcome = (stream: SecretStream, keys: readonly Buffer[], timeoutMs?: number): Promise<string> =>
  within(
    'authentication ends',
    new Promise((resolve) => {
      authenticate(stream, {
        keys,
        onProved: () => {
          resolve('proved')
        },
        onRejected: resolve,
        ...(timeoutMs !== undefined && { timeoutMs }),
      })
    }),
  )

const key = randomBytes(32)

/** Speaks the protocol without the key: shows proofs from elsewhere, and tells what it is shown. */
const imitate = (
  stream: SecretStream,
  proofs: Buffer[],
  onShown: (proofs: Buffer[]) => void = () => undefined,
): void => {
  Protomux.from(stream)
    .createChannel<Buffer[]>({
      protocol: 'swarmlambda/auth/1',
      handshake: encodings.array(encodings.fixed32),
      onopen: onShown,
    })
    ?.open(proofs)
}

test('two edges with the same key prove it to each other', async () => {
  await using pair = await openPair()
  assert.deepEqual(await Promise.all([outcome(pair.initiator, [key]), outcome(pair.responder, [key])]), [
    'proved',
    'proved',
  ])
})

test('another key proves nothing, and the stream is destroyed', async () => {
  await using pair = await openPair()
  const [one, two] = await Promise.all([outcome(pair.initiator, [key]), outcome(pair.responder, [randomBytes(32)])])
  assert.ok([one, two].includes('wrong proof'))
  assert.ok(![one, two].includes('proved'))
  assert.ok(pair.initiator.destroyed && pair.responder.destroyed)
})

test('while a key is rotated, edges with the old and the new key meet edges with both', async () => {
  const [old, fresh] = [randomBytes(32), randomBytes(32)]
  for (const other of [[old], [fresh], [fresh, old]]) {
    await using pair = await openPair()
    assert.deepEqual(await Promise.all([outcome(pair.initiator, [fresh, old]), outcome(pair.responder, other)]), [
      'proved',
      'proved',
    ])
  }
})

test('silence is no proof', async () => {
  await using pair = await openPair()
  assert.equal(await outcome(pair.responder, [key], 100), 'no proof in time')
  assert.ok(pair.responder.destroyed)
})

test('a proof of another connection is worth nothing', async () => {
  // Of the same two edges, even.
  const identities = [HyperDHT.keyPair(), HyperDHT.keyPair()] as const
  await using seen = await openPair(identities)
  const captured = new Promise<Buffer[]>((resolve) => {
    imitate(seen.initiator, [randomBytes(32)], resolve)
  })
  void outcome(seen.responder, [key])
  await using pair = await openPair(identities)
  // The responder's proof, played by a responder to another initiator.
  imitate(pair.responder, await captured)
  assert.equal(await outcome(pair.initiator, [key]), 'wrong proof')
})

test('its own proof sent back is worth nothing', async () => {
  await using pair = await openPair()
  pair.responder.once('data', (message: Buffer) => {
    imitate(pair.responder, [Buffer.from(message.subarray(-32))])
  })
  assert.equal(await outcome(pair.initiator, [key]), 'wrong proof')
})

test('whoever sends much before a proof is cut off', async () => {
  await using pair = await openPair()
  const ended = outcome(pair.responder, [key])
  const flood = (): void => {
    // A frame for a channel that isn't there, 16 kB each.
    for (let round = 0; round < 16; round += 1)
      pair.initiator.write(Buffer.concat([Buffer.of(9, 0), randomBytes(16_384)]))
  }
  flood()
  assert.equal(await ended, 'too much data before the proof')
})

test('nothing is opened before the proof, and everything at once with it', async () => {
  await using pair = await openPair()
  let opened = false
  const before = Protomux.from(pair.responder).createChannel<undefined>({
    protocol: 'something',
    onopen: () => {
      opened = true
    },
  })
  before?.open(undefined)
  // The other side opens its channel inside onProved: a message right behind the proof must find it.
  const arrived = within(
    'channel opened',
    new Promise<void>((resolve) => {
      authenticate(pair.initiator, {
        keys: [key],
        onRejected: (reason) => {
          assert.fail(reason)
        },
        onProved: () => {
          assert.equal(opened, false)
          Protomux.from(pair.initiator)
            .createChannel<undefined>({
              protocol: 'after',
              onopen: () => {
                resolve()
              },
            })
            ?.open(undefined)
        },
      })
    }),
  )
  authenticate(pair.responder, {
    keys: [key],
    onRejected: (reason) => {
      assert.fail(reason)
    },
    onProved: () => {
      Protomux.from(pair.responder).createChannel<undefined>({ protocol: 'after' })?.open(undefined)
    },
  })
  await arrived
})
