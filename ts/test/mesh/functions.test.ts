// What a function is and sees, on real engines: isolation, environment, context, handler forms, deploys that are refused.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { call, deploy, invoke, tries } from './harness/http.js'
import { startMesh, type MeshOfEdges } from './harness/edges.js'

let mesh: MeshOfEdges
let a = ''
let b = ''

before(async () => {
  process.env['HOST_SECRET'] = 'not for functions'
  mesh = await startMesh()
  a = mesh.url('edge-a')
  b = mesh.url('edge-b')
})
after(() => mesh[Symbol.asyncDispose]())

/** Deploys on edge-a and answers what each of several invocations there returned. */
async function results(name: string, source: string, events: readonly unknown[] = [{}], more: Record<string, unknown> = {}): Promise<unknown[]> {
  const deployed = await deploy(a, name, source, more)
  assert.equal(deployed.status, 201, deployed.text)
  const answers = []
  for (const event of events) answers.push((await invoke(a, name, event)).json)
  return answers
}

describe('every invocation is alone', () => {
  test('a counter in module scope always answers 1', async () => {
    assert.deepEqual(await results('counter', 'let n = 0\nexports.handler = async () => ++n', [1, 2, 3, 4, 5]), [1, 1, 1, 1, 1])
  })
  test('also when many run at once', async () => {
    await results('crowd', 'let n = 0\nexports.handler = async () => { n++; await null; return n }')
    const answers = await Promise.all(Array.from({ length: 200 }, () => invoke(a, 'crowd')))
    assert.deepEqual(new Set(answers.map(({ text }) => text)), new Set(['1']))
  })
  test('a global set by one call is not seen by the next, nor a changed prototype', async () => {
    const source = `exports.handler = async () => {
      const before = [typeof globalThis.left, typeof Array.prototype.left, typeof JSON.left]
      globalThis.left = 1; Array.prototype.left = 1; JSON.left = 1
      return before
    }`
    const clean = ['undefined', 'undefined', 'undefined']
    assert.deepEqual(await results('globals', source, [1, 2, 3]), [clean, clean, clean])
  })
  test('Math.random and the clock differ between calls', async () => {
    const answers = await results('world', 'exports.handler = async () => [Math.random(), Date.now()]', Array(20).fill({})) as [number, number][]
    assert.equal(new Set(answers.map(([random]) => random)).size, 20)
    for (const [, at] of answers) assert.ok(Math.abs(at - Date.now()) < 10_000, `${at}`)
    const times = answers.map(([, at]) => at)
    assert.deepEqual(times, times.toSorted((x, y) => x - y))
    assert.ok(new Set(times).size > 1)
  })
})

describe('what a function sees', () => {
  test('its own variables and the platform\'s, and nothing of the host', async () => {
    const [env] = await results('env', 'exports.handler = async () => ({ ...process.env })', [{}], { environment: { OWN: 'mine' }, memorySize: 64 })
    assert.deepEqual(env, {
      OWN: 'mine',
      TZ: 'UTC',
      _HANDLER: 'index.handler',
      AWS_DEFAULT_REGION: 'us-west-1',
      AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs20.x',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '64',
      AWS_LAMBDA_FUNCTION_NAME: 'env',
      AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
      AWS_REGION: 'us-west-1',
      SWARMLAMBDA_NODE_NAME: 'edge-a',
      SWARMLAMBDA_REGION: 'us-west-sfo',
    })
    assert.equal(((await invoke(b, 'env')).json as Record<string, string>)['SWARMLAMBDA_NODE_NAME'], 'edge-b')
  })
  test('the context', async () => {
    const source = `exports.handler = async (event, context) => ({
      name: context.functionName, version: context.functionVersion, id: context.awsRequestId, memory: String(context.memoryLimitInMB),
      left: context.getRemainingTimeInMillis(), client: context.clientContext })`
    await results('context', source, [{}], { timeout: 2, memorySize: 64 })
    const client = Buffer.from('{"custom":{"a":1}}').toString('base64')
    const answer = await invoke(a, 'context', {}, { 'x-amz-client-context': client })
    const { id, left, ...rest } = answer.json as Record<string, unknown>
    assert.deepEqual(rest, { name: 'context', version: '$LATEST', memory: '64', client: { custom: { a: 1 } } })
    assert.equal(id, answer.headers['x-amzn-requestid'])
    assert.ok(Number(left) > 1_000 && Number(left) <= 2_000, String(left))
  })
  test('timers', async () => {
    const source = 'exports.handler = async () => { const t = Date.now(); await new Promise((done) => setTimeout(done, 50)); return Date.now() - t }'
    const [waited] = await results('timer', source)
    assert.ok(Number(waited) >= 49 && Number(waited) < 1_000, String(waited))
  })
  test('its log, at the end of the answer when the caller wants it', async () => {
    await results('logs', 'exports.handler = async () => { console.log("first", { a: 1 }); console.error("second"); return 1 }')
    const answer = await invoke(a, 'logs', {}, { 'x-amz-log-type': 'Tail' })
    const log = Buffer.from(answer.headers['x-amz-log-result'] ?? '', 'base64').toString()
    assert.match(log, /first[\s\S]*second/)
  })
})

describe('how a handler may be written', () => {
  const forms: Record<string, string> = {
    async: 'exports.handler = async (e) => ({ e })',
    promise: 'exports.handler = (e) => Promise.resolve({ e })',
    callback: 'exports.handler = (e, context, callback) => callback(null, { e })',
    'late-callback': 'exports.handler = (e, context, callback) => { setTimeout(() => callback(null, { e }), 1) }',
    'module-exports': 'module.exports = { handler: async (e) => ({ e }) }',
    esm: 'export const handler = async (e) => ({ e })',
  }
  for (const [name, source] of Object.entries(forms)) {
    test(name, async () => assert.deepEqual(await results(`form-${name}`, source, [7]), [{ e: 7 }]))
  }
  test('CommonJS in sloppy mode, as in Node, but for files that ask for strict mode', async () => {
    const files = {
      'index.js': `leak = 010
        const self = this
        exports.handler = function () {
          with ({ inside: 1 }) { var seen = inside }
          return [leak, self === exports, typeof (function () { return this })(), seen, typeof arguments.callee, require('./strict').self, require('./module.mjs').self]
        }`,
      'strict.js': `'use strict'; exports.self = typeof (function () { return this })()`,
      'module.mjs': 'export const self = 5',
    }
    assert.deepEqual(await results('sloppy', '', [{}], { files }), [[8, true, 'object', 1, 'function', 'undefined', 5]])
    const module = 'export const handler = () => [typeof this, typeof (function () { return this })()]'
    assert.deepEqual(await results('strict', '', [{}], { files: { 'index.mjs': module } }), [['undefined', 'undefined']])
  })
  test('several files, in TypeScript, with a handler in a folder', async () => {
    const files = {
      'src/api.ts': 'import { add } from "./lib/math.js"\nimport data from "./data.json"\nexport const routes = { post: async (e: { n: number }) => add(e.n, data.n) }',
      'src/lib/math.ts': 'export const add = (a: number, b: number): number => a + b',
      'src/data.json': '{"n": 40}',
    }
    const deployed = await call('POST', `${a}/functions`, { name: 'files', files, handler: 'src/api.routes.post' })
    assert.equal(deployed.status, 201, deployed.text)
    assert.equal((await invoke(b, 'files', { n: 2 })).text, '42')
  })
})

describe('a deploy', () => {
  test('is created on all edges, then changed on all edges, then gone from all', async () => {
    const created = await deploy(a, 'life', 'exports.handler = async () => 1')
    assert.equal(created.status, 201)
    assert.deepEqual((created.json as { edges: string[] }).edges.toSorted(), ['edge-a', 'edge-b', 'edge-c'])
    const changed = await deploy(b, 'life', 'exports.handler = async () => 2')
    assert.equal(changed.status, 200)
    assert.deepEqual((changed.json as { edges: string[] }).edges.toSorted(), ['edge-a', 'edge-b', 'edge-c'])
    for (const url of [a, b, mesh.url('edge-c')]) assert.equal((await invoke(url, 'life')).text, '2')
    assert.equal((await call('DELETE', `${mesh.url('edge-c')}/functions/life`)).status, 204)
    const gone = await invoke(mesh.url('edge-c'), 'life', {}, { 'x-swarm-failover': 'never' })
    assert.equal(gone.status, 404)
    assert.deepEqual(gone.json, { Type: 'User', Message: 'Function not found: life', message: 'Function not found: life' })
  })

  test('that does not parse or throws while loading is refused with its place, and what was there serves on', async () => {
    await results('kept', 'exports.handler = async () => "kept"')
    const refused: [string, RegExp, Record<string, unknown>][] = [
      ['exports.handler = async () => {\n  let a = ;\n}', /^index\.js:2:11: Unexpected ";"$/, { file: 'index.js', line: 2, column: 11 }],
      ['\n\nnull.x\nexports.handler = async () => 1', /^index\.js:3:\d+: TypeError: /, { file: 'index.js', line: 3 }],
      ['function f() {\n  throw new RangeError("no good")\n}\nf()\nexports.handler = async () => 1', /^index\.js:2:\d+: RangeError: no good$/, { file: 'index.js', line: 2 }],
      ['exports.handle = async () => 1', /^TypeError: index\.handler is not a function exported by index\.js$/, {}],
    ]
    for (const [source, message, place] of refused) {
      const answer = await deploy(a, 'kept', source)
      assert.equal(answer.status, 400, answer.text)
      const body = answer.json as Record<string, unknown>
      assert.match(String(body['Message']), message)
      for (const [field, value] of Object.entries(place)) assert.equal(body[field], value, `${field} of ${answer.text}`)
      assert.equal((await invoke(a, 'kept')).text, '"kept"')
    }
  })

  test('the log names the places in the author\'s file, too', async () => {
    await results('told', '', [], { files: { 'index.js': "const boom = require('./lib/boom')\nexports.handler = async () => { console.error(boom()) }", 'lib/boom.js': '\n\nmodule.exports = () => new Error("boom")' } })
    const answer = await call('POST', `${a}/2015-03-31/functions/told/invocations`, {}, { 'x-amz-log-type': 'Tail' })
    assert.match(Buffer.from(String(answer.headers['x-amz-log-result']), 'base64').toString(), /Error: boom\n +at .*lib\/boom\.js:3:/)
  })
  test('a handler that throws answers in Lambda\'s shape, with the place in the author\'s file', async () => {
    const files = { 'index.ts': 'interface A { b: number }\n\nexport const handler = async (): Promise<A> => {\n  throw new TypeError("bad thing")\n}\n' }
    assert.equal((await call('POST', `${a}/functions`, { name: 'throws', files, failover: 'never' })).status, 201)
    const answer = await invoke(a, 'throws')
    assert.equal(answer.status, 200)
    assert.equal(answer.headers['x-amz-function-error'], 'Unhandled')
    const { errorMessage, errorType, trace } = answer.json as { errorType: string; errorMessage: string; trace: string[] }
    assert.deepEqual([errorType, errorMessage], ['TypeError', 'bad thing'])
    assert.match(trace.join('\n'), /index\.ts:4/)
    assert.equal(tries(answer), 'edge-a=error')
  })
})
