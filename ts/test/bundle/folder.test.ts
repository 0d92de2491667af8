// A function in a folder, with packages: what they load by means that a bundler does not see by itself.
import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, test } from 'node:test'
import { stop } from 'esbuild'
import { bundleFolder } from '../../lib/bundle/folder.js'

const folders: string[] = []
after(async () => {
  await stop()
  await Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true })))
})

/** The bundle of the folder `function` of these files. */
async function bundled(files: Record<string, string>): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'swarm-folder-'))
  folders.push(root)
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true })
    await writeFile(join(root, name), text)
  }
  return (await bundleFolder(join(root, 'function'), 'index.handler')).source.toString()
}

test('a package that requires with a function of its own making', async () => {
  const text = await bundled({
    'function/index.mjs': 'import { font } from "fonts"; export const handler = () => font()',
    'function/node_modules/fonts/package.json': '{"main":"index.mjs","imports":{"#fonts/*":"./data/*.cjs"}}',
    'function/node_modules/fonts/index.mjs': 'import { createRequire } from "node:module"; const load$1 = createRequire(String(import.meta.url)); export const font = () => load$1("#fonts/Sans")',
    'function/node_modules/fonts/data/Sans.cjs': 'module.exports = "a font"',
  })
  assert.match(text, /a font/)
})

test('a package that reads its files, installed above the function', async () => {
  const text = await bundled({
    'function/index.js': 'exports.handler = () => require("grammar")',
    'node_modules/grammar/index.js': 'module.exports = require("fs").readFileSync(require.resolve("words/list.txt"))',
    'node_modules/words/list.txt': 'one two',
  })
  assert.match(text, new RegExp(Buffer.from('one two').toString('base64')))
  assert.match(text, /\/var\/task\/node_modules\/words\/list\.txt/)
})

test('a package comes as Node gets it, not as a worker', async () => {
  const text = await bundled({
    'function/index.mjs': 'import kind from "pay"; export const handler = () => kind',
    'function/node_modules/pay/package.json': '{"exports":{"worker":"./worker.mjs","default":"./node.mjs"}}',
    'function/node_modules/pay/worker.mjs': 'export default "for workers"',
    'function/node_modules/pay/node.mjs': 'export default "for Node"',
  })
  assert.match(text, /for Node/)
})
