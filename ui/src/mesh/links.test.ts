import assert from 'node:assert/strict'
import { test } from 'node:test'
import { edge, link, snapshot } from './fixtures.ts'
import { lostLinks, mergeLinks, neighboursOf, remember } from './links.ts'

const edges = [edge('edge-a'), edge('edge-b')]

test('both directions of a connection are one link with the lower round trip', () => {
  const merged = mergeLinks([link('id-edge-b', 'id-edge-a', 3), link('id-edge-a', 'id-edge-b', 2)], edges)
  assert.deepEqual(merged, [{ id: 'id-edge-a~id-edge-b', a: 'id-edge-a', b: 'id-edge-b', rttMs: 2, up: true, kind: null, setAside: false, chaos: null }])
})

test('edges may be named or numbered; unknown ones are left out', () => {
  assert.equal(mergeLinks([link('edge-a', 'edge-b', 1), link('edge-a', 'gone', 1), link('edge-a', 'edge-a', 0)], edges).length, 1)
})

test('a link to an edge that is down is down, whatever was last measured', () => {
  const [merged] = mergeLinks([link('edge-a', 'edge-b', 1)], [edge('edge-a'), edge('edge-b', { state: 'down' })])
  assert.deepEqual([merged?.up, merged?.rttMs], [false, null])
})

test('a link that is told of no more is down while both its edges are known', () => {
  const before = snapshot({ edges, links: [link('id-edge-a', 'id-edge-b', 1)] })
  const seen = remember(before, new Set())
  assert.deepEqual(lostLinks(before, seen), [])
  assert.deepEqual(lostLinks(snapshot({ edges }), seen), [link('id-edge-a', 'id-edge-b', null, false)])
  const left = snapshot({ edges: [edge('edge-a')] })
  assert.deepEqual(lostLinks(left, seen), [])
  assert.equal(remember(left, seen).size, 0)
})

test('an edge that is down has a broken link to the edge that says so, though none was ever seen', () => {
  const told = snapshot({ edges: [edge('edge-a'), edge('edge-b', { state: 'down' }), edge('edge-c')] })
  assert.deepEqual(lostLinks(told, new Set()), [link('id-edge-a', 'id-edge-b', null, false)])
})

test('the links of an edge keep their order whatever becomes of them, and none that tells something is left out', () => {
  const all = ['edge-a', 'edge-b', 'edge-c', 'edge-d'].map((name) => edge(name))
  const names = (most: number, ...links: ReturnType<typeof link>[]): string[] =>
    neighboursOf('id-edge-b', mergeLinks(links, all), all, most).map(({ name }) => name)
  const [a, c, d] = ['a', 'c', 'd'].map((other) => (rttMs: number | null, up = true) => link('id-edge-b', `id-edge-${other}`, rttMs, up))
  assert.ok(a && c && d)
  assert.deepEqual(names(3, d(1), c(2), a(3)), ['edge-a', 'edge-c', 'edge-d'])
  assert.deepEqual(names(3, a(9), d(null, false), c(1)), ['edge-a', 'edge-c', 'edge-d'])
  assert.deepEqual(names(2, a(1), c(2), d(null, false)), ['edge-a', 'edge-d'])
})
