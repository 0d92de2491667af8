import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { stop } from 'esbuild'
import { openControl } from '../../lib/api/control.js'
import { openFunctions } from '../../lib/api/functions.js'
import { openGuards } from '../../lib/api/guards.js'
import { SwarmError } from '../../lib/errors.js'
import { ADMIN } from '../../lib/api/grants.js'
import { mintToken } from '../../lib/api/token.js'
import type { DeleteChange, PutChange } from '../../lib/registry/types.js'
import type { DeletedRecord, FunctionRecord } from '../../lib/registry/record.js'

const CONTROL_KEY = Buffer.alloc(32, 7)
const NOW = 1_700_000_000_000

const nothing = () => Promise.reject(new SwarmError('NOT_FOUND', 'nothing here'))

interface Given {
  httpHost?: string
  check?: (source: string) => void
}

/** The control API over a registry in memory and an engine that compiles anything. */
function control(given: Given = {}) {
  const records = new Map<string, FunctionRecord>()
  const errors: unknown[] = []
  let revisions = 0
  const blob = (content: Buffer) => ({ sha256: '0'.repeat(64), size: content.length, core: '0'.repeat(64), blockOffset: 0, blockLength: 1, byteOffset: 0 })
  const record = (change: PutChange): FunctionRecord => ({
    v: 1,
    name: change.name,
    deleted: false,
    hlc: [NOW, revisions],
    edge: 'a',
    revisionId: `r${(revisions += 1)}`,
    previous: [],
    lastModified: NOW,
    createdAt: NOW,
    config: change.config,
    codeSha256: change.codeSha256,
    pluginDigest: change.pluginDigest,
    source: blob(change.source),
    sourceMap: null,
    module: blob(change.module),
  })
  function publish(change: PutChange): Promise<FunctionRecord>
  function publish(change: DeleteChange): Promise<DeletedRecord>
  function publish(change: PutChange | DeleteChange): Promise<FunctionRecord | DeletedRecord> {
    if (change.type === 'put') {
      const next = record(change)
      records.set(change.name, next)
      return Promise.resolve(next)
    }
    const before = records.get(change.name)
    assert.ok(before)
    records.delete(change.name)
    return Promise.resolve({ ...before, deleted: true as const })
  }
  const functions = openFunctions({
    engine: {
      info: () => ({ pluginDigest: 'd', slots: 1, maxMemoryMb: 512, reservationBytes: 1, pagemapScan: true, fromCache: true, threads: 1 }),
      compile: (source) => Promise.resolve(Buffer.from(source)),
      check: (_spec, module) => Promise.resolve().then(() => given.check?.(module.toString())),
    },
    registry: {
      get: (name) => records.get(name) ?? null,
      list: () => [...records.values()],
      conflicts: () => [],
      publish,
      copy: () => assert.fail('nothing here copies'),
      parts: () => [],
      blob: () => assert.fail('nothing here reads a blob'),
    },
    specOf: (name, config, sourceMap) => ({
      name,
      version: '$LATEST',
      handler: config.handler,
      memoryMb: config.memorySize,
      timeoutMs: config.timeout * 1_000,
      environment: config.environment,
      concurrency: null,
      sourceMap,
      allow: [],
      limits: { logBytes: 1, tmpBytes: 1, fetchCount: 1, fetchBytes: 1 },
    }),
    holders: () => ['edge-a'],
    waitForHolders: () => Promise.resolve(),
  })
  const answer = openControl({
    challenge: () => null,
    accessKeys: { create: () => Promise.reject(new SwarmError('NOT_FOUND', 'none')), list: () => [], remove: () => Promise.resolve(), find: () => null },
    membership: { keyIds: () => ['k1'], rotate: () => Promise.reject(new SwarmError('INTERNAL', 'not here')), retire: () => Promise.reject(new SwarmError('INTERNAL', 'not here')), revocations: () => [], revoke: () => Promise.reject(new SwarmError('NOT_FOUND', 'no such edge')) },
    routes: { list: () => ({ routes: {}, cors: null }), replace: () => Promise.resolve({ routes: {}, cors: null }), remove: () => Promise.resolve() },
    drain: { drain: () => Promise.resolve(), undrain: () => Promise.resolve() },
    events: {
      accept: () => Promise.reject(new SwarmError('NOT_FOUND', 'no queue here')),
      deadLetters: { list: () => Promise.resolve([]), redrive: () => Promise.resolve(0), discard: () => Promise.resolve(0) },
    },
    schedules: { list: () => [], get: () => null, put: () => Promise.resolve({ created: true, schedule: null }), remove: () => Promise.resolve() },
    commands: { run: () => Promise.reject(new SwarmError('NOT_FOUND', 'no edges here')) },
    chaos: false,
    history: () => [],
    functions,
    observations: { invocations: nothing, invocation: nothing, logs: nothing, series: nothing },
    ...openGuards({ httpHost: given.httpHost ?? '127.0.0.1', needsToken: given.httpHost !== undefined, hosts: () => ['my.edge'], controlKeys: () => [CONTROL_KEY], accessKey: () => null, policyAllows: () => false, clock: () => NOW }),
    documents: { openApi: async () => ({}), projectSchema: async () => ({}) },
    metrics: () => Promise.resolve({ contentType: 'text/plain', text: 'up 1\n' }),
    onError: (error) => errors.push(error),
  })
  const call = async (method: string, target: string, body: unknown = null, headers: Record<string, string> = {}) => {
    const [path = '', query = null] = target.split('?')
    const all: Record<string, string> = { host: 'lambda.mesh:8790', ...(body === null ? {} : { 'content-type': 'application/json' }), ...headers }
    const bytes = body === null ? Buffer.alloc(0) : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
    const response = await answer({ method, path, query, headers: Object.entries(all).flat(), body: bytes, remoteAddress: '127.0.0.1', invokes: null })
    const content = response.body.toString()
    return { status: response.status, headers: response.headers.join('|'), text: content, json: parse(content) }
  }
  return { call, errors }
}

function parse(content: string): Record<string, unknown> {
  try {
    return JSON.parse(content) as Record<string, unknown>
  } catch {
    return {}
  }
}

const HELLO = { name: 'hello', files: { 'index.js': 'exports.handler=async(e)=>({ok:true,e});' } }

after(() => stop())

describe('control API', () => {
  test('a deploy is created, then changed, listed, described and deleted', async () => {
    const { call, errors } = control()
    const created = await call('POST', '/functions', HELLO)
    assert.equal(created.status, 201)
    assert.match(created.headers, /content-type\|application\/json/)
    const { codeSha256, codeSize, createdAt, ...rest } = created.json
    assert.match(String(codeSha256), /^[A-Za-z0-9+/]{43}=$/)
    assert.ok(Number(codeSize) > 0)
    assert.deepEqual(rest, {
      name: 'hello',
      version: '$LATEST',
      revisionId: 'r1',
      handler: 'index.handler',
      memorySize: 128,
      timeout: 3,
      environment: {},
      description: '',
      failover: 'any',
      allow: [],
      concurrency: null,
      limits: {},
      lastModified: createdAt,
      edges: ['edge-a'],
      url: 'http://lambda.mesh:8790/2015-03-31/functions/hello/invocations',
    })
    const changed = await call('POST', '/functions?wait=quorum', { ...HELLO, memorySize: 256, timeout: 0.5, environment: { A: 'b' }, description: 'd', failover: 'never' })
    assert.equal(changed.status, 200)
    assert.equal(changed.json['timeout'], 0.5)
    const { functions } = (await call('GET', '/functions')).json as { functions: { name: string }[] }
    assert.deepEqual(functions.map(({ name }) => name), ['hello'])
    assert.deepEqual((await call('GET', '/functions/hello')).json['conflicts'], [])
    assert.equal((await call('HEAD', '/functions/hello')).text, '')
    assert.deepEqual(await call('DELETE', '/functions/hello').then(({ status, text }) => [status, text]), [204, ''])
    assert.equal((await call('DELETE', '/functions/hello')).status, 404)
    const gone = await call('GET', '/functions/hello')
    assert.deepEqual(gone.json, { Type: 'User', Message: 'Function not found: hello' })
    assert.match(gone.headers, /x-amzn-errortype\|ResourceNotFoundException/)
    assert.deepEqual(errors, [])
  })

  test('metrics', async () => {
    assert.equal((await control().call('GET', '/metrics')).text, 'up 1\n')
  })

  test('what does not parse is refused with its place, and what was there stays', async () => {
    const { call } = control()
    const before = await call('POST', '/functions', HELLO)
    const refused = await call('POST', '/functions', { name: 'hello', files: { 'index.js': '\nlet a = ;' } })
    assert.equal(refused.status, 400)
    assert.deepEqual(refused.json, { Type: 'User', Message: 'index.js:2:9: Unexpected ";"', file: 'index.js', line: 2, column: 9 })
    assert.equal((await call('GET', '/functions/hello')).json['revisionId'], before.json['revisionId'])
  })

  test('what throws while loading is refused with its place', async () => {
    const thrown = new SwarmError('LOAD_FAILED', 'lib/a.js:3:9: TypeError: x is not a function')
    const { call } = control({ check: () => { throw thrown } })
    const refused = await call('POST', '/functions', HELLO)
    assert.equal(refused.status, 400)
    assert.deepEqual(refused.json, { Type: 'User', Message: 'lib/a.js:3:9: TypeError: x is not a function', file: 'lib/a.js', line: 3, column: 9 })
    assert.equal((await call('GET', '/functions/hello')).status, 404)
  })

  test('our own faults are a 500 that tells no details, and are logged', async () => {
    const { call, errors } = control({ check: () => { throw new RangeError('secret') } })
    const refused = await call('POST', '/functions', HELLO)
    assert.equal(refused.status, 500)
    assert.deepEqual(refused.json, { Type: 'Service', Message: 'internal error' })
    assert.equal(errors.length, 1)
  })

  const invalid: Record<string, [unknown, RegExp]> = {
    'no JSON': ['{', /^Could not parse request body into json/],
    'no object': ['[]', /expected object/],
    'no name': [{ files: {} }, /^name: must be a string/],
    'a bad name': [{ ...HELLO, name: '../x' }, /^name: must be 1 to 64 letters/],
    'a long name': [{ ...HELLO, name: 'x'.repeat(65) }, /^name: must be 1 to 64 letters/],
    'no files': [{ name: 'x' }, /^files: one of/],
    'empty files': [{ name: 'x', files: {} }, /^files: at least one file/],
    'a file that is no text': [{ name: 'x', files: { 'index.js': 1 } }, /^files\.index\.js: must be the text/],
    'an unknown field': [{ ...HELLO, memory: 1 }, /memory/],
    'a memory of half a MB': [{ ...HELLO, memorySize: 128.5 }, /^memorySize: must be a whole number/],
    'no memory': [{ ...HELLO, memorySize: 0 }, /^memorySize: at least/],
    'more memory than the edge has': [{ ...HELLO, memorySize: 1024 }, /^memorySize: at most 512 MB on this edge/],
    'no time': [{ ...HELLO, timeout: 0 }, /^timeout: at least/],
    'a day': [{ ...HELLO, timeout: 86400 }, /^timeout: at most 900 s/],
    'a number in the environment': [{ ...HELLO, environment: { A: 1 } }, /^environment\.A: must be a string/],
    'a reserved variable': [{ ...HELLO, environment: { AWS_REGION: 'x', OK: 'y' } }, /^environment: reserved keys can't be set: AWS_REGION$/],
    'a variable of ours': [{ ...HELLO, environment: { SWARMLAMBDA_REGION: 'x' } }, /^environment: reserved keys/],
    'a variable that is no name': [{ ...HELLO, environment: { 'A B': 'x' } }, /^environment: "A B" is no name/],
    'a big environment': [{ ...HELLO, environment: { A: 'x'.repeat(5000) } }, /^environment: 5001 bytes, at most 4096/],
    'a failover we do not know': [{ ...HELLO, failover: 'always' }, /^failover: must be any, safe or never/],
  }
  for (const [name, [body, message]] of Object.entries(invalid)) {
    test(`refuses ${name}`, async () => {
      const refused = await control().call('POST', '/functions', body)
      assert.equal(refused.status, 400)
      assert.match(String(refused.json['Message']), message)
    })
  }
  test('refuses a wait it does not know', async () => {
    assert.match(String((await control().call('POST', '/functions?wait=some', HELLO)).json['Message']), /^wait: "some" must be/)
  })
  test('paths and methods there are none of', async () => {
    const { call } = control()
    assert.equal((await call('GET', '/nope')).status, 404)
    assert.equal((await call('GET', '/functions/a/b')).status, 404)
    assert.equal((await call('GET', '/functions/%2e%2e')).status, 400)
    assert.equal((await call('GET', '/functions/%ff')).status, 400)
    const refused = await call('PUT', '/functions', HELLO)
    assert.equal(refused.status, 405)
    assert.match(refused.headers, /allow\|GET, HEAD, POST/)
  })
})

describe('guards', () => {
  const status = async (given: Given, method: string, headers: Record<string, string>, body: unknown = HELLO): Promise<number> =>
    (await control(given).call(method, '/functions', body, headers)).status

  for (const host of ['lambda.mesh', 'lambda.mesh:8790', 'A.Lambda.Mesh.', 'localhost:8787', 'x.localhost', '127.0.0.1:8787', '[::1]:8787', '127.8.8.8', 'my.edge']) {
    test(`Host ${host} is known`, async () => assert.equal(await status({}, 'POST', { host }), 201))
  }
  for (const host of ['', 'evil.example', 'lambda.mesh.evil.example', 'evillambda.mesh', 'user@lambda.mesh', 'lambda.mesh, evil.example', '[::1', 'a/b', '192.168.1.4', '[fe80::1]:80']) {
    test(`Host ${JSON.stringify(host)} is not`, async () => {
      assert.equal(await status({}, 'POST', { host }), 403)
      assert.equal(await status({}, 'GET', { host }, null), 403)
    })
  }
  test('a page of another origin may not', async () => {
    for (const origin of ['http://evil.example', 'null', 'http://localhost:3000', 'http://lambda.mesh', 'http://lambda.mesh:8791']) {
      assert.equal(await status({}, 'POST', { origin }), 403, origin)
    }
    assert.equal(await status({}, 'POST', { origin: 'http://lambda.mesh:8790' }), 201)
    assert.equal(await status({}, 'POST', { host: 'lambda.mesh', origin: 'http://lambda.mesh' }), 201)
  })
  test('a form may not', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data', 'application/jsonp', 'text/plain; application/json']) {
      assert.equal(await status({}, 'POST', { 'content-type': type }), 415, type)
    }
    assert.equal(await status({}, 'POST', { 'content-type': 'Application/JSON; charset=utf-8' }), 201)
  })
  test('bound elsewhere than on loopback, a token is needed', async () => {
    const open = { httpHost: '0.0.0.0' }
    const token = mintToken(CONTROL_KEY, NOW + 1, ADMIN)
    assert.equal(await status(open, 'POST', { authorization: `Bearer ${token}` }), 201)
    assert.equal(await status(open, 'GET', { authorization: `Bearer ${token}`, host: '192.168.1.4:8787' }, null), 200)
    const forged = [mintToken(Buffer.alloc(32, 8), NOW + 1, ADMIN), mintToken(CONTROL_KEY, NOW, ADMIN), token.replace(/\.[^.]+\./, '.eyJleHBpcmVzIjo5OTk5OTk5OTk5OTk5LCJyb2xlIjoiYWRtaW4iLCJmdW5jdGlvbnMiOlsiKiJdfQ.'), `${token}x`, '']
    for (const authorization of [...forged.map((bad) => `Bearer ${bad}`), `Basic ${token}`, token]) {
      assert.equal(await status(open, 'POST', { authorization }), 403, authorization)
    }
    assert.equal(await status(open, 'POST', {}), 403)
    assert.equal(await status(open, 'GET', {}, null), 403)
  })
})
