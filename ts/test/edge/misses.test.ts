import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { describe, test } from 'node:test'
import { decodeInvoke, decodeOutcome, encodeInvoke, encodeOutcome } from '../../lib/edge/frames.js'
import { openMisses } from '../../lib/edge/misses.js'
import { SwarmError } from '../../lib/errors.js'
import { SILENT } from '../../lib/log.js'
import type { InvokeRequest, MissRequest, Outcome } from '../../lib/native.js'
import { UnreachableError } from '../../lib/p2p/rpc.js'
import type { PeerStatus } from '../../lib/p2p/status.js'
import type { Handler, MeshEvents, Peer } from '../../lib/p2p/types.js'
import type { InvocationEvent } from '../../lib/snapshot.js'

const outcome = (kind: Outcome['class'], payload = '{}'): Outcome => ({ class: kind, payload: Buffer.from(payload), logs: Buffer.alloc(0), ms: 1, memoryMb: 1 })
const request = (local: Outcome, given: Partial<MissRequest> = {}): MissRequest => ({
  name: 'f',
  qualifier: null,
  requestId: 'id',
  payload: Buffer.from('{"a":1}'),
  clientContext: null,
  failover: null,
  once: null,
  origin: null,
  local,
  ...given,
})

type Answer = (call: InvokeRequest) => Promise<Outcome>

/** edge-a in San Francisco with peers that answer as told. */
function open(peers: Record<string, { region: string; answer: Answer; lacks?: boolean }>) {
  const events = new EventEmitter<MeshEvents>()
  const failovers: InvocationEvent[] = []
  const asked: { edge: string; call: InvokeRequest; timeoutMs: number }[] = []
  let handler: Handler | null = null
  let draining = false
  const status = (lacks: boolean): PeerStatus => ({
    name: '', region: '', url: '', version: '', arch: '', startedAt: 0, state: 'up', requestsPerSecond: 0, failuresPerSecond: 0, inFlight: 0,
    registrySeq: 0, functions: lacks ? 0 : 1, loaded: lacks ? {} : { f: 'r1' }, links: [],
  })
  const connected = (): Peer[] =>
    Object.entries(peers).map(([name, { answer, lacks, region }]) => ({
      id: name,
      name,
      region,
      status: status(lacks === true),
      rttMs: 0.2,
      connectedAt: 0,
      host: '127.0.0.1',
      async request(_method, payload, { timeoutMs }) {
        const call = decodeInvoke(payload, timeoutMs, 'edge-a')
        asked.push({ edge: name, call, timeoutMs })
        return encodeOutcome(await answer(call))
      },
      send: () => undefined,
    }))
  const misses = openMisses({
    want: () => Promise.resolve(false),
    once: { run: (_request, execute) => execute() },
    place: { name: 'edge-a', region: 'us-west-sfo' },
    engine: { invoke: (call) => Promise.resolve(outcome('ok', JSON.stringify({ here: call.payload.toString(), left: (call.remainingMs ?? 0) > 0 }))) },
    mesh: { events, peers: connected, handle: (_method, given) => { handler = given } },
    registry: { get: () => null },
    isDraining: () => draining,
    onFailover: (event) => failovers.push(event),
    clock: Date.now,
    log: SILENT,
  })
  const call = async (): Promise<Outcome> => {
    assert.ok(handler)
    const [peer] = connected()
    assert.ok(peer)
    const frame = encodeInvoke({ name: 'f', requestId: 'id', clientContext: null, payload: Buffer.from('1'), origin: null })
    return decodeOutcome(await handler(frame, { peer, signal: new AbortController().signal, deadlineMs: Date.now() + 1_000 }))
  }
  return { misses, failovers, asked, call, drain: () => { draining = true } }
}

const answers = (kind: Outcome['class']): Answer => () => Promise.resolve(outcome(kind, `"${kind}"`))
const fails = (error: Error): Answer => () => Promise.reject(error)

describe('misses', () => {
  test('asks the nearest peer that has it, with the event as it came, and tells of the failover', async () => {
    const { asked, failovers, misses } = open({
      'edge-c': { region: 'eu-central-fra', answer: answers('ok') },
      'edge-b': { region: 'us-east-iad', answer: answers('ok') },
      'edge-d': { region: 'us-west-lax', answer: answers('ok'), lacks: true },
    })
    const result = await misses.onMiss(request(outcome('absent'), { clientContext: '{"x":1}' }))
    assert.equal(result.edge, 'edge-b')
    assert.equal(result.outcome?.payload.toString(), '"ok"')
    assert.deepEqual(result.tries.map(({ edge, class: kind }) => [edge, kind]), [['edge-b', 'ok']])
    assert.deepEqual(asked.map(({ edge, call }) => [edge, call.payload.toString(), call.clientContext, call.requestId]), [['edge-b', '{"a":1}', '{"x":1}', 'id']])
    assert.deepEqual(failovers.map(({ tries }) => tries.map(({ edge }) => edge)), [['edge-a', 'edge-b']])
  })

  const broken: [string, Error, string][] = [
    ['a peer that is gone is unreachable', new UnreachableError('gone', false), 'unreachable'],
    ['a connection lost on the way is unreachable', new UnreachableError('lost', true), 'unreachable'],
    ['a peer that does not answer in time', new SwarmError('DEADLINE', 'late'), 'timeout'],
    ['a peer with too many calls refuses', new SwarmError('TOO_MANY_REQUESTS', 'busy'), 'refused'],
    ['a peer that closes refuses', new SwarmError('CLOSED', 'closing'), 'refused'],
    ['a peer that is still starting refuses', new SwarmError('NOT_FOUND', 'no method'), 'refused'],
    ['an answer nobody understands is unreachable', new SwarmError('INVALID_REQUEST', 'malformed frame'), 'unreachable'],
    ['an answer above the limit is an error', new SwarmError('TOO_LARGE', 'big'), 'error'],
  ]
  for (const [name, error, kind] of broken) {
    test(`${name}: ${kind}, and the next is asked`, async () => {
      const { misses } = open({ 'edge-b': { region: 'us-east-iad', answer: fails(error) }, 'edge-c': { region: 'eu-central-fra', answer: answers('ok') } })
      const { edge, tries } = await misses.onMiss(request(outcome('absent')))
      assert.equal(edge, 'edge-c')
      assert.deepEqual(tries.map((one) => `${one.edge}=${one.class}`), [`edge-b=${kind}`, 'edge-c=ok'])
    })
  }

  test('safe: what may have run on the peer that was lost is not run again', async () => {
    for (const [sent, expected] of [[true, 'edge-b=unreachable'], [false, 'edge-b=unreachable edge-c=ok']] as const) {
      const { misses } = open({ 'edge-b': { region: 'us-east-iad', answer: fails(new UnreachableError('lost', sent)) }, 'edge-c': { region: 'eu-central-fra', answer: answers('ok') } })
      const { tries } = await misses.onMiss(request(outcome('absent'), { failover: 'safe' }))
      assert.equal(tries.map((one) => `${one.edge}=${one.class}`).join(' '), expected)
    }
  })

  test('a peer that keeps failing is asked last for a while', async () => {
    const { asked, misses } = open({ 'edge-b': { region: 'us-east-iad', answer: fails(new UnreachableError('gone', false)) }, 'edge-c': { region: 'eu-central-fra', answer: answers('ok') } })
    for (let turn = 0; turn < 7; turn++) await misses.onMiss(request(outcome('absent')))
    assert.deepEqual(asked.slice(-2).map(({ edge }) => edge), ['edge-c', 'edge-c'])
  })

  test('each further try has less time than the one before', async () => {
    const slow: Answer = async () => {
      await new Promise((resolve) => setTimeout(resolve, 20))
      return outcome('absent')
    }
    const { asked, misses } = open({ 'edge-b': { region: 'us-east-iad', answer: slow }, 'edge-c': { region: 'eu-central-fra', answer: slow } })
    const local = { ...outcome('absent'), ms: 119_000 }
    await misses.onMiss(request(local))
    const [first, second] = asked
    assert.ok(first && second && first.timeoutMs <= 2_000 && second.timeoutMs <= first.timeoutMs - 19, `${first?.timeoutMs} ${second?.timeoutMs}`)
  })

  test('a version that no edge has is asked of nobody', async () => {
    const { asked, misses } = open({ 'edge-b': { region: 'us-east-iad', answer: answers('ok') } })
    assert.equal((await misses.onMiss(request(outcome('absent'), { qualifier: '7' }))).outcome?.class, 'absent')
    assert.equal(asked.length, 0)
    assert.equal((await misses.onMiss(request(outcome('absent'), { qualifier: '$LATEST' }))).outcome?.class, 'ok')
  })

  test('what a peer sends runs here, in the time it has left; not while draining', async () => {
    const { call, drain } = open({ 'edge-b': { region: 'us-east-iad', answer: answers('ok') } })
    assert.deepEqual(JSON.parse((await call()).payload.toString()), { here: '1', left: true })
    drain()
    assert.equal((await call()).class, 'refused')
  })
})
