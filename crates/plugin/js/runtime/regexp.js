// The `v` flag's classes for an engine that knows only `u`: set operations become look-aheads, nested classes alternatives.
// Literals arrive here too: the bundler writes them as `new RegExp(…, 'v')`.
const Native = globalThis.RegExp

/** Properties of strings, by the rules their sequences are made by, not by the list of those in use. */
const PICTURE = String.raw`(?:\p{Emoji_Presentation}|\p{Emoji}\uFE0F|\p{Emoji_Modifier_Base}\p{Emoji_Modifier}|[\u2600-\u27BF\u{1F000}-\u{1FAFF}]\uFE0F?)\p{Emoji_Modifier}?`
const FLAG = String.raw`\p{Regional_Indicator}{2}`
const KEYCAP = String.raw`[#*0-9]\uFE0F\u20E3`
const TAGGED = String.raw`${PICTURE}[\u{E0020}-\u{E007E}]+\u{E007F}`
const JOINED = String.raw`${PICTURE}(?:\u200D${PICTURE})+`
const SINGLE = String.raw`(?:(?!\p{Regional_Indicator})\p{Emoji_Presentation}|\p{Emoji}\uFE0F)`
const SEQUENCES = {
  Basic_Emoji: SINGLE, Emoji_Keycap_Sequence: KEYCAP, RGI_Flag_Sequence: FLAG, RGI_Emoji_Flag_Sequence: FLAG, RGI_Modifier_Sequence: '\\p{Emoji_Modifier_Base}\\p{Emoji_Modifier}',
  RGI_Emoji_Modifier_Sequence: '\\p{Emoji_Modifier_Base}\\p{Emoji_Modifier}', RGI_Emoji_Tag_Sequence: TAGGED, RGI_ZWJ_Sequence: JOINED, RGI_Emoji_ZWJ_Sequence: JOINED,
  RGI_Emoji: `(?:${KEYCAP}|${FLAG}|${JOINED}|${TAGGED}|\\p{Emoji_Modifier_Base}\\p{Emoji_Modifier}|${SINGLE})`,
}
const sequenceAt = (source, at) => {
  const [whole, name] = /^\\p\{(\w+)\}/.exec(source.slice(at, at + 40)) ?? []
  return whole !== undefined && Object.hasOwn(SEQUENCES, name) ? { pattern: `(?:${SEQUENCES[name]})`, end: at + whole.length } : null
}

/** Reads one class from `[` on. Answers its pattern for the `u` flag and where it ends. */
const readClass = (source, start) => {
  let at = start + 1
  const negated = source[at] === '^'
  if (negated) at++
  /** Operands, each a `{ set, strings }`: what stands inside brackets, and whole alternatives. */
  let operands = [{ set: '', strings: [] }]
  let operator = ''
  const last = () => operands.at(-1)
  while (at < source.length && source[at] !== ']') {
    const two = source.slice(at, at + 2)
    if (two === '--' || two === '&&') {
      operator = two
      operands.push({ set: '', strings: [] })
      at += 2
    } else if (source[at] === '[') {
      const inner = readClass(source, at)
      last().strings.push(inner.pattern)
      at = inner.end
    } else if (two === '\\q') {
      const end = source.indexOf('}', at)
      last().strings.push(...source.slice(at + 3, end).split('|').sort((a, b) => b.length - a.length))
      at = end + 1
    } else if (source[at] === '\\' && sequenceAt(source, at)) {
      const found = sequenceAt(source, at)
      last().strings.push(found.pattern)
      at = found.end
    } else if (source[at] === '\\') {
      const escape = /^\\(?:[pP]\{[^}]*\}|u\{[^}]*\}|u[\da-fA-F]{4}|x[\da-fA-F]{2}|c[A-Za-z]|.)/su.exec(source.slice(at))[0]
      last().set += /^\\[&\-!#%,:;<=>@`~]$/.test(escape) ? escape === '\\-' ? escape : escape[1] : escape
      at += escape.length
    } else {
      const character = String.fromCodePoint(source.codePointAt(at))
      last().set += character
      at += character.length
    }
  }
  const patterns = operands.map(({ set, strings }) => {
    const all = [...strings, ...(set === '' ? [] : [`[${set}]`])]
    return all.length === 1 ? all[0] : all.length === 0 ? '[]' : `(?:${all.join('|')})`
  })
  const [first, ...others] = patterns
  const looks = others.map((other) => `(?${operator === '--' ? '!' : '='}${other})`).join('')
  const pattern = looks === '' ? first : `(?:${looks}${first})`
  if (!negated) return { pattern, end: at + 1 }
  const simple = operands.length === 1 && operands[0].strings.length === 0
  return { pattern: simple ? `[^${operands[0].set}]` : `(?:(?!${pattern})[^])`, end: at + 1 }
}

const withoutSets = (source) => {
  let pattern = ''
  for (let at = 0; at < source.length;) {
    const sequence = sequenceAt(source, at)
    if (sequence) {
      pattern += sequence.pattern
      at = sequence.end
    } else if (source[at] === '\\') {
      pattern += source.slice(at, at + 2)
      at += 2
    } else if (source[at] === '[') {
      const found = readClass(source, at)
      pattern += found.pattern
      at = found.end
    } else pattern += source[at++]
  }
  return pattern
}

const known = new Map()
const make = (source, flags, target) => {
  const key = `${flags}/${source}`
  const pattern = known.get(key) ?? withoutSets(source)
  known.set(key, pattern)
  const made = Reflect.construct(Native, [pattern, flags.replace('v', 'u')], target)
  for (const [name, value] of [['source', source], ['unicode', false], ['unicodeSets', true]]) Object.defineProperty(made, name, { value, configurable: true })
  return made
}

const construct = (args, target) => {
  const [pattern, flags] = args
  const text = flags === undefined ? (pattern instanceof Native ? pattern.flags : '') : String(flags)
  if (!text.includes('v')) return Reflect.construct(Native, args, target)
  if (text.includes('u')) throw new SyntaxError(`Invalid flags supplied to RegExp constructor '${text}'`)
  return make(pattern instanceof Native ? pattern.source : String(pattern ?? '(?:)'), text, target)
}

const RegExp = new Proxy(Native, {
  construct: (_, args, target) => construct(args, target === RegExp ? Native : target),
  apply: (_, __, args) => (args[0] instanceof Native && args[1] === undefined ? args[0] : construct(args, Native)),
  // Methods that copy a regular expression take the engine's own way.
  get: (_, key) => (key === Symbol.species ? Native : Native[key]),
})
Object.defineProperty(Native.prototype, 'constructor', { value: RegExp, writable: true, configurable: true })
Object.defineProperty(globalThis, 'RegExp', { value: RegExp, writable: true, configurable: true })
