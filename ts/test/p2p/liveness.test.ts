import assert from 'node:assert/strict'
import { test } from 'node:test'

import { createLiveness, TICK_MS } from '../../lib/p2p/liveness.js'

/** Ticks until it is dead or `ms` have passed; answers and bytes as `other` says. */
const run = (ms: number, other: (at: number) => { bytes: number; step?: number }) => {
  const liveness = createLiveness(0)
  const pings: number[] = []
  let at = 0
  while (at < ms) {
    const { bytes, step = TICK_MS } = other(at)
    at += step
    const next = liveness.tick(at, bytes)
    if (next === 'dead') return { deadAt: at, pings, liveness }
    if (next !== null) {
      pings.push(at)
      liveness.answered(next, at + 8)
    }
  }
  return { deadAt: null, pings, liveness }
}

test('pings once a second and knows the round trip', () => {
  const { deadAt, pings, liveness } = run(60_000, (at) => ({ bytes: at }))
  assert.equal(deadAt, null)
  assert.equal(pings.length, 60)
  assert.equal(liveness.rttMs(), 8)
})

test('a peer that says nothing is dead within 3 s', () => {
  const { deadAt } = run(60_000, (at) => ({ bytes: Math.min(at, 10_000) }))
  assert.ok(deadAt !== null && deadAt - 10_000 <= 3_000, `dead after ${String(deadAt)}`)
})

test('a peer that never said anything is dead within 3 s', () => {
  const { deadAt } = run(60_000, () => ({ bytes: 0 }))
  assert.ok(deadAt !== null && deadAt <= 3_000 + TICK_MS)
})

test('bytes without pongs are a life: a pong may wait behind a blob', () => {
  const liveness = createLiveness(0)
  for (let at = TICK_MS; at < 60_000; at += TICK_MS) assert.notEqual(liveness.tick(at, at), 'dead')
  assert.equal(liveness.rttMs(), null)
})

test('our own pause does not count against the peer', () => {
  const { deadAt } = run(60_000, (at) =>
    at === 10_000 ? { bytes: at, step: 20_000 } : { bytes: at > 30_000 ? at : Math.min(at, 10_000) },
  )
  assert.equal(deadAt, null)
})

test('an answer to an older ping is not a round trip', () => {
  const liveness = createLiveness(0)
  const first = liveness.tick(1_000, 1)
  const second = liveness.tick(2_000, 2)
  assert.ok(typeof first === 'number' && typeof second === 'number' && second > first)
  liveness.answered(first, 2_001)
  assert.equal(liveness.rttMs(), null)
  liveness.answered(second, 2_005)
  assert.equal(liveness.rttMs(), 5)
  liveness.answered(second, 9_000)
  assert.equal(liveness.rttMs(), 5)
})
