import assert from 'node:assert/strict'
import { test } from 'node:test'
import { edge, link } from '../mesh/fixtures.ts'
import { mergeLinks } from '../mesh/links.ts'
import { arc, visibleLinks } from './links.ts'

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
