// swarmlambda.toml: the variables under their keys, as text like in the environment, so that one schema is for both.
//
// A list is what is written with commas there, true and false are on and off, and a region of one's own is a table:
//   [regions.dc-lyon]
//   latitude = 45.75
//   longitude = 4.85
import { parse, TomlError } from 'smol-toml'
import { messageOf, SwarmError } from '../errors.js'
import { addRegions } from '../regions.js'
import { shown, type Variable } from './variable.js'
import { ALL_VARIABLES, OWN_REGIONS } from './variables.js'

export interface Entry {
  /** Of the environment variable. */
  name: string
  text: string
  /** Counted from 1. */
  line: number
}

type Table = Readonly<Record<string, unknown>>

const isTable = (value: unknown): value is Table => typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date)

/** What the file sets. Throws CONFIG_INVALID with file and line for what is no TOML, not known, or not allowed. */
export const parseToml = (text: string, file: string): Entry[] => {
  const found = [...leavesOf(read(text, file), [])].map(({ path, value }) => ({ key: path.join('.'), line: lineOf(text, path), value }))
  // Regions first: another setting may name one.
  found.sort((a, b) => Number(b.key === OWN_REGIONS.key) - Number(a.key === OWN_REGIONS.key))
  return found.map(({ key, line, value }) => {
    const where = `${file}:${line}: ${key}`
    const variable = ALL_VARIABLES.find((each) => each.key === key)
    if (variable === undefined) throw new SwarmError('CONFIG_INVALID', `${where} is no setting${nearest(key)}`)
    if (variable.secret) throw new SwarmError('CONFIG_INVALID', `${where} is a secret and does not belong here: ${elsewhere(variable)}`)
    const plain = textOf(value)
    const parsed = plain === null ? null : variable.schema.safeParse(plain)
    if (plain === null || parsed?.success !== true) {
      throw new SwarmError('CONFIG_INVALID', `${where} is ${shown(variable, plain ?? JSON.stringify(value))}; allowed: ${variable.allowed}`)
    }
    if (variable === OWN_REGIONS) addRegions(OWN_REGIONS.schema.parse(plain) ?? [])
    return { name: variable.name, text: plain, line }
  })
}

const elsewhere = ({ key, name }: Variable): string => (key === 'cluster.key' ? 'set cluster.key_file, a systemd credential, or ' : 'set ') + name

const read = (text: string, file: string): Table => {
  try {
    return parse(text)
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw cause
    const [reason = ''] = messageOf(cause).replace(/^Invalid TOML document: /, '').split('\n')
    throw new SwarmError('CONFIG_INVALID', `${file}:${cause.line}:${cause.column}: ${reason}`, { cause })
  }
}

/** Every value that is no table, and the table of regions as the text it is in the environment. */
function* leavesOf(table: Table, path: readonly string[]): Generator<{ path: string[]; value: unknown }> {
  for (const [name, value] of Object.entries(table)) {
    const here = [...path, name]
    if (here.join('.') === OWN_REGIONS.key && isTable(value)) {
      yield { path: here, value: Object.entries(value).map(([region, place]) => (isTable(place) ? `${region}=${String(place['latitude'])}/${String(place['longitude'])}` : region)) }
    } else if (isTable(value)) yield* leavesOf(value, here)
    else yield { path: here, value }
  }
}

const textOf = (value: unknown): string | null => {
  if (typeof value === 'string') return value
  if (typeof value === 'boolean') return value ? 'on' : 'off'
  if (typeof value === 'number' || typeof value === 'bigint') return String(value)
  if (!Array.isArray(value)) return null
  const parts = value.map(textOf)
  // A comma inside would make two of one.
  return parts.some((part) => part === null || part.includes(',')) ? null : parts.join(',')
}

/** The line of a key: the parser does not say. The first one that could be it, else 1. */
const lineOf = (text: string, path: readonly string[]): number => {
  const name = path.at(-1) ?? ''
  const header = path.slice(0, -1).join('.')
  let section = ''
  for (const [index, line] of text.split('\n').entries()) {
    const [, table] = /^\s*\[\s*([^\]]+?)\s*\]/.exec(line) ?? []
    if (table !== undefined) section = table.replace(/\s*\.\s*|["']/g, (found) => (found.includes('.') ? '.' : ''))
    if (table !== undefined && (section === path.join('.') || section.startsWith(`${path.join('.')}.`))) return index + 1
    const [, key] = /^\s*([\w."' -]+?)\s*=/.exec(line) ?? []
    const full = [section, key?.replaceAll(/["' ]/g, '')].filter((part) => part).join('.')
    if (key !== undefined && (full === path.join('.') || full === header && line.includes(name))) return index + 1
  }
  return 1
}

/** `; did you mean http.port?` for a key that is nearly one. */
const nearest = (key: string): string => {
  const distances = ALL_VARIABLES.filter(({ secret }) => !secret).map((variable) => ({ key: variable.key, far: editsBetween(key, variable.key) }))
  const [best] = distances.sort((a, b) => a.far - b.far)
  return best !== undefined && best.far <= 3 ? `: did you mean ${best.key}?` : ': "swarmlambda config example" lists all'
}

/** Letters to add, take away or change (Levenshtein). */
const editsBetween = (from: string, to: string): number => {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index)
  for (const [i, letter] of [...from].entries()) {
    const next = [i + 1]
    for (const [j, other] of [...to].entries()) {
      next.push(Math.min((next[j] ?? 0) + 1, (row[j + 1] ?? 0) + 1, (row[j] ?? 0) + (letter === other ? 0 : 1)))
    }
    row = next
  }
  return row.at(-1) ?? 0
}
