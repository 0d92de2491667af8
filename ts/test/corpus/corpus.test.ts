// Real handlers with real packages, deployed and invoked over HTTP on a real edge: each gives the answer that Node gives.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { access, copyFile, cp, mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { stop } from 'esbuild'
import { bundleFolder } from '../../lib/bundle/folder.js'
import { startEdge, type Edge } from '../mesh/harness/edges.js'
import { call, invoke } from '../mesh/harness/http.js'

const at = (path: string) => fileURLToPath(new URL(`../../../${path}`, import.meta.url))
/** `name/{handler.*, event.json, expected.json}`; what is expected is what Node answered. */
const CORPUS = at('ts/test/corpus/handlers')
/** Handlers and their packages, pinned by the lock file beside this test; kept from one run to the next. */
const BUILT = at('.build/corpus')
const PINNED = at('ts/test/corpus')

const run = promisify(execFile)
const json = async (path: string): Promise<unknown> => JSON.parse(await readFile(path, 'utf8'))
const same = async (a: string, b: string) => {
  const [left, right] = await Promise.all([a, b].map((path) => readFile(path, 'utf8').catch(() => null)))
  return left !== null && left === right
}

async function installPackages(): Promise<void> {
  if (await same(join(PINNED, 'package-lock.json'), join(BUILT, 'package-lock.json')) && (await access(join(BUILT, 'node_modules/.package-lock.json')).then(() => true, () => false))) return
  await mkdir(BUILT, { recursive: true })
  for (const file of ['package.json', 'package-lock.json']) await copyFile(join(PINNED, file), join(BUILT, file))
  await run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: BUILT, shell: process.platform === 'win32' })
}

const names = (await readdir(CORPUS, { withFileTypes: true })).filter((entry) => entry.isDirectory()).map(({ name }) => name)

describe('the corpus', () => {
  let folder: string
  let edge: Edge

  before(async () => {
    await installPackages()
    folder = await mkdtemp(join(tmpdir(), 'swarm-corpus-'))
    edge = await startEdge({ name: 'edge-a', folder })
  })
  after(async () => {
    await edge.kill()
    await stop()
    await rm(folder, { recursive: true, force: true })
  })

  test('is there', () => assert.ok(names.length > 0, CORPUS))

  for (const name of names) {
    test(`${name} answers as on Node`, async () => {
      await cp(join(CORPUS, name), join(BUILT, name), { recursive: true })
      const entry = (await readdir(join(BUILT, name))).find((file) => file.startsWith('handler.')) ?? ''
      const source = await bundleFolder(join(BUILT, name), entry)
      const deployed = await call('POST', `${edge.url}/functions`, { name: name.replaceAll('.', '-'), files: { 'index.mjs': source }, timeout: 10 })
      assert.equal(deployed.status, 201, deployed.text)
      const answer = await invoke(edge.url, name.replaceAll('.', '-'), await json(join(CORPUS, name, 'event.json')))
      assert.equal(answer.status, 200, answer.text)
      assert.deepEqual(answer.json, await json(join(CORPUS, name, 'expected.json')))
    })
  }
})
