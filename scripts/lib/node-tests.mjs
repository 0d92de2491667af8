// Runs test files of node:test, each in a process of its own, and counts what they did. `node --test` itself calls a
// file without a test, and one that leaves in the middle of its tests, a success: here both are failures.
import { readFile, rm } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import { at, BUILD_DIR, ROOT } from './paths.mjs'
import { run } from './run.mjs'
import { dim, duration, green, red } from './terminal.mjs'

/** A file that takes longer hangs: it is ended, and what it started with it. */
const FILE_MS = 300_000
/** Of a failing file's own output, shown. */
const TAIL_CHARS = 8_000

const REPORTER = pathToFileURL(at('scripts/lib/node-events.mjs')).href

const print = (text) => process.stdout.write(`${text}\n`)
const indent = (text, by) => text.trimEnd().replace(/^/gm, by)

/** What a file's events come to: `{ passed, failures: [{ title, error }], skipped }`. */
export const tally = (events) => {
  const result = { passed: 0, failures: [], skipped: 0 }
  // Tests that were queued and have not ended.
  const open = new Map()
  const note = (event, by) => {
    const key = JSON.stringify([event.nesting, event.name, event.line])
    open.set(key, (open.get(key) ?? 0) + by)
  }
  for (const event of events) {
    if (event.type === 'test:plan') continue
    note(event, event.type === 'test:enqueue' ? 1 : -1)
    if (event.type === 'test:enqueue') continue
    // A group fails because of what is in it, which counts by itself, or because of its own hooks.
    if (event.kind === 'suite' && (event.type === 'test:pass' || event.failure === 'subtestsFailed')) continue
    if (event.skip !== undefined || event.todo !== undefined) result.skipped += 1
    else if (event.type === 'test:pass') result.passed += 1
    else {
      const where = event.file === undefined ? '' : `  ${dim(`${relative(ROOT, event.file)}:${event.line}`)}`
      result.failures.push({ title: `${event.name}${where}`, error: event.error })
    }
  }
  for (const [key, count] of open) {
    if (count > 0) result.failures.push({ title: `${JSON.parse(key)[1]} did not finish` })
  }
  return result
}

/** Runs one file; prints a line about it, and its failures. */
const runFile = async (file, env) => {
  const name = relative(at('dist/test'), file).replace(/\.test\.js$/, '')
  const eventsFile = join(BUILD_DIR, `events-${name.replaceAll(/[^\w-]/g, '-')}.ndjson`)
  await rm(eventsFile, { force: true })
  const started = performance.now()
  const { code, signal, output, timedOut } = await run(
    process.execPath,
    ['--enable-source-maps', `--test-reporter=${REPORTER}`, `--test-reporter-destination=${eventsFile}`, file],
    { timeoutMs: FILE_MS, collect: true, env },
  )
  const lines = (await readFile(eventsFile, 'utf8').catch(() => '')).split('\n').slice(0, -1)
  await rm(eventsFile, { force: true })
  const events = lines.map((line) => JSON.parse(line))
  const { passed, failures, skipped } = tally(events)

  const ended = events.some((event) => event.type === 'test:plan' && event.nesting === 0)
  if (timedOut) failures.push({ title: `did not end within ${duration(FILE_MS)}` })
  else if (code === 0 && passed + failures.length + skipped === 0) failures.push({ title: 'ran no test' })
  else if ((code !== 0 || !ended) && failures.length === 0) {
    failures.push({ title: `its process ended with ${signal ?? code}${ended ? '' : ' before its tests did'}` })
  }

  const failed = failures.length
  const mark = failed > 0 ? red('✗') : green('✓')
  const counts = [`${passed} passed`, failed > 0 && red(`${failed} failed`), skipped > 0 && `${skipped} skipped`]
  print(`${mark} ${name}  ${counts.filter(Boolean).join(', ')}  ${dim(duration(performance.now() - started))}`)
  for (const { title, error } of failures) {
    print(`    ${red('✗')} ${title}${error === undefined ? '' : `\n${indent(error, '        ')}`}`)
  }
  if (failed > 0 && output !== '') print(dim(indent(output.slice(-TAIL_CHARS), '      | ')))
  return { passed, failed, skipped }
}

/** `files` are absolute paths of compiled tests; `concurrency` of them run at a time. */
export const runNodeTests = async (name, files, { concurrency, env }) => {
  const totals = { name, passed: 0, failed: 0, skipped: 0, ms: 0 }
  const started = performance.now()
  const queue = [...files]
  const worker = async () => {
    for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
      const result = await runFile(file, env)
      for (const key of ['passed', 'failed', 'skipped']) totals[key] += result[key]
    }
  }
  await Promise.all(Array.from({ length: concurrency }, worker))
  totals.ms = performance.now() - started
  return totals
}
