// Routes and function URLs on real edges: written on one, true on all.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { startMesh, type MeshOfEdges } from './harness/edges.js'
import { call, deploy, type Answer } from './harness/http.js'

let mesh: MeshOfEdges
const url = (path: string, edge: 'edge-a' | 'edge-b' | 'edge-c' = 'edge-a'): string => mesh.url(edge) + path

before(async () => {
  mesh = await startMesh()
  const echo = 'exports.handler = async (event) => ({ statusCode: 200, headers: { "x-fn": process.env.AWS_LAMBDA_FUNCTION_NAME, "access-control-allow-origin": "http://own.example" }, body: JSON.stringify(event) })'
  const streams = 'exports.handler = awslambda.streamifyResponse(async (event, stream) => { stream = awslambda.HttpResponseStream.from(stream, { statusCode: 201, headers: { "x-streamed": "1" } }); stream.write("one "); await new Promise((r) => setTimeout(r, 30)); stream.end("two") })'
  for (const name of ['orders', 'pages']) assert.equal((await deploy(mesh.url('edge-a'), name, echo)).status, 201)
  assert.equal((await deploy(mesh.url('edge-a'), 'streams', streams)).status, 201)
})
after(async () => await mesh[Symbol.asyncDispose]())

const put = (body: unknown, edge: 'edge-a' | 'edge-b' = 'edge-a'): Promise<Answer> => call('PUT', url('/routes', edge), body)
async function until(look: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 10_000; Date.now() < end; ) if (await look()) return
  throw new Error('it did not come')
}
const listed = async (edge: 'edge-a' | 'edge-b' | 'edge-c'): Promise<string> => JSON.stringify((await call('GET', url('/routes', edge))).json)

describe('routes', () => {
  test('put on one edge, they lead to functions on all, the most special first', async () => {
    const routes = { 'GET /orders/{id}': 'orders', 'POST /orders': { function: 'orders', payloadFormatVersion: '1.0' }, 'ANY /files/{path+}': 'pages', 'GET /orders/new': 'pages' }
    const answer = await put({ routes })
    assert.equal(answer.status, 200, answer.text)
    await until(async () => (await listed('edge-a')) === (await listed('edge-c')))
    const found = await call('GET', url('/orders/a%20b?x=1', 'edge-c'))
    assert.equal(found.headers['x-fn'], 'orders')
    const { pathParameters, rawPath, requestContext, routeKey } = found.json as { pathParameters: unknown; rawPath: string; routeKey: string; requestContext: { routeKey: string } }
    assert.deepEqual([routeKey, requestContext.routeKey, rawPath, pathParameters], ['GET /orders/{id}', 'GET /orders/{id}', '/orders/a b', { id: 'a b' }])
    assert.equal((await call('GET', url('/orders/new'))).headers['x-fn'], 'pages')
    assert.deepEqual(((await call('PUT', url('/files/a/b'), {})).json as { pathParameters: unknown }).pathParameters, { path: 'a/b' })
  })

  test('payload format 1.0 can be chosen', async () => {
    const { json } = await call('POST', url('/orders?a=1&a=2'), { n: 1 })
    const event = json as Record<string, unknown> & { requestContext: Record<string, unknown> }
    assert.deepEqual(
      [event['version'], event['resource'], event['path'], event['httpMethod'], event['queryStringParameters'], event['multiValueQueryStringParameters'], event['pathParameters'], event['body']],
      ['1.0', '/orders', '/orders', 'POST', { a: '2' }, { a: ['1', '2'] }, null, '{"n":1}'],
    )
    assert.deepEqual((event['multiValueHeaders'] as Record<string, string[]>)['content-type'], ['application/json'])
    assert.equal(event.requestContext['resourcePath'], '/orders')
  })

  test('405 names the methods, 404 is API Gateway’s, HEAD is GET without its body', async () => {
    const wrong = await call('DELETE', url('/orders/5'))
    assert.deepEqual([wrong.status, wrong.headers['allow'], wrong.json], [405, 'GET', { message: 'Method Not Allowed' }])
    assert.deepEqual([(await call('GET', url('/nothing'))).status, (await call('GET', url('/nothing'))).json], [404, { message: 'Not Found' }])
    const head = await call('HEAD', url('/orders/5'))
    assert.deepEqual([head.status, head.text, head.headers['x-fn']], [200, '', 'orders'])
  })

  test('$default takes the rest, and never the edge’s own paths', async () => {
    assert.equal((await put({ routes: { $default: 'pages', 'GET /': 'orders' } })).status, 200)
    assert.equal((await call('GET', url('/orders/5'))).headers['x-fn'], 'pages')
    assert.equal((await call('GET', url('/'))).headers['x-fn'], 'orders')
    assert.ok(Array.isArray(((await call('GET', url('/functions'))).json as { functions: unknown[] }).functions))
    assert.equal((await call('GET', url('/healthz'))).status, 200)
    assert.equal((await call('GET', url('/2015-03-31/functions/pages'))).status, 200)
  })

  test('a bad route changes nothing and is named', async () => {
    const before = await listed('edge-a')
    for (const routes of [{ 'FETCH /x': 'pages' }, { 'GET x': 'pages' }, { 'GET /{a+}/b': 'pages' }, { 'GET /x': 'nobody' }, { 'GET /x': 'pages:9' }, { 'GET /x': { function: 'pages', payloadFormatVersion: '3.0' } }]) {
      const answer = await put({ routes: { ...routes, 'GET /fine': 'pages' } })
      assert.equal(answer.status, 400, answer.text)
      assert.ok(answer.text.includes(Object.keys(routes)[0] ?? ''), answer.text)
    }
    assert.equal(await listed('edge-a'), before)
  })

  test('routes and CORS can be taken away', async () => {
    await put({ routes: { 'GET /a': 'pages', 'GET /b': 'pages' }, cors: { allowOrigins: ['http://page.example'], allowMethods: ['GET'], allowHeaders: ['x-own'], exposeHeaders: ['x-fn'], maxAge: 600, allowCredentials: true } })
    const preflight = { origin: 'http://page.example', 'access-control-request-method': 'GET' }
    const allowed = await call('OPTIONS', url('/a'), null, preflight)
    assert.deepEqual([allowed.status, allowed.headers['access-control-allow-origin'], allowed.headers['access-control-allow-methods']], [204, 'http://page.example', 'GET'])
    assert.deepEqual([allowed.headers['access-control-allow-headers'], allowed.headers['access-control-max-age'], allowed.headers['access-control-allow-credentials']], ['x-own', '600', 'true'])
    assert.equal((await call('OPTIONS', url('/a'), null, { ...preflight, origin: 'http://other.example' })).headers['access-control-allow-origin'], undefined)
    const got = await call('GET', url('/a'), null, { origin: 'http://page.example' })
    assert.deepEqual([got.headers['access-control-allow-origin'], got.headers['access-control-expose-headers'], got.headers['access-control-allow-credentials'], got.headers['vary']], ['http://page.example', 'x-fn', 'true', 'origin'])
    assert.equal((await call('DELETE', url('/routes?route=GET%20/a'))).status, 204)
    assert.equal((await call('DELETE', url('/routes?route=GET%20/a'))).status, 404)
    assert.equal((await call('DELETE', url('/routes'))).status, 204)
    assert.deepEqual((await call('GET', url('/routes'))).json, { routes: {}, cors: null })
  })
})

describe('function URLs', () => {
  const create = async (name: string, body: unknown): Promise<URL> => {
    const { json, status, text } = await call('POST', url(`/2021-10-31/functions/${name}/url`), body)
    assert.equal(status, 201, text)
    return new URL((json as { FunctionUrl: string }).FunctionUrl)
  }
  const at = (host: string, path: string, headers: Record<string, string> = {}, edge: 'edge-a' | 'edge-b' = 'edge-b'): Promise<Answer> => call('GET', url(path, edge), null, { host, ...headers })
  const there = (host: string): Promise<void> => until(async () => (await at(host, '/')).status !== 404)

  test('answer under their own host on every edge', async () => {
    const { host } = await create('orders', { AuthType: 'NONE', Cors: { AllowOrigins: ['*'], ExposeHeaders: ['x-fn'] } })
    await there(host)
    const answer = await at(host, '/a/b', { origin: 'http://any.example' })
    assert.equal((answer.json as { rawPath: string }).rawPath, '/a/b')
    assert.equal((answer.json as { requestContext: { apiId: string } }).requestContext.apiId, host.split('.')[0])
    // The function's own word on it is replaced.
    assert.deepEqual([answer.headers['access-control-allow-origin'], answer.headers['access-control-expose-headers']], ['*', 'x-fn'])
    assert.equal((await at(`x${host}`, '/')).status, 404)
  })

  test('AWS_IAM asks for a signature, NONE does not', async () => {
    const { host } = await create('pages', { AuthType: 'AWS_IAM' })
    await there(host)
    assert.deepEqual([(await at(host, '/')).status, (await call('GET', url('/fn/pages/'))).status], [403, 403])
    const signed = { authorization: 'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261124/us-east-1/lambda/aws4_request, SignedHeaders=host, Signature=00' }
    assert.equal((await at(host, '/', signed)).status, 200)
    await call('PUT', url('/2021-10-31/functions/pages/url'), { AuthType: 'NONE' })
    await until(async () => (await at(host, '/')).status === 200)
  })

  test('BUFFERED answers as a whole, RESPONSE_STREAM as it comes', async () => {
    const { host } = await create('streams', { AuthType: 'NONE' })
    await there(host)
    const whole = await at(host, '/')
    assert.deepEqual([whole.status, whole.text, whole.headers['content-length'], whole.headers['x-streamed']], [201, 'one two', '7', '1'])
    await call('PUT', url('/2021-10-31/functions/streams/url'), { InvokeMode: 'RESPONSE_STREAM' })
    await until(async () => (await at(host, '/')).headers['transfer-encoding'] === 'chunked')
    assert.equal((await at(host, '/')).text, 'one two')
  })

  test('are gone when deleted', async () => {
    const { host } = new URL((((await call('GET', url('/2021-10-31/functions/orders/url'))).json) as { FunctionUrl: string }).FunctionUrl)
    assert.equal((await call('DELETE', url('/2021-10-31/functions/orders/url'))).status, 204)
    await until(async () => (await at(host, '/')).status === 404)
  })
})
