// `npm run bench [-- CASE … --quick --write]`: what the README claims, measured against peers in the same run. A whole run, or
// one with --write, writes docs/benchmarks.md and docs/benchmarks.svg; --quick tries everything, and its figures are rough.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { cpus, release, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { ensureInstalled } from '../scripts/lib/install.mjs'
import { at } from '../scripts/lib/paths.mjs'
import { build } from '../scripts/lib/steps.mjs'
import { main, red, say, Stop } from '../scripts/lib/terminal.mjs'
import { bundleFunctions, installPeers, startCandidates } from './candidates.mjs'
import { CASES } from './cases.mjs'
import { chooseLoad } from './load.mjs'
import { page, plot, summary } from './report.mjs'
import { pinning } from './rounds.mjs'

const options = { help: { type: 'boolean', short: 'h', default: false }, quick: { type: 'boolean', default: false }, write: { type: 'boolean', default: false } }

const HELP = `npm run bench [-- CASE … --quick --write]
  cases    ${Object.keys(CASES).join(' ')} (default: all)
  --quick  tries everything in short rounds; the figures are rough
  --write  writes docs/benchmarks.md and docs/benchmarks.svg, as a whole run does
`

const versions = async () => {
  const read = async (file) => JSON.parse(await readFile(at(file), 'utf8'))
  const [{ dependencies }, { devDependencies, version }] = await Promise.all(['bench/peers/package.json', 'package.json'].map(read))
  const peers = ['bun', 'deno', 'workerd', 'serverless-offline'].map((name) => `${name} ${dependencies[name]}`)
  return [`SwarmLambda ${version}`, `Node ${process.version}`, `uWebSockets.js (package uwebsockets) ${devDependencies.uwebsockets}`, ...peers].join(', ')
}

/** Runs the cases one after another; one that fails says so and doesn't keep the others from running. */
const runCases = async (chosen, { pin, quick }) => {
  const { Children } = await import('../dist/lib/dev/children.js')
  const stateDir = await mkdtemp(join(tmpdir(), 'swarmlambda-bench-'))
  const programs = () => new Children({ env: process.env, onExit: (child, how) => process.stderr.write(red(`${child} ${how}\n`)), onLine: () => {} })
  const settings = { pin, rounds: quick ? 1 : 3, seconds: quick ? 1 : 2 }
  const peers = programs()
  const results = []
  try {
    const wanted = new Set(chosen.flatMap(([, { peers = [] }]) => peers))
    const installed = wanted.size > 0 && (await installPeers())
    const sources = await bundleFunctions(installed)
    const needed = chosen.some(([, { peers }]) => peers)
    const candidates = needed ? await startCandidates({ children: peers, installed, pin, sources, stateDir, wanted }) : {}
    for (const [name, { run }] of chosen) {
      const children = programs()
      const result = await run({ candidates, children, installed, pin, quick, settings, sources, stateDir })
        .catch((error) => {
          process.stderr.write(red(`${name}: ${error.message}\n`))
          return { title: name, failed: true, note: `failed: ${error.message.split('\n')[0]}` }
        })
        .finally(() => children.stop())
      results.push(result)
      process.stdout.write(`\n${summary(result)}\n\n`)
    }
    return results
  } finally {
    await peers.stop()
    await rm(stateDir, { recursive: true, force: true, maxRetries: 5 })
  }
}

await main(async () => {
  const { positionals: wanted, values: { help, quick, write } } = parseArgs({ allowPositionals: true, options })
  if (help) return void process.stdout.write(HELP)
  const unknown = wanted.find((name) => !(name in CASES))
  if (unknown !== undefined) throw new Stop(`There is no case ${unknown}: ${Object.keys(CASES).join(', ')}`)
  if (process.platform !== 'linux') throw new Stop('The benchmark reads CPU times from /proc: it needs Linux.')
  await ensureInstalled()
  await build()
  const pin = await pinning()
  const { name: load } = await chooseLoad()
  const machine = `${cpus().length} × ${cpus()[0]?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GB, Linux ${release()}`
  say('machine', `${machine}, Node ${process.version}, ${pin.how}, load from ${load}`)
  const chosen = Object.entries(CASES).filter(([name]) => wanted.length === 0 || wanted.includes(name))
  const results = await runCases(chosen, { pin, quick })
  const failed = results.some(({ failed }) => failed) ? 1 : 0
  if (wanted.length > 0 && !write) return failed
  const about = { load, machine, versions: await versions(), how: `${quick ? 1 : 3} rounds of 1 or 2 s, ${pin.how}, 64 keep-alive connections, unless a case says otherwise` }
  const command = ['npm run bench', ...(process.argv.length > 2 ? ['--', ...process.argv.slice(2)] : [])].join(' ')
  await writeFile(at('docs/benchmarks.md'), page({ about, command, results }))
  await writeFile(at('docs/benchmarks.svg'), plot(results))
  say('written', 'docs/benchmarks.md and docs/benchmarks.svg')
  return failed
})
