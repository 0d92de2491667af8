import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { setMaxListeners } from 'node:events'
import { test } from 'node:test'

import Protomux from 'protomux'

import { SwarmError } from '../../lib/errors.js'
import { MAX_CALLS_OUT, MAX_MESSAGE_BYTES, openRpc, UnreachableError, type Rpc } from '../../lib/p2p/rpc.js'
import type { Handler, Peer } from '../../lib/p2p/types.js'
import { deferred, within } from './harness.js'
import { openPair } from './streams.js'

const peer = (name: string): Peer => ({ name }) as Peer

const open = async (handlers: Record<string, Handler>) => {
  const pair = await openPair()
  const caller: Rpc = openRpc(pair.initiator, peer('server'), new Map())
  openRpc(pair.responder, peer('caller'), new Map(Object.entries(handlers)))
  return { pair, caller, [Symbol.asyncDispose]: () => pair[Symbol.asyncDispose]() }
}

const never: Handler = (_, { signal }) =>
  new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => {
      reject(signal.reason as Error)
    })
  })

test('a call is answered, with what was sent to it', async () => {
  await using rpc = await open({ echo: async (payload) => payload })
  for (const payload of [Buffer.alloc(0), Buffer.from('hello'), randomBytes(6_000_000)]) {
    assert.ok((await rpc.caller.request('echo', payload, { timeoutMs: 10_000 })).equals(payload))
  }
})

test('an error keeps its code, and what is no SwarmError is INTERNAL', async () => {
  await using rpc = await open({
    refuse: async () => {
      throw new SwarmError('TOO_MANY_REQUESTS', 'not now')
    },
    fail: async () => {
      throw new TypeError('oops')
    },
  })
  await assert.rejects(rpc.caller.request('refuse', Buffer.alloc(0), { timeoutMs: 5_000 }), {
    code: 'TOO_MANY_REQUESTS',
    message: 'not now',
  })
  await assert.rejects(rpc.caller.request('fail', Buffer.alloc(0), { timeoutMs: 5_000 }), {
    code: 'INTERNAL',
    message: 'oops',
  })
  await assert.rejects(rpc.caller.request('nothing', Buffer.alloc(0), { timeoutMs: 5_000 }), { code: 'NOT_FOUND' })
})

test('a deadline ends the call here and the handler there', async () => {
  let reason: unknown
  const ended = deferred<void>()
  await using rpc = await open({
    wait: (_, { signal, deadlineMs }) => {
      assert.ok(deadlineMs - Date.now() <= 150)
      return new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          reason = signal.reason
          ended.resolve()
          reject(signal.reason as Error)
        })
      })
    },
  })
  const started = performance.now()
  await assert.rejects(rpc.caller.request('wait', Buffer.alloc(0), { timeoutMs: 150 }), { code: 'DEADLINE' })
  assert.ok(performance.now() - started < 2_000)
  await within('handler aborted', ended.promise)
  assert.ok(reason instanceof SwarmError)
  await assert.rejects(rpc.caller.request('wait', Buffer.alloc(0), { timeoutMs: 0 }), { code: 'DEADLINE' })
})

test('a cancelled call rejects with the reason and cancels the handler', async () => {
  const started = deferred<void>()
  const cancelled = deferred<unknown>()
  await using rpc = await open({
    wait: (_, { signal }) => {
      started.resolve()
      return new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          cancelled.resolve(signal.reason)
          reject(signal.reason as Error)
        })
      })
    },
  })
  const controller = new AbortController()
  const call = rpc.caller.request('wait', Buffer.alloc(0), { timeoutMs: 60_000, signal: controller.signal })
  await within('call arrives', started.promise)
  controller.abort(new Error('changed my mind'))
  await assert.rejects(call, { message: 'changed my mind' })
  assert.match(String(await within('cancel arrives', cancelled.promise)), /cancelled/)
  await assert.rejects(rpc.caller.request('wait', Buffer.alloc(0), { timeoutMs: 1_000, signal: controller.signal }), {
    message: 'changed my mind',
  })
})

test('a lost connection fails the calls on it as unreachable, and tells whether they were sent', async () => {
  const aborted = deferred<void>()
  const started = deferred<void>()
  await using rpc = await open({
    wait: (payload, context) => {
      context.signal.addEventListener('abort', () => {
        aborted.resolve()
      })
      started.resolve()
      return never(payload, context)
    },
  })
  const call = rpc.caller.request('wait', Buffer.alloc(0), { timeoutMs: 60_000 })
  await within('call arrives', started.promise)
  rpc.pair.initiator.destroy()
  await assert.rejects(
    call,
    (error) => error instanceof UnreachableError && error.code === 'PEER_UNREACHABLE' && error.sent,
  )
  await within('handler aborted', aborted.promise)
  await assert.rejects(
    rpc.caller.request('wait', Buffer.alloc(0), { timeoutMs: 1_000 }),
    (error) => error instanceof UnreachableError && !error.sent,
  )
})

test('what is too large is refused on both ways and harms nothing', async () => {
  await using rpc = await open({
    big: async () => Buffer.alloc(MAX_MESSAGE_BYTES + 1),
    echo: async (payload) => payload,
  })
  await assert.rejects(rpc.caller.request('echo', Buffer.alloc(MAX_MESSAGE_BYTES + 1), { timeoutMs: 5_000 }), {
    code: 'TOO_LARGE',
  })
  await assert.rejects(rpc.caller.request('big', Buffer.alloc(0), { timeoutMs: 5_000 }), { code: 'TOO_LARGE' })
  assert.equal(
    (await rpc.caller.request('echo', Buffer.alloc(MAX_MESSAGE_BYTES), { timeoutMs: 10_000 })).byteLength,
    MAX_MESSAGE_BYTES,
  )
})

test('calls in flight are bounded', async () => {
  await using rpc = await open({ wait: never })
  const controller = new AbortController()
  setMaxListeners(MAX_CALLS_OUT, controller.signal)
  const calls = Array.from({ length: MAX_CALLS_OUT }, () =>
    rpc.caller.request('wait', Buffer.alloc(0), { timeoutMs: 60_000, signal: controller.signal }),
  )
  await assert.rejects(rpc.caller.request('wait', Buffer.alloc(0), { timeoutMs: 1_000 }), { code: 'TOO_MANY_REQUESTS' })
  controller.abort(new Error('enough'))
  assert.ok((await Promise.allSettled(calls)).every(({ status }) => status === 'rejected'))
  await assert.rejects(rpc.caller.request('wait', Buffer.alloc(0), { timeoutMs: 50 }), { code: 'DEADLINE' })
})

test('a slow call in a batch does not hold back the answers to the others', async () => {
  await using rpc = await open({ wait: never, echo: async (payload) => payload })
  const controller = new AbortController()
  const mux = Protomux.from(rpc.pair.initiator)
  mux.cork()
  const slow = rpc.caller.request('wait', Buffer.alloc(0), { timeoutMs: 60_000, signal: controller.signal })
  const fast = rpc.caller.request('echo', Buffer.from('now'), { timeoutMs: 2_000 })
  mux.uncork()
  assert.equal((await fast).toString(), 'now')
  controller.abort(new Error('enough'))
  await assert.rejects(slow)
})

test('malformed frames are ignored', async () => {
  await using rpc = await open({ echo: async (payload) => payload })
  for (let round = 0; round < 300; round += 1) {
    // Channel 1, message types 0 to 2, of random content.
    rpc.pair.initiator.write(Buffer.concat([Buffer.of(1, round % 3), randomBytes(round % 20)]))
  }
  assert.equal((await rpc.caller.request('echo', Buffer.from('fine'), { timeoutMs: 5_000 })).toString(), 'fine')
})
