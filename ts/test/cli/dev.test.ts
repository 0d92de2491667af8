// A project from the first command on: init, dev with a mesh of its own, saves, mistakes, keys.
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { call, snapshotWhere } from '../mesh/harness/http.js'
import { follow, swarmlambda, type Following } from './harness.js'

let folder = ''
before(async () => { folder = await mkdtemp(join(tmpdir(), 'swarm-')) })
after(() => rm(folder, { recursive: true, force: true }))

describe('init', () => {
  for (const [template, files] of [
    ['hello', ['event.json', 'index.mjs', 'swarmlambda.json']],
    ['typescript', ['event.json', 'package.json', 'src/index.ts', 'swarmlambda.d.ts', 'swarmlambda.json', 'tsconfig.json']],
    ['http-api', ['event.json', 'package.json', 'src/index.ts', 'swarmlambda.d.ts', 'swarmlambda.json', 'tsconfig.json']],
    ['cron', ['event.json', 'index.mjs', 'swarmlambda.json']],
  ] as const) {
    test(`writes the template ${template}`, async () => {
      const { code, err, out } = await swarmlambda(['init', template, '--template', template, '--json'], { cwd: folder })
      assert.equal(code, 0, err)
      assert.deepEqual((JSON.parse(out) as { files: string[] }).files, files)
      for (const file of files) assert.doesNotMatch(await readFile(join(folder, template, file), 'utf8'), /__[A-Z]+__/)
    })
  }
  test('does not write over files, and says which', async () => {
    const { code, err } = await swarmlambda(['init', 'hello'], { cwd: folder })
    assert.deepEqual([code, err], [2, 'swarmlambda: event.json, index.mjs, swarmlambda.json are there already: choose another folder, or --force to write over them\n'])
    assert.match((await swarmlambda(['init', '--help'])).out, /http-api +an HTTP API with hono/)
  })
})

describe('dev', () => {
  let dev: Following
  let url = ''
  const hello = (): string => join(folder, 'hello')
  const invoke = async (): Promise<unknown> => (await call('POST', `${url}/2015-03-31/functions/hello/invocations`, {})).json

  before(async () => {
    dev = follow(['dev', 'hello', '--port', '0', '--edges', '2'], { cwd: folder })
    const deployed = await dev.next('deployed')
    assert.deepEqual([deployed['function'], deployed['edges'], deployed['missing']], ['hello', ['edge-a', 'edge-b'], []])
    const ready = await dev.next('ready')
    url = String(ready['url'])
    const edges = ready['edges'] as { region: string }[]
    assert.deepEqual(edges.map(({ region }) => region), ['us-west-sfo', 'us-east-iad'])
  })
  after(() => dev[Symbol.asyncDispose]())

  test('serves the page, the function and the schema that swarmlambda.json names', async () => {
    assert.match((await call('GET', `${url}/`)).text, /<html/i)
    assert.deepEqual(await invoke(), { message: 'Hello, world!', region: 'us-west-sfo' })
  })

  test('messages between regions take as long as their distance costs', async () => {
    // San Francisco to Washington and back: some 60 ms.
    await snapshotWhere(url, ({ links }) => links.length === 2 && links.every(({ chaos, rttMs }) => chaos?.delayMs === 29 && (rttMs ?? 0) > 40))
  })

  test('a save is on every edge', async () => {
    await writeFile(join(hello(), 'index.mjs'), 'export const handler = async () => "saved"')
    const { edges, missing } = await dev.next('deployed')
    assert.deepEqual([edges, missing], [['edge-a', 'edge-b'], []])
    assert.equal(await invoke(), 'saved')
  })

  test('a mistake is shown, and what was there goes on', async () => {
    await writeFile(join(hello(), 'index.mjs'), 'export const handler = async () => {')
    assert.match(String((await dev.next('error'))['message']), /^index\.mjs:1:37: Unexpected end of file$/)
    await writeFile(join(hello(), 'index.mjs'), 'const x = JSON.parse("{")\nexport const handler = async () => x')
    assert.match(String((await dev.next('error'))['message']), /index\.mjs:1:\d+: SyntaxError/)
    assert.equal(await invoke(), 'saved')
    await writeFile(join(hello(), 'swarmlambda.json'), '{ "memory": 1 }')
    assert.match(String((await dev.next('error'))['message']), /^swarmlambda\.json:1:3: there is no field "memory"/)
    await writeFile(join(hello(), 'swarmlambda.json'), '{ "name": "hello" }')
    await writeFile(join(hello(), 'index.mjs'), 'export const handler = async (event) => ({ ...event, region: process.env.SWARMLAMBDA_REGION })')
    await dev.next('deployed')
  })

  test('keys invoke, kill and revive', async () => {
    dev.press('t')
    assert.deepEqual((await dev.next('invoked'))['answer'], { name: 'you', region: 'us-west-sfo' })
    dev.press('k')
    assert.equal((await dev.next('killed'))['edge'], 'edge-a')
    dev.press('kt')
    await dev.next('refused')
    assert.deepEqual((await dev.next('invoked'))['answer'], { name: 'you', region: 'us-east-iad' })
    dev.press('r')
    assert.equal((await dev.next('revived'))['edge'], 'edge-a')
    dev.press('o')
    assert.equal((await dev.next('open'))['url'], `${url}/`)
  })

  test('a function that is not named any more is deleted', async () => {
    await writeFile(join(hello(), 'swarmlambda.json'), '{ "name": "renamed" }')
    assert.equal((await dev.next('deployed'))['function'], 'renamed')
    assert.equal((await dev.next('deleted'))['function'], 'hello')
  })

  test('q ends it, and everything it started', async () => {
    dev.press('q')
    assert.equal(await dev.ended, 0)
    await assert.rejects(fetch(url))
  })
})

test('dev says what is wrong before it starts anything', async () => {
  for (const [args, problem] of [
    [['dev', 'nowhere'], /nowhere: there is no such file or folder/],
    [['dev', '--regions', 'mars'], /there is no region "mars"/],
    [['dev', '--edges', '99'], /--edges: 99 must be from 1 to 16/],
  ] as const) {
    const { code, err } = await swarmlambda(args, { cwd: folder })
    assert.equal(code, 2, err)
    assert.match(err, problem)
  }
})
