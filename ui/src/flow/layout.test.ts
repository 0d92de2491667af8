import assert from 'node:assert/strict'
import { test } from 'node:test'
import { project } from './geography.ts'
import { type Frame, frames, NODE_HEIGHT, NODE_WIDTH, type Place, place as placeBy, type Placeable, type Places, shift } from './layout.ts'

const REGIONS = {
  'us-west-sfo': [37.6, -122.4], 'us-east-iad': [39, -77.5], 'eu-central-fra': [50, 8.6], 'eu-west-lon': [51.5, -0.5],
  'eu-west-dub': [53.4, -6.3], 'ap-northeast-nrt': [35.8, 140.4], 'sa-east-gru': [-23.4, -46.5],
} as const

const place = (edges: readonly Placeable[], known: Places): Places => placeBy(edges, known, project)

function edge(region: keyof typeof REGIONS, index = 0): Placeable {
  const [latitude, longitude] = REGIONS[region]
  return { id: `${region}/${index}`, name: `edge-${index}`, region, latitude, longitude }
}

function mesh(perRegion: number): Placeable[] {
  const regions = Object.keys(REGIONS) as (keyof typeof REGIONS)[]
  return regions.flatMap((region) => Array.from({ length: perRegion }, (_, index) => edge(region, index)))
}

function overlapping(places: readonly Place[]): boolean {
  return places.some((a, i) => places.some((b, j) =>
    i < j && Math.abs(a.x - b.x) < NODE_WIDTH && Math.abs(a.y - b.y) < NODE_HEIGHT))
}

function framesOverlap(all: readonly Frame[]): boolean {
  return all.some((a, i) => all.some((b, j) =>
    i < j && a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height))
}

test('keeps west left of east and north above south', () => {
  const places = place([edge('us-west-sfo'), edge('us-east-iad'), edge('eu-central-fra'), edge('sa-east-gru')], {})
  const at = (id: string): Place => places[id] ?? assert.fail(id)
  assert.ok(at('us-west-sfo/0').x < at('us-east-iad/0').x)
  assert.ok(at('us-east-iad/0').x < at('eu-central-fra/0').x)
  assert.ok(at('eu-central-fra/0').y < at('us-east-iad/0').y)
  assert.ok(at('us-east-iad/0').y < at('sa-east-gru/0').y)
})

test('projects every meridian in order, without a jump', () => {
  for (let longitude = -180; longitude < 180; longitude++) {
    const step = project({ latitude: 0, longitude: longitude + 1 }).x - project({ latitude: 0, longitude }).x
    assert.ok(step > 0 && step < 10, `${longitude}: ${step}`)
  }
})

test('places do not depend on the order in which edges are named', () => {
  const edges = mesh(3)
  assert.deepEqual(place(edges.toReversed(), {}), place(edges, {}))
})

for (const size of [1, 3, 12, 70]) {
  test(`lays out ${size} edges in each of seven regions without an overlap`, () => {
    const edges = mesh(size)
    const places = place(edges, {})
    assert.equal(Object.keys(places).length, edges.length)
    assert.equal(overlapping(Object.values(places)), false)
    assert.equal(framesOverlap(frames(edges, places)), false)
  })
}

test('an update that brings no new edge changes nothing at all', () => {
  const edges = mesh(2)
  const places = place(edges, {})
  assert.equal(place(edges, places), places)
  assert.equal(place(edges.slice(3), places), places)
})

test('edges that join one by one never move the others, nor cover them', () => {
  let known = place([], {})
  const edges = mesh(6).sort((a, b) => a.name < b.name ? -1 : 1)
  for (let count = 1; count <= edges.length; count++) {
    const next = place(edges.slice(0, count), known)
    for (const [id, before] of Object.entries(known)) assert.deepEqual(next[id], before)
    known = next
  }
  assert.equal(overlapping(Object.values(known)), false)
})

test('a joining edge finds a free slot beside a sibling that was dragged away', () => {
  const edges = [edge('us-east-iad', 0), edge('us-east-iad', 1), edge('us-east-iad', 2)]
  const known = place(edges.slice(0, 2), {})
  const dragged = { ...known, 'us-east-iad/0': { x: 3000, y: 900 } }
  const next = place(edges, dragged)
  assert.deepEqual(next['us-east-iad/0'], { x: 3000, y: 900 })
  assert.equal(overlapping(Object.values(next)), false)
})

test('a frame holds every edge of its region, and moving it moves them alone', () => {
  const edges = mesh(4)
  const places = place(edges, {})
  const frame = frames(edges, places).find((each) => each.region === 'eu-west-lon') ?? assert.fail()
  for (const id of frame.edges) {
    const at = places[id] ?? assert.fail()
    assert.ok(at.x >= frame.x && at.x + NODE_WIDTH <= frame.x + frame.width)
    assert.ok(at.y >= frame.y && at.y + NODE_HEIGHT <= frame.y + frame.height)
  }
  const moved = shift(places, frame.edges, 10, -5)
  for (const [id, before] of Object.entries(places)) {
    const by = frame.edges.includes(id) ? { x: before.x + 10, y: before.y - 5 } : before
    assert.deepEqual(moved[id], by)
  }
})
