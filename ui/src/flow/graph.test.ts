import assert from 'node:assert/strict'
import { test } from 'node:test'
import { edge, link } from '../mesh/fixtures.ts'
import { mergeLinks } from '../mesh/links.ts'
import { byRoundTrips } from './graph.ts'

const edges = [
  edge('a', { region: 'here' }), edge('b', { region: 'near' }), edge('c', { region: 'far' }),
]
const links = mergeLinks([link('id-a', 'id-b', 1), link('id-a', 'id-c', 200), link('id-b', 'id-c', 200)], edges)

test('regions with a short round trip stand nearer than those with a long one', () => {
  const centre = byRoundTrips(edges, links)
  const [here, near, far] = edges.map(centre)
  assert.ok(here && near && far)
  const length = (p: typeof here, q: typeof here): number => Math.hypot(p.x - q.x, p.y - q.y)
  assert.ok(length(here, near) * 1.4 < length(here, far))
  assert.ok(Math.abs(length(here, far) - length(near, far)) < 40)
})

test('the same mesh always looks the same, and a lone region stands in the middle', () => {
  assert.deepEqual(edges.map(byRoundTrips(edges, links)), [...edges].reverse().map(byRoundTrips([...edges].reverse(), links)).reverse())
  const [alone] = edges.slice(0, 1)
  assert.ok(alone)
  assert.deepEqual(byRoundTrips([alone], [])(alone), { x: 0, y: 0 })
})
