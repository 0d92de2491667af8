// How code gets in: archives over HTTP, packages, data files; on a real edge.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { zipOf } from '../bundle/zip.js'
import { startEdge, type Edge } from './harness/edges.js'
import { call, deploy, invoke } from './harness/http.js'

let folder = ''
let program: Edge
let edge = ''
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'swarm-'))
  program = await startEdge({ name: 'edge-a', folder: join(folder, 'edge') })
  edge = program.url
})
after(async () => {
  await program.kill()
  await rm(folder, { recursive: true, force: true })
})

const PACKAGE = [
  { name: 'node_modules/shout/package.json', content: '{"name":"shout","main":"lib/index.js"}' },
  { name: 'node_modules/shout/lib/index.js', content: 'module.exports = (text) => text.toUpperCase() + require("./mark")' },
  { name: 'node_modules/shout/lib/mark.js', content: 'module.exports = "!"' },
]
const upload = (name: string, zip: Buffer, query = '') => call('POST', `${edge}/functions?name=${name}${query}`, zip, { 'content-type': 'application/zip' })

describe('an archive', () => {
  test('with packages is a function', async () => {
    const zip = zipOf([{ name: 'index.mjs', content: 'import shout from "shout"; export const handler = async ({ text }) => shout(text)' }, ...PACKAGE])
    const query = `&memorySize=64&timeout=1.5&environment=${encodeURIComponent('{"A":"b"}')}&limits=${encodeURIComponent('{"fetchCount":1}')}&allow=a.example,b.example&concurrency=3`
    const created = await upload('zipped', zip, query)
    assert.equal(created.status, 201, created.text)
    const { memorySize, timeout, environment, limits, allow, concurrency } = created.json as Record<string, unknown>
    assert.deepEqual({ memorySize, timeout, environment, limits, allow, concurrency }, { memorySize: 64, timeout: 1.5, environment: { A: 'b' }, limits: { fetchCount: 1 }, allow: ['a.example', 'b.example'], concurrency: 3 })
    assert.equal((await invoke(edge, 'zipped', { text: 'hi' })).json, 'HI!')
    const again = await call('POST', `${edge}/functions`, { name: 'zipped', zip: zip.toString('base64') })
    assert.equal(again.status, 200, again.text)
    assert.equal((await invoke(edge, 'zipped', { text: 'ho' })).json, 'HO!')
  })

  test('brings data that fs reads, from the file\'s own folder too', async () => {
    const zip = zipOf([
      { name: 'index.js', content: 'const { readFileSync, readdirSync } = require("node:fs"); const { join } = require("path"); const sub = require("./sub/read"); exports.handler = async () => [readFileSync(join(__dirname, "data/words.txt"), "utf8"), readFileSync("data/bytes.bin").length, sub(), readdirSync("/var/task").sort()]' },
      { name: 'sub/read.js', content: 'const fs = require("fs"), path = require("path"); module.exports = () => fs.readFileSync(path.join(__dirname, "../data/words.txt"), "latin1") + path.basename(__filename)' },
      { name: 'data/words.txt', content: 'wörter' },
      { name: 'data/bytes.bin', content: Buffer.from([0, 255]) },
    ])
    assert.equal((await upload('data', zip)).status, 201)
    assert.deepEqual((await invoke(edge, 'data')).json, ['wörter', 2, `${Buffer.from('wörter').toString('latin1')}read.js`, ['data']])
    const readOnly = await deploy(edge, 'read-only', 'exports.handler = async () => { try { require("fs").writeFileSync("/var/task/x", "") } catch (e) { return e.code } }')
    assert.equal(readOnly.status, 201)
    assert.equal((await invoke(edge, 'read-only')).json, 'EROFS')
  })

  test('has packages that require what they compute: peers of theirs, files, and what may be missing', async () => {
    const ask = 'exports.load = (name) => { try { return require(name).is } catch (error) { return error.code } }'
    const zip = zipOf([
      { name: 'index.mjs', content: 'import orm from "orm"; export const handler = async () => [orm.load("driver"), orm.load("other"), orm.locale("en"), orm.addon("x64"), orm.load("node:path") === undefined, orm.umd] ' },
      { name: 'node_modules/orm/package.json', content: '{"name":"orm","peerDependencies":{"driver":"*"},"peerDependenciesMeta":{"driver":{"optional":true},"other":{"optional":true}}}' },
      { name: 'node_modules/orm/index.js', content: `'use strict'; ${ask}; exports.locale = (name) => require(\`./locale/\${name}.js\`).is; exports.addon = (arch) => { try { return require(\`./build/\${arch}.node\`) } catch (error) { return error.code } }; exports.umd = require("./umd").is` },
      { name: 'node_modules/orm/umd.js', content: '(function (factory) {\n  if (typeof module === "object") { var v = factory(require, exports); if (v !== undefined) module.exports = v }\n})(function (require, exports) {\n  exports.is = require("./locale/en").is\n})' },
      { name: 'node_modules/orm/locale/en.js', content: 'exports.is = "English"' },
      { name: 'node_modules/driver/package.json', content: '{"name":"driver"}' },
      { name: 'node_modules/driver/index.js', content: 'exports.is = "a driver"' },
    ])
    const answer = await upload('computed', zip)
    assert.equal(answer.status, 201, answer.text)
    assert.deepEqual((await invoke(edge, 'computed')).json, ['a driver', 'MODULE_NOT_FOUND', 'English', 'MODULE_NOT_FOUND', true, 'English'])
  })

  test('that is bad changes nothing', async () => {
    assert.equal((await upload('kept', zipOf([{ name: 'index.js', content: 'exports.handler = async () => "kept"' }]))).status, 201)
    for (const [zip, problem] of [
      [zipOf([{ name: '../index.js', content: '' }]), /"\.\.\/index\.js" leaves/],
      [Buffer.from('not a zip'), /zip: it can't be read/],
      [zipOf([{ name: 'main.js', content: '' }]), /needs a file index\.js/],
      [zipOf([{ name: 'index.js', content: 'exports.handler = require("absent")' }]), /index\.js:1:27: can't find "absent".*npm install absent/],
      [zipOf([{ name: 'index.js', content: 'exports.handler = (' }]), /index\.js:1:20/],
    ] as const) {
      const answer = await upload('kept', zip)
      assert.equal(answer.status, 400, answer.text)
      assert.match(answer.text.replaceAll('\\"', '"'), problem)
    }
    assert.equal((await invoke(edge, 'kept')).json, 'kept')
    for (const [query, problem] of [['&timeout=soon', /timeout/], ['&environment=x', /environment: must be JSON/], ['&colour=red', /colour/], ['&memorySize=1', /memorySize/]] as const) {
      const answer = await upload('kept', zipOf([{ name: 'index.js', content: 'exports.handler = 1' }]), query)
      assert.deepEqual([answer.status, problem.test(answer.text)], [400, true], answer.text)
    }
    assert.equal((await call('POST', `${edge}/functions`, { name: 'kept', zip: 'x', files: {} })).status, 400)
    assert.equal((await upload('', zipOf([]))).status, 400)
  })

  test('of 49 MB gets in, one of 80 MB does not', async () => {
    const noise = randomBytes(49 * 2 ** 20)
    // In node_modules, where it is carried to nobody.
    const zip = zipOf([{ name: 'index.js', content: 'exports.handler = async () => 1' }, { name: 'node_modules/noise/data', content: noise }])
    assert.ok(zip.length > 48 * 2 ** 20)
    const sent = await upload('large', zip)
    assert.equal(sent.status, 201, sent.text)
    const asJson = await call('POST', `${edge}/functions`, { name: 'large', zip: zip.toString('base64') })
    assert.equal(asJson.status, 200, asJson.text)
    const tooLarge = await upload('large', Buffer.alloc(80 * 2 ** 20))
    assert.deepEqual([tooLarge.status, tooLarge.headers['x-amzn-errortype']], [413, 'RequestTooLargeException'])
  })
})

describe('a top level', () => {
  for (const [what, files, expected] of [
    ['may wait for time', { 'index.mjs': 'const at = await new Promise((resolve) => setTimeout(() => resolve("late"), 5)); export const handler = () => at' }, 'late'],
    ['has its ticks and immediates run', { 'index.js': 'let seen = []; setImmediate(() => seen.push("immediate")); process.nextTick(() => seen.push("tick")); setTimeout(() => seen.push("timer"), 1); exports.handler = async () => seen' }, ['tick', 'immediate']],
    ['awaits beside AsyncLocalStorage', { 'index.mjs': 'import { AsyncLocalStorage } from "async_hooks"; const als = new AsyncLocalStorage(); const top = await als.run(1, async () => { await null; return als.getStore() }); export const handler = async () => als.run(2, async () => { await null; return [top, als.getStore()] })' }, [1, 2]],
    ['may use JSX as its tsconfig.json says', { 'tsconfig.json': '{"compilerOptions":{"jsx":"react","jsxFactory":"h"}}', 'index.tsx': 'const h = (tag: string) => tag; export const handler = () => <b />' }, 'b'],
    ['extends Node\'s older classes by calling them', { 'index.js': 'const http = require("http"), { inherits } = require("util"); function R(q) { http.ServerResponse.call(this, q); this.setHeader("a", "b") } inherits(R, http.ServerResponse); exports.handler = async () => { const r = new R({}); return [r.getHeader("a"), r.statusCode, r instanceof http.OutgoingMessage] }' }, ['b', 200, true]],
  ] as const) {
    test(what, async () => {
      const name = `top-${what.replace(/\W+/g, '-')}`.slice(0, 64)
      const answer = await call('POST', `${edge}/functions`, { name, files })
      assert.equal(answer.status, 201, answer.text)
      assert.deepEqual((await invoke(edge, name)).json, expected)
    })
  }
})
