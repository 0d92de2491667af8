// Asynchronous invocations on real edges: a ledger outside sees what ran, and edges are killed and stopped around it.
import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { connected, startMesh, type MeshOfEdges } from './harness/edges.js'
import { call, deploy, invoke, type Answer } from './harness/http.js'

interface Entry {
  path: string
  body: Record<string, unknown>
}

const ledger: Entry[] = []
const wrote = new EventEmitter<{ entry: [] }>()
/** Paths that answer 500 for now. */
const failing = new Set<string>()
const server = createServer((request, response) => {
  void (async () => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const path = request.url ?? ''
    ledger.push({ path, body: JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown> })
    response.writeHead(failing.has(path) ? 500 : 200).end()
    wrote.emit('entry')
  })()
})

/** The entries of a path, when there are that many. */
async function entries(path: string, count: number): Promise<Entry[]> {
  const found = (): Entry[] => ledger.filter((entry) => entry.path === path)
  const signal = AbortSignal.timeout(20_000)
  while (found().length < count) await once(wrote, 'entry', { signal })
  return found()
}

let mesh: MeshOfEdges
let origin = ''
const EVENT = { 'x-amz-invocation-type': 'Event' }
/** Writes its event into the ledger; throws when the ledger refuses. */
const writer = (path: string): string =>
  `exports.handler = async (event, context) => { const r = await fetch(process.env.ORIGIN + '${path}', { method: 'POST', body: JSON.stringify({ event, id: context.awsRequestId, edge: process.env.SWARMLAMBDA_EDGE ?? null }) }); if (!r.ok) throw new Error('ledger ' + r.status); return { wrote: event } }`
const settings = (name: string, body: unknown): Promise<Answer> => call('PUT', `${mesh.url('edge-a')}/2019-09-25/functions/${name}/event-invoke-config`, body)
const deadLetters = async (url: string): Promise<Record<string, unknown>[]> => {
  const { json } = await call('GET', `${url}/dead-letters`)
  return (json as { deadLetters: Record<string, unknown>[] }).deadLetters
}
const arn = (name: string): string => `arn:aws:lambda:us-east-1:000000000000:function:${name}`

before(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  mesh = await startMesh({ SWARMLAMBDA_EVENT_RETRIES: '150,300' })
})
after(async () => {
  server.closeAllConnections()
  server.close()
  await mesh[Symbol.asyncDispose]()
})

const deployed = async (name: string, path: string, more: Record<string, unknown> = {}): Promise<void> => {
  const { status, text } = await deploy(mesh.url('edge-a'), name, writer(path), { allow: ['127.0.0.1'], environment: { ORIGIN: origin }, failover: 'never', ...more })
  assert.equal(status, 201, text)
}

describe('asynchronous invocations', () => {
  test('are accepted with 202 and an empty body, and run with the request id that was answered', async () => {
    await deployed('async', '/async')
    const answer = await invoke(mesh.url('edge-b'), 'async', { n: 1 }, EVENT)
    assert.equal(answer.status, 202)
    assert.equal(answer.text, '')
    const [entry] = await entries('/async', 1)
    assert.deepEqual(entry?.body['event'], { n: 1 })
    assert.equal(entry?.body['id'], answer.headers['x-amzn-requestid'])
  })

  test('what cannot be accepted is refused at once', async () => {
    const url = mesh.url('edge-a')
    assert.equal((await invoke(url, 'nobody', {}, EVENT)).status, 404)
    assert.equal((await invoke(url, 'async:7', {}, EVENT)).status, 404)
    assert.equal((await invoke(url, 'async', '{', EVENT)).headers['x-amzn-errortype'], 'InvalidRequestContentException')
    assert.equal((await invoke(url, 'async', JSON.stringify('x'.repeat(2 ** 20)), EVENT)).status, 413)
  })

  test('a failed one is tried twice more with the same id, then is a dead letter on every edge, and can be redriven', async () => {
    await deployed('failing', '/failing')
    failing.add('/failing')
    const { headers } = await invoke(mesh.url('edge-a'), 'failing', { n: 2 }, EVENT)
    const tries = await entries('/failing', 3)
    assert.deepEqual(new Set(tries.map(({ body }) => body['id'])), new Set([headers['x-amzn-requestid']]))
    const letter = await until(async () => (await deadLetters(mesh.url('edge-c')))[0])
    assert.equal(letter['condition'], 'RetriesExhausted')
    assert.equal(letter['edge'], 'edge-a')
    assert.deepEqual(letter['event'], { n: 2 })
    assert.equal((letter['response'] as { errorMessage: string }).errorMessage, 'ledger 500')
    await mesh.restart('edge-a')
    await connected(Object.values(mesh.edges))
    assert.deepEqual((await deadLetters(mesh.url('edge-b'))).map(({ id }) => id), [letter['id']], 'a dead letter did not survive kill -9')
    failing.delete('/failing')
    const redriven = await call('POST', `${mesh.url('edge-b')}/dead-letters/${String(letter['id'])}/redrive`, {})
    assert.equal(redriven.status, 202, redriven.text)
    await entries('/failing', 4)
    assert.deepEqual(await deadLetters(mesh.url('edge-a')), [])
    assert.equal((await call('DELETE', `${mesh.url('edge-a')}/dead-letters/none`)).status, 404)
  })

  test('destinations get Lambda’s invocation record', async () => {
    await deployed('worker', '/worker')
    await deployed('listener', '/listener')
    const target = { OnSuccess: { Destination: arn('listener') }, OnFailure: { Destination: arn('listener') } }
    assert.equal((await settings('worker', { MaximumRetryAttempts: 0, DestinationConfig: target })).status, 200)
    assert.equal((await settings('worker', { DestinationConfig: { OnFailure: { Destination: 'arn:aws:sqs:us-east-1:000000000000:q' } } })).status, 400)
    const ok = await invoke(mesh.url('edge-a'), 'worker', { n: 3 }, EVENT)
    const [first] = await entries('/listener', 1)
    const record = first?.body['event'] as { requestContext: Record<string, unknown>; requestPayload: unknown; responsePayload: unknown }
    assert.deepEqual(record.requestContext, { requestId: ok.headers['x-amzn-requestid'], functionArn: `${arn('worker')}:$LATEST`, condition: 'Success', approximateInvokeCount: 1 })
    assert.deepEqual([record.requestPayload, record.responsePayload], [{ n: 3 }, { wrote: { n: 3 } }])
    failing.add('/worker')
    await invoke(mesh.url('edge-a'), 'worker', { n: 4 }, EVENT)
    const failure = (await entries('/listener', 2))[1]?.body['event'] as { requestContext: { condition: string }; responseContext: unknown }
    assert.equal(failure.requestContext.condition, 'RetriesExhausted')
    assert.deepEqual(failure.responseContext, { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' })
  })

  test('an accepted one survives kill -9', async () => {
    await deployed('survivor', '/survivor')
    failing.add('/survivor')
    const edge = mesh.edges['edge-a']
    const { headers } = await invoke(edge.url, 'survivor', { n: 5 }, EVENT)
    await entries('/survivor', 1)
    failing.delete('/survivor')
    await mesh.restart('edge-a')
    const last = (await entries('/survivor', 2)).at(-1)
    assert.equal(last?.body['id'], headers['x-amzn-requestid'])
  })
})

describe('an edge that leaves', () => {
  test('gives what waits to another one', async () => {
    await deployed('leaving', '/leaving', { concurrency: 0 })
    const edge = mesh.edges['edge-c']
    const { headers, status } = await invoke(edge.url, 'leaving', { n: 6 }, EVENT)
    assert.equal(status, 202)
    await edge.stop()
    const { status: changed } = await deploy(mesh.url('edge-a'), 'leaving', writer('/leaving'), { allow: ['127.0.0.1'], environment: { ORIGIN: origin } })
    assert.equal(changed, 200)
    const [entry] = await entries('/leaving', 1)
    assert.equal(entry?.body['id'], headers['x-amzn-requestid'])
  })
})

async function until<T>(look: () => Promise<T | undefined>): Promise<T> {
  for (const end = Date.now() + 20_000; Date.now() < end; ) {
    const found = await look()
    if (found !== undefined) return found
  }
  throw new Error('it did not come')
}
