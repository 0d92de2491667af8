// What the page costs its reader, and that it can stand under any path.
import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'

const BUILT = resolve('dist/ui')
/** What is loaded before anything is opened. */
const MAX_INITIAL_BYTES = 300_000
/** The editor, when code is first shown. */
const MAX_LATER_BYTES = 170_000

test('the page is below 300 kB gzipped, fonts included, and what is loaded later below 170 kB', async (t) => {
  const entries = await readdir(BUILT, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  const html = await readFile(join(BUILT, 'index.html'), 'utf8')
  const sizes = await Promise.all(files.map(async (file) => ({ file, size: gzipSync(await readFile(file)).byteLength })))
  const sum = (isInitial: boolean): number => sizes
    .filter(({ file }) => (/\.(css|html|woff2)$/.test(file) || html.includes(basename(file))) === isInitial)
    .reduce((total, { size }) => total + size, 0)
  t.diagnostic(`${sum(true)} bytes at first, ${sum(false)} later`)
  assert.ok(sum(true) > 50_000, `only ${sum(true)} bytes: is the page built?`)
  assert.ok(sum(true) < MAX_INITIAL_BYTES, `${sum(true)} bytes`)
  assert.ok(sum(false) < MAX_LATER_BYTES, `${sum(false)} bytes`)
})

test('the page names its own files relative to where it is served', async () => {
  const html = await readFile(join(BUILT, 'index.html'), 'utf8')
  const addresses = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1] ?? '')
  assert.deepEqual(addresses.filter((address) => !/^(\.\/|data:|cluster$)/.test(address)), [])
})
