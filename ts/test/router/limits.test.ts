import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { openEjections, openRetryBudget } from '../../lib/router.js'

describe('retry budget', () => {
  /** Spends until refused. */
  const drain = (withdraw: () => boolean): number => {
    let count = 0
    while (count < 100_000 && withdraw()) count += 1
    return count
  }
  test('a quiet edge may retry a little all the same', () => {
    let now = 0
    const budget = openRetryBudget(() => now)
    assert.equal(drain(budget.withdraw), 100)
    now += 1_000
    assert.equal(drain(budget.withdraw), 10)
  })
  test('traffic earns less than a fifth, the floor included', () => {
    let now = 0
    const budget = openRetryBudget(() => now)
    drain(budget.withdraw)
    let retries = 0
    let requests = 0
    for (let second = 0; second < 60; second++) {
      now += 1_000
      budget.deposit(5_000)
      requests += 5_000
      retries += drain(budget.withdraw)
    }
    const share = retries / requests
    assert.ok(share > 0.14 && share < 0.16, `${share}`)
  })
  test('what was earned is not kept for ever', () => {
    let now = 0
    const budget = openRetryBudget(() => now)
    budget.deposit(100_000)
    now += 120_000
    assert.ok(drain(budget.withdraw) <= 102)
  })
  test('a clock set back earns nothing', () => {
    let now = 10_000
    const budget = openRetryBudget(() => now)
    drain(budget.withdraw)
    now = 0
    assert.equal(budget.withdraw(), false)
  })
})

describe('ejections', () => {
  const fail = (ejections: ReturnType<typeof openEjections>, id: string, times = 5): void => {
    for (let n = 0; n < times; n++) ejections.record(id, false)
  }
  test('an edge that failed five times in a row is set aside, and comes back', () => {
    let now = 0
    const ejections = openEjections(() => now)
    fail(ejections, 'a', 4)
    assert.equal(ejections.setAside(['a', 'b']).size, 0)
    fail(ejections, 'a', 1)
    assert.deepEqual([...ejections.setAside(['a', 'b'])], ['a'])
    now += 5_001
    assert.equal(ejections.setAside(['a', 'b']).size, 0)
  })
  test('one success forgives', () => {
    const ejections = openEjections(() => 0)
    fail(ejections, 'a', 4)
    ejections.record('a', true)
    fail(ejections, 'a', 4)
    assert.equal(ejections.setAside(['a', 'b']).size, 0)
  })
  test('failing on doubles the time, up to a minute', () => {
    let now = 0
    const ejections = openEjections(() => now)
    fail(ejections, 'a')
    for (const lasts of [10_000, 20_000, 40_000, 60_000, 60_000]) {
      now += 60_001
      ejections.record('a', false)
      now += lasts - 1
      assert.equal(ejections.setAside(['a', 'b']).size, 1, `${lasts}`)
      now += 2
      assert.equal(ejections.setAside(['a', 'b']).size, 0, `${lasts}`)
    }
  })
  test('never the last: of edges that all fail the earliest is spared', () => {
    let now = 0
    const ejections = openEjections(() => now)
    for (const id of ['a', 'b', 'c']) {
      fail(ejections, id)
      now += 1
    }
    assert.deepEqual([...ejections.setAside(['c', 'b', 'a'])], ['c', 'b'])
    assert.equal(ejections.setAside(['a']).size, 0)
  })
})
