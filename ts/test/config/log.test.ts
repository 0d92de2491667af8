import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLog, formatLine } from '../../lib/log.js'

test('says what is at or below its level', () => {
  const lines: string[] = []
  const log = createLog('warn', { write: line => lines.push(line) })
  log.error('one')
  log.warn('two')
  log.info('three')
  log.debug('four')
  assert.deepEqual(
    lines.map(line => line.split(' ').slice(1).join(' ')),
    ['error one', 'warn two'],
  )
})

test('an event is one line whatever it says', () => {
  const line = formatLine('info', new Date(0), 'a\nb\u001b[31m', { edge: 'c d', at: '127.0.0.1:1', none: undefined })
  assert.equal(line, '1970-01-01T00:00:00.000Z info a b [31m edge="c d" at=127.0.0.1:1')
})

test('JSON lines carry the edge and the fields', () => {
  const lines: string[] = []
  const log = createLog('info', { format: 'json', context: { edge: 'edge-a' }, write: line => lines.push(line) })
  log.warn('a\nb', { requestId: 'r-1', traceId: undefined })
  const { time, ...rest } = JSON.parse(lines[0] ?? '') as Record<string, unknown>
  assert.match(String(time), /^\d{4}-\d\d-\d\dT/)
  assert.deepEqual([lines.length, rest], [1, { level: 'warn', message: 'a\nb', edge: 'edge-a', requestId: 'r-1' }])
})
