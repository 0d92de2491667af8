// Real handlers with real packages, deployed and invoked over HTTP on a real edge: each gives the answer that Node gives.
import assert from 'node:assert/strict'
import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { stop } from 'esbuild'
import { inlined } from '../../lib/bundle/esbuild.js'
import { bundleFolder } from '../../lib/bundle/folder.js'
import { startEdge, type Edge } from '../mesh/harness/edges.js'
import { call, invoke } from '../mesh/harness/http.js'
import { BUILT, installPackages } from './packages.js'

const at = (path: string) => fileURLToPath(new URL(`../../../${path}`, import.meta.url))
/** `name/{handler.*, event.json, expected.json}`; what is expected is what Node answered. */
const CORPUS = at('ts/test/corpus/handlers')
const json = async (path: string): Promise<unknown> => JSON.parse(await readFile(path, 'utf8'))

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
      const files = inlined(await bundleFolder(join(BUILT, name), entry.replace(/\.\w+$/, '.handler')))
      const deployed = await call('POST', `${edge.url}/functions`, { name: name.replaceAll('.', '-'), files, timeout: 10 })
      assert.equal(deployed.status, 201, deployed.text)
      const answer = await invoke(edge.url, name.replaceAll('.', '-'), await json(join(CORPUS, name, 'event.json')))
      assert.equal(answer.status, 200, answer.text)
      assert.deepEqual(answer.json, await json(join(CORPUS, name, 'expected.json')))
    })
  }
})
