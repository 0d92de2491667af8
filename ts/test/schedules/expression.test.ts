// rate() and cron() as EventBridge documents them.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { SwarmError } from '../../lib/errors.js'
import { parseExpression } from '../../lib/schedules/expression.js'

const FROM = Date.parse('2026-11-26T05:00:00Z')
const slots = (text: string, options: { timezone?: string; anchor?: number; from?: number; count?: number } = {}): string[] => {
  const { after } = parseExpression(text, { timezone: options.timezone ?? 'UTC', anchor: options.anchor ?? FROM, shortestMs: 60_000 })
  const found: string[] = []
  let at = after(options.from ?? FROM)
  while (at !== null && found.length < (options.count ?? 2)) {
    found.push(new Date(at).toISOString().replace(':00.000Z', ''))
    at = after(at)
  }
  return found
}

describe('rate()', () => {
  test('counts from when the schedule was written', () => {
    assert.deepEqual(slots('rate(5 minutes)'), ['2026-11-26T05:05', '2026-11-26T05:10'])
    assert.deepEqual(slots('rate(1 hour)', { anchor: FROM - 600_000 }), ['2026-11-26T05:50', '2026-11-26T06:50'])
    assert.deepEqual(slots('rate(7 days)', { anchor: FROM + 60_000 }), ['2026-12-03T05:01', '2026-12-10T05:01'])
  })
  test('a slot is never its own successor', () => {
    const { after } = parseExpression('rate(1 minute)', { timezone: 'UTC', anchor: FROM + 123, shortestMs: 60_000 })
    const first = after(FROM) ?? 0
    assert.deepEqual([first, after(first), after(first - 1)], [FROM + 60_123, FROM + 120_123, first])
  })
})

describe('cron()', () => {
  for (const [text, ...expected] of [
    ['cron(0 10 * * ? *)', '2026-11-26T10:00', '2026-11-27T10:00'],
    ['cron(15 12 * * ? *)', '2026-11-26T12:15', '2026-11-27T12:15'],
    ['cron(0 18 ? * MON-FRI *)', '2026-11-26T18:00', '2026-11-27T18:00'],
    ['cron(0 8 1 * ? *)', '2026-12-01T08:00', '2027-01-01T08:00'],
    ['cron(0/15 * * * ? *)', '2026-11-26T05:15', '2026-11-26T05:30'],
    ['cron(0/5 8-17 ? * 2-6 *)', '2026-11-26T08:00', '2026-11-26T08:05'],
    ['cron(0 9 L * ? *)', '2026-11-30T09:00', '2026-12-31T09:00'],
    ['cron(0 9 3W * ? *)', '2026-12-03T09:00', '2027-01-04T09:00'],
    ['cron(0 9 LW * ? *)', '2026-11-30T09:00', '2026-12-31T09:00'],
    ['cron(0 9 ? * 6#3 *)', '2026-12-18T09:00', '2027-01-15T09:00'],
    ['cron(0 9 ? * 6L *)', '2026-11-27T09:00', '2026-12-25T09:00'],
    ['cron(0 9 ? * FRIL *)', '2026-11-27T09:00', '2026-12-25T09:00'],
    ['cron(0 9 ? * L *)', '2026-11-28T09:00', '2026-12-05T09:00'],
    ['cron(0 9 ? * 1 *)', '2026-11-29T09:00', '2026-12-06T09:00'],
    ['cron(0 9 1 JAN ? 2027,2030)', '2027-01-01T09:00', '2030-01-01T09:00'],
    ['cron(0 0 1 1 ? 2020)'],
  ] as const) {
    test(text, () => assert.deepEqual(slots(text), expected))
  }
  test('follows a time zone over the change of its clocks', () => {
    assert.deepEqual(slots('cron(30 9 * * ? *)', { timezone: 'Europe/Berlin', from: Date.parse('2027-03-27T00:00:00Z') }), ['2027-03-27T08:30', '2027-03-28T07:30'])
    // 01:30 comes twice that night.
    assert.deepEqual(slots('cron(30 1 * * ? *)', { timezone: 'America/New_York', from: Date.parse('2026-10-31T12:00:00Z') }), ['2026-11-01T05:30', '2026-11-02T06:30'])
  })
})

test('says what is wrong', () => {
  for (const [text, message] of [
    ['every 5 minutes', /must be rate\(5 minutes\) or cron/],
    ['rate(5)', /whole number/],
    ['rate(0 minutes)', /whole number/],
    ['rate(1 minutes)', /singular/],
    ['rate(2 minute)', /singular/],
    ['rate(30 seconds)', /shorter than 60 seconds/],
    ['rate(-1 minutes)', /whole number/],
    ['cron(0 10 * * *)', /six fields/],
    ['cron(0 10 * * * *)', /"\?"/],
    ['cron(0 10 ? * ? *)', /"\?"/],
    ['cron(99 10 * * ? *)', /minute/],
    ['cron(0 10 32 * ? *)', /day/i],
    ['cron(0 10 ? * 8 *)', /day/i],
    ['cron(a b * * ? *)', /cron\(/],
    [`cron(${'0,'.repeat(300)}0 10 * * ? *)`, /must be/],
  ] as const) {
    assert.throws(() => slots(text), (error: unknown) => error instanceof SwarmError && error.code === 'INVALID_PARAMETER' && message.test(error.message), text)
  }
})
