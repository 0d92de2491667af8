import assert from 'node:assert/strict'
import { test } from 'node:test'

import { applyPatch, encodeStatus, isUrgent } from '../../lib/p2p/status-patch.js'
import type { PeerStatus } from '../../lib/p2p/status.js'
import { seeded } from '../registry/seeded.js'
import { statusOf } from './harness.js'

const encode = (payload: unknown): Buffer => Buffer.from(JSON.stringify(payload))

test('a status told by its changes is the status, with fields nobody knows', () => {
  const random = seeded(1)
  let here: PeerStatus = statusOf('a')
  let there: PeerStatus | null = here
  for (let step = 0; step < 500; step += 1) {
    const loaded = { ...here.loaded }
    const name = `f${Math.floor(random() * 20)}`
    if (random() < 0.5) loaded[name] = String(random())
    else Reflect.deleteProperty(loaded, name)
    const next: PeerStatus = { ...here, loaded, inFlight: Math.floor(random() * 3), color: Math.floor(random() * 2), links: random() < 0.5 ? here.links : [{ to: 'b', rttMs: random() }] }
    there = applyPatch(there, JSON.parse(encodeStatus(next, encode).since(here).toString()))
    assert.ok(there)
    assert.deepEqual(there, next)
    here = next
  }
})

test('what decides where invocations go does not wait, how busy an edge is does', () => {
  const before = { ...statusOf('a'), loaded: { f: '1' } }
  assert.equal(isUrgent(before, { ...before, inFlight: 9, requestsPerSecond: 100, loaded: { f: '1' } }), false)
  assert.equal(isUrgent(before, { ...before, state: 'draining' }), true)
  assert.equal(isUrgent(before, { ...before, loaded: { f: '2' } }), true)
  assert.equal(isUrgent(before, { ...before, loaded: {} }), true)
})

test('a patch that is none changes nothing', () => {
  const before = statusOf('a')
  for (const patch of [null, 7, { state: 'melting' }, { loaded: { f: 7 } }, { loaded: Object.fromEntries(Array.from({ length: 2_001 }, (_, index) => [`f${index}`, 'r'])) }]) {
    assert.equal(applyPatch(before, patch), null)
  }
})
