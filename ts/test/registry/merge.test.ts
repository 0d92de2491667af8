import assert from 'node:assert/strict'
import { test } from 'node:test'

import { compareHlc, createClock, MAX_AHEAD_MS, type Hlc } from '../../lib/registry/clock.js'
import { compareRecords, EMPTY, merge, winnerOf, type NameState } from '../../lib/registry/merge.js'
import { decodeRecord, encodeRecord, revisionOf, type RegistryRecord } from '../../lib/registry/record.js'
import { seeded } from './seeded.js'

const shuffled = <T>(items: readonly T[], random: () => number): T[] => {
  const result = [...items]
  for (let index = result.length - 1; index > 0; index -= 1) {
    const other = Math.floor(random() * (index + 1))
    const [a, b] = [result[index] as T, result[other] as T]
    result[index] = b
    result[other] = a
  }
  return result
}

const tombstone = (name: string, hlc: readonly [number, number], edge: string, previous: string[]): RegistryRecord => ({
  v: 1,
  name,
  deleted: true,
  hlc: [hlc[0], hlc[1]],
  edge,
  revisionId: revisionOf(hlc, edge),
  previous,
  lastModified: hlc[0],
  createdAt: hlc[0],
})

const EDGES = ['aa', 'bb', 'cc', 'dd'].map((text) => text.repeat(32))
const NAMES = ['f', 'g']

/**
 * What some edges write while records reach each other in any way they like: clocks that disagree by up to 20 s,
 * partitions, records delivered in any order, late or not at all before the end.
 */
const history = (random: () => number): RegistryRecord[] => {
  let now = 1_700_000_000_000
  const all: RegistryRecord[] = []
  const edges = EDGES.map((id, index) => ({
    id,
    clock: createClock(() => now + index * 5_000 - 10_000),
    seen: new Set<RegistryRecord>(),
    states: new Map<string, NameState>(),
  }))
  const deliver = (edge: (typeof edges)[number], record: RegistryRecord): void => {
    if (edge.seen.has(record)) return
    edge.seen.add(record)
    edge.clock.observe(record.hlc)
    edge.states.set(record.name, merge(edge.states.get(record.name) ?? EMPTY, record))
  }
  for (let step = 0; step < 40; step += 1) {
    now += Math.floor(random() * 3) * (random() < 0.2 ? 1_000 : 1)
    const edge = edges[Math.floor(random() * edges.length)]
    if (edge === undefined) continue
    if (random() < 0.4) {
      const name = NAMES[Math.floor(random() * NAMES.length)] ?? 'f'
      const heads = edge.states.get(name)?.heads ?? []
      const record = tombstone(
        name,
        edge.clock.tick(),
        edge.id,
        heads.map((head) => head.revisionId),
      )
      all.push(record)
      deliver(edge, record)
    } else {
      const record = all[Math.floor(random() * all.length)]
      if (record !== undefined) deliver(edge, record)
    }
  }
  return all
}

const fold = (records: readonly RegistryRecord[]): Map<string, NameState> => {
  const states = new Map<string, NameState>()
  for (const record of records) states.set(record.name, merge(states.get(record.name) ?? EMPTY, record))
  return states
}

const revisions = (states: Map<string, NameState>): unknown =>
  [...states].sort().map(([name, state]) => [name, state.heads.map((head) => head.revisionId), state.over])

test('any order of delivery ends in the same winner and the same conflicts', () => {
  for (let seed = 1; seed <= 400; seed += 1) {
    const random = seeded(seed)
    const records = history(random)
    const expected = revisions(fold(records))
    for (let round = 0; round < 5; round += 1) {
      assert.deepEqual(revisions(fold(shuffled(records, random))), expected, `seed ${seed}, round ${round}`)
    }
  }
})

test('a record that comes again changes nothing', () => {
  for (let seed = 1; seed <= 200; seed += 1) {
    const random = seeded(seed)
    const records = history(random)
    assert.deepEqual(
      revisions(fold([...records, ...shuffled(records, random)])),
      revisions(fold(records)),
      `seed ${seed}`,
    )
  }
})

test('the winner is the greatest by clock and edge of all that was written', () => {
  for (let seed = 1; seed <= 400; seed += 1) {
    const records = history(seeded(seed))
    const states = fold(records)
    for (const name of NAMES) {
      const greatest = records
        .filter((record) => record.name === name)
        .sort(compareRecords)
        .at(-1)
      assert.equal(winnerOf(states.get(name))?.revisionId, greatest?.revisionId, `seed ${seed}`)
    }
  }
})

test('a head is exactly what no record was written over', () => {
  for (let seed = 1; seed <= 400; seed += 1) {
    const records = history(seeded(seed))
    const over = new Set(records.flatMap((record) => record.previous))
    for (const [name, state] of fold(records)) {
      const expected = records
        .filter((record) => record.name === name && !over.has(record.revisionId))
        .map((record) => record.revisionId)
      assert.deepEqual(state.heads.map((head) => head.revisionId).sort(), expected.sort(), `seed ${seed}`)
    }
  }
})

test('concurrent writes leave a conflict until somebody writes over both', () => {
  const [a, b, c] = EDGES
  assert.ok(a && b && c)
  const first = tombstone('f', [1, 0], a, [])
  const left = tombstone('f', [2, 0], a, [first.revisionId])
  const right = tombstone('f', [2, 0], b, [first.revisionId])
  const state = merge(merge(merge(EMPTY, first), left), right)
  assert.deepEqual(state.heads, [right, left], 'of the same time, the greater edge wins')
  const after = merge(state, tombstone('f', [3, 0], c, [right.revisionId, left.revisionId]))
  assert.equal(after.heads.length, 1)
})

test('a successor that arrives before its predecessor is no conflict', () => {
  const [a, b] = EDGES
  assert.ok(a && b)
  const first = tombstone('f', [1, 0], a, [])
  const second = tombstone('f', [2, 0], b, [first.revisionId])
  assert.deepEqual(merge(merge(EMPTY, second), first), { heads: [second], over: [first.revisionId] })
})

test('clocks go on from what they observed, and never back', () => {
  let now = 1_000
  const clock = createClock(() => now)
  const told: Hlc[] = [clock.tick(), clock.tick()]
  clock.observe([5_000, 7])
  told.push(clock.tick())
  now = 500
  told.push(clock.tick())
  now = 9_000
  told.push(clock.tick())
  assert.deepEqual(told, [
    [1_000, 0],
    [1_000, 1],
    [5_000, 8],
    [5_000, 9],
    [9_000, 0],
  ])
  for (const [index, hlc] of told.entries()) if (index > 0) assert.ok(compareHlc(hlc, told[index - 1] ?? hlc) > 0)
  assert.equal(clock.isAhead([now + MAX_AHEAD_MS, 9]), false)
  assert.equal(clock.isAhead([now + MAX_AHEAD_MS + 1, 0]), true)
})

test('revisions sort like clock and edge', () => {
  const random = seeded(7)
  const records = Array.from({ length: 500 }, () =>
    tombstone(
      'f',
      [Math.floor(random() * 1e13), Math.floor(random() * 1_000)],
      EDGES[Math.floor(random() * 4)] ?? '',
      [],
    ),
  )
  const byRevision = [...records]
    .sort((x, y) => (x.revisionId < y.revisionId ? -1 : 1))
    .map((record) => record.revisionId)
  assert.deepEqual(
    [...records].sort(compareRecords).map((record) => record.revisionId),
    byRevision,
  )
})

test('a record comes back as it was written, with fields nobody knows yet', () => {
  const record = { ...tombstone('f', [1, 0], 'aa', []), fromTheFuture: { kept: true } }
  assert.deepEqual(decodeRecord(encodeRecord(record)), record)
})

test('what is no record gives a reason', () => {
  const good = tombstone('f', [1, 0], 'aa', [])
  const bad: [Buffer, RegExp][] = [
    [Buffer.from('{'), /JSON/],
    [Buffer.from('null'), /./],
    [Buffer.from(JSON.stringify({ ...good, deleted: false })), /config/],
    [Buffer.from(JSON.stringify({ ...good, hlc: [2, 0] })), /revisionId/],
    [Buffer.from(JSON.stringify({ ...good, previous: [revisionOf([1, 1], 'aa')] })), /previous/],
    [Buffer.from(JSON.stringify({ ...good, v: 2 })), /v/],
    [Buffer.alloc(2 * 1024 * 1024, 0x20), /bytes/],
  ]
  for (const [block, reason] of bad) {
    const decoded = decodeRecord(block)
    assert.ok(typeof decoded === 'string')
    assert.match(decoded, reason)
  }
  assert.notEqual(typeof decodeRecord(encodeRecord(good)), 'string')
})
