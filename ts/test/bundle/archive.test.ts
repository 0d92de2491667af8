// Archives that mean no good, and those that do.
import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { stop } from 'esbuild'
import { bundle } from '../../lib/bundle.js'
import { MAX_ARCHIVE_BYTES, unpack } from '../../lib/bundle/archive.js'
import { SwarmError } from '../../lib/errors.js'
import { zipOf, type ZipEntry } from './zip.js'

after(() => stop())

const refused = async (zip: Buffer): Promise<string> => {
  const error: unknown = await unpack(zip).then(() => null, (reason: unknown) => reason)
  assert.ok(error instanceof SwarmError, String(error))
  assert.equal(error.code, 'INVALID_PARAMETER')
  return error.message
}
const one = (entry: Partial<ZipEntry>): Buffer => zipOf([{ name: 'index.js', content: 'exports.handler = () => 1', ...entry }])

describe('an archive', () => {
  test('is unpacked: folders, nested names, empty files', async () => {
    const files = await unpack(zipOf([{ name: 'a/', content: '', mode: 0o40755 }, { name: 'a/b.js', content: 'x' }, { name: './c.txt', content: '' }]))
    assert.deepEqual([...files].map(([name, content]) => [name, content.toString()]), [['a/b.js', 'x'], ['c.txt', '']])
  })

  for (const [why, zip, expected] of [
    ['a path above the folder', one({ name: '../index.js' }), /"\.\.\/index\.js" leaves the function's folder/],
    ['a path that goes up inside', one({ name: 'a/../../b.js' }), /leaves the function's folder/],
    ['an absolute path', one({ name: '/etc/passwd' }), /is absolute/],
    ['a drive letter', one({ name: 'C:/a.js' }), /is absolute/],
    ['a backslash', one({ name: 'a\\b.js' }), /has a backslash/],
    ['a control character', one({ name: 'a\n.js' }), /control character/],
    ['a symbolic link', one({ name: 'link', content: '/etc/passwd', mode: 0o120777 }), /"link" is a symbolic link/],
    ['an encrypted entry', one({ flags: 0x801 }), /"index.js" is encrypted/],
    ['a wrong checksum', one({ crc: 1 }), /"index.js" can't be read: .*CRC32/],
    ['the same name twice', zipOf([{ name: 'a.js', content: '1' }, { name: './a.js', content: '2' }]), /"a.js" is there twice/],
    ['entries that share their data', zipOf([{ name: 'a.js', content: 'x'.repeat(99) }, { name: 'b.js', content: 'x'.repeat(99), offset: 0 }]), /can't be read/],
    ['no archive', Buffer.from('hello'), /zip: it can't be read/],
    ['nothing', Buffer.alloc(0), /zip: it can't be read/],
    ['half an archive', one({}).subarray(0, 60), /zip: it can't be read/],
    ['no file', zipOf([{ name: 'a/', content: '', mode: 0o40755 }]), /has no file/],
    ['too many bytes', Buffer.alloc(MAX_ARCHIVE_BYTES + 1), /at most 52428800 are allowed/],
  ] as const) {
    test(`is refused for ${why}`, async () => assert.match(await refused(zip), expected))
  }

  test('is refused when it unpacks to more than 250 MB, whatever it says about itself', async () => {
    const bomb = Buffer.alloc(90 * 2 ** 20)
    const entries = ['a', 'b', 'c'].map((name) => ({ name, content: bomb }))
    assert.match(await refused(zipOf(entries)), /262144000 bytes unpacked.*"c"/)
    assert.match(await refused(zipOf([...entries.map((entry) => ({ ...entry, claimed: 10 }))])), /unpacked|can't be read/)
  })

  test('is bundled with its packages, data and TypeScript, and leaves nothing behind', async (t) => {
    // Of its own: other tests unpack archives at the same time.
    const temporary = await mkdtemp(join(tmpdir(), 'swarm-archive-'))
    const { TMPDIR, TEMP } = process.env
    Object.assign(process.env, { TMPDIR: temporary, TEMP: temporary })
    t.after(async () => {
      for (const [name, value] of Object.entries({ TMPDIR, TEMP })) if (value === undefined) Reflect.deleteProperty(process.env, name); else process.env[name] = value
      await rm(temporary, { recursive: true, force: true })
    })
    const zip = zipOf([
      { name: 'src/index.ts', content: 'import pick from "@scope/pick"; import { two } from "two/deep"; export const handler = (): unknown => [pick, two]' },
      { name: 'node_modules/@scope/pick/package.json', content: '{"name":"@scope/pick","exports":{"worker":"./worker.js","default":"./default.js"}}' },
      { name: 'node_modules/@scope/pick/worker.js', content: 'export default "worker"' },
      { name: 'node_modules/@scope/pick/default.js', content: 'export default "default"' },
      { name: 'node_modules/two/package.json', content: '{"name":"two","main":"./main.js"}' },
      { name: 'node_modules/two/deep.js', content: 'exports.two = 2' },
    ])
    const { source, sourceMap } = await bundle({ zip, handler: 'src/index.handler' })
    const { handler } = (await import(`data:text/javascript;base64,${source.toString('base64')}`)) as { handler: () => unknown }
    assert.deepEqual(handler(), ['default', 2])
    assert.ok((JSON.parse(sourceMap.toString()) as { sources: string[] }).sources.includes('src/index.ts'))
    assert.deepEqual(await readdir(temporary), [])
  })

  test('may lack a package that one of its packages only tries, and requires through createRequire', async () => {
    const zip = zipOf([
      { name: 'index.mjs', content: 'import { found } from "tries"; import { createRequire } from "node:module"; const require = createRequire(import.meta.url); export const handler = () => [found(), require("./data.json").a]' },
      { name: 'data.json', content: '{"a":1}' },
      { name: 'node_modules/tries/index.js', content: 'exports.found = () => { try { return require("not-installed") } catch (error) { return error.code } }; exports.lazy = () => require("nor-this"); exports.later = () => import("nor-that")' },
    ])
    const { source } = await bundle({ zip, handler: 'index.handler' })
    Object.assign(globalThis, { [Symbol.for('swarmlambda.builtin')]: () => ({ createRequire: () => null }) })
    const { handler } = (await import(`data:text/javascript;base64,${source.toString('base64')}`)) as { handler: () => unknown }
    assert.deepEqual(handler(), ['MODULE_NOT_FOUND', 1])
  })

  test('reads no file outside itself', async () => {
    for (const main of ['../../../../../../etc/hostname', '/etc/hostname']) {
      const zip = zipOf([
        { name: 'index.js', content: 'import text from "leak"; exports.handler = () => text' },
        { name: 'node_modules/leak/package.json', content: JSON.stringify({ name: 'leak', main }) },
      ])
      await assert.rejects(bundle({ zip, handler: 'index.handler' }), { code: 'BUNDLE_FAILED' })
    }
    const direct = zipOf([{ name: 'index.js', content: 'import text from "/etc/hosts"; exports.handler = () => text' }])
    await assert.rejects(bundle({ zip: direct, handler: 'index.handler' }), /is outside of the archive/)
  })

  test('without a package that it imports is refused with the fix', async () => {
    const zip = zipOf([{ name: 'package.json', content: '{"dependencies":{"@scope/a":"1"}}' }, { name: 'index.js', content: '\nconst a = require("@scope/a/b")\nexports.handler = () => a' }])
    await assert.rejects(bundle({ zip, handler: 'index.handler' }), /^SwarmError: index\.js:2:19: can't find "@scope\/a\/b", imported from "index\.js": run "npm install @scope\/a" .* or put node_modules into the archive$/)
  })
})
