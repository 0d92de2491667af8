// `npm test [-- rust|ts|ui|PART-OF-A-FILE-NAME …]`: installs and builds what is needed, runs the suites, counts truly.
// Ends with `N passed, N failed`; fails when a test does, when a suite doesn't finish, and when one runs no test.
import { runCargoTests } from './lib/cargo-tests.mjs'
import { findChromium } from './lib/chromium.mjs'
import { ensureInstalled } from './lib/install.mjs'
import { runNodeTests } from './lib/node-tests.mjs'
import { at } from './lib/paths.mjs'
import { forgetResults, keepResult, summary } from './lib/results.mjs'
import { filesUnder } from './lib/stamp.mjs'
import { build } from './lib/steps.mjs'
import { bold, main, Stop } from './lib/terminal.mjs'
import { requireNode } from './lib/tools.mjs'

const SUITES = ['rust', 'ts', 'ui']

/** Sources of tests, not what is in dist: a leftover there is no test. */
const testFiles = async () => (await filesUnder('ts/test')).filter((file) => file.endsWith('.test.ts'))

/** What was asked for: suites to run whole, and single files. */
const select = (wanted, files) => {
  const patterns = wanted.filter((word) => !SUITES.includes(word))
  const unmatched = patterns.find((pattern) => !files.some((file) => file.includes(pattern)))
  if (unmatched !== undefined) {
    throw new Stop(`No suite and no test file is named ${unmatched}. Suites: ${SUITES.join(', ')}`)
  }
  const isUi = (file) => file.startsWith('ts/test/ui/')
  const chosen = (suite, inSuite) =>
    files.filter(inSuite).filter((file) => wanted.length === 0 || wanted.includes(suite) || patterns.some((p) => file.includes(p)))
  return {
    rust: wanted.length === 0 || wanted.includes('rust'),
    ts: chosen('ts', (file) => !isUi(file)),
    ui: chosen('ui', isUi),
    // A suite asked for by name (or by asking for all) must have tests.
    demanded: (suite) => wanted.length === 0 || wanted.includes(suite),
  }
}

const compiled = (file) => at(file.replace(/^ts\//, 'dist/').replace(/\.ts$/, '.js'))

await main(async () => {
  await requireNode()
  const { rust, ts, ui, demanded } = select(process.argv.slice(2), await testFiles())
  // Asked before anything long is started.
  const env = ui.length > 0 ? { SWARMLAMBDA_CHROMIUM: await findChromium() } : {}
  await ensureInstalled()
  // Cargo builds what the Rust tests need.
  if (ts.length + ui.length > 0) await build()
  await forgetResults('test')

  const results = []
  const suite = async (name, body) => {
    process.stdout.write(`\n${bold(name)}\n`)
    const result = await body()
    await keepResult('test', result)
    results.push(result)
  }
  const nodeSuite = async (name, files, concurrency) => {
    if (files.length > 0) return suite(name, () => runNodeTests(name, files.map(compiled), { concurrency, env }))
    if (demanded(name)) return suite(name, async () => ({ name, passed: 0, failed: 1, skipped: 0, ms: 0 }))
  }
  if (rust) await suite('rust', () => runCargoTests('rust'))
  await nodeSuite('ts', ts, 2)
  await nodeSuite('ui', ui, 1)

  process.stdout.write(summary(results))
  return results.some((result) => result.failed > 0) ? 1 : 0
})
