// The commands that a page of the documentation shows, as a script. Each ```sh block is run, in order, in one shell.
//   <!-- not run: why -->     before a block: it is left out
//   <!-- setup: commands -->  anywhere: run there, and not shown to readers
//   # → text                  in a block: what the command before it prints; … stands for anything

export interface Page {
  /** From the repository's root. */
  path: string
  script: string
  /** Blocks that are run. */
  run: number
  /** Why others are not. */
  notRun: string[]
}

const PIECES = /<!--\s*(not run|setup):([^]*?)-->|^```sh\n([^]*?)^```$/gm

export function pageOf(path: string, markdown: string): Page {
  const lines: string[] = []
  const notRun: string[] = []
  let run = 0
  let skip: string | null = null
  for (const { 1: word, 2: said = '', 3: block, index } of markdown.matchAll(PIECES)) {
    if (word === 'not run') skip = said.trim()
    else if (word === 'setup') lines.push(...said.trim().split('\n'))
    else if (skip !== null) {
      notRun.push(skip)
      skip = null
    } else {
      run += 1
      const line = markdown.slice(0, index).split('\n').length
      lines.push(...statements(block ?? '').flatMap(({ expected, text }) => [`at ${quoted(`${path}:${line}`)}`, `run ${quoted(text)} ${quoted(expected.join('\n'))}`]))
    }
  }
  return { path, script: lines.join('\n'), run, notRun }
}

/** Commands with what they are said to print; a backslash, a here-document or an open quote goes on on the next line. */
function statements(block: string): { text: string; expected: string[] }[] {
  const all: { text: string; expected: string[] }[] = []
  let open = ''
  for (const line of block.split('\n').slice(0, -1)) {
    const [, expected] = /^# → (.*)$/.exec(line) ?? []
    const last = all.at(-1)
    if (expected !== undefined && open === '') {
      last?.expected.push(expected)
      continue
    }
    open = open === '' ? line : `${open}\n${line}`
    if (line.endsWith('\\') || isOpen(open)) continue
    if (open.trim() !== '' && !open.trim().startsWith('#')) all.push({ text: open, expected: [] })
    open = ''
  }
  if (open !== '') all.push({ text: open, expected: [] })
  return all
}

/** Whether a quote or a here-document in it has not ended. */
function isOpen(text: string): boolean {
  const [, word] = /<<-?'?(\w+)'?/.exec(text) ?? []
  if (word !== undefined) return !new RegExp(`^${word}$`, 'm').test(text.split('\n').slice(1).join('\n'))
  let quote = ''
  for (let at = 0; at < text.length; at += 1) {
    const sign = text[at] ?? ''
    if (sign === '\\' && quote !== "'") at += 1
    else if (quote === '' && (sign === "'" || sign === '"')) quote = sign
    else if (quote === '' && sign === '#' && /(^|\s)$/.test(text.slice(0, at))) return false
    else if (sign === quote) quote = ''
  }
  return quote !== ''
}

export const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`
