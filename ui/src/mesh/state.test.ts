import assert from 'node:assert/strict'
import { test } from 'node:test'
import { edge, fn, invocation, snapshot } from './fixtures.ts'
import { PULSE_MS } from './pulses.ts'
import { emptyState, freshness, type MeshAction, type MeshState, reduce, STALE_MS } from './state.ts'

function after(...actions: MeshAction[]): MeshState {
  return actions.reduce(reduce, emptyState)
}

const opened = { type: 'opened', now: 0, elsewhere: null } as const
const first = { type: 'snapshot', now: 0, snapshot: snapshot() } as const

test('the first snapshot is no news', () => {
  assert.deepEqual(after(opened, first).timeline, [])
})

test('lists the loss and the return of an edge, newest first', () => {
  const without = snapshot({ edges: [edge('edge-a'), edge('edge-b'), edge('edge-c', { state: 'down' })] })
  const state = after(opened, first, { type: 'snapshot', now: 1, snapshot: without }, { type: 'snapshot', now: 2, snapshot: snapshot() })
  assert.deepEqual(state.timeline.map((entry) => [entry.kind, 'edge' in entry && entry.edge]), [['back', 'edge-c'], ['lost', 'edge-c']])
})

test('lists a restart that fell between two snapshots', () => {
  const restarted = snapshot({ edges: [edge('edge-a'), edge('edge-b', { startedAt: 9000 }), edge('edge-c')] })
  assert.equal(after(opened, first, { type: 'snapshot', now: 1, snapshot: restarted }).timeline[0]?.kind, 'back')
})

test('lists deploys, updates, conflicts and deletes', () => {
  const kinds = (...versions: ReturnType<typeof fn>[][]) => after(opened, ...versions.map((functions, now) =>
    ({ type: 'snapshot', now, snapshot: snapshot({ functions }) }) as const)).timeline.map((entry) => entry.kind).reverse()
  assert.deepEqual(kinds([], [fn('hello')]), ['deployed'])
  assert.deepEqual(kinds([fn('hello')], [fn('hello')]), [])
  assert.deepEqual(kinds([fn('hello')], [fn('hello', { lastModified: 2000 })]), ['updated'])
  assert.deepEqual(kinds([fn('hello')], [fn('hello', { conflicts: 1 })]), ['conflict'])
  assert.deepEqual(kinds([fn('hello')], []), ['deleted'])
})

test('says that another edge serves the page after a reconnect', () => {
  const state = after(opened, first, { type: 'lost' }, { type: 'opened', now: 5, elsewhere: null }, { type: 'snapshot', now: 6, snapshot: snapshot({ self: 'edge-b' }) })
  assert.deepEqual(state.timeline, [{ kind: 'serving', from: 'edge-a', to: 'edge-b', id: 1, at: 6 }])
})

test('a failover is listed with its receipt and travels from edge to edge', () => {
  const event = invocation(['edge-a', 'absent'], ['edge-b', 'ok'])
  const state = after(opened, first, { type: 'invocations', now: 10, invocations: [event] })
  const entry = state.timeline[0]
  assert.ok(entry?.kind === 'failover')
  assert.deepEqual(entry.tries, event.tries)
  assert.deepEqual(state.pulses.map(({ from, to, cause }) => ({ from, to, cause })), [{ from: 'id-edge-a', to: 'id-edge-b', cause: 'absent' }])
  assert.equal(reduce(state, { type: 'faded', now: 10 + PULSE_MS }).pulses.length, 0)
})

test('an invocation heard twice is shown once', () => {
  const event = invocation(['edge-a', 'crashed'], ['edge-b', 'ok'])
  const state = after(opened, first, { type: 'invocations', now: 1, invocations: [event] }, { type: 'invocations', now: 2, invocations: [event] })
  assert.equal(state.timeline.length, 1)
  assert.equal(state.pulses.length, 1)
})

test('ordinary invocations are shown as they pass and not listed', () => {
  const state = after(opened, first, { type: 'invocations', now: 1, invocations: [invocation(['edge-a', 'ok'])] })
  assert.equal(state.timeline.length, 0)
  assert.equal(state.pulses.length, 1)
})

test('a storm of one failover is counted in one entry and washes nothing out', () => {
  const storm = Array.from({ length: 5000 }, () => invocation(['edge-a', 'timeout'], ['edge-b', 'ok']))
  const other = invocation(['edge-a', 'absent'], ['edge-b', 'ok'])
  const state = after(opened, first, { type: 'invocations', now: 1, invocations: [other] }, { type: 'invocations', now: 2, invocations: storm })
  assert.deepEqual(state.timeline.map((entry) => 'count' in entry && entry.count), [5000, 1])
  assert.ok(state.pulses.length < 50)
})

test('the same failover much later is an entry of its own', () => {
  const again = () => invocation(['edge-a', 'timeout'], ['edge-b', 'ok'])
  const state = after(opened, first, { type: 'invocations', now: 0, invocations: [again()] }, { type: 'invocations', now: 60_000, invocations: [again()] })
  assert.equal(state.timeline.length, 2)
})

test('tells live from stale from lost', () => {
  assert.equal(freshness(after(opened), 0), 'connecting')
  const live = after(opened, first)
  assert.equal(freshness(live, STALE_MS), 'live')
  assert.equal(freshness(live, STALE_MS + 1), 'stale')
  assert.equal(freshness(reduce(live, { type: 'lost' }), 0), 'lost')
})

test('keeps a minute of load for each edge and forgets edges that left', () => {
  let state = after(opened)
  for (let half = 2; half < 202; half++) {
    const edges = [edge('edge-a', { requestsPerSecond: half })]
    state = reduce(state, { type: 'snapshot', now: half * 500, snapshot: snapshot({ edges }) })
  }
  assert.equal(state.load['id-edge-a']?.length, 60)
  assert.equal(state.load['id-edge-a']?.at(-1)?.requests, 201)
  assert.equal(state.load['id-edge-a']?.[0]?.requests, 201 - 2 * 59)
  assert.deepEqual(Object.keys(reduce(state, { type: 'snapshot', now: 200_000, snapshot: snapshot({ edges: [] }) }).load), [])
})
