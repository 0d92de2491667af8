// Intl.Segmenter: the boundaries of Unicode for all languages; none has its own here.
import { idl, native } from '../host.js'
import { canonicalLocales } from './locale.js'

const WORD = 2 ** 31
const GRANULARITIES = ['grapheme', 'word', 'sentence']

class Segments {
  #text
  #granularity
  #list
  constructor(text, granularity) { this.#text = text; this.#granularity = granularity }
  #found() {
    if (this.#list) return this.#list
    let index = 0
    this.#list = native.segments(this.#text.toWellFormed(), this.#granularity).map((coded) => {
      const length = coded >>> 0 >= WORD ? (coded >>> 0) - WORD : coded
      const segment = { segment: this.#text.slice(index, index + length), index, input: this.#text, ...(this.#granularity === 'word' ? { isWordLike: coded >>> 0 >= WORD } : {}) }
      index += length
      return segment
    })
    return this.#list
  }
  containing(index = 0) {
    const at = Math.trunc(Number(index)) || 0
    return this.#found().find((one) => at >= one.index && at < one.index + one.segment.length)
  }
  *[Symbol.iterator]() { for (const segment of this.#found()) yield { ...segment } }
}

export class Segmenter {
  #locale
  #granularity
  constructor(locales, { granularity = 'grapheme' } = {}) {
    if (!GRANULARITIES.includes(String(granularity))) throw new RangeError(`Value ${granularity} out of range for Intl.Segmenter options property granularity`)
    this.#locale = canonicalLocales(locales)[0] ?? 'en-US'
    this.#granularity = String(granularity)
  }
  segment(text) { return new Segments(String(text), this.#granularity) }
  resolvedOptions() { return { locale: this.#locale, granularity: this.#granularity } }
  static supportedLocalesOf(locales) { return canonicalLocales(locales) }
}
idl(Segmenter, 'Intl.Segmenter')
