// Which locales there are: English. Others are valid tags that resolve to en-US, as an engine built with small data does.
const TAG = /^[a-z]{2,3}(?:-[a-z]{4})?(?:-(?:[a-z]{2}|\d{3}))?(?:-(?:[a-z\d]{5,8}|\d[a-z\d]{3}))*(?:-[a-wyz\d](?:-[a-z\d]{2,8})+)*(?:-x(?:-[a-z\d]{1,8})+)?$/i
export const DEFAULT = 'en-US'

const canonical = (tag) => {
  if (typeof tag !== 'string' && typeof tag !== 'object') throw new TypeError('Language ID should be string or object.')
  const text = String(tag)
  if (!TAG.test(text)) throw new RangeError(`Incorrect locale information provided`)
  return text.split('-').map((part, index) => (index === 0 ? part.toLowerCase() : part.length === 2 ? part.toUpperCase() : part.length === 4 && !/\d/.test(part) ? part[0].toUpperCase() + part.slice(1).toLowerCase() : part.toLowerCase())).join('-')
}
export const canonicalLocales = (locales) => [...new Set((locales === undefined ? [] : Array.isArray(locales) ? locales : [locales]).map(canonical))]
const isEnglish = (locale) => locale === 'en' || locale.startsWith('en-')
/** The first English tag asked for, without extensions, or the default. */
export const resolve = (locales) => canonicalLocales(locales).find(isEnglish)?.replace(/-u-.*$/, '') ?? DEFAULT
export const supported = (locales) => canonicalLocales(locales).filter(isEnglish)

/** An option that must be one of a list. */
export const choice = (options, name, allowed, otherwise) => {
  const value = options?.[name]
  if (value === undefined) return otherwise
  if (!allowed.includes(String(value))) throw new RangeError(`Value ${value} out of range for Intl options property ${name}`)
  return String(value)
}
export const integer = (options, name, low, high, otherwise) => {
  const value = options?.[name]
  if (value === undefined) return otherwise
  const number = Number(value)
  if (!(number >= low && number <= high)) throw new RangeError(`${name} value is out of range.`)
  return Math.floor(number)
}
