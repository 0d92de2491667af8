import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openMetrics } from '../../lib/metrics.js'

test('metrics are read when they are asked for, in Prometheus\' text form', async () => {
  let ok = 1
  const metrics = openMetrics({
    edge: 'edge-a',
    region: 'us-west-sfo',
    version: '1.2.3',
    engine: {
      info: () => ({ pluginDigest: 'abcdefabcdefabcdef', slots: 7, maxMemoryMb: 512, reservationBytes: 1, pagemapScan: true, fromCache: true, threads: 1 }),
      stats: () => ({
        requests: 9,
        invocations: 6,
        inFlight: 2,
        connections: 3,
        misses: 1,
        functions: [{ name: 'hello', ok, error: 2, timeout: 0, crashed: 0, refused: 0, totalMs: 1_500 }],
        latency: { boundsMs: [1, 10], counts: [3, 2, 1], totalMs: 40 },
      }),
    },
    mesh: { peers: () => [] },
    registry: { seq: () => 4, list: () => [], stats: () => ({ logs: 2, malformed: 0, newer: 0, revoked: 0, waiting: 0, clockOffsetMs: 0, waitingFrom: [] }) },
    loaded: new Map([['hello', 'r1']]),
  })
  metrics.countTries([{ edge: 'edge-b', class: 'ok', ms: 1 }])
  ok = 5
  const { contentType, text } = await metrics.page()
  assert.match(contentType, /^text\/plain/)
  const own = 'edge="edge-a",region="us-west-sfo"'
  for (const line of [
    `swarmlambda_info{version="1.2.3",arch="${process.arch}",plugin="abcdefabcdef",${own}} 1`,
    `swarmlambda_http_requests_total{${own}} 9`,
    `swarmlambda_invocations_total{function="hello",class="ok",${own}} 5`,
    `swarmlambda_invocations_total{function="hello",class="error",${own}} 2`,
    `swarmlambda_http_invocation_seconds_bucket{le="0.01",${own}} 5`,
    `swarmlambda_http_invocation_seconds_bucket{le="+Inf",${own}} 6`,
    `swarmlambda_http_invocation_seconds_sum{${own}} 0.04`,
    `swarmlambda_failover_tries_total{peer="edge-b",class="ok",${own}} 1`,
    `swarmlambda_functions{${own}} 1`,
  ]) {
    assert.ok(text.includes(`${line}\n`), `${line} is not in\n${text}`)
  }
})
