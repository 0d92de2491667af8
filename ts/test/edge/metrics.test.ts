import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openMetrics } from '../../lib/metrics.js'

test('metrics are read when they are asked for, in Prometheus\' text form', async () => {
  let ok = 1
  const many = Array.from({ length: 150 }, (_, index) => ({ name: `f${index}`, ok: 1, error: 0, timeout: 0, crashed: 0, refused: 0, totalMs: 1 }))
  const aside = new Map<string, string>()
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
        waiting: 7,
        refusedBusy: 5,
        refusedShare: 3,
        missQueue: { running: 1, waiting: 4, refused: 2 },
        controlQueue: { running: 0, waiting: 0, refused: 0 },
        listeners: 0,
        functions: [...many, { name: 'hello', ok, error: 2, timeout: 0, crashed: 0, refused: 0, totalMs: 1_500 }],
        latency: { boundsMs: [1, 2, 3, 4, 10], counts: [3, 0, 0, 1, 1, 1], totalMs: 40 },
      }),
      latencies: () => [{ name: 'hello', errors: 2, counts: [3, 0, 0, 1, 1, 1] }, { name: 'hello:7', errors: 0, counts: [1, 0, 0, 0, 0, 0] }],
    },
    mesh: { peers: () => [], strangers: () => 2 },
    registry: { seq: () => 4, list: () => [], conflicts: () => [], lags: () => [], stats: () => ({ logs: 2, malformed: 0, newer: 0, revoked: 0, waiting: 0, clockOffsetMs: 0, waitingFrom: [] }) },
    loaded: new Map([['hello', 'r1']]),
    events: () => ({ waiting: 3, dead: 1 }),
    setAside: () => new Map(aside),
    retries: () => ({ spent: 2, refused: 1 }),
    answers: () => ({ answers: 0, bytes: 0, evicted: 0 }),
    certificates: () => ({ shown: [], failures: 0 }),
  })
  metrics.countTries([{ edge: 'edge-b', class: 'ok', ms: 1 }])
  ok = 5
  aside.set('id-b', 'edge-b')
  metrics.tick()
  metrics.tick()
  const { contentType, text } = await metrics.page()
  assert.match(text, /^# TYPE swarmlambda_invocation_seconds histogram$/m)
  assert.match(contentType, /^text\/plain/)
  const own = 'edge="edge-a",region="us-west-sfo"'
  for (const line of [
    `swarmlambda_build_info{version="1.2.3",arch="${process.arch}",plugin="abcdefabcdef",${own}} 1`,
    `swarmlambda_http_requests_total{${own}} 9`,
    `swarmlambda_invocations_total{function="hello",class="ok",${own}} 5`,
    `swarmlambda_invocations_total{function="hello",class="error",${own}} 2`,
    `swarmlambda_http_invocation_seconds_bucket{le="0.001",${own}} 3`,
    `swarmlambda_http_invocation_seconds_bucket{le="0.01",${own}} 5`,
    `swarmlambda_invocation_seconds_bucket{le="0.001",function="hello",${own}} 4`,
    `swarmlambda_invocation_seconds_count{function="hello",${own}} 7`,
    `swarmlambda_invocations_total{function="(other)",class="ok",${own}} 51`,
    `swarmlambda_strangers_total{${own}} 2`,
    `swarmlambda_ejections_total{peer="edge-b",${own}} 1`,
    `swarmlambda_invocations_waiting{${own}} 7`,
    `swarmlambda_refused_total{reason="busy",${own}} 5`,
    `swarmlambda_refused_total{reason="share",${own}} 3`,
    `swarmlambda_host_calls_waiting{kind="miss",${own}} 4`,
    `swarmlambda_event_queue_length{${own}} 3`,
    `swarmlambda_http_invocation_seconds_bucket{le="+Inf",${own}} 6`,
    `swarmlambda_http_invocation_seconds_sum{${own}} 0.04`,
    `swarmlambda_failover_tries_total{peer="edge-b",class="ok",${own}} 1`,
    `swarmlambda_functions{${own}} 1`,
  ]) {
    assert.ok(text.includes(`${line}\n`), `${line} is not in\n${text}`)
  }
})
