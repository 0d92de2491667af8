import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readdir, readFile, stat, writeFile, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'

import { deriveKeys, loadClusterKey, loadIdentity } from '../../lib/cluster.js'
import { temporaryDirectory } from './harness.js'

const run = promisify(execFile)
const CLUSTER = new URL('../../lib/cluster.js', import.meta.url).href

test('edges that start at the same instant agree on one key file, readable by its owner only', async () => {
  await using directory = await temporaryDirectory()
  const script = `
    const { loadClusterKey } = await import('${CLUSTER}')
    const stateDir = process.argv[1]
    // All wait for the same instant.
    const at = Number(process.argv[2]); while (Date.now() < at);
    console.log((await loadClusterKey({ stateDir, clusterKey: null })).toString('hex'))`
  const at = String(Date.now() + 1_000)
  const outputs = await Promise.all(
    ['a', 'b', 'c', 'd', 'e', 'f'].map((name) =>
      run(process.execPath, ['--input-type=module', '-e', script, join(directory.path, 'deep/local', name), at]),
    ),
  )
  const keys = outputs.map(({ stdout }) => stdout.trim())
  const file = join(directory.path, 'deep/local/cluster.key')
  assert.match(keys[0] ?? '', /^[0-9a-f]{64}$/)
  assert.deepEqual(new Set(keys).size, 1)
  assert.equal((await readFile(file, 'utf8')).trim(), keys[0])
  assert.equal((await stat(file)).mode & 0o777, 0o600)
  assert.deepEqual(await readdir(join(directory.path, 'deep/local')), ['cluster.key'], 'no temporary file is left')
})

test('a given key wins over the file, and leaves none behind', async () => {
  await using directory = await temporaryDirectory()
  const stateDir = join(directory.path, 'edge-a')
  const given = 'ab'.repeat(32)
  assert.equal((await loadClusterKey({ stateDir, clusterKey: given.toUpperCase() })).toString('hex'), given)
  assert.deepEqual(await readdir(directory.path), [])
})

test('a malformed key is refused, saying where it is', async () => {
  await using directory = await temporaryDirectory()
  const stateDir = join(directory.path, 'edge-a')
  await assert.rejects(loadClusterKey({ stateDir, clusterKey: 'abc' }), {
    code: 'CONFIG_INVALID',
    message: /SWARMLAMBDA_CLUSTER_KEY.*64 hex digits/,
  })
  await writeFile(join(directory.path, 'cluster.key'), 'half a k')
  await assert.rejects(loadClusterKey({ stateDir, clusterKey: null }), {
    code: 'CONFIG_INVALID',
    message: /cluster\.key/,
  })
})

test('an edge keeps its identity, and another one has another', async () => {
  await using directory = await temporaryDirectory()
  await mkdir(join(directory.path, 'b'))
  const [first, again, other] = [
    await loadIdentity(join(directory.path, 'a')),
    await loadIdentity(join(directory.path, 'a')),
    await loadIdentity(join(directory.path, 'b')),
  ]
  assert.deepEqual(again, first)
  assert.notDeepEqual(other.publicKey, first.publicKey)
  assert.equal((await stat(join(directory.path, 'a/identity.key'))).mode & 0o777, 0o600)
})

test('every use has its own key, and every cluster its own keys', () => {
  const one = Object.values(deriveKeys(Buffer.alloc(32, 1))) as Buffer[]
  const two = Object.values(deriveKeys(Buffer.alloc(32, 2))) as Buffer[]
  const all = [...one, ...two].map((key) => key.toString('hex'))
  assert.equal(new Set(all).size, 10)
  assert.deepEqual(deriveKeys(Buffer.alloc(32, 1)).mac, deriveKeys(Buffer.alloc(32, 1)).mac)
})
