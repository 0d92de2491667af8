// What test suites and checks came to: one file each under .build/results, so that CI can add up several commands.
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { BUILD_DIR } from './paths.mjs'
import { duration, table } from './terminal.mjs'

const RESULTS_DIR = join(BUILD_DIR, 'results')

/** Forgets the results of earlier runs; `kind` is `test` or `lint`. */
export const forgetResults = async (kind) => {
  await mkdir(RESULTS_DIR, { recursive: true })
  for (const file of await readdir(RESULTS_DIR)) {
    if (file.startsWith(`${kind}-`)) await rm(join(RESULTS_DIR, file))
  }
}

/** Keeps `{ name, passed, failed, skipped, ms }`. */
export const keepResult = (kind, result) =>
  writeFile(join(RESULTS_DIR, `${kind}-${result.name}.json`), JSON.stringify(result))

/** The results kept of one kind, in the order they ended. */
export const keptResults = async (kind) => {
  const files = await readdir(RESULTS_DIR).catch(() => [])
  const mine = files.filter((file) => file.startsWith(`${kind}-`))
  return Promise.all(mine.map(async (file) => JSON.parse(await readFile(join(RESULTS_DIR, file), 'utf8'))))
}

/** A table of results, and the total as the line that continuous integration reads. */
export const summary = (results) => {
  const sum = (key) => results.reduce((total, result) => total + result[key], 0)
  const skipped = sum('skipped')
  const rows = results.map((r) => [r.name, r.passed, r.failed, r.skipped, duration(r.ms)])
  const total = `${sum('passed')} passed, ${sum('failed')} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`
  return `\n${table([['', 'passed', 'failed', 'skipped', 'time'], ...rows])}\n\n${total}\n`
}
