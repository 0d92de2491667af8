// An error in an author's file, with the lines around it.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Refused } from '../../lib/client.js'
import { messageOf } from '../../lib/errors.js'
import type { Paint } from './output.js'

const LINES_BEFORE = 2
const LINES_AFTER = 1
const MAX_WIDTH = 160
const PLACE = /^(\S[^\n:]*):(\d+):(\d+): /

/** The message, and below it the place in the file when that is in `folder`. */
export async function withFrame(error: unknown, folder: string, paint: Paint): Promise<string> {
  const message = messageOf(error)
  const [, inText, line, column] = PLACE.exec(message) ?? []
  const place = inText === undefined ? (error instanceof Refused ? error.place : null) : { file: inText, line: Number(line), column: Number(column) }
  if (place === null) return paint.red(message)
  const frame = await frameOf(join(folder, place.file), place.line, place.column, paint)
  return `${paint.red(message)}${frame === null ? '' : `\n\n${frame}`}`
}

async function frameOf(path: string, line: number, column: number, paint: Paint): Promise<string | null> {
  const text = await readFile(path, 'utf8').catch(() => null)
  const lines = text?.split('\n') ?? []
  if (lines[line - 1] === undefined) return null
  const from = Math.max(1, line - LINES_BEFORE)
  const shown = lines.slice(from - 1, line + LINES_AFTER)
  const width = String(from + shown.length).length
  return shown
    .flatMap((content, index) => {
      const number = from + index
      const row = `${String(number).padStart(width)} │ ${content.slice(0, MAX_WIDTH)}`
      if (number !== line) return [paint.dim(`  ${row}`)]
      const before = content.slice(0, column - 1).replace(/[^\t]/g, ' ')
      return [`${paint.red('>')} ${row}`, ...(column <= MAX_WIDTH ? [`  ${' '.repeat(width)} │ ${before}${paint.red('^')}`] : [])]
    })
    .join('\n')
}
