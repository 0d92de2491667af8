import assert from 'node:assert/strict'
import { test } from 'node:test'
import { endToEnd, headerOf, targetOf } from '../../lib/proxy/headers.js'

test('hop-by-hop headers and those that Connection names do not pass', () => {
  const raw = ['Host', 'a', 'CONNECTION', 'close, x-One', 'X-One', '1', 'Connection', 'x-two', 'x-TWO', '2', 'Te', 'x']
  assert.deepEqual(endToEnd([...raw, 'Upgrade', 'h2c', 'Accept', '*/*', 'accept', 'text/html']), [
    ...['Host', 'a', 'Accept', '*/*', 'accept', 'text/html'],
  ])
  assert.deepEqual(endToEnd(['Via', 'x', 'A', 'b'], ['via']), ['A', 'b'])
})

test('a header is found whatever its case, the first of several', () => {
  assert.equal(headerOf(['X-A', '1', 'x-a', '2'], 'x-a'), '1')
  assert.equal(headerOf(['1', 'x-a'], 'x-a'), null)
})

test('targets are paths, or absolute with a host', () => {
  assert.deepEqual(targetOf('/a%2F?b'), { path: '/a%2F?b', host: null })
  assert.deepEqual(targetOf('//a//b'), { path: '//a//b', host: null })
  assert.deepEqual(targetOf('http://h:1/a?b'), { path: '/a?b', host: 'h:1' })
  assert.deepEqual(targetOf('HTTP://h'), { path: '/', host: 'h' })
  assert.deepEqual(targetOf('http://h?b'), { path: '/?b', host: 'h' })
  for (const url of ['', '*', 'h:80', 'ftp://h/', 'http://', 'http://u@h/']) assert.equal(targetOf(url), null)
})
