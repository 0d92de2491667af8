import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { estimateMs, orderCandidates, type Candidate } from '../../lib/router.js'

const candidate = (name: string, given: Partial<Candidate> = {}): Candidate => ({
  id: name,
  name,
  distanceKm: 0,
  rttMs: null,
  inFlight: 0,
  draining: false,
  setAside: false,
  holding: 'has',
  ...given,
})
const names = (candidates: Candidate[]): string[] => orderCandidates(candidates).map(({ name }) => name)

describe('nearest first', () => {
  test('by region distance when all are on one machine', () => {
    assert.deepEqual(names([candidate('far', { distanceKm: 9_000, rttMs: 0.2 }), candidate('near', { distanceKm: 4_000, rttMs: 0.3 })]), ['near', 'far'])
  })
  test('a measured round trip longer than the distance permits is believed', () => {
    assert.equal(estimateMs({ distanceKm: 1_000, rttMs: 80 }), 80)
    assert.equal(estimateMs({ distanceKm: 1_000, rttMs: 0.1 }), 10)
    assert.deepEqual(names([candidate('detour', { distanceKm: 1_000, rttMs: 80 }), candidate('straight', { distanceKm: 4_000, rttMs: 41 })]), ['straight', 'detour'])
  })
  test('load decides between edges equally near', () => {
    assert.deepEqual(names([candidate('busy', { distanceKm: 10, inFlight: 9 }), candidate('idle', { distanceKm: 20 })]), ['idle', 'busy'])
  })
  test('an edge that has the function comes before a nearer one that may not', () => {
    const lacks = candidate('lacks', { holding: 'lacks' })
    const unknown = candidate('unknown', { holding: 'unknown' })
    assert.deepEqual(names([lacks, unknown, candidate('has', { distanceKm: 9_000 })]), ['has', 'unknown', 'lacks'])
  })
  test('an edge set aside comes last, one that drains not at all', () => {
    assert.deepEqual(names([candidate('aside', { setAside: true }), candidate('drains', { draining: true }), candidate('far', { distanceKm: 9_000 })]), ['far', 'aside'])
  })
  test('the order is total: any permutation sorts the same', () => {
    const all = Array.from({ length: 40 }, (_, n) => candidate(`e${n}`, { distanceKm: (n * 997) % 900, rttMs: n % 3 ? n % 12 : null, inFlight: n % 4 }))
    const expected = names(all)
    for (let turn = 1; turn < 40; turn++) assert.deepEqual(names([...all.slice(turn), ...all.slice(0, turn)].reverse()), expected)
  })
})
