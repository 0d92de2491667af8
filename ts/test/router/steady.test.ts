// Two peers about equally far, measured once a second: which is asked first must not change with every measurement.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openRoundTrips } from '../../lib/edge/round-trips.js'
import { orderCandidates } from '../../lib/router.js'
import { seeded } from '../registry/seeded.js'

type Measured = readonly { id: string; rttMs: number }[]

/** How often the first of the order changed over the measurements, by what is believed of them. */
function changes(measurements: readonly Measured[], believed: (peers: Measured) => (id: string) => number | null): string[] {
  const firsts: string[] = []
  for (const peers of measurements) {
    const rttOf = believed(peers)
    const [first] = orderCandidates(peers.map(({ id }) => ({ id, name: id, distanceKm: 0, rttMs: rttOf(id), inFlight: 0, draining: false, setAside: false, holding: 'has' })))
    if (first && firsts.at(-1) !== first.name) firsts.push(first.name)
  }
  return firsts
}

/** Round trips of so many seconds: never less than the distance, often much more. */
const seconds = (next: () => number, count: number, baseMs: Record<string, number>): Measured[] =>
  Array.from({ length: count }, () => Object.entries(baseMs).map(([id, ms]) => ({ id, rttMs: ms - 4 * Math.log(1 - next()) })))

const steadily = (): ((peers: Measured) => (id: string) => number | null) => {
  const roundTrips = openRoundTrips()
  return (peers) => {
    roundTrips.record(peers)
    return roundTrips.of
  }
}
const asMeasured = (peers: Measured) => (id: string): number | null => peers.find((peer) => peer.id === id)?.rttMs ?? null

for (const [what, baseMs] of [['in the same step of nearness', { one: 21, two: 23 }], ['on either side of a step', { one: 24.5, two: 25.5 }]] as const) {
  test(`neither of two peers takes turns with the other, ${what}`, () => {
    const measurements = seconds(seeded(1), 2_000, baseMs)
    assert.ok(changes(measurements, asMeasured).length > 500, 'by single measurements they would')
    // What is known after the first seconds may still mend itself once.
    assert.ok(changes(measurements, steadily()).length <= 2)
  })
}

test('a peer that becomes clearly slower loses its place once, and gets it back once', () => {
  const next = seeded(2)
  const calm = { one: 20, two: 24 }
  const measurements = [...seconds(next, 300, calm), ...seconds(next, 300, { ...calm, one: 80 }), ...seconds(next, 300, calm)]
  assert.deepEqual(changes(measurements.slice(20), steadily()), ['one', 'two', 'one'])
})
