// npm run conformance [-- wpt|test262] [part of a path]: runs the suites inside functions and in Node beside them. Without a
// part of a path it writes docs/conformance.md.
import { readFile, writeFile } from 'node:fs/promises'
import { runTest262 } from './test262.mjs'
import { runWpt } from './wpt.mjs'

const PAGE = new URL('../../docs/conformance.md', import.meta.url)
const USAGE = 'Usage: npm run conformance [-- wpt|test262] [part of a path]'

const percent = ({ passed, total }) => (total === 0 ? '–' : `${passed} / ${total} (${((100 * passed) / total).toFixed(1)} %)`)
const sum = (tallies) => tallies.reduce((all, { passed, total }) => ({ passed: all.passed + passed, total: all.total + total }), { passed: 0, total: 0 })
const needs = (unfit) => [...unfit].map(([why, count]) => `${count}: ${why}`).join(', ')
const cell = (text) => String(text).replace(/[|\n\r]+/g, ' ').replace(/[^\x20-\x7e\u00a0-\u024f]/g, '?').slice(0, 160)

function table(rows, node) {
  const shown = [...rows].filter(([, { ours, unfit }]) => ours.total > 0 || unfit.size > 0)
  const line = ([name, { ours, node: theirs, unfit }]) => `| ${name} | ${percent(ours)} | ${percent(theirs)} | ${needs(unfit)} |`
  const all = ['**all**', { ours: sum(shown.map(([, { ours }]) => ours)), node: sum(shown.map(([, row]) => row.node)), unfit: new Map() }]
  return [`| | SwarmLambda | ${node} | files not run: what they need |`, '|---|---|---|---|', ...shown.map(line), line(all)].join('\n')
}

function wptPage({ what, rows, node }) {
  const failures = [...rows.values()].flatMap(({ ours }) => ours.failures)
  const lines = failures.map(({ path, failed, of, broken }) => `- \`${path}\` ${failed.length} of ${of}${broken ? `, ${cell(broken)}` : ''}: ${cell(failed.slice(0, 2).map(([name, , message]) => `${name}${message ? ` (${message})` : ''}`).join('; '))}`)
  return `## Web platform tests\nSubtests that pass, ${what}. A file that breaks before its tests are known counts as one that fails.\n\n${table(rows, node)}\n\n<details><summary>${failures.length} files with failures</summary>\n\n${lines.join('\n')}\n\n</details>\n`
}

function test262Page({ what, every, rows, node }) {
  const failures = [...rows.values()].flatMap(({ ours }) => ours.failures)
  return `## Test262\nEvery ${every}th file, ${what}, each evaluated in a fresh sandbox by an indirect eval, in sloppy mode unless it asks for strict.\n\n${table(rows, node)}\n\n<details><summary>${failures.length} failures</summary>\n\n${failures.map(({ path, message }) => `- \`${path}\` ${cell(message)}`).join('\n')}\n\n</details>\n`
}

const [first = '', second = ''] = process.argv.slice(2)
if (first !== '' && first !== 'wpt' && first !== 'test262') {
  console.error(USAGE)
  process.exit(first === '--help' ? 0 : 1)
}
/** What one suite gave stays when the other can't be had. */
const HEADINGS = { wpt: 'Web platform tests', test262: 'Test262' }
async function tell(name, page) {
  if (second !== '') return console.log(page)
  const old = await readFile(PAGE, 'utf8').catch(() => '')
  const kept = (heading) => new RegExp(`## ${heading}\\n[^]*?(?=\\n## |$)`).exec(old)?.[0] ?? ''
  const head = '# Conformance\n`npm run conformance` makes this page: the suites run inside functions, on a real edge, and the same files in Node beside them.\n'
  await writeFile(PAGE, [head, ...Object.entries(HEADINGS).map(([other, heading]) => (other === name ? page : kept(heading)))].join('\n'))
  console.log(`written: ${PAGE.pathname.split('/').slice(-2).join('/')}, ${HEADINGS[name]}`)
}
if (first !== 'test262') await tell('wpt', wptPage(await runWpt(second)))
if (first !== 'wpt') await tell('test262', test262Page(await runTest262(second)))
