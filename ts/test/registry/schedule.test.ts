// Registries in one process under random schedules: partitions, clocks that are wrong, records from elsewhere, and the
// real fold, view, compaction rules. Nothing acknowledged disappears silently, and all edges end up with the same.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { createClock, MAX_AHEAD_MS } from '../../lib/registry/clock.js'
import { EMPTY, merge, winnerOf, type NameState } from '../../lib/registry/merge.js'
import { revisionOf, type AnyRecord } from '../../lib/registry/record.js'
import { seeded } from './seeded.js'

const NAMES = ['f', 'g', 'f:live', '!route:GET /x']

interface Sim {
  id: string
  clock: ReturnType<typeof createClock>
  log: AnyRecord[]
  /** Of each log: how much of it is folded here. */
  folded: number[]
  waiting: AnyRecord[]
  states: Map<string, NameState>
  offsetMs: number
}

const write = (edge: Sim, name: string, random: () => number): AnyRecord => {
  const state = edge.states.get(name)
  const hlc = edge.clock.tick(state?.heads[0]?.hlc)
  const common = {
    v: 1 as const,
    name,
    hlc,
    edge: edge.id,
    revisionId: revisionOf(hlc, edge.id),
    previous: (state?.heads ?? []).map(({ revisionId }) => revisionId),
    cancels: edge.waiting.filter((record) => record.name === name).map(({ revisionId }) => revisionId),
    lastModified: edge.clock.now(),
    createdAt: edge.clock.now(),
  }
  return random() < 0.25 ? { ...common, deleted: true } : { ...common, deleted: false, kind: 'item', value: { to: random() } }
}

const apply = (edge: Sim, record: AnyRecord): void => {
  edge.clock.observe(record.hlc)
  edge.states.set(record.name, merge(edge.states.get(record.name) ?? EMPTY, record))
}

/** As fold.ts: in the order of each log; what is too far ahead waits for its time. */
const receive = (edge: Sim, record: AnyRecord): void => {
  if (edge.clock.isAhead(record.hlc)) edge.waiting.push(record)
  else apply(edge, record)
}
const ripen = (edge: Sim): void => {
  const ripe = edge.waiting.filter(({ hlc }) => !edge.clock.isAhead(hlc))
  edge.waiting = edge.waiting.filter((record) => !ripe.includes(record))
  for (const record of ripe) apply(edge, record)
}
/** As registry.ts, once the clock is right again: what was believed too early waits. */
const unbelieve = (edges: readonly Sim[], edge: Sim): void => {
  if (![...edge.states.values()].some(({ heads }) => heads.some(({ hlc }) => edge.clock.isAhead(hlc)))) return
  edge.states.clear()
  edge.waiting = []
  for (const [index, { log }] of edges.entries()) for (const record of log.slice(0, edge.folded[index])) receive(edge, record)
}
/** Some more of the logs that `to` can reach. */
const replicate = (edges: readonly Sim[], from: number, to: number, most: number): void => {
  const target = edges[to] as Sim
  const source = edges[from] as Sim
  // A log reaches an edge through others: what `from` has folded of any log, `to` may get.
  for (const [index, edge] of edges.entries()) {
    const has = index === from ? edge.log.length : (source.folded[index] ?? 0)
    for (let count = 0; count < most && (target.folded[index] ?? 0) < has; count += 1) {
      if (index === to) target.folded[index] = edge.log.length
      else {
        receive(target, edge.log[target.folded[index] ?? 0] as AnyRecord)
        target.folded[index] = (target.folded[index] ?? 0) + 1
      }
    }
  }
}

const run = (seed: number): { edges: Sim[]; all: AnyRecord[]; now: number; what: string } => {
  const random = seeded(seed)
  let now = 1_700_000_000_000
  const count = 2 + Math.floor(random() * 4)
  const edges: Sim[] = Array.from({ length: count }, (_, index) => {
    const edge: Sim = {
      id: String(index).repeat(2).padEnd(64, '0'),
      offsetMs: random() < 0.3 ? (random() - 0.5) * 800 * 86_400_000 : (random() - 0.5) * 20_000,
      clock: createClock(() => Math.max(0, Math.floor(now + edge.offsetMs))),
      log: [],
      folded: Array.from({ length: count }, () => 0),
      waiting: [],
      states: new Map(),
    }
    return edge
  })
  let groups = edges.map(() => 0)
  for (let step = 0; step < 120; step += 1) {
    now += Math.floor(random() * 5_000)
    const index = Math.floor(random() * count)
    const edge = edges[index] as Sim
    const choice = random()
    if (choice < 0.35) {
      const record = write(edge, NAMES[Math.floor(random() * NAMES.length)] ?? 'f', random)
      edge.log.push(record)
      edge.folded[index] = edge.log.length
      receive(edge, record)
    } else if (choice < 0.85) {
      const other = Math.floor(random() * count)
      if (other !== index && groups[other] === groups[index]) replicate(edges, index, other, 1 + Math.floor(random() * 4))
    } else if (choice < 0.95) groups = edges.map(() => Math.floor(random() * 3))
    else edge.offsetMs = random() < 0.3 ? (random() - 0.5) * 800 * 86_400_000 : 0
    ripen(edge)
  }
  // It heals, the clocks are set, and time passes for what waits.
  for (const edge of edges) edge.offsetMs = 0
  for (const edge of edges) {
    ripen(edge)
    unbelieve(edges, edge)
  }
  for (let round = 0; round < count; round += 1) for (const from of edges.keys()) for (const to of edges.keys()) if (from !== to) replicate(edges, from, to, Infinity)
  const all = edges.flatMap(({ log }) => log)
  return { edges, all, now, what: `seed ${seed}, ${count} edges` }
}

const text = (states: Map<string, NameState>): string => JSON.stringify([...states].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, { heads }]) => [name, heads.map(({ revisionId }) => revisionId)]))

test('after any schedule of partitions, writes and wrong clocks all edges agree, and nothing acknowledged is gone silently', () => {
  for (let seed = 1; seed <= 3_000; seed += 1) {
    const { all, edges, what } = run(seed)
    const first = edges[0] as Sim
    const over = new Set(all.flatMap(({ cancels = [], previous }) => [...previous, ...cancels]))
    // One that was written over matters no more, whether it waits or not.
    const waitingOn = ({ waiting }: Sim): string[] => waiting.map(({ revisionId }) => revisionId).filter((revisionId) => !over.has(revisionId)).sort()
    for (const edge of edges) assert.deepEqual([text(edge.states), waitingOn(edge)], [text(first.states), waitingOn(first)], what)
    assert.equal(new Set(all.map(({ revisionId }) => revisionId)).size, all.length, `${what}: a revision was told twice`)
    const waiting = new Set(waitingOn(first))
    for (const { name, revisionId } of all) {
      const heads = first.states.get(name)?.heads.map((head) => head.revisionId) ?? []
      // The winner, a conflict that is listed, written over by one that had seen it, or waiting, which is reported.
      assert.ok(heads.includes(revisionId) || over.has(revisionId) || waiting.has(revisionId), `${what}: ${revisionId} of ${name} is gone`)
    }
  }
})

test('whoever deploys with a right clock wins, now and when the time of what waits has come', () => {
  for (let seed = 1; seed <= 1_000; seed += 1) {
    const { edges, now, what } = run(seed)
    const edge = edges[0] as Sim
    const written = NAMES.map((name) => write(edge, name, () => 1))
    for (const record of written) {
      assert.ok(record.hlc[0] <= now + MAX_AHEAD_MS, `${what}: its own clock does not count on from the future`)
      for (const each of edges) receive(each, record)
    }
    for (const each of edges) {
      for (const record of each.waiting) apply(each, record)
      for (const { name, revisionId } of written) assert.equal(winnerOf(each.states.get(name))?.revisionId, revisionId, what)
    }
  }
})
