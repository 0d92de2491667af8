// What commands print: results to stdout, words for people to stderr; colours only where somebody sees them.
const CODES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const
export type Paint = Record<keyof typeof CODES, (text: string) => string>

/** Colours of a stream: none when it is no terminal, or NO_COLOR is set; FORCE_COLOR asks for them. */
export function paintOf(stream: NodeJS.WriteStream): Paint {
  const { FORCE_COLOR, NO_COLOR } = process.env
  // hasColors() asks NO_COLOR, FORCE_COLOR and TERM, of a terminal.
  const forced = !NO_COLOR && FORCE_COLOR !== undefined && FORCE_COLOR !== '0'
  const on = forced || (stream.isTTY && stream.hasColors())
  const of = (code: number) => (text: string) => (on ? `\u001b[${code}m${text}\u001b[0m` : text)
  return { bold: of(CODES.bold), dim: of(CODES.dim), red: of(CODES.red), green: of(CODES.green), yellow: of(CODES.yellow), cyan: of(CODES.cyan) }
}

export interface Output {
  /** Only JSON goes to stdout, and nothing but errors to stderr. */
  json: boolean
  /** Colours of stdout. */
  paint: Paint
  /** A line for people, on stderr; none with --json. */
  say(line: string): void
  /** The result: as JSON, or as text for people. */
  show(value: unknown, text: () => string): void
}

export const openOutput = (json = false): Output => ({
  json,
  paint: paintOf(process.stdout),
  say: (line) => void (json || process.stderr.write(`${line}\n`)),
  show: (value, text) => void process.stdout.write(json ? `${JSON.stringify(value)}\n` : withEnd(text())),
})

const withEnd = (text: string): string => (text === '' || text.endsWith('\n') ? text : `${text}\n`)

const COLOUR = /\u001b\[\d+m/g
const widthOf = (text: string): number => text.replace(COLOUR, '').length

/** Rows of cells in columns; the first row is their names. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => widthOf(row[column] ?? ''))))
  return rows.map((row) => `${row.map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - widthOf(cell))).join('  ').trimEnd()}\n`).join('')
}

export const kilobytes = (bytes: number): string => `${Math.ceil(bytes / 1_000).toLocaleString('en')} kB`

const UNITS = [[1, 's'], [60, 'm'], [3_600, 'h'], [86_400, 'd']] as const

/** `12s`, `5m`, `3h`, `9d`. */
export function age(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000))
  const [size, unit] = UNITS.findLast(([least]) => seconds >= least) ?? UNITS[0]
  return `${Math.floor(seconds / size)}${unit}`
}

/** Of a time or its ISO 8601 text; `-` for none. */
export const ago = (at: number | string): string => `${age(Date.now() - (typeof at === 'number' ? at : Date.parse(at)))} ago`
