// Functions as HTTP servers: payload format 2.0 in and out, by path and by host, streams, failures.
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { request as httpRequest } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { startEdge, type Edge } from './harness/edges.js'
import { deploy } from './harness/http.js'

let folder = ''
let program: Edge
let edge = ''
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'swarm-'))
  program = await startEdge({ name: 'edge-a', folder })
  edge = program.url
})
after(async () => {
  await program.kill()
  await rm(folder, { recursive: true, force: true })
})

let count = 0
async function deployed(source: string, more: Record<string, unknown> = {}): Promise<string> {
  const name = `web-${count++}`
  const answer = await deploy(edge, name, source, more)
  assert.equal(answer.status, 201, answer.text)
  return name
}
const get = async (source: string, path = '/', init: RequestInit = {}): Promise<Response> => fetch(`${edge}/fn/${await deployed(source)}${path}`, init)

interface Event {
  requestContext: Record<string, unknown> & { http: Record<string, unknown> }
  headers: Record<string, string>
  [field: string]: unknown
}

describe('a request', () => {
  test('is an event of payload format 2.0', async () => {
    const name = await deployed('exports.handler = async (event) => event')
    const response = await fetch(`${edge}/fn/${name}/a%20b/c?x=1&x=2&y=%C3%BC+z&flag`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'X-Two': 'a', cookie: 'one=1; two=2', 'user-agent': 'tests' },
      body: '{"a":1}',
    })
    assert.deepEqual([response.status, response.headers.get('content-type'), response.headers.get('x-swarm-edge')], [200, 'application/json', 'edge-a'])
    const event = (await response.json()) as Event
    const { requestContext, headers, ...rest } = event
    assert.deepEqual(rest, {
      version: '2.0',
      routeKey: '$default',
      rawPath: '/a b/c',
      rawQueryString: 'x=1&x=2&y=%C3%BC+z&flag',
      cookies: ['one=1', 'two=2'],
      queryStringParameters: { x: '1,2', y: 'ü z', flag: '' },
      body: '{"a":1}',
      isBase64Encoded: false,
    })
    assert.deepEqual([headers['x-two'], headers['cookie'], headers['content-type']], ['a', undefined, 'application/json'])
    const { http, requestId, time, timeEpoch, ...context } = requestContext
    assert.deepEqual(context, { accountId: 'anonymous', apiId: name, domainName: '127.0.0.1', domainPrefix: '127', routeKey: '$default', stage: '$default' })
    assert.deepEqual(http, { method: 'POST', path: '/a b/c', protocol: 'HTTP/1.1', sourceIp: '127.0.0.1', userAgent: 'tests' })
    assert.equal(requestId, response.headers.get('x-amzn-requestid'))
    assert.match(String(time), /^\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d \+0000$/)
    assert.ok(Math.abs(Date.now() - Number(timeEpoch)) < 60_000)
  })

  test('with other content comes in Base64; without any it has no body', async () => {
    const echo = 'exports.handler = async ({ body, isBase64Encoded }) => ({ body, isBase64Encoded, has: body !== undefined })'
    const as = async (type: string, body: Uint8Array | string): Promise<unknown> => (await get(echo, '/', { method: 'PUT', headers: { 'content-type': type }, body })).json()
    assert.deepEqual(await as('application/octet-stream', new Uint8Array([0, 255])), { body: 'AP8=', isBase64Encoded: true, has: true })
    assert.deepEqual(await as('text/plain; charset=utf-8', 'ü'), { body: 'ü', isBase64Encoded: false, has: true })
    assert.deepEqual(await as('application/vnd.x+json', '{}'), { body: '{}', isBase64Encoded: false, has: true })
    assert.deepEqual(await as('application/x-www-form-urlencoded', 'a=b'), { body: 'YT1i', isBase64Encoded: true, has: true })
    assert.deepEqual(await (await get(echo)).json(), { isBase64Encoded: false, has: false })
  })

  test('finds its function by host', async () => {
    const name = await deployed('exports.handler = async ({ rawPath }) => rawPath')
    const { port } = new URL(edge)
    const text = await new Promise<string>((resolve, reject) => {
      httpRequest({ host: '127.0.0.1', port, path: '/healthz', headers: { host: `${name}.lambda.mesh:${port}` } }, (response) => {
        let body = ''
        response.on('data', (chunk: Buffer) => { body += chunk.toString() }).on('end', () => resolve(body))
      }).on('error', reject).end()
    })
    assert.equal(text, '/healthz')
  })
})

describe('an answer', () => {
  test('has the status, headers, cookies and body that the function gives', async () => {
    const response = await get(`exports.handler = async () => ({ statusCode: 418, headers: { 'content-type': 'text/plain', 'x-number': 5, connection: 'close', 'bad name': 'x' }, cookies: ['a=1; Path=/', 'b=2'], body: 'tea' })`)
    assert.deepEqual([response.status, await response.text()], [418, 'tea'])
    assert.deepEqual([response.headers.get('content-type'), response.headers.get('x-number'), response.headers.getSetCookie()], ['text/plain', '5', ['a=1; Path=/', 'b=2']])
    const binary = await get(`exports.handler = async () => ({ statusCode: 200, body: 'AP8=', isBase64Encoded: true })`)
    assert.deepEqual([...new Uint8Array(await binary.arrayBuffer())], [0, 255])
  })

  test('without a status is JSON, or the text itself', async () => {
    for (const [result, text] of [['{ a: 1 }', '{"a":1}'], ['"plain"', 'plain'], ['[1]', '[1]'], ['undefined', 'null'], ['5', '5']] as const) {
      const response = await get(`exports.handler = async () => (${result})`)
      assert.deepEqual([response.status, response.headers.get('content-type'), await response.text()], [200, 'application/json', text])
    }
  })

  test('to HEAD has no body; 204 neither', async () => {
    const head = await get(`exports.handler = async () => ({ statusCode: 200, body: 'four' })`, '/', { method: 'HEAD' })
    assert.deepEqual([head.status, head.headers.get('content-length'), await head.text()], [200, '4', ''])
    assert.equal((await get('exports.handler = async () => ({ statusCode: 204 })')).status, 204)
  })

  test('of a function that fails, is not there, or may not run', async () => {
    for (const [source, status, text] of [
      ['exports.handler = async () => { throw new Error("secret") }', 502, 'Internal Server Error'],
      ['exports.handler = async () => ({ statusCode: "soon" })', 502, 'Internal Server Error'],
      ['exports.handler = async () => ({ statusCode: 200, body: "!", isBase64Encoded: true })', 502, 'Internal Server Error'],
    ] as const) {
      const response = await get(source)
      assert.deepEqual([response.status, await response.json()], [status, { message: text }])
    }
    assert.equal((await fetch(`${edge}/fn/nobody/x`)).status, 404)
    const never = await deployed('exports.handler = async () => 1', { concurrency: 0 })
    const refused = await fetch(`${edge}/fn/${never}`)
    assert.deepEqual([refused.status, refused.headers.get('retry-after')], [429, '1'])
    const late = await deployed('exports.handler = async () => { for (;;); }', { timeout: 0.05 })
    assert.equal((await fetch(`${edge}/fn/${late}`)).status, 504)
  })

  test('arrives as it is streamed, and is cut when the function fails in the middle', async () => {
    const response = await get(`exports.handler = awslambda.streamifyResponse(async (event, out) => {
      out = awslambda.HttpResponseStream.from(out, { statusCode: 201, headers: { 'content-type': 'text/event-stream' }, cookies: ['s=1'] })
      out.write('data: 1\\n\\n')
      await new Promise((resolve) => setTimeout(resolve, 5))
      out.end('data: 2\\n\\n')
    })`)
    assert.deepEqual([response.status, response.headers.get('content-type'), response.headers.getSetCookie()], [201, 'text/event-stream', ['s=1']])
    assert.equal(await response.text(), 'data: 1\n\ndata: 2\n\n')
    assert.match(response.headers.get('x-swarm-tries') ?? '', /^edge-a=streams;/)
    const web = await get('exports.handler = async () => new Response("hi", { status: 202, headers: { "content-type": "text/html" } })')
    assert.deepEqual([web.status, web.headers.get('content-type'), await web.text()], [202, 'text/html', 'hi'])
    const cut = await get('exports.handler = awslambda.streamifyResponse(async (event, out) => { out.write("half"); throw new Error("no") })')
    assert.equal(cut.status, 200)
    await assert.rejects(cut.text())
  })
})
