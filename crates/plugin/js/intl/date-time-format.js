// Intl.DateTimeFormat for English (US patterns; en-GB writes numeric dates day first), in any IANA time zone.
import { idl, native } from '../host.js'
import { choice, integer, resolve, supported } from './locale.js'

const MONTHS = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December']
const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']
const WIDTHS = ['narrow', 'short', 'long']
const NUMBERS = ['numeric', '2-digit']
const DATE_STYLES = {
  full: { weekday: 'long', month: 'long', day: 'numeric', year: 'numeric' }, long: { month: 'long', day: 'numeric', year: 'numeric' },
  medium: { month: 'short', day: 'numeric', year: 'numeric' }, short: { month: 'numeric', day: 'numeric', year: '2-digit' },
}
const TIME_STYLES = {
  full: { hour: 'numeric', minute: '2-digit', second: '2-digit', timeZoneName: 'long' }, long: { hour: 'numeric', minute: '2-digit', second: '2-digit', timeZoneName: 'short' },
  medium: { hour: 'numeric', minute: '2-digit', second: '2-digit' }, short: { hour: 'numeric', minute: '2-digit' },
}
/** Zones that English readers know by letters; others are told by their distance from GMT. */
const LETTERS = { EST: 'Eastern Standard Time', EDT: 'Eastern Daylight Time', CST: 'Central Standard Time', CDT: 'Central Daylight Time', MST: 'Mountain Standard Time', MDT: 'Mountain Daylight Time', PST: 'Pacific Standard Time', PDT: 'Pacific Daylight Time', AKST: 'Alaska Standard Time', AKDT: 'Alaska Daylight Time', HST: 'Hawaii-Aleutian Standard Time' }
const UTC = /^(?:(?:Etc\/)?(?:UTC|UCT|Zulu|Universal|GMT0?|Greenwich)|GMT[+-]?0)$/i
const OFFSET = /^([+-])(\d{2})(?::?(\d{2}))?$/

const zoneOf = (given) => {
  if (given === undefined) return 'UTC'
  const name = String(given)
  if (UTC.test(name)) return 'UTC'
  const offset = OFFSET.exec(name)
  if (offset) return `${offset[1]}${offset[2]}:${offset[3] ?? '00'}`
  const found = native.zoneName(name)
  if (found === undefined) throw new RangeError(`Invalid time zone specified: ${name}`)
  return found
}
const shiftOf = (zone, time) => {
  if (zone === 'UTC') return [0, 'UTC', '']
  const offset = OFFSET.exec(zone)
  if (offset) return [(offset[1] === '-' ? -60 : 60) * (Number(offset[2]) * 60 + Number(offset[3])), '', '']
  const [seconds, letters, summer] = native.zoneOffset(zone, time) ?? ['0', '', '']
  return [Number(seconds), letters, summer]
}
const distance = (seconds, isLong) => {
  if (seconds === 0) return 'GMT'
  const minutes = Math.abs(seconds) / 60
  const hours = String(Math.floor(minutes / 60))
  const rest = minutes % 60
  return `GMT${seconds < 0 ? '-' : '+'}${isLong ? hours.padStart(2, '0') : hours}${isLong || rest ? `:${String(Math.floor(rest)).padStart(2, '0')}` : ''}`
}
const zoneName = (style, [seconds, letters], zone) => {
  const isLong = style.startsWith('long')
  if (style.endsWith('Offset')) return distance(seconds, isLong)
  if (zone === 'UTC') return isLong ? 'Coordinated Universal Time' : 'UTC'
  if (letters in LETTERS && /^(America|US)\/|^Pacific\/Honolulu$/.test(zone)) return isLong ? LETTERS[letters] : letters
  return distance(seconds, isLong)
}

export class DateTimeFormat {
  #o
  #bound
  constructor(locales, options = {}, defaults = 'date') {
    if (!new.target) return new DateTimeFormat(locales, options)
    const o = { locale: resolve(locales), calendar: 'gregory', numberingSystem: 'latn', timeZone: zoneOf(options?.timeZone) }
    const [dateStyle, timeStyle] = ['dateStyle', 'timeStyle'].map((name) => choice(options, name, ['full', 'long', 'medium', 'short']))
    const fields = {
      weekday: choice(options, 'weekday', WIDTHS), era: choice(options, 'era', WIDTHS), year: choice(options, 'year', NUMBERS), month: choice(options, 'month', [...NUMBERS, ...WIDTHS]), day: choice(options, 'day', NUMBERS),
      dayPeriod: choice(options, 'dayPeriod', WIDTHS), hour: choice(options, 'hour', NUMBERS), minute: choice(options, 'minute', NUMBERS), second: choice(options, 'second', NUMBERS), fractionalSecondDigits: integer(options, 'fractionalSecondDigits', 1, 3),
      timeZoneName: choice(options, 'timeZoneName', ['short', 'long', 'shortOffset', 'longOffset', 'shortGeneric', 'longGeneric']),
    }
    for (const name of Object.keys(fields)) if (fields[name] === undefined) delete fields[name]
    const has = (...names) => names.some((name) => fields[name] !== undefined)
    if (dateStyle || timeStyle) {
      if (Object.keys(fields).length > 0) throw new TypeError(`Can't set option ${Object.keys(fields)[0]} when ${dateStyle ? 'dateStyle' : 'timeStyle'} is used`)
      Object.assign(fields, dateStyle && DATE_STYLES[dateStyle], dateStyle === 'short' && /^en-(GB|IE|AU)$/.test(o.locale) && { year: 'numeric' }, timeStyle && TIME_STYLES[timeStyle])
    } else if (!has('weekday', 'year', 'month', 'day', 'dayPeriod', 'hour', 'minute', 'second', 'fractionalSecondDigits') || (defaults === 'all+date' && !has('weekday', 'year', 'month', 'day')) || (defaults === 'all+time' && !has('hour', 'minute', 'second', 'dayPeriod', 'fractionalSecondDigits'))) {
      if (defaults !== 'all+time') Object.assign(fields, { year: 'numeric', month: 'numeric', day: 'numeric' })
      if (defaults === 'all' || defaults === 'all+time') Object.assign(fields, { hour: 'numeric', minute: '2-digit', second: '2-digit' })
    }
    if (fields.hour !== undefined) {
      const british = o.locale === 'en-GB' || o.locale === 'en-IE'
      const wanted = choice(options, 'hourCycle', ['h11', 'h12', 'h23', 'h24'], british ? 'h23' : 'h12')
      o.hourCycle = options?.hour12 === undefined ? wanted : options.hour12 ? 'h12' : 'h23'
      o.hour12 = o.hourCycle === 'h12' || o.hourCycle === 'h11'
      if (!o.hour12 && fields.hour === 'numeric') fields.hour = '2-digit'
    }
    if (fields.minute && (fields.hour || fields.second)) fields.minute = '2-digit'
    if (fields.second && fields.minute) fields.second = '2-digit'
    this.#o = { ...o, ...fields, ...(dateStyle ? { dateStyle } : {}), ...(timeStyle ? { timeStyle } : {}) }
    Object.defineProperty(this, '_fields', { value: fields })
  }
  static supportedLocalesOf(locales) { return supported(locales) }
  get format() { return (this.#bound ??= (date) => this.formatToParts(date).map((part) => part.value).join('').replaceAll('\u202f', ' ')) }
  formatRange(from, to) { const [a, b] = [this.format(from), this.format(to)]; return a === b ? a : `${a} – ${b}` }
  formatRangeToParts(from, to) { return [...this.formatToParts(from).map((part) => ({ ...part, source: 'startRange' })), { type: 'literal', value: ' – ', source: 'shared' }, ...this.formatToParts(to).map((part) => ({ ...part, source: 'endRange' }))] }
  resolvedOptions() {
    const { dateStyle, timeStyle, ...rest } = this.#o
    if (!dateStyle && !timeStyle) return rest
    const { locale, calendar, numberingSystem, timeZone, hourCycle, hour12 } = rest
    return { locale, calendar, numberingSystem, timeZone, ...(hourCycle ? { hourCycle, hour12 } : {}), ...(dateStyle ? { dateStyle } : {}), ...(timeStyle ? { timeStyle } : {}) }
  }
  formatToParts(date) {
    const time = date === undefined ? Date.now() : Number(date)
    if (!Number.isFinite(time) || Math.abs(time) > 8.64e15) throw new RangeError('Invalid time value')
    const shift = shiftOf(this.#o.timeZone, time)
    const there = new Date(Math.floor(time) + shift[0] * 1000)
    const day = this.#date(there)
    const clock = this.#time(there, shift)
    const joined = day.length === 0 || clock.length === 0 ? [] : [{ type: 'literal', value: this._fields.month === 'long' && this._fields.day ? ' at ' : !this._fields.month && !this._fields.year && !this._fields.day ? ' ' : ', ' }]
    return [...day, ...joined, ...clock]
  }
  #date(there) {
    const f = this._fields
    const two = (number, style) => (style === '2-digit' ? String(number % 100).padStart(2, '0') : String(number))
    const part = (type, value) => [{ type, value }]
    const text = (value) => [{ type: 'literal', value }]
    const fullYear = there.getUTCFullYear()
    const year = f.year ? part('year', two(f.era && fullYear <= 0 ? 1 - fullYear : fullYear, f.year)) : null
    const month = f.month && (NUMBERS.includes(f.month) ? part('month', two(there.getUTCMonth() + 1, f.month)) : part('month', f.month === 'long' ? MONTHS[there.getUTCMonth()] : MONTHS[there.getUTCMonth()].slice(0, f.month === 'short' ? 3 : 1)))
    const day = f.day ? part('day', two(there.getUTCDate(), f.day)) : null
    const name = DAYS[there.getUTCDay()]
    const weekday = f.weekday ? part('weekday', f.weekday === 'long' ? name : name.slice(0, f.weekday === 'short' ? 3 : 1)) : null
    const british = this.#o.locale === 'en-GB' || this.#o.locale === 'en-IE' || this.#o.locale === 'en-AU'
    const inWords = f.month && !NUMBERS.includes(f.month)
    const chain = (list, separator) => list.filter(Boolean).flatMap((one, index) => (index === 0 ? one : [...text(separator), ...one]))
    let body
    if (!inWords) body = chain(british ? [day, month && (day || year) ? part('month', two(there.getUTCMonth() + 1, '2-digit')) : month, year].map((one, index) => (british && index === 0 && one ? part('day', two(there.getUTCDate(), '2-digit')) : one)) : [month, day, year], '/')
    else if (british) body = chain([day, month, year], ' ')
    else body = chain([chain([month, day], ' '), year], day ? ', ' : ' ')
    if (weekday) body = body.length === 0 ? weekday : [...weekday, ...text(day && !month && !year ? ' ' : ', '), ...body]
    return f.era ? [...body, ...text(' '), ...part('era', f.era === 'long' ? (fullYear > 0 ? 'Anno Domini' : 'Before Christ') : fullYear > 0 ? (f.era === 'short' ? 'AD' : 'A') : f.era === 'short' ? 'BC' : 'B')] : body
  }
  #time(there, shift) {
    const f = this._fields
    const parts = []
    const add = (type, value, separator = ':') => {
      if (parts.length > 0) parts.push({ type: 'literal', value: separator })
      parts.push({ type, value })
    }
    const two = (number, style) => (style === '2-digit' ? String(number).padStart(2, '0') : String(number))
    const hours = there.getUTCHours()
    const shown = { h12: hours % 12 || 12, h11: hours % 12, h23: hours, h24: hours || 24 }[this.#o.hourCycle]
    if (f.hour) add('hour', two(shown, f.hour))
    if (f.minute) add('minute', two(there.getUTCMinutes(), f.minute))
    if (f.second) add('second', two(there.getUTCSeconds(), f.second))
    if (f.fractionalSecondDigits) add('fractionalSecond', String(there.getUTCMilliseconds()).padStart(3, '0').slice(0, f.fractionalSecondDigits), '.')
    if (f.hour && this.#o.hour12) add('dayPeriod', hours < 12 ? 'AM' : 'PM', '\u202f')
    if (f.timeZoneName) add('timeZoneName', zoneName(f.timeZoneName, shift, this.#o.timeZone), ' ')
    return parts
  }
}
idl(DateTimeFormat, 'Intl.DateTimeFormat')
