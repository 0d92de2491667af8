// `npm run lint [-- CHECK …]`: everything that is checked without running the product. Each check counts as one.
import { access } from 'node:fs/promises'
import { checkCrateLayers } from './lib/crate-layers.mjs'
import { ensureInstalled } from './lib/install.mjs'
import { TOOLS } from './lib/paths.mjs'
import { forgetResults, keepResult, summary } from './lib/results.mjs'
import { outputOf, run } from './lib/run.mjs'
import { build, GENERATED } from './lib/steps.mjs'
import { bold, dim, duration, green, main, red, Stop, yellow } from './lib/terminal.mjs'
import { requireNode } from './lib/tools.mjs'

const CHECK_MS = 15 * 60_000

/** Runs a command; its output is shown only when it fails. */
const command = async (program, args) => {
  const { code, output, timedOut } = await run(program, args, { collect: true, timeoutMs: CHECK_MS })
  if (timedOut) throw new Stop(`did not end within ${duration(CHECK_MS)}`)
  if (code !== 0) throw new Stop(output.trim() || `${program} ended with ${code}`)
}
const node = (tool, ...args) => command(process.execPath, [tool, ...args])

/** The build wrote these files again; they must come out as they were committed. */
const checkBindings = async () => {
  await build(['native'])
  for (const file of GENERATED) {
    if (await access(file).then(() => false, () => true)) throw new Stop(`${file} was not generated`)
  }
  const { code, output } = await run('git', ['diff', '--exit-code', 'HEAD', '--', ...GENERATED], { collect: true })
  if (code !== 0) throw new Stop(`${output}\nThe generated bindings are not the committed ones: look at them, commit them.`)
  const { output: known } = await run('git', ['ls-files', '--', ...GENERATED], { collect: true })
  if (known.trim().split('\n').length !== GENERATED.length) throw new Stop(`${GENERATED.join(' and ')} must be committed.`)
}

/** Of Cargo.lock's crates, for the targets of .deny.toml. Returns why it can't be known here. */
const checkAdvisories = async () => {
  if ((await outputOf('cargo', ['deny', '--version'])) === null) return 'there is no cargo-deny here: cargo install --locked cargo-deny'
  const { code, output } = await run('cargo', ['deny', '--config', '.deny.toml', 'check', 'advisories'], { collect: true, timeoutMs: CHECK_MS })
  if (code !== 0 && output.includes('failed to fetch advisory database')) return "RustSec's database cannot be fetched from here"
  if (code !== 0) throw new Stop(output.trim())
}

const CHECKS = [
  ['eslint', 'rules and layers of TypeScript', () =>
    node(TOOLS.eslint, '--config', '.config/eslint.config.js', '--max-warnings', '0', 'ts', 'ui', 'bin', 'bench', 'scripts', '.config')],
  ['types', 'of the host', () => node(TOOLS.tsc, '--project', 'tsconfig.json', '--noEmit')],
  ['types-ui', 'of the page', () => node(TOOLS.tsc, '--project', 'ui/tsconfig.json', '--noEmit')],
  ['docs', 'what is generated of them', () => node('scripts/docs.mjs', '--check')],
  ['fmt', 'Rust formatting', async () => {
    await command('cargo', ['fmt', '--all', '--check'])
    await command('cargo', ['fmt', '--manifest-path', 'crates/plugin/Cargo.toml', '--check'])
  }],
  ['crates', 'who may name napi and wasmtime', checkCrateLayers],
  ['advisories', 'about crates, for x64 and arm64', checkAdvisories],
  ['plugin', 'built from the committed sources', () => command('bash', ['crates/plugin/build.sh', '--check'])],
  ['bindings', 'generated again as committed', checkBindings],
  ['clippy', 'Rust rules', () =>
    command('cargo', ['clippy', '--release', '--workspace', '--all-targets', '--locked', '--', '-D', 'warnings'])],
]

await main(async () => {
  await requireNode()
  const wanted = process.argv.slice(2)
  const unknown = wanted.find((word) => !CHECKS.some(([name]) => name === word))
  if (unknown !== undefined) throw new Stop(`There is no check ${unknown}: ${CHECKS.map(([name]) => name).join(', ')}`)
  await ensureInstalled()
  await forgetResults('lint')

  const total = { name: 'checks', passed: 0, failed: 0, skipped: 0, ms: 0 }
  for (const [name, what, check] of CHECKS) {
    if (wanted.length > 0 && !wanted.includes(name)) continue
    const started = performance.now()
    let problem = null
    let skipped
    try {
      skipped = await check()
    } catch (error) {
      problem = error instanceof Stop ? error.message : (error?.stack ?? String(error))
    }
    const ms = performance.now() - started
    total.ms += ms
    const outcome = problem !== null ? 'failed' : skipped !== undefined ? 'skipped' : 'passed'
    total[outcome] += 1
    const mark = { passed: green('✓'), failed: red('✗'), skipped: yellow('–') }[outcome]
    process.stdout.write(`${mark} ${bold(name)} ${what}  ${dim(skipped ?? duration(ms))}\n`)
    if (problem !== null) process.stdout.write(`${problem.replace(/^/gm, '    ')}\n`)
  }
  await keepResult('lint', total)
  process.stdout.write(summary([total]))
  return total.failed > 0 ? 1 : 0
})
