// The handler string, as AWS reads it: `folder/file.export`, `file.object.method`.
import { SwarmError } from '../errors.js'
import { EXTENSIONS } from './files.js'

/** `folder/file.a.b` → file `folder/file`, path `['a', 'b']`. */
export interface HandlerName {
  text: string
  file: string
  path: string[]
}

const MAX_HANDLER_LENGTH = 128
/** What AWS allows, less `..`. */
const HANDLER = /^(?:\.\/)?((?:[^\s./][^\s/]*\/)*[^\s./]+)\.([^\s./]+(?:\.[^\s./]+)*)$/

/** Splits a handler string, or throws `INVALID_PARAMETER`. */
export function parseHandler(text: string): HandlerName {
  const match = text.length <= MAX_HANDLER_LENGTH ? HANDLER.exec(text) : null
  const [, file, path] = match ?? []
  if (file === undefined || path === undefined) {
    throw new SwarmError('INVALID_PARAMETER', `handler: ${JSON.stringify(text.slice(0, MAX_HANDLER_LENGTH))} is not of the form file.export, e.g. index.handler`)
  }
  return { text, file, path: path.split('.') }
}

/** The file the handler is in, or `INVALID_PARAMETER` naming what was looked for. */
export function findEntry(handler: HandlerName, files: Pick<ReadonlyMap<string, unknown>, 'has' | 'keys'>): string {
  const found = EXTENSIONS.map((extension) => handler.file + extension).find((name) => files.has(name))
  if (found !== undefined) return found
  const sent = [...files.keys()].slice(0, 10).join(', ')
  throw new SwarmError('INVALID_PARAMETER', `handler: ${handler.text} needs a file ${handler.file}.js (or ${EXTENSIONS.slice(1).join(', ')}), but the files are ${sent}`)
}

/** A module that exports the handler, and throws at load when the entry file has no such function. */
export function entrySource(handler: HandlerName, entry: string): string {
  const [first = '', ...rest] = handler.path
  const chain = rest.map((name) => `?.[${JSON.stringify(name)}]`).join('')
  const missing = `${handler.text} is not a function exported by ${entry}`
  return [
    `import * as entry from ${JSON.stringify(`./${entry}`)}`,
    `export const handler = entry[${JSON.stringify(first)}]${chain}`,
    `if (typeof handler !== 'function') throw new TypeError(${JSON.stringify(missing)})`,
  ].join('\n')
}
