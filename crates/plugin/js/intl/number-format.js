// Intl.NumberFormat for English.
import { idl } from '../host.js'
import { choice, integer, resolve, supported } from './locale.js'

const SYMBOLS = { USD: '$', EUR: '€', GBP: '£', JPY: '¥', INR: '₹', CNY: 'CN¥', KRW: '₩', BRL: 'R$', CAD: 'CA$', AUD: 'A$', MXN: 'MX$', NZD: 'NZ$', ILS: '₪', VND: '₫', HKD: 'HK$', TWD: 'NT$', PHP: '₱' }
const NAMES = { USD: ['US dollar', 'US dollars'], EUR: ['euro', 'euros'], GBP: ['British pound', 'British pounds'], JPY: ['Japanese yen', 'Japanese yen'] }
const NO_CENTS = new Set(['JPY', 'KRW', 'VND', 'CLP', 'ISK', 'XAF', 'XOF', 'PYG', 'UGX'])
const UNITS = { kilometer: 'km', meter: 'm', centimeter: 'cm', millimeter: 'mm', mile: 'mi', foot: 'ft', inch: 'in', kilogram: 'kg', gram: 'g', pound: 'lb', ounce: 'oz', liter: 'L', milliliter: 'mL', celsius: '°C', fahrenheit: '°F', percent: '%', byte: 'byte', kilobyte: 'kB', megabyte: 'MB', gigabyte: 'GB', terabyte: 'TB', second: 'sec', minute: 'min', hour: 'hr', day: 'day', week: 'wk', month: 'mth', year: 'yr', millisecond: 'ms', 'kilometer-per-hour': 'km/h', 'mile-per-hour': 'mph' }
const COMPACT = [[1e12, 'T', ' trillion'], [1e9, 'B', ' billion'], [1e6, 'M', ' million'], [1e3, 'K', ' thousand']]

/** Digits of a non-negative number without exponent. */
const plain = (value) => {
  const text = String(value)
  const match = /^(\d+)(?:\.(\d+))?e([+-]\d+)$/.exec(text)
  if (!match) return text
  const [, whole, fraction = '', power] = match
  const digits = whole + fraction
  const at = whole.length + Number(power)
  if (at <= 0) return `0.${'0'.repeat(-at)}${digits}`
  return at >= digits.length ? digits + '0'.repeat(at - digits.length) : `${digits.slice(0, at)}.${digits.slice(at)}`
}
/** Half up, on the decimal digits. */
const round = (text, places) => {
  const [whole, fraction = ''] = text.split('.')
  if (fraction.length <= places) return text
  const kept = BigInt(whole + fraction.slice(0, Math.max(0, places)) || '0') + (fraction[places] >= '5' ? 1n : 0n)
  const digits = String(kept).padStart(places + 1, '0')
  return places > 0 ? `${digits.slice(0, -places)}.${digits.slice(-places)}` : digits
}
const roundSignificant = (text, count) => {
  const [whole, fraction = ''] = text.split('.')
  const digits = (whole + fraction).replace(/^0+/, '')
  if (digits === '') return '0'
  const size = whole === '0' ? -(/^0*/.exec(fraction)[0].length) : whole.length
  if (count >= size) return round(text, count - size)
  const cut = whole.slice(0, count)
  return String(BigInt(cut) + (whole[count] >= '5' ? 1n : 0n)) + '0'.repeat(whole.length - count)
}

export class NumberFormat {
  #o
  #bound
  constructor(locales, options = {}) {
    if (!new.target) return new NumberFormat(locales, options)
    const style = choice(options, 'style', ['decimal', 'percent', 'currency', 'unit'], 'decimal')
    const currency = options?.currency === undefined ? undefined : String(options.currency).toUpperCase()
    if (style === 'currency' && currency === undefined) throw new TypeError('Currency code is required with currency style.')
    if (currency !== undefined && !/^[A-Z]{3}$/.test(currency)) throw new RangeError(`Invalid currency code : ${options.currency}`)
    if (style === 'unit' && options.unit === undefined) throw new TypeError('Unit is required with unit style.')
    const notation = choice(options, 'notation', ['standard', 'scientific', 'engineering', 'compact'], 'standard')
    const cents = style === 'currency' && notation === 'standard' ? (NO_CENTS.has(currency) ? 0 : 2) : 0
    const least = integer(options, 'minimumFractionDigits', 0, 100)
    const most = integer(options, 'maximumFractionDigits', 0, 100)
    if (least !== undefined && most !== undefined && least > most) throw new RangeError('maximumFractionDigits value is out of range.')
    const usual = style === 'currency' ? cents : style === 'percent' || notation === 'compact' ? 0 : 3
    const minimumFractionDigits = least ?? Math.min(cents, most ?? cents)
    const grouping = options?.useGrouping
    const significant = options?.minimumSignificantDigits !== undefined || options?.maximumSignificantDigits !== undefined
    this.#o = {
      locale: resolve(locales), numberingSystem: 'latn', style,
      ...(style === 'currency' ? { currency, currencyDisplay: choice(options, 'currencyDisplay', ['code', 'symbol', 'narrowSymbol', 'name'], 'symbol'), currencySign: choice(options, 'currencySign', ['standard', 'accounting'], 'standard') } : {}),
      ...(style === 'unit' ? { unit: String(options.unit), unitDisplay: choice(options, 'unitDisplay', ['short', 'narrow', 'long'], 'short') } : {}),
      minimumIntegerDigits: integer(options, 'minimumIntegerDigits', 1, 21, 1),
      ...(significant
        ? { minimumSignificantDigits: integer(options, 'minimumSignificantDigits', 1, 21, 1), maximumSignificantDigits: integer(options, 'maximumSignificantDigits', 1, 21, 21) }
        : { minimumFractionDigits, maximumFractionDigits: most ?? Math.max(minimumFractionDigits, usual) }),
      useGrouping: grouping === undefined ? (notation === 'compact' ? 'min2' : 'auto') : grouping === 'false' || grouping === false ? false : grouping === true ? 'always' : String(grouping),
      notation, ...(notation === 'compact' ? { compactDisplay: choice(options, 'compactDisplay', ['short', 'long'], 'short') } : {}),
      signDisplay: choice(options, 'signDisplay', ['auto', 'never', 'always', 'exceptZero', 'negative'], 'auto'), roundingIncrement: 1, roundingMode: choice(options, 'roundingMode', ['ceil', 'floor', 'expand', 'trunc', 'halfCeil', 'halfFloor', 'halfExpand', 'halfTrunc', 'halfEven'], 'halfExpand'), roundingPriority: 'auto', trailingZeroDisplay: 'auto',
    }
    Object.defineProperty(this, '_usual', { value: notation === 'compact' && !significant && least === undefined && most === undefined })
  }
  static supportedLocalesOf(locales) { return supported(locales) }
  get format() { return (this.#bound ??= (value) => this.formatToParts(value).map((part) => part.value).join('')) }
  formatRange(from, to) { return `${this.format(from)}–${this.format(to)}` }
  resolvedOptions() { return { ...this.#o } }
  formatToParts(value) {
    const o = this.#o
    const number = typeof value === 'bigint' ? value : typeof value === 'string' && /^\s*-?\d{16,}\s*$/.test(value) ? BigInt(value) : Number(value)
    const negative = typeof number === 'bigint' ? number < 0n : number < 0 || Object.is(number, -0)
    const parts = this.#digits(negative ? -number : number)
    const zero = parts.every((part) => !/integer|fraction/.test(part.type) || /^0*$/.test(part.value))
    const minus = negative && (o.signDisplay === 'auto' || o.signDisplay === 'always' || (!zero && o.signDisplay !== 'never'))
    const plus = !negative && (o.signDisplay === 'always' || (o.signDisplay === 'exceptZero' && !zero && !Number.isNaN(number)))
    return this.#decorated(parts, minus ? '-' : plus ? '+' : '', zero ? 0 : number)
  }
  #decorated(parts, sign, number) {
    const o = this.#o
    if (o.style === 'percent') parts.push({ type: 'percentSign', value: '%' })
    if (o.style === 'unit') {
      const one = parts.map((part) => part.value).join('') === '1'
      const name = o.unitDisplay === 'long' || !(o.unit in UNITS) ? `${o.unit.replace(/-per-/, ' per ')}${one || o.unit.includes('-per-') ? '' : 's'}` : UNITS[o.unit] + (['day', 'wk', 'mth', 'yr'].includes(UNITS[o.unit]) && !one && o.unitDisplay === 'short' ? 's' : '')
      if (o.unitDisplay === 'short' && !/^[°%]/.test(name) || o.unitDisplay === 'long') parts.push({ type: 'literal', value: ' ' })
      parts.push({ type: 'unit', value: name })
    }
    if (o.style === 'currency') {
      if (o.currencyDisplay === 'name') parts.push({ type: 'literal', value: ' ' }, { type: 'currency', value: NAMES[o.currency]?.[number === 1 ? 0 : 1] ?? o.currency })
      else {
        const symbol = o.currencyDisplay === 'code' ? o.currency : o.currencyDisplay === 'narrowSymbol' ? (SYMBOLS[o.currency] ?? o.currency).replace(/^[A-Z]+(?=\W)/, '') : SYMBOLS[o.currency] ?? o.currency
        parts.unshift({ type: 'currency', value: symbol }, ...(/[A-Z]$/.test(symbol) ? [{ type: 'literal', value: '\u00a0' }] : []))
      }
      if (sign === '-' && o.currencySign === 'accounting') return [{ type: 'literal', value: '(' }, ...parts, { type: 'literal', value: ')' }]
    }
    return sign === '' ? parts : [{ type: sign === '-' ? 'minusSign' : 'plusSign', value: sign }, ...parts]
  }
  #digits(number) {
    const o = this.#o
    if (Number.isNaN(number)) return [{ type: 'nan', value: 'NaN' }]
    if (number === Infinity) return [{ type: 'infinity', value: '∞' }]
    let value = o.style === 'percent' ? (typeof number === 'bigint' ? number * 100n : Number(`${Number(`${number}e2`)}`) || number * 100) : number
    let suffix = null
    let power = null
    if (o.notation === 'compact') {
      const scale = COMPACT.find(([size]) => Number(value) >= size * (size === 1e12 ? 1 : 0.9995 <= Number(value) / size && Number(value) / size < 1 ? 0.9995 : 1))
      if (scale) { value = Number(value) / scale[0]; suffix = o.compactDisplay === 'long' ? scale[2] : scale[1] }
    } else if (o.notation !== 'standard' && Number(value) !== 0) {
      power = Math.floor(Math.log10(Number(value)))
      if (o.notation === 'engineering') power = Math.floor(power / 3) * 3
      value = Number(value) / 10 ** power
    }
    let text = plain(value)
    if (this._usual) text = Number(text) < 100 ? roundSignificant(text, 2) : round(text, 0)
    else if (o.maximumSignificantDigits !== undefined) text = roundSignificant(text, o.maximumSignificantDigits)
    else text = this.#rounded(text)
    let [whole, fraction = ''] = text.split('.')
    const least = o.minimumFractionDigits ?? Math.max(0, (o.minimumSignificantDigits ?? 1) - whole.replace(/^0+/, '').length)
    fraction = fraction.replace(/0+$/, '').padEnd(least, '0')
    whole = whole.padStart(o.minimumIntegerDigits, '0')
    const grouped = o.useGrouping && (o.useGrouping !== 'min2' || whole.length > 4) ? whole.replace(/\B(?=(\d{3})+$)/g, ',') : whole
    const parts = grouped.split(',').flatMap((group, index) => [...(index > 0 ? [{ type: 'group', value: ',' }] : []), { type: 'integer', value: group }])
    if (fraction !== '') parts.push({ type: 'decimal', value: '.' }, { type: 'fraction', value: fraction })
    if (suffix?.startsWith(' ')) parts.push({ type: 'literal', value: ' ' }, { type: 'compact', value: suffix.slice(1) })
    else if (suffix) parts.push({ type: 'compact', value: suffix })
    if (power !== null || o.notation === 'scientific' || o.notation === 'engineering') parts.push({ type: 'exponentSeparator', value: 'E' }, ...(power < 0 ? [{ type: 'exponentMinusSign', value: '-' }] : []), { type: 'exponentInteger', value: String(Math.abs(power ?? 0)) })
    return parts
  }
  #rounded(text) {
    const { maximumFractionDigits: most, roundingMode } = this.#o
    if (roundingMode === 'trunc' || roundingMode === 'floor') { const [whole, fraction = ''] = text.split('.'); return most > 0 && fraction !== '' ? `${whole}.${fraction.slice(0, most)}` : whole }
    return round(text, most)
  }
}
idl(NumberFormat, 'Intl.NumberFormat')
