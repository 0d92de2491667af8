import assert from 'node:assert/strict'
import { afterEach, beforeEach, mock, test } from 'node:test'
import type { InvocationEvent } from '../../../ts/lib/snapshot.ts'
import { invocation, snapshot } from './fixtures.ts'
import { openStream } from './stream.ts'

class FakeSource extends EventTarget {
  static all: FakeSource[] = []
  readonly url: string
  closed = false

  constructor(url: string) {
    super()
    this.url = url
    FakeSource.all.push(this)
  }

  close(): void { this.closed = true }
  say(type: string, data?: unknown): void { this.dispatchEvent(new MessageEvent(type, { data: JSON.stringify(data) })) }
}

const events: string[] = []
let others: string[] = []
const batches: (readonly InvocationEvent[])[] = []
let close = (): void => {}
const source = (): FakeSource => FakeSource.all.at(-1) ?? assert.fail('nothing was opened')

beforeEach(() => {
  mock.timers.enable({ apis: ['setTimeout', 'setInterval'] })
  Reflect.set(globalThis, 'EventSource', FakeSource)
  FakeSource.all = []
  others = []
  events.length = batches.length = 0
  close = openStream('events', () => others, {
    onOpen: (elsewhere) => events.push(elsewhere === null ? 'open' : `open at ${elsewhere}`),
    onLost: () => events.push('lost'),
    onSnapshot: ({ self }) => events.push(self),
    onInvocations: (batch) => batches.push(batch),
    onHistory: ({ kind }) => events.push(kind),
  })
})
afterEach(() => {
  close()
  mock.timers.reset()
})

test('opens a relative address and hands on what it hears', () => {
  assert.equal(source().url, 'events')
  source().say('open')
  source().say('snapshot', snapshot())
  source().say('snapshot', 'not one')
  assert.deepEqual(events, ['open', 'edge-a'])
})

test('opens a new source after an error, later after each failure, and at once again when it was open', () => {
  const waits: number[] = []
  for (let failure = 0; failure < 4; failure++) {
    const opened = FakeSource.all.length
    source().say('error')
    assert.ok(source().closed)
    let waited = 0
    for (; FakeSource.all.length === opened; waited += 25) mock.timers.tick(25)
    waits.push(waited)
  }
  assert.deepEqual(waits, waits.toSorted((a, b) => a - b))
  source().say('open')
  source().say('error')
  const opened = FakeSource.all.length
  mock.timers.tick(400)
  assert.equal(FakeSource.all.length, opened + 1)
  assert.deepEqual(events, ['lost', 'lost', 'lost', 'lost', 'open', 'lost'])
})

test('opens a new source when the old one fell silent without an error', () => {
  source().say('open')
  mock.timers.tick(7_000)
  source().say('snapshot', snapshot())
  mock.timers.tick(7_000)
  assert.deepEqual(events, ['open', 'edge-a'])
  mock.timers.tick(1_500)
  assert.deepEqual(events, ['open', 'edge-a', 'lost'])
  mock.timers.tick(400)
  assert.equal(FakeSource.all.length, 2)
})

test('a burst of invocations is handed on at once', () => {
  for (let index = 0; index < 1000; index++) source().say('invocation', invocation(['edge-a', 'ok']))
  assert.equal(batches.length, 0)
  mock.timers.tick(100)
  assert.deepEqual(batches.map((batch) => batch.length), [200])
})

test('asks for nothing once it is closed', () => {
  close()
  assert.ok(source().closed)
  mock.timers.tick(60_000)
  assert.equal(FakeSource.all.length, 1)
})

test('while our edge does not answer, others are asked in turn, and it goes back once ours does', async () => {
  others = ['http://b:1', 'http://c:1/']
  Reflect.set(globalThis, 'fetch', () => Promise.resolve({ ok: true }))
  const urls: string[] = []
  for (let attempt = 0; attempt < 5; attempt++) {
    const opened = FakeSource.all.length
    source().say('error')
    while (FakeSource.all.length === opened) mock.timers.tick(25)
    urls.push(source().url)
  }
  assert.deepEqual(urls, ['http://b:1/events', 'events', 'http://c:1/events', 'events', 'http://b:1/events'])
  source().say('open')
  assert.equal(events.at(-1), 'open at http://b:1')
  mock.timers.tick(2_000)
  await new Promise((resolve) => setImmediate(resolve))
  assert.equal(source().url, 'events')
})
