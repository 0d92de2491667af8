// The commands that talk to a mesh, against three real edges.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { zipOf } from '../bundle/zip.js'
import { startMesh, type MeshOfEdges } from '../mesh/harness/edges.js'
import { call, invoke } from '../mesh/harness/http.js'
import { folderOf, follow, swarmlambda, type Ended, type Given } from './harness.js'

let mesh: MeshOfEdges
before(async () => { mesh = await startMesh() })
after(() => mesh[Symbol.asyncDispose]())

const run = (args: readonly string[], given: Given = {}): Promise<Ended> => swarmlambda(args, { ...given, env: { SWARMLAMBDA_ENDPOINT: mesh.url('edge-a'), ...given.env } })
/** It must end well; what it printed as JSON. */
async function json<T>(...args: string[]): Promise<T> {
  const { code, err, out } = await run([...args, '--json'])
  assert.equal(code, 0, `${args.join(' ')}: ${err}`)
  assert.equal(err, '', 'with --json, people are told nothing')
  return JSON.parse(out) as T
}
const folder = (name: string, files: Record<string, string>): Promise<string> => folderOf(join(mesh.folder, name), files)
const returning = (value: string): string => `exports.handler = async () => ${JSON.stringify(value)}`

const PACKAGE = {
  'node_modules/shout/package.json': '{"name":"shout","main":"lib/index.js"}',
  'node_modules/shout/lib/index.js': 'module.exports = (text) => text.toUpperCase() + "!"',
}

describe('deploy, invoke, ls, rm', () => {
  test('deploy a folder with TypeScript and packages, invoke it, list and delete it', async () => {
    const path = await folder('my app', {
      'src/index.ts': 'import shout from "shout"\nimport { readFileSync } from "node:fs"\n\nexport const handler = async ({ text }: { text: string }): Promise<string> => {\n  if (text === undefined) throw new RangeError("no text")\n  console.log("saying", text)\n  return shout(text) + process.env.END + readFileSync("end.txt", "utf8")\n}\n',
      'end.txt': '.',
      '.env': 'SECRET=1',
      ...PACKAGE,
    })
    const deployed = await run(['deploy', path, '--handler', 'src/index.handler', '--env', 'END=?', '--memory', '64'])
    assert.equal(deployed.code, 0, deployed.err)
    assert.match(deployed.err, /bundled my-app: \d+ kB\n/)
    for (const count of [1, 2, 3]) assert.match(deployed.err, new RegExp(`✓ edge-[abc] has it \\(${count} of 3\\)`))
    assert.match(deployed.err, /created my-app \(.* kB\) on edge-a, edge-b, edge-c\n$/)
    assert.match(deployed.out, /\/2015-03-31\/functions\/my-app\/invocations\n$/)
    assert.doesNotMatch(deployed.err, /\u001b/, 'no colours where no terminal is')

    const invoked = await run(['invoke', 'my-app', '{"text":"hi"}', '--log'])
    assert.deepEqual([invoked.code, invoked.out], [0, '"HI!?."\n'], invoked.err)
    assert.match(invoked.err, /INFO\tsaying hi\n[^]*edge-a ok [\d.]+ ms {2}request [\w-]+\n/)
    assert.equal((await run(['invoke', 'my-app', '-'], { input: '{"text":"in"}' })).out, '"IN!?."\n')
    await writeFile(join(mesh.folder, 'event.json'), '{"text":"file"}')
    const quiet = await run(['invoke', 'my-app', '@event.json', '--quiet'], { cwd: mesh.folder })
    assert.deepEqual([quiet.out, quiet.err], ['"FILE!?."\n', ''])
    const receipt = await json<{ answer: unknown; edge: string; tries: { edge: string; class: string }[] }>('invoke', 'my-app', '{"text":"x"}')
    assert.deepEqual([receipt.answer, receipt.edge, receipt.tries.map((one) => one.class)], ['X!?.', 'edge-a', ['ok']])

    const failed = await run(['invoke', 'my-app', '--quiet'])
    assert.deepEqual([failed.code, failed.out], [1, ''])
    assert.match(failed.err, /^RangeError: no text\n\s+at .*src\/index\.ts:5:\d+/)
    assert.equal((await run(['invoke', 'my-app', '--async', '{"text":"later"}'])).code, 0)

    const { files, origin } = (await call('GET', `${mesh.url('edge-c')}/functions/my-app/files`)).json as { files: object; origin: { handler: string; files: object; isWhole: boolean } }
    assert.deepEqual([Object.keys(files), origin.handler, Object.keys(origin.files).sort(), origin.isWhole], [['index.mjs'], 'src/index.handler', ['end.txt', 'src/index.ts'], false], 'without the package')

    const listed = await run(['ls'])
    assert.match(listed.out, /^NAME .*\n[^]*my-app +64 MB +3 s +\d+ kB +\d+s ago +edge-a, edge-b, edge-c/)
    assert.ok((await json<{ functions: { name: string }[] }>('ls')).functions.some(({ name }) => name === 'my-app'))
    assert.deepEqual(await json('rm', 'my-app'), { deleted: 'my-app' })
    const gone = await run(['rm', 'my-app'])
    assert.deepEqual([gone.code, gone.err], [1, 'swarmlambda: Function not found: my-app\n'])
  })

  test('deploy a file under its name, and an archive', async () => {
    const path = await folder('single', { 'greet.js': returning('greetings'), 'skip.txt': '' })
    await json('deploy', join(path, 'greet.js'))
    assert.equal((await invoke(mesh.url('edge-b'), 'greet')).json, 'greetings')
    await writeFile(join(path, 'pack.zip'), zipOf([{ name: 'index.js', content: returning('packed') }]))
    assert.equal((await run(['deploy', join(path, 'pack.zip'), '--name', 'packed', '--wait', 'local'])).code, 0)
    assert.equal((await invoke(mesh.url('edge-a'), 'packed')).json, 'packed')
  })

  test('deploy the functions and routes of swarmlambda.json, with comments in it', async () => {
    const path = await folder('shop', {
      'swarmlambda.json': '{\n  // of all\n  "memorySize": 64,\n  "environment": { "SHOP": "corner" },\n  "functions": {\n    "orders": { "handler": "orders.list", "timeout": 9 },\n    "stock": { "handler": "stock.handler", "environment": { "UNIT": "kg" }, },\n  },\n  "routes": { "GET /orders": "orders", "GET /stock/{id}": "stock:live" },\n}\n',
      'orders.ts': 'export const list = async () => process.env.SHOP',
      'stock.js': 'exports.handler = async ({ pathParameters }) => pathParameters.id + process.env.SHOP + process.env.UNIT',
    })
    const { functions } = await json<{ functions: { name: string; version: string; memorySize: number; timeout: number; missing: string[] }[] }>('deploy', path, '--alias', 'live')
    assert.deepEqual(functions.map(({ memorySize, missing, name, timeout, version }) => [name, memorySize, timeout, version, missing]), [['orders', 64, 9, '1', []], ['stock', 64, 3, '1', []]])
    assert.equal((await call('GET', `${mesh.url('edge-c')}/orders`)).text, 'corner')
    assert.equal((await call('GET', `${mesh.url('edge-c')}/stock/5`)).text, '5cornerkg')
    assert.match((await run(['deploy', path, '--name', 'stock'])).err, /^bundled stock[^]*updated stock/)
    assert.match((await run(['routes', 'ls'])).out, /GET \/stock\/\{id\} +stock:live +2\.0/)
    assert.equal((await run(['routes', 'rm', 'GET /orders'])).code, 0)
    assert.equal((await run(['routes', 'set', 'ANY /hi/{proxy+}', 'orders', '--payload', '1.0'])).code, 0)
    assert.deepEqual(Object.keys((await json<{ routes: object }>('routes', 'ls')).routes), ['ANY /hi/{proxy+}', 'GET /stock/{id}'])
  })
})

describe('versions, alias, rollback', () => {
  test('go back by an alias, and by $LATEST', async () => {
    const path = await folder('turns', { 'index.js': returning('one') })
    await json('deploy', path, '--alias', 'live')
    await writeFile(join(path, 'index.js'), returning('two'))
    await json('deploy', path, '--alias', 'live', '--memory', '64')
    assert.match((await run(['versions', 'turns'])).out, /^VERSION .*\n\$LATEST [^]*\n1 [^]*\n2 +live /)
    const answers = async (reference: string): Promise<string> => (await run(['invoke', reference, '--quiet'])).out.trim()
    assert.deepEqual([await answers('turns:live'), await answers('turns'), await answers('turns:1')], ['"two"', '"two"', '"one"'])

    const moved = await run(['rollback', 'turns', '--alias', 'live'])
    assert.match(moved.err, /the alias turns:live leads to version 1 again \(was 2\); \$LATEST is as it was\n/)
    assert.deepEqual([await answers('turns:live'), await answers('turns')], ['"one"', '"two"'])

    const back = await run(['rollback', 'turns'])
    assert.match(back.err, /the code and settings of version 1 are \$LATEST of turns again, on edge-a, edge-b, edge-c/)
    assert.equal(await answers('turns'), '"one"')
    const { functions } = await json<{ functions: { name: string; memorySize: number }[] }>('ls')
    assert.equal(functions.find(({ name }) => name === 'turns')?.memorySize, 128)

    assert.equal((await run(['alias', 'set', 'turns', 'canary', '1', '--weight', '2=0.25'])).err, 'turns:canary leads to 1, 2 (25 %)\n')
    assert.match((await run(['alias', 'ls', 'turns'])).out, /canary +1, 2 \(25 %\)\nlive +1/)
    assert.equal((await run(['alias', 'rm', 'turns', 'canary'])).code, 0)
    assert.match((await run(['rollback', 'turns', '9'])).err, /Function not found: turns:9/)
    await json('rm', 'turns')
    await json('deploy', path)
    assert.deepEqual((await json<{ versions: unknown[]; aliases: unknown[] }>('versions', 'turns')).aliases, [], 'rm took the aliases along')
  })
})

describe('logs', () => {
  test('of all edges, by function, by request and as they come', async () => {
    const path = await folder('talks', { 'index.js': 'exports.handler = async ({ say }) => { console.log(say); console.error("oh no\\n  twice"); return say }' })
    await json('deploy', path)
    await using following = follow(['logs', 'talks', '--follow', '--since', '1h'], { env: { SWARMLAMBDA_ENDPOINT: mesh.url('edge-a') } })
    const { requestId } = await json<{ requestId: string }>('invoke', 'talks', '{"say":"first"}')
    const other = await run(['invoke', 'talks', '{"say":"second"}', '--endpoint', mesh.url('edge-b')])
    assert.equal(other.code, 0, other.err)
    assert.equal((await following.next('first'))['edge'], 'edge-a')
    assert.equal((await following.next('second'))['edge'], 'edge-b')

    const printed = await run(['logs', 'talks'])
    assert.equal(printed.code, 0, printed.err)
    assert.match(printed.out, /^\d{4}-\S+Z edge-a talks [0-9a-f]{8} first\n\S+ edge-a talks [0-9a-f]{8} oh no\n {2}twice\n\S+ edge-b talks [0-9a-f]{8} second\n/)
    const coloured = await run(['logs', '--request', requestId, '-n', '1'], { env: { FORCE_COLOR: '1' } })
    assert.match(coloured.out, /\u001b\[31moh no\n {2}twice\u001b\[0m\n$/)
    const { logs } = await json<{ logs: { requestId: string; level: string }[] }>('logs', '--request', requestId)
    assert.deepEqual(logs.map((line) => [line.requestId, line.level]), [[requestId, 'INFO'], [requestId, 'ERROR']])
    const none = await run(['logs', 'nobody'])
    assert.deepEqual([none.code, none.out], [0, ''])
  })
})

describe('the mesh', () => {
  test('status and top show every edge', async () => {
    const status = await run(['status'])
    assert.equal(status.code, 0, status.err)
    assert.match(status.out, /3 of 3 edges up/)
    for (const name of ['edge-a \\*', 'edge-b', 'edge-c']) assert.match(status.out, new RegExp(`^${name} +[a-z-]+ +● up +http://127`, 'm'))
    assert.equal((await json<{ edges: unknown[] }>('status')).edges.length, 3)
    const top = await run(['top', '--count', '2'])
    assert.equal(top.out.match(/3 of 3 edges up/g)?.length, 2, top.err)
  })

  test('an edge drains and serves again, asked through another', async () => {
    assert.deepEqual(await json('drain', 'edge-b'), { edge: 'edge-b', state: 'draining' })
    assert.match((await run(['undrain', 'edge-b'])).err, /edge-b serves again/)
    assert.match((await run(['drain', 'edge-x'])).err, /edge-x/)
  })

  test('schedules are set, listed and deleted', async () => {
    assert.match((await run(['schedules', 'set', 'nightly', 'greet', 'cron(0 2 * * ? *)', '--timezone', 'Europe/Berlin'])).err, /nightly calls greet, next at 20/)
    assert.match((await run(['schedules', 'ls'])).out, /nightly +greet +cron\(0 2 \* \* \? \*\) Europe\/Berlin +20[^]* - *\n/)
    assert.deepEqual(await json('schedules', 'rm', 'nightly'), { deleted: 'nightly' })
  })

  test('keys and tokens are made and shown', async () => {
    const { accessKeyId } = await json<{ accessKeyId: string }>('keys', 'create', '--role', 'invoker', '--functions', 'a*,b')
    assert.match((await run(['keys', 'ls'])).out, new RegExp(`${accessKeyId} +invoker +a\\*,b +\\d+s ago`))
    assert.deepEqual(await json('keys', 'rm', accessKeyId), { deleted: accessKeyId })
    const env = { SWARMLAMBDA_STATE_DIR: join(mesh.folder, 'edge-a') }
    const token = await run(['token', '2', '--role', 'deployer', '--functions', 'team-*', '--json'], { env })
    assert.deepEqual({ ...(JSON.parse(token.out) as object), token: '', expires: '' }, { token: '', expires: '', role: 'deployer', functions: ['team-*'] })
    assert.equal((await run(['token', '2', '--role', 'king'], { env })).code, 2)
  })

  test('doctor looks at the machine and the mesh, and says how to mend', async () => {
    const { code, out } = await run(['doctor', '--json'], { env: { SWARMLAMBDA_HTTP_PORT: '0', SWARMLAMBDA_STATE_DIR: join(mesh.folder, 'edge-d') } })
    const { findings, ok } = JSON.parse(out) as { ok: boolean; findings: { check: string; level: string; found: string; mend?: string }[] }
    assert.deepEqual([ok, code], [true, 0], out)
    for (const check of ['variables', 'Node', 'native module', 'kernel', 'address space', 'open files', 'disk', 'HTTP port', 'beacon', 'UDP', 'DNS', 'mesh', 'versions', 'clock']) assert.ok(findings.some((one) => one.check === check), check)
    assert.ok(findings.every(({ level, mend }) => level === 'ok' || mend !== undefined))
    assert.match(findings.find(({ check }) => check === 'mesh')?.found ?? '', /3 of 3 edges up/)

    const sick = await run(['doctor'], { env: { SWARMLAMBDA_HTTP_PORT: '99999', SWARMLAMBDA_STATE_DIR: '/proc/none', SWARMLAMBDA_ENDPOINT: 'http://127.0.0.1:1', SWARMLAMBDA_PORTT: '1' } })
    assert.equal(sick.code, 1)
    assert.match(sick.out, /✗ variables +SWARMLAMBDA_HTTP_PORT is "99999"; allowed: a port[^]*! variables +SWARMLAMBDA_PORTT is set but is no variable[^]*✗ mesh +no edge answers at http:\/\/127\.0\.0\.1:1: .*\n +→ /)
  })

  test('completion knows commands, options and functions', async () => {
    const complete = async (...words: string[]): Promise<string[]> => (await run(['__complete', '--', ...words])).out.split('\n').slice(0, -1)
    assert.deepEqual(await complete('dep'), ['deploy'])
    assert.deepEqual(await complete('alias', ''), ['ls', 'set', 'rm'])
    assert.ok((await complete('invoke', '--l')).includes('--log'))
    assert.deepEqual(await complete('invoke', 'gr'), ['greet'])
    assert.deepEqual(await complete('completion', 'z'), ['zsh'])
    assert.deepEqual(await complete('deploy', '--wait', 'q'), ['quorum'])
    for (const shell of ['bash', 'zsh', 'fish']) assert.match((await run(['completion', shell])).out, /swarmlambda __complete/)
  })
})

describe('the description of the API', () => {
  test('is OpenAPI, and every call in it is one that an edge knows', async () => {
    const { json: document } = await call('GET', `${mesh.url('edge-b')}/openapi.json`)
    const { openapi, paths } = document as { openapi: string; paths: Record<string, Record<string, { operationId: string; responses: object }>> }
    assert.equal(openapi, '3.1.0')
    const ids = Object.values(paths).flatMap((methods) => Object.values(methods).map(({ operationId }) => operationId))
    assert.equal(new Set(ids).size, ids.length)
    for (const [path, methods] of Object.entries(paths)) {
      if (path.includes('invocations')) continue
      // A method that no path has: the answer says which it does have, and changes nothing.
      const answer = await call('PATCH', mesh.url('edge-b') + path.replaceAll(/\{\w+\}/g, 'drain'), {})
      assert.equal(answer.status, 405, path)
      const allowed = (answer.headers['allow'] ?? '').split(', ')
      for (const method of Object.keys(methods)) assert.ok(allowed.includes(method.toUpperCase()), `${method} ${path}: ${allowed.join(', ')}`)
    }
  })

  test('and the schema of swarmlambda.json are where editors and programs look', async () => {
    const schema = (await call('GET', `${mesh.url('edge-c')}/swarmlambda.schema.json`)).json as { properties: object }
    for (const field of ['name', 'handler', 'functions', 'routes', 'schedules', 'dev']) assert.ok(field in schema.properties, field)
    const { limits } = (await call('GET', `${mesh.url('edge-c')}/limits`)).json as { limits: Record<string, unknown> }
    assert.ok('memory' in limits)
  })
})

describe('mistakes', () => {
  test('are said with what to do, and tell usage (2) from failure (1)', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    server.close()
    const path = await folder('broken', { 'index.js': 'import x from "not-there"\nexport const handler = () => x' })
    const loads = await folder('throws', { 'lib/a.js': '\n\nexport const fine = JSON.parse("{")\n', 'index.js': 'export { fine as handler } from "./lib/a.js"' })
    for (const [expected, args, problem] of [
      [1, ['deploy', path], /^swarmlambda: index\.js:1:15: can't find "not-there".*npm install not-there.*\n\n> 1 │ import x from "not-there"\n {4}│ {15}\^\n {2}2 │/],
      [1, ['deploy', loads], /lib\/a\.js:3:\d+: SyntaxError[^]*\n> 3 │ export const fine/],
      [2, ['deploy', join(path, 'nowhere')], /nowhere: there is no such file or folder/],
      [1, ['deploy', path, '--handler', 'main.handler'], /needs a file main\.js/],
      [2, ['deploy', path, '--memory', 'much'], /--memory <MB>.*must be a number/],
      [2, ['deploy', path, '--failover', 'maybe'], /Allowed choices are any, safe, never/],
      [1, ['invoke', 'nobody'], /Function not found: .*nobody/],
      [2, ['invoke', 'greet', '{broken'], /the payload is no JSON/],
      [2, ['invoke', 'greet', '@none.json'], /none\.json: there is no such file/],
      [1, ['ls', '--endpoint', `http://127.0.0.1:${port}`], /no edge answers at http:\/\/127\.0\.0\.1:\d+: .*ECONNREFUSED/],
      [2, ['ls', '--endpoint', 'nonsense'], /endpoint: "nonsense" must be a URL/],
      [2, ['dance'], /unknown command 'dance'/],
    ] as const) {
      const { code, err } = await run(args)
      assert.equal(code, expected, `${args.join(' ')}: ${err}`)
      assert.match(err, problem)
    }
    assert.match((await run(['deploy', '--help'])).out, /--env <KEY=value>/)
    assert.match((await run(['edge', '--help'])).out, /SWARMLAMBDA_HTTP_PORT/)
  })

  test('in swarmlambda.json have a line and a column', async () => {
    for (const [text, problem] of [
      ['{\n  "memorySize": "64"\n}', 'swarmlambda.json:2:17: memorySize: must be a whole number of MB'],
      ['{\n  "timeuot": 3 }', 'swarmlambda.json:2:3: there is no field "timeuot"; is it timeout?'],
      ['{ "functions": { "a b": {} } }', 'swarmlambda.json:1:18: functions.a b: must be 1 to 64 letters, digits, - or _'],
      ['{ "functions": { "a": { "memory": 1 } } }', 'swarmlambda.json:1:25: there is no field "memory" in functions.a'],
      ['{ "name": "a"\n  "handler": "b.c" }', 'swarmlambda.json:2:3: a comma is expected here'],
      ['{ "routes": { "GET orders": "a" } }', 'swarmlambda.json:1:15: routes.GET orders: must be a method and a path, such as "GET /orders/{id}" or "ANY /{proxy+}", or "$default"'],
      ['{ "dev": { "regions": ["mars"] } }', 'swarmlambda.json:1:24: dev.regions.0: must be the name of a region, such as us-west-sfo'],
      ['[]', 'swarmlambda.json:1:1: must be an object'],
    ] as const) {
      const path = await folder('wrong', { 'swarmlambda.json': text, 'index.js': returning('x') })
      const { code, err } = await run(['deploy', path])
      assert.deepEqual([code, err], [2, `swarmlambda: ${problem}\n`])
    }
  })
})
