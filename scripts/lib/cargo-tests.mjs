// Runs the Rust tests and adds up the `test result:` line of each test binary.
import { run } from './run.mjs'
import { duration, red } from './terminal.mjs'
import { requireRust } from './tools.mjs'

/** Compiling included: from nothing that alone takes some minutes. */
const SUITE_MS = 25 * 60_000
const RESULT = /^test result: (?:ok|FAILED)\. (\d+) passed; (\d+) failed; (\d+) ignored;/
const ARGS = ['test', '--release', '--workspace', '--locked', '--no-fail-fast']

export const runCargoTests = async (name) => {
  await requireRust()
  const totals = { name, passed: 0, failed: 0, skipped: 0, ms: 0 }
  let running = 0
  const started = performance.now()
  const { code, timedOut } = await run('cargo', ARGS, {
    timeoutMs: SUITE_MS,
    onLine: (line) => {
      process.stdout.write(`${line}\n`)
      // A binary that is started and never says its result (a crash, an abort) counts as a failure.
      if (/^running \d+ tests?$/.test(line)) running += 1
      const result = RESULT.exec(line)
      if (result === null) return
      running -= 1
      totals.passed += Number(result[1])
      totals.failed += Number(result[2])
      totals.skipped += Number(result[3])
    },
  })
  const fail = (count, why) => {
    totals.failed += count
    process.stdout.write(`${red(`✗ ${why}`)}\n`)
  }
  if (timedOut) fail(1, `the Rust tests did not end within ${duration(SUITE_MS)}`)
  else if (running > 0) fail(running, 'a test binary ended before its tests did')
  else if (code !== 0 && totals.failed === 0) fail(1, `cargo test ended with ${code}`)
  else if (totals.passed + totals.failed === 0) fail(1, 'no Rust test ran')
  totals.ms = performance.now() - started
  return totals
}
