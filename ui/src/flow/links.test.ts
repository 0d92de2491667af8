import assert from 'node:assert/strict'
import { test } from 'node:test'
import { edge } from '../mesh/fixtures.ts'
import { arc, mergeLinks, visibleLinks } from './links.ts'

const edges = [edge('edge-a'), edge('edge-b')]
const link = (from: string, to: string, rttMs: number | null, up = true) => ({ from, to, rttMs, up })

test('both directions of a connection are one link with the lower round trip', () => {
  const merged = mergeLinks([link('id-edge-b', 'id-edge-a', 3), link('id-edge-a', 'id-edge-b', 2)], edges)
  assert.deepEqual(merged, [{ id: 'id-edge-a~id-edge-b', a: 'id-edge-a', b: 'id-edge-b', rttMs: 2, up: true }])
})

test('edges may be named or numbered; unknown ones are left out', () => {
  assert.equal(mergeLinks([link('edge-a', 'edge-b', 1), link('edge-a', 'gone', 1), link('edge-a', 'edge-a', 0)], edges).length, 1)
})

test('a link to an edge that is down is down, whatever was last measured', () => {
  const [merged] = mergeLinks([link('edge-a', 'edge-b', 1)], [edge('edge-a'), edge('edge-b', { state: 'down' })])
  assert.deepEqual([merged?.up, merged?.rttMs], [false, null])
})

test('a large mesh shows the links of one edge and the broken ones between live edges', () => {
  const many = Array.from({ length: 30 }, (_, index) => edge(`edge-${String(index).padStart(2, '0')}`))
  const all = many.flatMap((a, i) => many.slice(i + 1).map((b, j) => link(a.id, b.id, 1, !(i === 3 && j === 5))))
  const shown = visibleLinks(mergeLinks(all, many), many, 'id-edge-00')
  assert.equal(shown.length, 30)
  assert.equal(shown.filter((each) => !each.up).length, 1)
})

test('an arc is the same curve in both directions and bows north', () => {
  const a = { x: 0, y: 0 }
  const b = { x: 400, y: 30 }
  assert.deepEqual(arc(a, b).label, arc(b, a).label)
  assert.ok(arc(a, b).label.y < 15)
})
