import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { runInThisContext } from 'node:vm'
import { stop } from 'esbuild'
import { bundle, HANDLER_MODULE } from '../../lib/bundle.js'
import { SwarmError } from '../../lib/errors.js'

type Handler = (event: unknown) => unknown

/** Bundles, evaluates the result in Node as an ES module or a script, and returns its handler. */
async function load(files: Record<string, string>, handler = 'index.handler'): Promise<Handler> {
  const { source } = await bundle({ files, handler })
  if (source.subarray(0, 2).toString() === '/*') return runInThisContext(source.toString()) as Handler
  const loaded = (await import(`data:text/javascript;base64,${source.toString('base64')}`)) as { handler: Handler }
  return loaded.handler
}

const failure = async (files: Record<string, string>, handler = 'index.handler'): Promise<{ code: string; message: string }> => {
  const error: unknown = await bundle({ files, handler }).then(() => null, (reason: unknown) => reason)
  assert.ok(error instanceof SwarmError, `expected a SwarmError, got ${String(error)}`)
  return { code: error.code, message: error.message }
}

after(() => stop())

describe('bundle: what a function may be written as', () => {
  const forms: Record<string, [Record<string, string>, string?]> = {
    'exports.handler': [{ 'index.js': 'exports.handler = async (e) => ({ e })' }],
    'module.exports': [{ 'index.js': 'module.exports = { handler: async (e) => ({ e }) }' }],
    'a CommonJS file that says so': [{ 'index.cjs': 'exports.handler = (e) => ({ e })' }],
    'an ES module': [{ 'index.mjs': 'export const handler = async (e) => ({ e })' }],
    'an export under another name': [{ 'index.js': 'const run = (e) => ({ e })\nexport { run as handler }' }],
    'TypeScript': [{ 'index.ts': 'enum A { B }\nexport const handler = async (e: number): Promise<object> => ({ e: e + A.B })' }],
    'a handler in a folder': [{ 'src/api.js': 'exports.handler = (e) => ({ e })' }, 'src/api.handler'],
    'a nested export': [{ 'index.js': 'export const routes = { a: { get(e) { return { e } } } }' }, 'index.routes.a.get'],
    'a default export': [{ 'index.js': 'export default (e) => ({ e })' }, 'index.default'],
    'names written with ./': [{ './index.js': 'exports.handler = (e) => ({ e })' }, './index.handler'],
  }
  for (const [name, [files, handler]] of Object.entries(forms)) {
    test(name, async () => {
      const run = await load(files, handler)
      assert.deepEqual(await run(7), { e: 7 })
    })
  }

  test('JSX calls the factory the file names', async () => {
    const run = await load({ 'index.jsx': '/** @jsx h */\nconst h = (tag, props) => ({ tag, props })\nexport const handler = () => <b id="1" />' })
    assert.deepEqual(await run(null), { tag: 'b', props: { id: '1' } })
  })

  test('several files: relative require and import, folders, extensions, JSON, TypeScript names, cycles', async () => {
    const run = await load({
      'index.js': `
        import { one } from './lib'
        import two from './lib/two.js'
        import data from './data.json'
        import text from './note.txt'
        import * as typed from './typed.js'
        export const handler = () => ({ one, two, data, text, three: typed.three })`,
      'lib/index.js': 'export const one = require("./one").one',
      'lib/one.js': 'exports.one = 1; require("..")',
      'lib/two.js': 'module.exports = 2',
      'data.json': '{"a": [1]}',
      'note.txt': 'words',
      'typed.ts': 'export const three: number = 3',
    })
    assert.deepEqual(await run(null), { one: 1, two: 2, data: { a: [1] }, text: 'words', three: 3 })
  })

  test('shows where AWS puts files as __dirname and import.meta.url', async () => {
    const run = await load({ 'index.js': 'export const handler = () => [__dirname, __filename, import.meta.url]' })
    assert.deepEqual(await run(null), ['/var/task', '/var/task/index.js', 'file:///var/task/index.js'])
  })

  test('a handler in CommonJS makes a script, in an ES module a module', async () => {
    const kind = async (files: Record<string, string>) => (/^export \{/m.test((await bundle({ files, handler: 'index.handler' })).source.toString()) ? 'module' : 'script')
    assert.equal(await kind({ 'index.js': 'exports.handler = () => 1' }), 'script')
    assert.equal(await kind({ 'index.js': 'import "./a"; export const handler = () => 1', 'a.js': 'exports.b = 1' }), 'module')
    assert.equal(await kind({ 'index.js': 'exports.handler = require("./a").b', 'a.js': 'export const b = await (() => 1)' }), 'module')
    assert.equal(await kind({ 'index.js': 'import "./a"; export const handler = () => 1', 'a.js': 'with (exports) { b = 1 }' }), 'script')
  })

  test('the source map names the files as they were sent', async () => {
    const { sourceMap } = await bundle({ files: { 'a/b.ts': 'export const handler = () => 1' }, handler: 'a/b.handler' })
    assert.deepEqual((JSON.parse(sourceMap.toString()) as { sources: string[] }).sources, ['a/b.ts', HANDLER_MODULE])
  })

  test('the same files give the same bytes', async () => {
    const once = await bundle({ files: { 'index.js': 'require("./a"); exports.handler = () => 1', 'a.js': '' }, handler: 'index.handler' })
    const again = await bundle({ files: { 'a.js': '', 'index.js': 'require("./a"); exports.handler = () => 1' }, handler: 'index.handler' })
    assert.ok(once.source.equals(again.source))
  })
})

describe('bundle: what is refused', () => {
  test('a syntax error, with file, line and column from 1', async () => {
    const { code, message } = await failure({ 'index.js': 'exports.handler = async () => {\n  let a = ;\n}' })
    assert.equal(code, 'BUNDLE_FAILED')
    assert.equal(message, 'index.js:2:11: Unexpected ";"')
  })

  test('several syntax errors, one a line', async () => {
    const { message } = await failure({ 'index.js': 'import "./a"; import "./b"; export const handler = 1', 'a.js': 'let = = 1', 'b.js': '{' })
    assert.equal(message.split('\n').length, 2)
  })

  test('a missing file names the import, the file and the fix', async () => {
    const { code, message } = await failure({ 'index.js': 'exports.handler = require("./lib/x").handler' })
    assert.equal(code, 'BUNDLE_FAILED')
    assert.equal(message, 'index.js:1:27: can\'t find "./lib/x", imported from "index.js": add "lib/x.js" to "files"')
  })

  test('a package', async () => {
    const { message } = await failure({ 'index.js': 'import "lodash"; export const handler = () => 1' })
    assert.match(message, /^index\.js:1:8: can't find "lodash", imported from "index\.js": packages are not installed at deploy/)
  })

  test('an import that leaves the folder reaches no disk', async () => {
    const { message } = await failure({ 'a/index.js': 'import "../../../../etc/passwd"; export const handler = () => 1' }, 'a/index.handler')
    assert.match(message, /leaves the function's folder/)
    const absolute = await failure({ 'index.js': 'import "/etc/passwd"; export const handler = () => 1' })
    assert.match(absolute.message, /can't find "\/etc\/passwd"/)
  })

  const names: Record<string, RegExp> = {
    '': /empty name/,
    '/index.js': /absolute/,
    'C:/index.js': /absolute/,
    '../index.js': /leaves the function's folder/,
    'a/../../index.js': /leaves the function's folder/,
    'a//index.js': /empty folder or file name/,
    'a/': /empty folder or file name/,
    'a\\index.js': /backslash/,
    'a\0.js': /control character/,
    ['x'.repeat(256)]: /longer than 255/,
  }
  for (const [name, problem] of Object.entries(names)) {
    test(`a file called ${JSON.stringify(name.slice(0, 20))}`, async () => {
      const { code, message } = await failure({ 'index.js': 'exports.handler = () => 1', [name]: '' })
      assert.equal(code, 'INVALID_PARAMETER')
      assert.match(message, problem)
    })
  }

  test('two names of the same file', async () => {
    const { message } = await failure({ 'index.js': '', './index.js': '' })
    assert.match(message, /"index\.js" is there twice/)
  })

  test('no files at all', async () => {
    assert.match((await failure({})).message, /at least one file/)
  })

  for (const handler of ['', 'index', '.handler', 'index.', '../index.handler', '/index.handler', 'index..x', 'in dex.handler', `${'x'.repeat(130)}.y`]) {
    test(`the handler ${JSON.stringify(handler.slice(0, 20))}`, async () => {
      const { code, message } = await failure({ 'index.js': 'exports.handler = () => 1' }, handler)
      assert.equal(code, 'INVALID_PARAMETER')
      assert.match(message, /is not of the form file\.export/)
    })
  }

  test('a handler whose file was not sent', async () => {
    const { code, message } = await failure({ 'index.js': 'exports.handler = () => 1' }, 'main.handler')
    assert.equal(code, 'INVALID_PARAMETER')
    assert.match(message, /main\.handler needs a file main\.js .* but the files are index\.js/)
  })

  test('a file that is no code', async () => {
    const { message } = await failure({ 'index.js': 'import "./a.wasm"; export const handler = 1', 'a.wasm': '' })
    assert.match(message, /a\.wasm can't be imported: use \.js/)
  })

  test('an entry file without that export, when it loads', async () => {
    await assert.rejects(load({ 'index.js': 'exports.handle = () => 1' }), /index\.handler is not a function exported by index\.js/)
    await assert.rejects(load({ 'index.js': 'export const handle = 1' }), /index\.handler is not a function exported by index\.js/)
    await assert.rejects(load({ 'index.js': 'export const a = {}' }, 'index.a.b.c'), /index\.a\.b\.c is not a function/)
  })
})
