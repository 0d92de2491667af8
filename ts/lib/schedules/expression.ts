// When a schedule is due, as Amazon EventBridge writes it: rate(5 minutes), cron(0 18 ? * MON-FRI *).
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
import { Cron } from 'croner'
import { messageOf, SwarmError } from '../errors.js'

/** The moments of a schedule, all in milliseconds since the epoch. */
export interface Slots {
  /** The first one after that time; null: there is none any more. */
  after(at: number): number | null
}

export interface ExpressionOptions {
  /** For cron(): an IANA name. */
  timezone: string
  /** What rate() counts from. */
  anchor: number
  /** rate() may be no shorter. */
  shortestMs: number
}

const UNITS: Record<string, number> = { second: 1_000, minute: 60_000, hour: 3_600_000, day: 86_400_000 }
const EXPECTED = 'must be rate(5 minutes) or cron(minutes hours day-of-month month day-of-week year)'

/** Or `INVALID_PARAMETER`. */
export function parseExpression(text: string, options: ExpressionOptions): Slots {
  const [, kind, inner = ''] = /^(rate|cron)\(([^()]{1,200})\)$/.exec(text.trim()) ?? []
  if (kind === 'rate') return rate(inner, options)
  if (kind === 'cron') return cron(inner, options)
  throw refusal(EXPECTED)
}

function rate(text: string, { anchor, shortestMs }: ExpressionOptions): Slots {
  const [, digits = '', unit = '', plural] = /^(\d{1,9}) (second|minute|hour|day)(s?)$/.exec(text) ?? []
  const count = Number(digits)
  if (count < 1) throw refusal('rate() takes a whole number of minutes, hours or days, such as rate(5 minutes)')
  if ((count === 1) !== (plural === '')) throw refusal(`rate(${text}): one of a unit is singular, more are plural`)
  const period = count * (UNITS[unit] ?? 0)
  if (period < shortestMs) throw refusal(`rate(${text}) is shorter than ${shortestMs / 1_000} seconds`)
  return { after: (at) => anchor + Math.max(1, Math.floor((at - anchor) / period) + 1) * period }
}

function cron(text: string, { timezone }: ExpressionOptions): Slots {
  const fields = text.trim().split(/\s+/)
  const [, , dayOfMonth, , dayOfWeek = ''] = fields
  if (fields.length !== 6) throw refusal('cron() takes six fields: minutes hours day-of-month month day-of-week year')
  if ((dayOfMonth === '?') === (dayOfWeek === '?')) throw refusal('cron() takes "?" for either the day of the month or the day of the week')
  if (/(?<!#|\/)\b(?:0|[89]|\d\d+)\b/.test(dayOfWeek)) throw refusal('cron(): the day of the week is 1 (Sunday) to 7, or SUN to SAT')
  // Theirs: 6L is the last Friday, L the last day of the week.
  fields[4] = dayOfWeek.replace(/^([1-7]|[A-Za-z]{3})L$/, '$1#L').replace(/^L$/, '7')
  const pattern = `0 ${fields.map((field) => (field === '?' ? '*' : field)).join(' ')}`
  try {
    // Never started: it only computes.
    const job = new Cron(pattern, { mode: '7-part', alternativeWeekdays: true, sloppyRanges: true, domAndDow: true, timezone, paused: true })
    return { after: (at) => job.nextRun(new Date(at))?.getTime() ?? null }
  } catch (cause) {
    throw refusal(`cron(${text}): ${messageOf(cause).replace(/^CronPattern: /, '')}`, cause)
  }
}

const refusal = (message: string, cause?: unknown): SwarmError => new SwarmError('INVALID_PARAMETER', `expression: ${message}`, { cause })

/** Whether that is the name of a time zone. */
export function isTimezone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
    return true
  } catch {
    return false
  }
}
