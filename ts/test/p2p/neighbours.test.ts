import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'

import { FULL_MESH, neighboursOf, type Member } from '../../lib/p2p/neighbours.js'
import { seeded } from '../registry/seeded.js'

const REGIONS = ['us-west-sfo', 'us-east-iad', 'eu-central-fra']
const members = (count: number): Member[] =>
  Array.from({ length: count }, (_, index) => ({ id: createHash('sha256').update(String(index)).digest('hex'), region: REGIONS[index % 3] ?? '' }))

/** Who replicates with whom: one of the two chose the other. */
const graphOf = (all: readonly Member[]): Map<string, Set<string>> => {
  const graph = new Map(all.map(({ id }) => [id, new Set<string>()]))
  for (const self of all) {
    for (const id of neighboursOf(self, all.filter((other) => other !== self))) {
      graph.get(self.id)?.add(id)
      graph.get(id)?.add(self.id)
    }
  }
  return graph
}

/** Hops from the first to the farthest; Infinity: somebody is not reached. */
const depthOf = (graph: ReadonlyMap<string, ReadonlySet<string>>): number => {
  const seen = new Set([...graph.keys()].slice(0, 1))
  let depth = 0
  for (let edge = [...seen]; edge.length > 0; depth += 1) {
    edge = [...new Set(edge.flatMap((id) => [...(graph.get(id) ?? [])]))].filter((id) => graph.has(id) && !seen.has(id))
    for (const id of edge) seen.add(id)
  }
  return seen.size === graph.size ? depth - 1 : Infinity
}

test('a small mesh is full', () => {
  for (const links of graphOf(members(FULL_MESH)).values()) assert.equal(links.size, FULL_MESH - 1)
})

test('in a large mesh each edge has a bounded number of neighbours, and everybody is a few hops away', () => {
  for (const count of [FULL_MESH + 1, 100, 250]) {
    const graph = graphOf(members(count))
    const degrees = [...graph.values()].map(({ size }) => size)
    assert.ok(Math.max(...degrees) <= 32, `${count} edges: ${Math.max(...degrees)} neighbours`)
    assert.ok(depthOf(graph) <= 5, `${count} edges: ${depthOf(graph)} hops`)
  }
})

test('a third of the edges may be gone at once, and the others still reach each other', () => {
  const random = seeded(1)
  const graph = graphOf(members(150))
  for (let round = 0; round < 20; round += 1) {
    const left = new Map([...graph].filter(() => random() > 0.33))
    assert.ok(depthOf(left) < Infinity)
  }
})
