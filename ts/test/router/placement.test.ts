import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isPartial, placementOf, type PlacedEdge } from '../../lib/router.js'

const edge = (id: string, region: string, draining = false): PlacedEdge => ({ id, region, draining })
const EDGES = [edge('a', 'us-west-sfo'), edge('b', 'us-east-iad'), edge('c', 'eu-central-fra'), edge('d', 'eu-west-ams')]
const on = (...given: Parameters<typeof placementOf>): string => [...placementOf(...given)].sort().join('')

test('without a placement a function is everywhere', () => {
  assert.equal(on('f', {}, EDGES), 'abcd')
  assert.deepEqual([isPartial({}), isPartial({ regions: [] }), isPartial({ regions: ['eu'] }), isPartial({ replicas: 1 })], [false, false, true, true])
})

test('a region may be given in part, at its dashes', () => {
  assert.equal(on('f', { regions: ['eu', 'us-west-sfo'] }, EDGES), 'acd')
  assert.equal(on('f', { regions: ['e', 'us-we'] }, EDGES), '')
})

test('replicas are spread over the edges, and an edge that goes moves only what was on it', () => {
  const names = Array.from({ length: 400 }, (_, n) => `f${n}`)
  const counts = new Map<string, number>()
  for (const name of names) {
    const before = placementOf(name, { replicas: 2 }, EDGES)
    assert.equal(before.size, 2)
    for (const id of before) counts.set(id, (counts.get(id) ?? 0) + 1)
    const after = placementOf(name, { replicas: 2 }, EDGES.slice(1))
    for (const id of before) if (id !== 'a') assert.ok(after.has(id), name)
  }
  for (const { id } of EDGES) assert.ok((counts.get(id) ?? 0) > 120, JSON.stringify([...counts]))
})

test('an edge that drains holds nothing that others can hold', () => {
  for (let n = 0; n < 20; n++) assert.ok(!placementOf(`f${n}`, { replicas: 3 }, [edge('z', 'x', true), ...EDGES]).has('z'))
  assert.equal(on('f', { regions: ['x'], replicas: 1 }, [edge('z', 'x', true), ...EDGES]), 'z')
})
