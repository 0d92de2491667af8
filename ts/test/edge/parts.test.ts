import assert from 'node:assert/strict'
import { randomBytes, randomInt } from 'node:crypto'
import { describe, test } from 'node:test'
import { openGate } from '../../lib/api/gate.js'
import { openStack } from '../../lib/disposal.js'
import { decodeInvoke, decodeOutcome, encodeInvoke, encodeOutcome } from '../../lib/edge/frames.js'
import { openRates } from '../../lib/edge/rates.js'
import { openRoundTrips } from '../../lib/edge/round-trips.js'
import { awsRegion, specOf } from '../../lib/edge/spec.js'
import { SwarmError } from '../../lib/errors.js'
import type { Outcome, Stats } from '../../lib/native.js'
import { REGIONS } from '../../lib/regions.js'

describe('frames between edges', () => {
  const outcome: Outcome = { class: 'ok', payload: randomBytes(1_000), logs: Buffer.from('a line\n'), ms: 1.5, memoryMb: 3 }

  test('a request and an outcome arrive as they were sent', () => {
    const request = { name: 'hello', requestId: 'id', clientContext: '{"a":"ü"}', payload: randomBytes(100), origin: { via: 'http', from: null, traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', tracestate: 'one=1,two=2', record: true } } as const
    assert.deepEqual(decodeInvoke(encodeInvoke(request), 5, 'edge-b'), { ...request, remainingMs: 5, origin: { ...request.origin, via: 'peer', from: 'edge-b' } })
    assert.deepEqual(decodeOutcome(encodeOutcome(outcome)), outcome)
    const older = Buffer.from('....{"name":"hello","requestId":"id","clientContext":null}1')
    older.writeUInt32BE(older.length - 5)
    assert.deepEqual(decodeInvoke(older, 5, 'edge-b').origin, { via: 'peer', from: 'edge-b', traceparent: null, tracestate: null, record: false })
  })

  test('anything else is refused, never misread', () => {
    const frame = encodeOutcome(outcome)
    for (let turn = 0; turn < 2_000; turn++) {
      const broken = turn % 2 === 0 ? frame.subarray(0, randomInt(60)) : Buffer.from(frame)
      if (turn % 2 === 1) broken[randomInt(60)] = randomInt(256)
      try {
        decodeOutcome(broken)
      } catch (error) {
        assert.ok(error instanceof SwarmError && error.code === 'INVALID_REQUEST', String(error))
      }
    }
    assert.throws(() => decodeInvoke(Buffer.from([255, 255, 255, 255, 1]), 1, 'edge-b'), SwarmError)
    assert.throws(() => decodeInvoke(Buffer.alloc(0), 1, 'edge-b'), SwarmError)
  })
})

describe('what a function sees of the edge', () => {
  const config = { handler: 'index.handler', memorySize: 256, timeout: 0.25, environment: { A: 'b', AWS_REGION: 'forged' }, description: '', failover: 'any' as const }

  test('its own variables, the platform\'s, nothing else', () => {
    assert.deepEqual(specOf({ name: 'edge-a', region: 'eu-central-fra' }, 'hello', config, null), {
      name: 'hello',
      version: '$LATEST',
      handler: 'index.handler',
      memoryMb: 256,
      timeoutMs: 250,
      environment: {
        A: 'b',
        TZ: 'UTC',
        _HANDLER: 'index.handler',
        AWS_DEFAULT_REGION: 'eu-central-1',
        AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs20.x',
        AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '256',
        AWS_LAMBDA_FUNCTION_NAME: 'hello',
        AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
        AWS_REGION: 'eu-central-1',
        SWARMLAMBDA_NODE_NAME: 'edge-a',
        SWARMLAMBDA_REGION: 'eu-central-fra',
      },
      concurrency: null,
      sourceMap: null,
      allow: [],
      limits: { logBytes: 262_144, tmpBytes: 536_870_912, fetchCount: 50, fetchBytes: 104_857_600 },
    })
  })

  test('every region shows as one that AWS has', () => {
    const aws = new Set(
      'us-east-1 us-east-2 us-west-1 us-west-2 ca-central-1 ca-west-1 mx-central-1 sa-east-1 eu-central-1 eu-central-2 eu-west-1 eu-west-2 eu-west-3 eu-south-1 eu-south-2 eu-north-1 me-central-1 me-south-1 il-central-1 af-south-1 ap-south-1 ap-southeast-1 ap-southeast-2 ap-southeast-3 ap-southeast-5 ap-east-1 ap-northeast-1 ap-northeast-2 ap-northeast-3'.split(' '),
    )
    for (const { name } of REGIONS) assert.ok(aws.has(awsRegion(name)), `${name} → ${awsRegion(name)}`)
  })
})

describe('rates', () => {
  const stats = (ok: number, error: number): Stats => ({
    requests: 0,
    invocations: 0,
    inFlight: 0,
    connections: 0,
    misses: 0,
    waiting: 0,
    refusedBusy: 0,
    refusedShare: 0,
    missQueue: { running: 0, waiting: 0, refused: 0 },
    controlQueue: { running: 0, waiting: 0, refused: 0 },
    listeners: 0,
    latency: { boundsMs: [1, 2], counts: [0, 0, 0], totalMs: 0 },
    functions: [{ name: 'a', ok, error, timeout: 0, crashed: 0, refused: 0, totalMs: 0 }],
  })

  test('over the last five seconds', () => {
    const measure = openRates()
    assert.deepEqual(measure(stats(0, 0), 0), { requestsPerSecond: 0, failuresPerSecond: 0, p50Ms: null, p99Ms: null })
    assert.deepEqual(measure(stats(100, 10), 1_000), { requestsPerSecond: 110, failuresPerSecond: 10, p50Ms: null, p99Ms: null })
    for (let second = 2; second <= 7; second++) measure(stats(100, 10), second * 1_000)
    assert.deepEqual(measure(stats(100, 10), 8_000), { requestsPerSecond: 0, failuresPerSecond: 0, p50Ms: null, p99Ms: null })
  })
  test('how long the last minute took', () => {
    const measure = openRates()
    const took = (counts: number[]): Stats => ({ ...stats(0, 0), latency: { boundsMs: [1, 2], counts, totalMs: 0 } })
    measure(took([5, 0, 0]), 0)
    const { p50Ms, p99Ms } = measure(took([15, 10, 0]), 1_000)
    assert.deepEqual([p50Ms, p99Ms], [1, 1.98])
    for (let second = 5; second <= 70; second += 5) measure(took([15, 10, 0]), second * 1_000)
    assert.equal(measure(took([15, 10, 0]), 71_000).p50Ms, null)
  })
  test('of an edge that only works for others, how long that took', () => {
    const ran = [0, 0, 0]
    const measure = openRates(() => [{ counts: ran }, { counts: [0, 1, 0] }])
    measure(stats(0, 0), 0)
    ran[1] = 10
    assert.equal(measure(stats(10, 0), 1_000).p99Ms, 1.99)
    assert.equal(measure({ ...stats(20, 0), latency: { boundsMs: [1, 2], counts: [9, 0, 0], totalMs: 0 } }, 2_000).p99Ms, 0.99)
    assert.equal(measure(stats(20, 0), 600_000).p99Ms, null)
  })
  test('never negative when a function is unloaded', () => {
    const measure = openRates()
    measure(stats(100, 0), 0)
    assert.deepEqual(measure({ ...stats(0, 0), functions: [] }, 1_000), { requestsPerSecond: 0, failuresPerSecond: 0, p50Ms: null, p99Ms: null })
  })
})

describe('gate', () => {
  test('runs as many as it may, queues as many as it may, refuses the rest', async () => {
    const gate = openGate(2, 1, 'full')
    const releases: (() => void)[] = []
    const task = (): Promise<void> => new Promise((resolve) => releases.push(resolve))
    const [first, second, third] = [gate(task), gate(task), gate(task)]
    await assert.rejects(gate(task), (error) => error instanceof SwarmError && error.code === 'TOO_MANY_REQUESTS')
    await new Promise(setImmediate)
    assert.equal(releases.length, 2)
    releases.shift()?.()
    await first
    await new Promise(setImmediate)
    assert.equal(releases.length, 2)
    for (const release of releases) release()
    await Promise.all([second, third])
    await assert.rejects(gate(() => Promise.reject(new Error('own'))), /own/)
    assert.equal(await gate(() => Promise.resolve(1)), 1)
  })
})

describe('stack', () => {
  test('closes in reverse, all of it, and throws the first error', async () => {
    const order: string[] = []
    const stack = openStack()
    stack.defer(() => void order.push('first'))
    stack.defer(() => {
      throw new Error('second')
    })
    stack.use({ [Symbol.dispose]: () => void order.push('third') })
    stack.use({ [Symbol.asyncDispose]: () => Promise.resolve(order.push('fourth')).then(() => undefined) })
    await assert.rejects(stack[Symbol.asyncDispose](), /second/)
    assert.deepEqual(order, ['fourth', 'third', 'first'])
    await stack[Symbol.asyncDispose]()
    assert.equal(order.length, 3)
  })
})

describe('round trips', () => {
  test('the quickest of the last ones, once there are enough of them to say', () => {
    const roundTrips = openRoundTrips()
    for (const rttMs of [120, null, 90, 60, 30]) roundTrips.record([{ id: 'a', rttMs }])
    assert.equal(roundTrips.of('a'), null)
    roundTrips.record([{ id: 'a', rttMs: 0.4 }])
    assert.equal(roundTrips.of('a'), 0.4)
    for (let second = 0; second < 20; second++) roundTrips.record([{ id: 'a', rttMs: 80 }])
    assert.equal(roundTrips.of('a'), 80)
    roundTrips.record([])
    assert.equal(roundTrips.of('a'), null)
  })
})
