import assert from 'node:assert/strict'
import { test } from 'node:test'
import { errorText } from './http.ts'
import { edge, fn, invocation, snapshot } from './fixtures.ts'
import { parseInvocation, parseSnapshot } from './parse.ts'
import { parseTries } from '../invocations/receipt.ts'
import { retryDelay } from './stream.ts'

test('reads a snapshot and refuses what is not one', () => {
  const whole = snapshot({ edges: [edge('edge-a')], functions: [fn('hello')] })
  assert.deepEqual(parseSnapshot(JSON.stringify(whole)), whole)
  for (const text of ['', 'null', '[]', '{}', JSON.stringify({ ...whole, edges: [{}] }), JSON.stringify({ ...whole, links: 1 })]) {
    assert.equal(parseSnapshot(text), null, text)
  }
})

test('reads an invocation and refuses what is not one', () => {
  const whole = invocation(['edge-a', 'ok'])
  assert.deepEqual(parseInvocation(JSON.stringify(whole)), whole)
  for (const text of ['', '{}', JSON.stringify({ ...whole, tries: [{ edge: 1 }] })]) assert.equal(parseInvocation(text), null, text)
})

test('reads the receipt header', () => {
  assert.deepEqual(parseTries('edge-a=absent;0.1ms, edge-b=ok;2.3ms'), [
    { edge: 'edge-a', class: 'absent', ms: 0.1 }, { edge: 'edge-b', class: 'ok', ms: 2.3 },
  ])
  assert.deepEqual(parseTries(null), [])
  assert.deepEqual(parseTries('edge-a=fine;1ms, =ok;1ms, edge-b=ok'), [])
})

test('finds the message in an error body of any shape', () => {
  assert.equal(errorText(400, '{"Type":"User","Message":"index.js:3:7: bad"}'), 'index.js:3:7: bad')
  assert.equal(errorText(400, '{"errorMessage":"boom"}'), 'boom')
  assert.equal(errorText(502, 'Bad gateway'), 'Bad gateway')
  assert.equal(errorText(503, ''), 'The edge answered with status 503.')
})

test('waits longer after each failed try to reconnect, within bounds', () => {
  assert.ok(retryDelay(0, 0.5) <= 300)
  assert.ok(retryDelay(3, 0) > retryDelay(1, 0.99))
  assert.ok(retryDelay(50, 0.99) <= 6250)
})
