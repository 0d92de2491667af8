import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { createServer } from 'node:http'
import { json } from 'node:stream/consumers'
import { after, before, describe, test } from 'node:test'
import { call, invoke } from './harness/http.js'
import { startMesh, type MeshOfEdges } from './harness/edges.js'

interface Span {
  name: string
  traceId: string
  spanId: string
  parentSpanId?: string
  traceState?: string
  startTimeUnixNano: string
  endTimeUnixNano: string
  status: { code?: number }
  edge: string
}

interface Exported {
  resourceSpans: {
    resource: { attributes: { key: string; value: { stringValue: string } }[] }
    scopeSpans: { spans: Omit<Span, 'edge'>[] }[]
  }[]
}

const PATIENCE_MS = 30_000

/** An OTLP collector: what the exporters send, as JSON over HTTP. */
async function collector() {
  const spans: Span[] = []
  const arrivals = new EventEmitter<{ spans: [] }>()
  const server = createServer((request, response) => {
    void json(request).then((body) => {
      for (const { resource, scopeSpans } of (body as Exported).resourceSpans) {
        const edge = resource.attributes.find(({ key }) => key === 'service.instance.id')?.value.stringValue ?? ''
        for (const scope of scopeSpans) spans.push(...scope.spans.map((span) => ({ ...span, edge })))
      }
      response.setHeader('content-type', 'application/json').end('{}')
      arrivals.emit('spans')
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  /** The trace's spans, once there are so many. */
  const trace = async (traceId: string, count: number): Promise<Span[]> => {
    const signal = AbortSignal.timeout(PATIENCE_MS)
    const found = (): Span[] => spans.filter((span) => span.traceId === traceId)
    while (found().length < count) await once(arrivals, 'spans', { signal }).catch((cause: unknown) => {
      throw new Error(`no such trace: ${JSON.stringify(spans)}`, { cause })
    })
    return found()
  }
  return { url: `http://127.0.0.1:${port}`, trace, close: () => server.close() }
}

describe('traces', () => {
  let mesh: MeshOfEdges
  let collected: Awaited<ReturnType<typeof collector>>
  before(async () => {
    collected = await collector()
    mesh = await startMesh({ OTEL_EXPORTER_OTLP_ENDPOINT: collected.url, OTEL_BSP_SCHEDULE_DELAY: '100', SWARMLAMBDA_LOG_FORMAT: 'json' })
    const source = "exports.handler = async () => { if (process.env.SWARMLAMBDA_NODE_NAME === 'edge-a') throw new Error('not here'); return 1 }"
    await call('POST', `${mesh.url('edge-a')}/functions?wait=all`, { name: 'moves', files: { 'index.js': source } })
  })
  after(async () => {
    await mesh[Symbol.asyncDispose]()
    collected.close()
  })

  test("a caller's trace goes on over both edges, and every log line of it has the same ids", async () => {
    const [traceId, parent] = ['0af7651916cd43dd8448eb211c80319c', 'b7ad6b7169203331']
    const answer = await invoke(mesh.url('edge-a'), 'moves', {}, { traceparent: `00-${traceId}-${parent}-01`, tracestate: 'congo=t61rcWkgMzE, rojo=00f067aa0ba902b7' })
    const spans = await collected.trace(traceId, 4)
    const of = (name: string): Span => {
      const span = spans.find((one) => one.name === name)
      assert.ok(span, `${name} is not in ${JSON.stringify(spans)}`)
      return span
    }
    const there = answer.headers['x-swarm-edge'] ?? ''
    const [server, here, hop, execution] = [of('invoke moves'), of('try edge-a'), of(`try ${there}`), of('execute moves')]
    assert.deepEqual([server.parentSpanId, here.parentSpanId, hop.parentSpanId, execution.parentSpanId], [parent, server.spanId, server.spanId, hop.spanId])
    assert.deepEqual([server.edge, hop.edge, execution.edge], ['edge-a', 'edge-a', there])
    assert.equal(here.status.code, 2, 'the try that failed')
    for (const { name, traceState } of spans) assert.equal(traceState, 'congo=t61rcWkgMzE,rojo=00f067aa0ba902b7', name)
    assert.ok(BigInt(hop.startTimeUnixNano) >= BigInt(server.startTimeUnixNano) && BigInt(server.endTimeUnixNano) > BigInt(server.startTimeUnixNano))

    const requestId = answer.headers['x-amzn-requestid'] ?? ''
    for (const [edge, message] of [['edge-a', 'an invocation moved on'], [there as 'edge-b', 'ran for a peer']] as const) {
      const line = mesh.edges[edge].output().split('\n').find((text) => text.includes(message) && text.includes(requestId))
      const entry = JSON.parse(line ?? 'null') as Record<string, unknown> | null
      assert.deepEqual([entry?.['edge'], entry?.['level'], entry?.['requestId'], entry?.['traceId']], [edge, 'debug', requestId, traceId])
    }
  })

  test('an invocation without a trace begins one, named by its request id', async () => {
    const answer = await invoke(mesh.url('edge-b'), 'moves')
    const spans = await collected.trace((answer.headers['x-amzn-requestid'] ?? '').replaceAll('-', ''), 2)
    assert.deepEqual(spans.map(({ name }) => name).sort(), ['invoke moves', 'try edge-b'])
    assert.ok(!spans.find(({ name }) => name === 'invoke moves')?.parentSpanId)
  })

  test('a trace that its caller does not sample is left out', async () => {
    const [not, yes] = ['1'.repeat(32), '2'.repeat(32)]
    await invoke(mesh.url('edge-b'), 'moves', {}, { traceparent: `00-${not}-b7ad6b7169203331-00` })
    await invoke(mesh.url('edge-b'), 'moves', {}, { traceparent: `00-${yes}-b7ad6b7169203331-01` })
    await collected.trace(yes, 2)
    assert.equal((await collected.trace(not, 0)).length, 0)
  })
})
