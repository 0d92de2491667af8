// docs/benchmarks.md and docs/benchmarks.svg from the results.
import { table } from '../scripts/lib/terminal.mjs'
import { EDGE } from './candidates.mjs'

const spread = ({ least, median, most }, digits) => (least === most ? median.toFixed(digits) : `${median.toFixed(digits)} (${least.toFixed(digits)}–${most.toFixed(digits)})`)

/** The rows of a load as a table, its head first. */
const tableOf = (rows) => [
  ['', 'requests/s', 'server CPU µs/request', 'p50 ms', 'p99 ms', 'RSS MB'],
  ...rows.map(({ cpuUs, p50Ms, p99Ms, perSecond, rssMb, what }) => [what, spread(perSecond, 0), spread(cpuUs, cpuUs.median < 100 ? 1 : 0), spread(p50Ms, 2), spread(p99Ms, 2), rssMb.toFixed(0)]),
]
const tablesOf = ({ rows = [], table }) => [...(rows.length > 0 ? [tableOf(rows)] : []), ...(table ? [table] : [])]
const capital = (text) => text[0].toUpperCase() + text.slice(1)

/** A case as Markdown. */
const section = (result) => {
  const { figures = [], note, title } = result
  const parts = [`## ${capital(title)}`]
  if (note) parts.push(`${capital(note)}.`)
  for (const [head, ...lines] of tablesOf(result)) parts.push([head, ['---', ...head.slice(1).map(() => '--:')], ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n'))
  if (figures.length > 0) parts.push(figures.map(([what, value]) => `- ${what}: **${value}**`).join('\n'))
  return parts.join('\n\n')
}

export const page = ({ about, command, results }) => `# Benchmarks

Written by \`${command}\`; do not edit. ${about.machine}. ${about.versions}. ${about.how}.

Candidates are loaded in turn, round after round, so that a machine that slows down does so for all of them. Figures are the
median of the rounds, least and most in brackets. CPU is all that the server's processes used, user and system, divided by the
requests. SwarmLambda runs every request in a fresh sandbox; the peers run all requests of all functions in one process and one
global scope (serverless-offline: a thread for each function). Load comes from ${about.load}.

![Server CPU for each request](benchmarks.svg)

${results.map(section).join('\n\n')}
`

const COLOURS = { ours: '#0b6e4f', peer: '#9aa5b1', text: '#1f2933' }
const WIDTH = 860
const ROW = 18
const LEFT = 330

const escape = (text) => text.replace(/[&<>]/g, (char) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[char])

/** CPU for each request: bars for every case that has several candidates, each case on its own scale. */
export const plot = (results) => {
  const shown = results.filter(({ rows = [] }) => rows.length > 1 && rows.some(({ what }) => what === EDGE))
  const parts = []
  let y = 30
  for (const { rows, title } of shown) {
    parts.push(`<text x="12" y="${y}" font-weight="600">${escape(title)}</text>`)
    y += 8
    const most = Math.max(...rows.map(({ cpuUs }) => cpuUs.most))
    for (const { cpuUs, what } of rows) {
      const scale = (value) => LEFT + (value / most) * (WIDTH - LEFT - 110)
      const middle = y + ROW / 2
      parts.push(
        `<text x="${LEFT - 8}" y="${middle + 4}" text-anchor="end">${escape(what)}</text>`,
        `<rect x="${LEFT}" y="${y + 3}" width="${(scale(cpuUs.median) - LEFT).toFixed(1)}" height="${ROW - 6}" fill="${what === EDGE ? COLOURS.ours : COLOURS.peer}"/>`,
        `<path d="M${scale(cpuUs.least).toFixed(1)} ${middle}H${scale(cpuUs.most).toFixed(1)}" stroke="${COLOURS.text}"/>`,
        `<text x="${(scale(cpuUs.most) + 6).toFixed(1)}" y="${middle + 4}">${cpuUs.median.toFixed(cpuUs.median < 100 ? 1 : 0)} µs</text>`,
      )
      y += ROW
    }
    y += 26
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y}" font-family="system-ui, sans-serif" font-size="12" fill="${COLOURS.text}" role="img" aria-label="Server CPU for each request">
<rect width="${WIDTH}" height="${y}" fill="#ffffff"/>
${parts.join('\n')}
</svg>
`
}

/** What the terminal shows of a case. */
export const summary = (result) => {
  const { figures = [], note, rows = [], title } = result
  const ours = rows.find(({ what }) => what === EDGE)?.cpuUs.median
  const peers = ours === undefined ? [] : rows.filter(({ what }) => what !== EDGE)
  const ratios = peers.map(({ cpuUs, what }) => `${(ours / cpuUs.median).toFixed(2)} × ${what.split(',')[0]}`)
  const lines = [note ? `${title} (${note})` : title, ...tablesOf(result).map((cells) => `\n${table(cells)}\n`)]
  if (ratios.length > 0) lines.push(`CPU of SwarmLambda: ${ratios.join(', ')}`)
  return [...lines, ...figures.map(([what, value]) => `${what}: ${value}`)].join('\n')
}
