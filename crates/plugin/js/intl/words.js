// Intl.PluralRules, ListFormat, RelativeTimeFormat and Collator for English.
import { idl } from '../host.js'
import { choice, resolve, supported } from './locale.js'
import { NumberFormat } from './number-format.js'

export class PluralRules {
  #o
  constructor(locales, options = {}) { this.#o = { locale: resolve(locales), type: choice(options, 'type', ['cardinal', 'ordinal'], 'cardinal'), minimumIntegerDigits: 1, minimumFractionDigits: options?.minimumFractionDigits ?? 0, maximumFractionDigits: options?.maximumFractionDigits ?? 3, pluralCategories: options?.type === 'ordinal' ? ['few', 'one', 'two', 'other'] : ['one', 'other'] } }
  static supportedLocalesOf(locales) { return supported(locales) }
  select(value) {
    const number = Math.abs(Number(value))
    if (this.#o.type === 'cardinal') return number === 1 && this.#o.minimumFractionDigits === 0 ? 'one' : 'other'
    const [ten, hundred] = [number % 10, number % 100]
    return ten === 1 && hundred !== 11 ? 'one' : ten === 2 && hundred !== 12 ? 'two' : ten === 3 && hundred !== 13 ? 'few' : 'other'
  }
  selectRange(_from, to) { return this.select(to) }
  resolvedOptions() { return { ...this.#o } }
}
idl(PluralRules, 'Intl.PluralRules')

export class ListFormat {
  #o
  constructor(locales, options = {}) { this.#o = { locale: resolve(locales), type: choice(options, 'type', ['conjunction', 'disjunction', 'unit'], 'conjunction'), style: choice(options, 'style', ['long', 'short', 'narrow'], 'long') } }
  static supportedLocalesOf(locales) { return supported(locales) }
  formatToParts(list) {
    const items = [...list]
    for (const item of items) if (typeof item !== 'string') throw new TypeError('Iterable yielded a non-String value')
    const { type, style } = this.#o
    const word = type === 'disjunction' ? 'or ' : type === 'conjunction' && style === 'long' ? 'and ' : type === 'conjunction' && style === 'short' ? '& ' : ''
    const comma = type === 'unit' && style === 'narrow' ? ' ' : ', '
    return items.flatMap((value, index) => {
      const last = index === items.length - 1
      const before = index === 0 ? [] : [{ type: 'literal', value: last ? (items.length === 2 && word !== '' ? ` ${word}` : `${comma}${word}`) : comma }]
      return [...before, { type: 'element', value }]
    })
  }
  format(list) { return this.formatToParts(list).map((part) => part.value).join('') }
  resolvedOptions() { return { ...this.#o } }
}
idl(ListFormat, 'Intl.ListFormat')

const SPECIAL = { day: { '-1': 'yesterday', 0: 'today', 1: 'tomorrow' }, second: { 0: 'now' } }
const SHORT = { second: 'sec.', minute: 'min.', hour: 'hr.', day: 'day', week: 'wk.', month: 'mo.', quarter: 'qtr.', year: 'yr.' }
export class RelativeTimeFormat {
  #o
  #numbers = new NumberFormat('en')
  constructor(locales, options = {}) { this.#o = { locale: resolve(locales), style: choice(options, 'style', ['long', 'short', 'narrow'], 'long'), numeric: choice(options, 'numeric', ['always', 'auto'], 'always'), numberingSystem: 'latn' } }
  static supportedLocalesOf(locales) { return supported(locales) }
  format(value, given) {
    const unit = String(given).replace(/s$/, '')
    if (!(unit in SHORT)) throw new RangeError(`Invalid unit argument for format() '${given}'`)
    const number = Number(value)
    if (this.#o.numeric === 'auto') {
      const special = SPECIAL[unit]?.[number] ?? (SPECIAL[unit] ? undefined : { '-1': `last ${unit}`, 0: `this ${unit}`, 1: `next ${unit}` }[number])
      if (special !== undefined) return special
    }
    const size = Math.abs(number)
    const name = this.#o.style === 'long' ? unit + (size === 1 ? '' : 's') : unit === 'day' || unit === 'quarter' ? (unit === 'day' ? 'day' : 'qtr') + (size === 1 ? (unit === 'day' ? '' : '.') : unit === 'day' ? 's' : 's.') : SHORT[unit]
    const text = `${this.#numbers.format(size)} ${name}`
    return number < 0 || Object.is(number, -0) ? `${text} ago` : `in ${text}`
  }
  formatToParts(value, unit) { return [{ type: 'literal', value: this.format(value, unit) }] }
  resolvedOptions() { return { ...this.#o } }
}
idl(RelativeTimeFormat, 'Intl.RelativeTimeFormat')

/** Letters alone, then accents, then case (small first): the first levels of the Unicode Collation Algorithm, for Latin text. */
const bare = (text) => text.normalize('NFD').replace(/\p{M}/gu, '')
const order = (a, b) => (a < b ? -1 : a > b ? 1 : 0)
/** Spaces and punctuation before digits before letters. */
const rank = (text) => [...text.toLowerCase()].map((c) => (/\p{L}/u.test(c) ? '2' : /\p{N}/u.test(c) ? '1' : '0') + c).join('')
export class Collator {
  #o
  #bound
  constructor(locales, options = {}) {
    if (!new.target) return new Collator(locales, options)
    this.#o = { locale: resolve(locales), usage: choice(options, 'usage', ['sort', 'search'], 'sort'), sensitivity: choice(options, 'sensitivity', ['base', 'accent', 'case', 'variant'], 'variant'), ignorePunctuation: Boolean(options?.ignorePunctuation), collation: 'default', numeric: Boolean(options?.numeric ?? /-u-(?:.*-)?kn(?:-true)?(?:-|$)/.test(String(locales))), caseFirst: choice(options, 'caseFirst', ['upper', 'lower', 'false'], 'false') }
  }
  static supportedLocalesOf(locales) { return supported(locales) }
  get compare() { return (this.#bound ??= (a, b) => this.#compare(String(a), String(b))) }
  #compare(a, b) {
    if (a === b) return 0
    const { sensitivity, ignorePunctuation, numeric, caseFirst } = this.#o
    const [x, y] = ignorePunctuation ? [a, b].map((text) => text.replace(/[\p{P}\p{S}\s]/gu, '')) : [a, b]
    const first = numeric ? this.#numeric(bare(x), bare(y)) : order(rank(bare(x)), rank(bare(y)))
    if (first !== 0 || sensitivity === 'base') return first
    if (sensitivity !== 'case') { const accents = order(x.normalize('NFD').toLowerCase(), y.normalize('NFD').toLowerCase()); if (accents !== 0 || sensitivity === 'accent') return accents }
    const swap = (text) => [...text.normalize('NFD')].map((c) => (c === c.toLowerCase() ? '0' : '1')).join('')
    return caseFirst === 'upper' ? order(swap(y), swap(x)) : order(swap(x), swap(y))
  }
  #numeric(x, y) {
    const [left, right] = [x, y].map((text) => text.split(/(\d+)/))
    for (let index = 0; index < Math.min(left.length, right.length); index++) {
      const [a, b] = [left[index], right[index]]
      const found = index % 2 === 1 ? order(BigInt(a), BigInt(b)) : order(rank(a), rank(b))
      if (found !== 0) return found
    }
    return order(left.length, right.length)
  }
  resolvedOptions() { return { ...this.#o } }
}
idl(Collator, 'Intl.Collator')
