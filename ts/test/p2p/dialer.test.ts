import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { test, type TestContext } from 'node:test'

import type { SecretStream } from '@hyperswarm/secret-stream'

import { openDialer } from '../../lib/p2p/dialer.js'
import { SILENT } from '../../lib/log.js'

const ownKey = Buffer.alloc(32, 1)
const publicKey = Buffer.alloc(32, 2)
const id = publicKey.toString('hex')
const at = (port: number) => ({ host: '127.0.0.1', port })

/** A dialer whose streams are the test's, in a time that is the test's. */
const open = (t: TestContext) => {
  t.mock.timers.enable({ apis: ['setInterval', 'Date'] })
  const dials: { ports: number[]; stream: SecretStream }[] = []
  let connected: string | null = null
  const dialer = openDialer({
    ownKey,
    dial: (_, addresses) => {
      const stream = new PassThrough() as unknown as SecretStream
      dials.push({ ports: addresses.map(({ port }) => port), stream })
      return stream
    },
    connected: () => connected,
    excluded: () => false,
    onOpen: () => undefined,
    log: SILENT,
  })
  t.after(() => {
    dialer[Symbol.dispose]()
  })
  return {
    dialer,
    dials,
    connect: (incarnation: string | null): void => {
      connected = incarnation
      if (incarnation !== null) dialer.proved(id)
    },
    pass: (ms: number): void => {
      t.mock.timers.tick(ms)
    },
  }
}

/** Lets a destroyed stream say that it is closed. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('a hello of a peer with a greater key is dialled at once, of one with a lower key not', (t) => {
  const { dialer, dials } = open(t)
  dialer.found({ publicKey: Buffer.alloc(32), incarnation: 'x', addresses: [at(1)] })
  dialer.found({ publicKey: ownKey, incarnation: 'x', addresses: [at(1)] })
  assert.equal(dials.length, 0)
  dialer.found({ publicKey, incarnation: 'x', addresses: [at(7)] })
  assert.deepEqual(dials[0]?.ports, [7])
})

test('on the topic whoever finds dials', (t) => {
  const { dialer, dials } = open(t)
  dialer.found({ publicKey: Buffer.alloc(32), incarnation: null, addresses: [at(1)], lookup: true })
  assert.equal(dials.length, 1)
})

test('a peer that restarts is dialled at once, a dial of where it was is dropped', (t) => {
  const { dialer, dials } = open(t)
  dialer.found({ publicKey, incarnation: 'one', addresses: [at(1)] })
  dialer.found({ publicKey, incarnation: 'two', addresses: [at(2)] })
  assert.deepEqual(
    dials.map(({ ports }) => ports),
    [[1], [2]],
  )
  assert.ok(dials[0]?.stream.destroyed)
})

test('a peer that comes back to an address it had before is dialled there', (t) => {
  const { dialer, dials, connect } = open(t)
  for (const [incarnation, port] of [
    ['one', 1],
    ['two', 2],
    ['three', 1],
  ] as const) {
    connect(null)
    dialer.found({ publicKey, incarnation, addresses: [at(port)] })
    assert.equal(dials.at(-1)?.ports[0], port)
    connect(incarnation)
  }
})

test('a peer that is connected is not dialled, and a late hello of an earlier incarnation is nothing', (t) => {
  const { dialer, dials, connect, pass } = open(t)
  dialer.found({ publicKey, incarnation: 'one', addresses: [at(1)] })
  connect('one')
  dialer.found({ publicKey, incarnation: 'two', addresses: [at(2)] })
  connect('two')
  dialer.found({ publicKey, incarnation: 'one', addresses: [at(1)] })
  dialer.found({ publicKey, incarnation: 'two', addresses: [at(2)] })
  pass(60_000)
  assert.equal(dials.length, 2)
})

test('it goes on for ever, at each of its addresses in turn, ever more slowly', async (t) => {
  const { dialer, dials, pass } = open(t)
  dialer.found({ publicKey, incarnation: 'one', addresses: [at(1)] })
  dialer.found({ publicKey, incarnation: 'one', addresses: [at(2)] })
  const tenMinutes = async (): Promise<number> => {
    const before = dials.length
    for (let second = 0; second < 60 * 10; second += 1) {
      for (let quarter = 0; quarter < 4; quarter += 1) pass(250)
      await settle()
    }
    return dials.length - before
  }
  const first = await tenMinutes()
  for (let count = 0; count < 3; count += 1) await tenMinutes()
  const last = await tenMinutes()
  const firsts = dials.map(({ ports }) => ports[0])
  assert.deepEqual(new Set(firsts), new Set([1, 2]))
  // One every three to four seconds for half an hour, rarely in the end, and never none.
  assert.ok(first > 130 && first < 200, String(first))
  assert.ok(last > 40 && last < 60, String(last))
  // Whoever is heard is there.
  dials.at(-1)?.stream.destroy()
  await settle()
  const before = dials.length
  dialer.found({ publicKey, incarnation: 'one', addresses: [at(1)] })
  pass(1_250)
  await settle()
  assert.equal(dials.length, before + 1)
})

test('whoever proves nothing is left alone for a minute', async (t) => {
  const { dialer, dials, pass } = open(t)
  dialer.found({ publicKey, incarnation: null, addresses: [at(1)], lookup: true })
  dials[0]?.stream.emit('open')
  dials[0]?.stream.destroy()
  dialer.rejected(id)
  await settle()
  pass(55_000)
  assert.equal(dials.length, 1)
  pass(10_000)
  assert.equal(dials.length, 2)
})

test('a peer that is lost is dialled again at once', async (t) => {
  const { dialer, dials, connect, pass } = open(t)
  dialer.found({ publicKey, incarnation: 'one', addresses: [at(1)] })
  connect('one')
  connect(null)
  dialer.lost(id)
  await settle()
  pass(250)
  assert.equal(dials.length, 2)
})

test('a peer that is heard after a silence is dialled at once, and who is heard all the time in its turn', async (t) => {
  const { dialer, dials, connect, pass } = open(t)
  const hello = (): void => dialer.found({ publicKey, incarnation: 'one', addresses: [at(1)] })
  hello()
  connect('one')
  connect(null)
  dialer.lost(id)
  // Apart: the try that is under way reaches nobody.
  pass(4_000)
  await settle()
  pass(1_000)
  const before = dials.length
  hello()
  assert.equal(dials.length, before + 1)
  assert.ok(dials[before - 1]?.stream.destroyed)
  assert.equal(dials[before]?.stream.destroyed, false)
  // It is heard, but our packets do not get there: a try has its time.
  pass(1_000)
  hello()
  assert.equal(dials.length, before + 1)
})

test('a peer that another one just met is dialled at once', async (t) => {
  const { dialer, dials, connect, pass } = open(t)
  dialer.found({ publicKey, incarnation: 'one', addresses: [at(1)] })
  connect('one')
  connect(null)
  dialer.lost(id)
  pass(250)
  pass(750)
  await settle()
  const before = dials.length
  dialer.found({ publicKey, incarnation: null, addresses: [at(1)] })
  assert.equal(dials.length, before + 1)
})
