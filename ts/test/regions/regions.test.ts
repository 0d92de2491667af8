import assert from 'node:assert/strict'
import { test } from 'node:test'
import { distanceKm, isRegion, LOCAL_REGION, regionOf, REGIONS } from '../../lib/regions.js'

const near = (actual: number, expected: number): void => {
  assert.ok(Math.abs(actual - expected) < expected * 0.01, `${actual} km, not ${expected}`)
}

test('names are unique, of one form, and somewhere on Earth', () => {
  assert.equal(new Set(REGIONS.map(({ name }) => name)).size, REGIONS.length)
  for (const { name, latitude, longitude } of REGIONS) {
    assert.match(name, /^(?:local|[a-z]{2}-[a-z]+-[a-z]{3})$/)
    assert.ok(Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180)
    assert.equal(regionOf(name)?.latitude, latitude)
    assert.ok(isRegion(name))
  }
  assert.ok(!isRegion('mars') && !isRegion('toString') && !isRegion(''))
  assert.equal(regionOf('mars'), null)
})

test('distances are those of an atlas', () => {
  near(distanceKm('us-west-sfo', 'us-east-iad'), 3890)
  near(distanceKm('us-east-iad', 'eu-central-fra'), 6540)
  near(distanceKm('us-west-sfo', 'eu-central-fra'), 9140)
  near(distanceKm('ap-southeast-akl', 'us-west-sfo'), 10_500)
})

test('distance is symmetric, zero to itself, and keeps the triangle', () => {
  const placed = REGIONS.map(({ name }) => name).filter(name => name !== LOCAL_REGION)
  for (const a of placed) {
    assert.equal(distanceKm(a, a), 0)
    for (const b of placed) {
      assert.equal(distanceKm(a, b), distanceKm(b, a))
      for (const c of placed) assert.ok(distanceKm(a, c) <= distanceKm(a, b) + distanceKm(b, c) + 1e-6)
    }
  }
})

test('a region that is not known, and local from elsewhere, are neither near nor far', () => {
  near(distanceKm('mars', 'us-west-sfo'), 10_007)
  near(distanceKm(LOCAL_REGION, 'us-west-sfo'), 10_007)
  assert.equal(distanceKm(LOCAL_REGION, LOCAL_REGION), 0)
  assert.equal(distanceKm('mars', 'mars'), 0)
})
