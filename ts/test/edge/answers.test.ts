import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { KEEP_MS, openAnswers, type Answer, type Claim } from '../../lib/edge/answers.js'

const claim = (given: Partial<Claim> = {}): Claim => ({ key: 'f\nk', fingerprint: 'print', requestId: 'r1', edge: 'edge-a', leaseMs: 1_000, rerun: true, gone: null, ...given })
const answer = (text: string, edge = 'edge-a'): Answer => ({
  edge,
  tries: [{ edge, class: 'ok', ms: 1 }],
  outcome: { class: 'ok', payload: Buffer.from(text), logs: Buffer.alloc(0), ms: 1, memoryMb: 1 },
})

function open(maxBytes?: number) {
  let now = 0
  const here = new Set(['a', 'b'])
  const answers = openAnswers({ clock: () => now, isHere: (runner) => here.has(runner), ...(maxBytes !== undefined && { maxBytes }) })
  return { answers, here, after: (ms: number) => { now += ms } }
}

describe('answers', () => {
  test('one request runs, others with its key wait for its answer, which is kept for ten minutes', () => {
    const { after, answers } = open()
    assert.deepEqual(answers.claim(claim(), 'a'), { is: 'granted' })
    assert.deepEqual(answers.claim(claim(), 'a'), { is: 'granted' }, 'the same request asks at several homes')
    assert.deepEqual(answers.claim(claim({ requestId: 'r2' }), 'b'), { is: 'running', edge: 'edge-a' })
    assert.deepEqual(answers.claim(claim({ requestId: 'r2', fingerprint: 'other' }), 'b'), { is: 'differs' })
    assert.equal(answers.finish('f\nk', 'r1', answer('1')), null)
    assert.deepEqual(answers.claim(claim({ requestId: 'r2' }), 'b'), { is: 'done', answer: answer('1') })
    after(KEEP_MS - 1)
    assert.equal(answers.claim(claim({ requestId: 'r2' }), 'b').is, 'done')
    after(1)
    assert.equal(answers.claim(claim({ requestId: 'r2' }), 'b').is, 'granted')
  })

  test('when its edge is gone, or late, it is run again only if it may be', () => {
    for (const isGone of ['lost', 'late', 'witnessed'] as const) {
      const { after, answers, here } = open()
      answers.claim(claim(), 'a')
      if (isGone === 'lost') here.delete('a')
      if (isGone === 'late') after(1_000)
      const gone = isGone === 'witnessed' ? 'edge-a' : null
      assert.deepEqual(answers.claim(claim({ requestId: 'r2', rerun: false, gone }), 'b'), { is: 'unknown', edge: 'edge-a' }, isGone)
      assert.deepEqual(answers.claim(claim({ requestId: 'r3', edge: 'edge-b', gone }), 'b'), { is: 'granted' }, isGone)
      // The first was not dead after all, and is second now.
      assert.equal(answers.finish('f\nk', 'r3', answer('3', 'edge-b')), null)
      assert.deepEqual(answers.finish('f\nk', 'r1', answer('1')), answer('3', 'edge-b'), isGone)
    }
  })

  test('what never started is nobody\'s answer', () => {
    const { answers } = open()
    answers.claim(claim(), 'a')
    answers.release('f\nk', 'r2')
    assert.equal(answers.claim(claim({ requestId: 'r2' }), 'b').is, 'running')
    answers.release('f\nk', 'r1')
    assert.equal(answers.claim(claim({ requestId: 'r2' }), 'b').is, 'granted')
  })

  test('takes so much memory and no more: the oldest go first', () => {
    const { answers } = open(100_000)
    for (let n = 0; n < 50; n++) {
      answers.claim(claim({ key: `k${n}` }), 'a')
      answers.finish(`k${n}`, 'r1', answer('x'.repeat(10_000)))
    }
    const { answers: kept, bytes, evicted } = answers.stats()
    assert.ok(bytes <= 100_000 && kept === 9 && evicted === 41, JSON.stringify(answers.stats()))
    assert.equal(answers.claim(claim({ key: 'k49', requestId: 'r2' }), 'a').is, 'done')
    assert.equal(answers.claim(claim({ key: 'k0', requestId: 'r2' }), 'a').is, 'granted')
    assert.deepEqual([...answers.answered()].map(({ key }) => key).slice(-1), ['k49'])
  })
})
