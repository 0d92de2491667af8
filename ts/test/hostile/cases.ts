// The corpus: each file of cases/ holds several functions, each below its heading and the endings that are right for it.
//
//   //# name: class errorType|class errorType
//
// The class is that of `X-Swarm-Tries` (DESIGN §6), `*` stands for any type, `ok` may be followed by the answer as JSON, `refused` is
// a deploy that is answered with an error.
import { readdir, readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

export interface Case {
  name: string
  source: string
  /** `class errorType`, `ok`, `ok JSON` or `refused`. */
  endings: string[]
}

const FOLDER = fileURLToPath(new URL('../../../ts/test/hostile/cases/', import.meta.url))
export const STORM = await readFile(new URL('../storm.js', `file://${FOLDER}`), 'utf8')

export async function readCases(): Promise<Case[]> {
  const files = (await readdir(FOLDER)).filter((file) => file.endsWith('.js')).sort()
  const cases = await Promise.all(
    files.map(async (file) => {
      const [, ...parts] = (await readFile(FOLDER + file, 'utf8')).split(/^\/\/# /m)
      return parts.map((part): Case => {
        const [, title = '', endings = '', source = ''] = /^(.*): (.*)\n([^]*)$/.exec(part) ?? []
        return { name: `${file.replace('.js', '')}: ${title}`, source, endings: endings.split('|') }
      })
    }),
  )
  return cases.flat()
}

export const isExpected = (ending: string, { endings }: Case): boolean =>
  endings.some((wanted) => wanted === ending || (wanted === 'ok' && ending.startsWith('ok ')) || (wanted.endsWith(' *') && ending.startsWith(wanted.slice(0, -1))))
