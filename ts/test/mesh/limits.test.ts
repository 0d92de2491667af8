// Every limit of GET /limits is reached here once: by that invocation alone, with Lambda's error.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { LIMITS } from '../../lib/api/limits.js'
import { startEdge, type Edge } from './harness/edges.js'
import { call, deploy, invoke, type Answer } from './harness/http.js'

let folder = ''
let program: Edge
let edge = ''
/** Answers when the test says so. */
const waiting: (() => void)[] = []
const server = createServer((_request, response) => waiting.push(() => response.end('x'.repeat(1_000))))
let arrived = once(server, 'request')
let origin = ''

before(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  folder = await mkdtemp(join(tmpdir(), 'swarm-'))
  program = await startEdge({ name: 'edge-a', folder })
  edge = program.url
})
after(async () => {
  server.closeAllConnections()
  server.close()
  await program.kill()
  await rm(folder, { recursive: true, force: true })
})

let count = 0
async function deployed(body: string, more: Record<string, unknown> = {}): Promise<string> {
  const name = `limit-${count++}`
  const answer = await deploy(edge, name, `exports.handler = async (event) => { ${body} }`, { allow: ['127.0.0.1'], ...more })
  assert.equal(answer.status, 201, answer.text)
  return name
}
/** The error of an invocation; the next one of the same function is well. */
async function reached(body: string, more: Record<string, unknown> = {}): Promise<[string, string]> {
  const name = await deployed(`if (event.well) return "well"; ${body}`, more)
  const answer = await invoke(edge, name, { origin })
  assert.equal(answer.headers['x-amz-function-error'], 'Unhandled', answer.text)
  assert.equal((await invoke(edge, name, { well: true })).json, 'well')
  const { errorType, errorMessage } = answer.json as { errorType: string; errorMessage: string }
  return [errorType, errorMessage]
}
const well = async (body: string, more: Record<string, unknown> = {}): Promise<Answer> => {
  const answer = await invoke(edge, await deployed(body, more), { origin })
  assert.equal(answer.headers['x-amz-function-error'], undefined, answer.text)
  return answer
}

describe('GET /limits', () => {
  test('says them all', async () => {
    const { status, json } = await call('GET', `${edge}/limits`)
    assert.equal(status, 200)
    assert.deepEqual(json, JSON.parse(JSON.stringify({ limits: LIMITS })))
  })
})

describe('a limit', () => {
  test('of memory', async () => {
    const [type, message] = await reached('const all = []; for (;;) all.push(new Uint8Array(1 << 20).fill(1))', { memorySize: 64 })
    assert.equal(type, 'Runtime.OutOfMemory')
    assert.match(message, /memorySize is 64 MB/)
    assert.equal((await well('return new Uint8Array(32 << 20).length', { memorySize: 64 })).json, 32 << 20)
  })

  test('of time, from a millisecond', async () => {
    const [type, message] = await reached('for (;;);', { timeout: 0.05 })
    assert.equal(type, 'Sandbox.Timedout')
    assert.match(message, /^RequestId: \S+ Error: Task timed out after 0\.\d\d seconds$/)
    assert.equal((await reached('await new Promise(() => setInterval(() => {}, 5))', { timeout: 0.05 }))[0], 'Sandbox.Timedout')
    const shortest = await invoke(edge, await deployed('for (;;);', { timeout: 0.001 }))
    assert.equal((shortest.json as { errorType: string }).errorType, 'Sandbox.Timedout')
    assert.equal((await well('return 1', { timeout: 900 })).json, 1)
  })

  test('of the response', async () => {
    assert.equal((await reached('return "x".repeat(6 * 2 ** 20)'))[0], 'Function.ResponseSizeTooLarge')
    assert.equal((await well('return "x".repeat(6 * 2 ** 20 - 2)')).text.length, 6 * 2 ** 20)
  })

  test('of the event', async () => {
    const name = await deployed('return 1')
    const answer = await invoke(edge, name, 'x'.repeat(6 * 2 ** 20))
    const exceeded = await call('POST', `${edge}/2015-03-31/functions/${name}/invocations`, Buffer.from(JSON.stringify('x'.repeat(6 * 2 ** 20))))
    assert.deepEqual([exceeded.status, exceeded.headers['x-amzn-errortype']], [413, 'RequestTooLargeException'], answer.text)
  })

  test('of concurrency', async () => {
    const name = await deployed('if (event.well) return "well"; return (await fetch(event.origin)).status', { concurrency: 1, timeout: 20 })
    arrived = once(server, 'request')
    const first = invoke(edge, name, { origin })
    await arrived
    const second = await invoke(edge, name, { well: true })
    assert.deepEqual([second.status, second.headers['x-amzn-errortype']], [429, 'TooManyRequestsException'])
    assert.equal((second.json as { Reason: string }).Reason, 'ReservedFunctionConcurrentInvocationLimitExceeded')
    for (const answer of waiting.splice(0)) answer()
    assert.equal((await first).json, 200)
    assert.equal((await invoke(edge, name, { well: true })).json, 'well')
  })

  test('of the logs', async () => {
    const answer = await invoke(edge, await deployed('for (let i = 0; i < 1000; i++) console.log("line", i); return 1', { limits: { logBytes: 2_000 } }), {}, { 'x-amz-log-type': 'Tail' })
    const logs = Buffer.from(answer.headers['x-amz-log-result'] ?? '', 'base64').toString()
    assert.match(logs, /limits\.logBytes\]\nEND RequestId/)
    assert.ok(logs.length < 2_400)
  })

  test('of /tmp', async () => {
    const full = 'const fs = require("fs"); fs.writeFileSync("/tmp/a", Buffer.alloc(800_000)); try { fs.writeFileSync("/tmp/b", Buffer.alloc(800_000)) } catch (e) { return [e.code, e.syscall] }'
    assert.deepEqual((await well(full, { limits: { tmpMb: 1 } })).json, ['ENOSPC', 'write'])
    assert.equal((await well(`${full}; return fs.statSync("/tmp/b").size`, { limits: { tmpMb: 2 } })).json, 800_000)
  })

  test('of requests and their bytes', async () => {
    server.on('request', () => waiting.splice(0).forEach((answer) => answer()))
    const cause = (many: number) => `const got = []; for (let i = 0; i < ${many}; i++) got.push(await fetch(event.origin).then((r) => r.text()).then((t) => t.length, (e) => e.cause.code)); return got`
    assert.deepEqual((await well(cause(3), { limits: { fetchCount: 2 } })).json, [1_000, 1_000, 'ERR_SWARM_FETCH_COUNT'])
    assert.deepEqual((await well(cause(3), { limits: { fetchBytes: 2_500 } })).json, [1_000, 1_000, 'ERR_SWARM_FETCH_BYTES'])
  })

  for (const [field, value] of [['memorySize', 15], ['timeout', 0.0001], ['timeout', 901], ['concurrency', 1_001], ['limits.logBytes', 2 ** 20 + 1], ['limits.tmpMb', 0], ['limits.fetchCount', 1_001], ['limits.fetchBytes', -1]] as const) {
    test(`is refused out of its range: ${field} ${value}`, async () => {
      const [name, inner] = field.split('.')
      const answer = await deploy(edge, 'out-of-range', 'exports.handler = 1', { [name ?? '']: inner === undefined ? value : { [inner]: value } })
      assert.equal(answer.status, 400)
      assert.match(answer.text, new RegExp(`${field}: at (least|most)`))
    })
  }
})
