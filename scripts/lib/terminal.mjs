// What the scripts print: aligned labels, elapsed times, and one way to stop with a message for people.

const colours = process.stdout.isTTY === true && process.env.NO_COLOR === undefined && process.env.TERM !== 'dumb'
const paint = (code) => (text) => (colours ? `\u001b[${code}m${text}\u001b[0m` : text)

export const bold = paint(1)
export const dim = paint(2)
export const red = paint(31)
export const green = paint(32)
export const yellow = paint(33)
export const cyan = paint(36)

/** Something the person at the keyboard can mend: printed as one message, without a stack. */
export class Stop extends Error {}

/** Prints `label  text`, labels padded to one column. */
export const say = (label, text) => process.stdout.write(`${bold(label.padEnd(8))} ${text}\n`)

/** Milliseconds as a person reads them: `340 ms`, `12.4 s`, `3 min 05 s`. */
export const duration = (ms) => {
  if (ms < 1000) return `${Math.round(ms)} ms`
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`
  const seconds = Math.round(ms / 1000)
  return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, '0')} s`
}

/** Rows of cells as text; the first column to the left, the others to the right. */
export const table = (rows) => {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => String(row[column]).length)))
  const line = (row) =>
    row.map((cell, i) => (i === 0 ? String(cell).padEnd(widths[i]) : String(cell).padStart(widths[i]))).join('  ')
  return rows.map((row) => line(row).trimEnd()).join('\n')
}

/** Runs a script's main function: a {@link Stop} is one line and exit code 1, anything else keeps its stack. */
export const main = async (body) => {
  try {
    process.exitCode = (await body()) ?? 0
  } catch (error) {
    process.stderr.write(error instanceof Stop ? `${red(error.message)}\n` : `${error?.stack ?? error}\n`)
    process.exitCode = 1
  }
}
