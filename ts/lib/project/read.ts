// Reads swarmlambda.json; whatever is wrong with it is said with file, line and column. Comments and trailing commas are fine.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { findNodeAtLocation, parseTree, printParseErrorCode, getNodeValue, type Node, type ParseError } from 'jsonc-parser'
import type { z } from 'zod'
import { codeOf, messageOf, SwarmError } from '../errors.js'
import { projectSchema, type ProjectFile } from './schema.js'

export const PROJECT_FILE = 'swarmlambda.json'
const MAX_PROBLEMS = 10

/** Null: the folder has none. Throws CONFIG_INVALID with one `swarmlambda.json:line:column: message` a line. */
export async function readProjectFile(folder: string): Promise<ProjectFile | null> {
  const text = await readFile(join(folder, PROJECT_FILE), 'utf8').catch((cause: unknown) => {
    if (codeOf(cause) === 'ENOENT' || codeOf(cause) === 'ENOTDIR') return null
    throw new SwarmError('CONFIG_INVALID', `${PROJECT_FILE} can't be read: ${messageOf(cause)}`, { cause })
  })
  return text === null ? null : parseProjectFile(text)
}

export function parseProjectFile(text: string): ProjectFile {
  const errors: ParseError[] = []
  const root = parseTree(text, errors, { allowTrailingComma: true })
  const broken = errors.map(({ error, offset }) => ({ offset, message: SYNTAX[printParseErrorCode(error)] ?? 'is no JSON' }))
  if (broken.length > 0 || root === undefined) throw problem(text, broken.length > 0 ? broken.slice(0, 1) : [{ offset: 0, message: 'the file is empty: {} is the least' }])
  const { data, error } = projectSchema.safeParse(getNodeValue(root))
  if (data) return data
  throw problem(text, error.issues.flatMap((issue) => placed(root, issue)))
}

const SYNTAX: Record<string, string> = {
  InvalidSymbol: 'is no JSON value: texts stand in double quotes',
  InvalidNumberFormat: 'is no number',
  PropertyNameExpected: 'the name of a field is expected here, in double quotes',
  ValueExpected: 'a value is expected here',
  ColonExpected: 'a colon is expected here',
  CommaExpected: 'a comma is expected here',
  CloseBraceExpected: 'a closing } is missing',
  CloseBracketExpected: 'a closing ] is missing',
  UnexpectedEndOfString: 'the text does not end: a closing " is missing',
  EndOfFileExpected: 'something follows the end of the object',
}

interface Problem {
  offset: number
  message: string
}

function placed(root: Node, issue: z.core.$ZodIssue): Problem[] {
  const path = issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part))
  const name = path.join('.')
  if (issue.code === 'unrecognized_keys') {
    const within = name === '' ? '' : ` in ${name}`
    return issue.keys.map((key) => ({ offset: keyAt(root, [...path, key]), message: `there is no field ${JSON.stringify(key)}${within}${hint(key, path)}` }))
  }
  const message = issue.code === 'invalid_type' && !issue.message.startsWith('must') ? `must be ${article(issue.expected)}` : lowerFirst(issue.message)
  const offset = issue.code === 'invalid_key' ? keyAt(root, path) : (findNodeAtLocation(root, path)?.offset ?? 0)
  const why = issue.code === 'invalid_key' ? (issue.issues[0]?.message ?? message) : message
  return [{ offset, message: name === '' ? why : `${name}: ${why}` }]
}

/** Where the key stands, rather than its value. */
const keyAt = (root: Node, path: (string | number)[]): number => {
  const value = findNodeAtLocation(root, path)
  return value?.parent?.children?.[0]?.offset ?? value?.offset ?? 0
}

/** A field that differs by a letter or by case. */
function hint(key: string, path: readonly (string | number)[]): string {
  const fields = Object.keys(path[0] === 'dev' ? projectSchema.shape.dev.unwrap().shape : projectSchema.shape)
  const near = fields.find((field) => distance(field.toLowerCase(), key.toLowerCase()) <= 2)
  return near === undefined ? '' : `; is it ${near}?`
}

/** Levenshtein's. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1]
    for (const [j, other] of [...b].entries()) next.push(Math.min((row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1, (row[j] ?? 0) + (letter === other ? 0 : 1)))
    row = next
  }
  return row.at(-1) ?? 0
}

const article = (type: string): string => (/^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`)
const lowerFirst = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1)

function problem(text: string, problems: readonly Problem[]): SwarmError {
  const lines = problems.slice(0, MAX_PROBLEMS).map(({ message, offset }) => {
    const before = text.slice(0, offset).split('\n')
    return `${PROJECT_FILE}:${before.length}:${(before.at(-1) ?? '').length + 1}: ${message}`
  })
  return new SwarmError('CONFIG_INVALID', lines.join('\n'))
}
