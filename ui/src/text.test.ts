import assert from 'node:assert/strict'
import { test } from 'node:test'
import { coordinates, duration, rate, span } from './format.ts'
import { asAwsCli, asCurl, asSdk } from './functions/commands.ts'
import { parseEnvironment } from './functions/environment.ts'

test('numbers are short', () => {
  assert.deepEqual([0, 0.42, 9.96, 12.4, 999, 1234, 2_500_000].map(rate), ['0', '0.4', '10', '12', '999', '1.2k', '2.5M'])
  assert.deepEqual([0.0612, 0.5, 2.34, 85.3, 1240].map(duration), ['0.06 ms', '0.5 ms', '2.3 ms', '85 ms', '1.2 s'])
  assert.deepEqual([-5, 4200, 120_000, 7_200_000, 200_000_000].map(span), ['0 s', '4 s', '2 min', '2 h', '2 d'])
  assert.equal(coordinates(37.62, -122.38), '37.6° N, 122.4° W')
})

test('environment variables are read by line', () => {
  assert.deepEqual(parseEnvironment('A=1\n\n# no\n b_2 = x=y \n'), { A: '1', b_2: 'x=y' })
  assert.throws(() => parseEnvironment('A=1\noops'), /line 2/)
})

const target = { url: 'http://h/p/i', endpoint: 'http://h/p/', name: 'hello', qualifier: null, event: '{ "name": "it\'s" }' }

test('a curl command quotes what the shell would read', () => {
  assert.equal(
    asCurl(target),
    `curl -i -X POST 'http://h/p/i' -H 'content-type: application/json' -d '{"name":"it'\\''s"}'`,
  )
})

test('clients of AWS are pointed at where the page came from, its prefix too', () => {
  assert.match(asAwsCli({ ...target, qualifier: 'live' }), /--endpoint-url 'http:\/\/h\/p' --function-name hello --qualifier live/)
  assert.match(asSdk(target), /endpoint: "http:\/\/h\/p",/)
})
