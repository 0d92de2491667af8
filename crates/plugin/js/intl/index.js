// Intl for English, and the methods of the language that use it.
import { define } from '../host.js'
import { DateTimeFormat } from './date-time-format.js'
import { canonicalLocales } from './locale.js'
import { NumberFormat } from './number-format.js'
import { Segmenter } from './segmenter.js'
import { Collator, ListFormat, PluralRules, RelativeTimeFormat } from './words.js'

const VALUES = { calendar: ['gregory'], collation: ['default'], currency: ['AUD', 'BRL', 'CAD', 'CNY', 'EUR', 'GBP', 'INR', 'JPY', 'KRW', 'MXN', 'NZD', 'USD'], numberingSystem: ['latn'], timeZone: ['UTC'], unit: [] }
const Intl = {}
/** The oldest of them make an object when they are called without `new`, too. */
const alsoCalled = (type) => {
  const called = { [type.name]: function (...args) { return Reflect.construct(type, args, new.target ?? called) } }[type.name]
  called.prototype = type.prototype
  Object.defineProperty(type.prototype, 'constructor', { value: called, writable: true, configurable: true })
  return Object.setPrototypeOf(called, type)
}
define({
  NumberFormat: alsoCalled(NumberFormat), DateTimeFormat: alsoCalled(DateTimeFormat), Collator: alsoCalled(Collator),
  PluralRules, ListFormat, RelativeTimeFormat, Segmenter, getCanonicalLocales: canonicalLocales,
  supportedValuesOf: (key) => { if (!(key in VALUES)) throw new RangeError(`Invalid key : ${key}`); return [...VALUES[key]] },
}, Intl)
Object.defineProperty(Intl, Symbol.toStringTag, { value: 'Intl', configurable: true })
define({ Intl })

const collator = new Collator()
const invalid = (date) => Number.isNaN(date.getTime())
const method = (type, name, work) => define({ [name]: { [name](...args) { return work(this, ...args) } }[name] }, type.prototype)
method(Number, 'toLocaleString', (number, locales, options) => new NumberFormat(locales, options).format(Number(number)))
method(BigInt, 'toLocaleString', (number, locales, options) => new NumberFormat(locales, options).format(BigInt(number)))
method(Date, 'toLocaleString', (date, locales, options) => (invalid(date) ? 'Invalid Date' : new DateTimeFormat(locales, options, 'all').format(date)))
method(Date, 'toLocaleDateString', (date, locales, options) => (invalid(date) ? 'Invalid Date' : new DateTimeFormat(locales, options, 'all+date').format(date)))
method(Date, 'toLocaleTimeString', (date, locales, options) => (invalid(date) ? 'Invalid Date' : new DateTimeFormat(locales, options, 'all+time').format(date)))
method(String, 'localeCompare', (text, other, locales, options) => (locales === undefined && options === undefined ? collator : new Collator(locales, options)).compare(String(text), String(other)))
/** As in Node, the zone's name follows the offset. */
for (const name of ['toString', 'toTimeString']) {
  const plain = Date.prototype[name]
  method(Date, name, (date) => { const text = Reflect.apply(plain, date, []); return text.endsWith('GMT+0000') ? `${text} (Coordinated Universal Time)` : text })
}
