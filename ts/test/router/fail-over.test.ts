import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { failOver, parsePolicy, type Attempt, type Candidate, type Policy } from '../../lib/router.js'
import type { TryClass } from '../../lib/snapshot.js'

const NEVER_STARTED: TryClass[] = ['absent', 'refused', 'unreachable']
const FAILED: TryClass[] = ['crashed', 'timeout', 'error']

interface Given {
  policy?: Policy
  budget?: number
  holding?: Candidate['holding']
  takesMs?: number
  totalMs?: number
  startedAnyway?: boolean
}

/** `here` is how it ended where it landed, `peers` how it would end on each further edge. */
async function run(here: TryClass, peers: TryClass[], given: Given = {}) {
  let budget = given.budget ?? 100
  let now = 0
  const remaining: number[] = []
  const attempt = (kind: TryClass, edge: string): Attempt<string> => ({
    class: kind,
    ms: 1,
    outcome: `${kind} of ${edge}`,
    mayHaveStarted: FAILED.includes(kind) || (kind === 'unreachable' && given.startedAnyway === true),
  })
  const result = await failOver<string>({
    policy: given.policy ?? 'any',
    here: { edge: 'here', attempt: attempt(here, 'here') },
    candidates: peers.map((_, n) => ({ id: `p${n}`, name: `p${n}`, distanceKm: n, rttMs: null, inFlight: 0, draining: false, setAside: false, holding: given.holding ?? 'has' })),
    deadlineAt: given.totalMs ?? 1_000,
    clock: () => now,
    mayRetry: () => budget-- > 0,
    attempt: (candidate, remainingMs) => {
      remaining.push(remainingMs)
      now += given.takesMs ?? 1
      return Promise.resolve(attempt(peers[Number(candidate.name.slice(1))] ?? 'absent', candidate.name))
    },
  })
  return { outcome: result.outcome, edge: result.edge, tries: result.tries.map(({ edge, class: kind }) => `${edge}=${kind}`).join(' '), remaining }
}

describe('failover any', () => {
  for (const kind of [...NEVER_STARTED, ...FAILED]) {
    test(`${kind} moves on to the next edge`, async () => {
      const { outcome, tries, edge } = await run(kind, ['ok'])
      assert.deepEqual([outcome, tries, edge], ['ok of p0', 'p0=ok', 'p0'])
    })
  }
  for (const first of FAILED) {
    for (const second of FAILED) {
      test(`the first edge's ${first} is the answer when the second ends ${second}`, async () => {
        const { outcome, tries, edge } = await run(first, [second, 'ok'])
        assert.deepEqual([outcome, tries, edge], [`${first} of here`, `p0=${second}`, 'here'])
      })
    }
  }
  test('edges that never started it do not use up the one further execution', async () => {
    const { outcome, tries } = await run('error', ['absent', 'unreachable', 'ok'])
    assert.deepEqual([outcome, tries], ['ok of p2', 'p0=absent p1=unreachable p2=ok'])
  })
  test('a failure met on a peer moves on once as well', async () => {
    const { outcome, tries, edge } = await run('absent', ['crashed', 'error', 'ok'])
    assert.deepEqual([outcome, tries, edge], ['crashed of p0', 'p0=crashed p1=error', 'p0'])
  })
  test('visits three peers at the most', async () => {
    const { tries } = await run('absent', ['absent', 'absent', 'absent', 'ok'])
    assert.equal(tries, 'p0=absent p1=absent p2=absent')
  })
  test('answers with what tells the caller most', async () => {
    assert.equal((await run('absent', ['absent', 'unreachable', 'refused'])).outcome, 'refused of p2')
    assert.equal((await run('absent', ['unreachable', 'absent'])).outcome, 'unreachable of p0')
    assert.equal((await run('refused', ['absent', 'unreachable'])).outcome, 'refused of here')
    assert.equal((await run('error', ['refused', 'absent'])).outcome, 'error of here')
  })
  test('without peers the answer is the one from here', async () => {
    const { outcome, tries } = await run('absent', [])
    assert.deepEqual([outcome, tries], ['absent of here', ''])
  })
})

describe('failover safe and never', () => {
  for (const kind of NEVER_STARTED) {
    test(`safe: ${kind} moves on`, async () => assert.equal((await run(kind, ['ok'], { policy: 'safe' })).outcome, 'ok of p0'))
  }
  for (const kind of FAILED) {
    test(`safe: ${kind} does not`, async () => assert.deepEqual((await run(kind, ['ok'], { policy: 'safe' })).tries, ''))
    test(`safe: ${kind} on a peer ends it`, async () => assert.equal((await run('absent', [kind, 'ok'], { policy: 'safe' })).tries, `p0=${kind}`))
  }
  test('safe: a connection that broke after the request was sent may have started it', async () => {
    assert.equal((await run('absent', ['unreachable', 'ok'], { policy: 'safe', startedAnyway: true })).tries, 'p0=unreachable')
    assert.equal((await run('absent', ['unreachable', 'ok'], { policy: 'any', startedAnyway: true })).tries, 'p0=unreachable p1=ok')
  })
  for (const kind of [...NEVER_STARTED, ...FAILED]) {
    test(`never: ${kind} stays where it is`, async () => assert.equal((await run(kind, ['ok'], { policy: 'never' })).tries, ''))
  }
  test('the header wins over the function, nonsense does not', () => {
    assert.equal(parsePolicy('never', 'any'), 'never')
    assert.equal(parsePolicy('any', 'never'), 'any')
    assert.equal(parsePolicy('sometimes', 'safe'), 'safe')
    assert.equal(parsePolicy(null, 'safe'), 'safe')
  })
})

describe('limits', () => {
  test('deadlines shrink with each try, and nothing is tried in the last moment', async () => {
    const { remaining, tries } = await run('absent', ['absent', 'absent', 'absent'], { takesMs: 48, totalMs: 100 })
    assert.deepEqual(remaining, [100, 52])
    assert.equal(tries, 'p0=absent p1=absent')
  })
  test('without a retry budget a failure is answered at once', async () => {
    assert.equal((await run('error', ['ok'], { budget: 0 })).tries, '')
    assert.equal((await run('absent', ['ok'], { budget: 0, holding: 'unknown' })).tries, '')
  })
  test('routing to an edge that has the function is no retry', async () => {
    assert.equal((await run('absent', ['ok'], { budget: 0 })).tries, 'p0=ok')
    assert.equal((await run('absent', ['unreachable', 'ok'], { budget: 0 })).tries, 'p0=unreachable')
  })
})
