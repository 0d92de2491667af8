// What the page costs its reader, and that it can stand under any path.
import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'

const BUILT = resolve('dist/ui')
const MAX_GZIPPED_BYTES = 300_000

test('the whole page is below 300 kB gzipped', async () => {
  const entries = await readdir(BUILT, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  const sizes = await Promise.all(files.map(async (file) => gzipSync(await readFile(file)).byteLength))
  const total = sizes.reduce((sum, size) => sum + size, 0)
  assert.ok(total > 50_000, `only ${total} bytes: is the page built?`)
  assert.ok(total < MAX_GZIPPED_BYTES, `${total} bytes`)
})

test('the page names its own files relative to where it is served', async () => {
  const html = await readFile(join(BUILT, 'index.html'), 'utf8')
  const addresses = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1] ?? '')
  assert.deepEqual(addresses.filter((address) => !/^(\.\/|data:|cluster$)/.test(address)), [])
})
