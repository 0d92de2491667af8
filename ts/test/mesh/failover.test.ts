// Failing over between real edges, and the receipt of each: every class, every policy.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { call, events, invoke, snapshotWhere, tries, type Answer } from './harness/http.js'
import { connected, seesUp, startMesh, type MeshOfEdges } from './harness/edges.js'
import { request } from 'undici'

let mesh: MeshOfEdges
let a = ''
let b = ''

/** Runs `code` on edge-a only, answers the edge's name elsewhere. */
const onlyOnA = (code: string): string => `
  const node = process.env.SWARMLAMBDA_NODE_NAME
  exports.handler = async () => { if (node === 'edge-a') { ${code} } return node }`
/** Whatever the machine is busy with, time is not what ends it. */
const PATIENT = { timeout: 60 }
const everywhere = (code: string): string => `exports.handler = async () => { ${code} }`

/** Deployed, and known to edge-a to be on these edges: whom it asks next follows from what they told it. */
async function given(name: string, source: string, more: Record<string, unknown> = {}, on = 'edge-a,edge-b,edge-c'): Promise<void> {
  const answer = await call('POST', `${b}/functions`, { name, files: { 'index.js': source }, ...more })
  assert.equal(answer.status, 201, answer.text)
  await snapshotWhere(a, ({ functions }) => functions.some((one) => one.name === name && one.edges.join() === on))
}

function isAnswer(answer: Answer, edge: string, receipt: string): void {
  assert.equal(tries(answer), receipt, answer.text)
  assert.equal(answer.headers['x-swarm-edge'], edge)
  assert.match(answer.headers['x-swarm-tries'] ?? '', /^(edge-[abc]=\w+;\d+\.\dms(, )?)+$/)
  assert.match(answer.headers['x-amzn-requestid'] ?? '', /^[0-9a-f-]{36}$/)
}

function isOk(answer: Answer, edge: string, receipt: string): void {
  isAnswer(answer, edge, receipt)
  assert.equal(answer.status, 200)
  assert.equal(answer.text, JSON.stringify(edge))
  assert.equal(answer.headers['x-amz-function-error'], undefined)
}

before(async () => {
  mesh = await startMesh({ SWARMLAMBDA_SLOTS: '12' })
  a = mesh.url('edge-a')
  b = mesh.url('edge-b')
})
after(() => mesh[Symbol.asyncDispose]())

describe('failover to the next nearest edge', () => {
  test('error', async () => {
    await given('error', onlyOnA('throw new Error("no")'))
    isOk(await invoke(a, 'error'), 'edge-b', 'edge-a=error edge-b=ok')
    isOk(await invoke(b, 'error'), 'edge-b', 'edge-b=ok')
  })
  test('timeout', async () => {
    await given('timeout', onlyOnA('for (;;);'), { timeout: 3 })
    isOk(await invoke(a, 'timeout'), 'edge-b', 'edge-a=timeout edge-b=ok')
  })
  test('crashed', async () => {
    await given('crashed', onlyOnA('const all = []; for (;;) all.push(new Uint8Array(1 << 20).fill(1))'), { memorySize: 64, timeout: 10 })
    isOk(await invoke(a, 'crashed'), 'edge-b', 'edge-a=crashed edge-b=ok')
  })
  test('absent', async () => {
    await given('absent', `if (process.env.SWARMLAMBDA_NODE_NAME === 'edge-a') throw new Error('not here')\n${everywhere('return process.env.SWARMLAMBDA_NODE_NAME')}`, PATIENT, 'edge-b,edge-c')
    isOk(await invoke(a, 'absent'), 'edge-b', 'edge-a=absent edge-b=ok')
  })
  test('refused', async (t) => {
    // A door that opens when the test says so.
    const waiting: ServerResponse[] = []
    const door = createServer((_request, response) => void waiting.push(response)).listen(0, '127.0.0.1')
    t.after(() => { door.closeAllConnections(); door.close() })
    await once(door, 'listening')
    const through = onlyOnA(`await fetch('http://127.0.0.1:${(door.address() as AddressInfo).port}')`)
    for (const name of ['long', 'longer']) await given(name, through, { ...PATIENT, allow: ['127.0.0.1'], failover: 'never' })
    await given('refused', everywhere('return process.env.SWARMLAMBDA_NODE_NAME'))
    // A function gets three quarters of the sandboxes at the most: it takes a second one to occupy all.
    const occupied: Promise<Answer>[] = []
    for (const [name, times] of [['long', 9], ['longer', 3]] as const) {
      occupied.push(...Array.from({ length: times }, () => invoke(a, name)))
      while (waiting.length < occupied.length) await once(door, 'request')
    }
    isOk(await invoke(a, 'refused'), 'edge-b', 'edge-a=refused edge-b=ok')
    const never = await invoke(a, 'refused', {}, { 'x-swarm-failover': 'never' })
    isAnswer(never, 'edge-a', 'edge-a=refused')
    assert.equal(never.status, 429)
    assert.equal(never.headers['x-amzn-errortype'], 'TooManyRequestsException')
    assert.equal(never.headers['retry-after'], '1')
    for (const response of waiting) response.end()
    for (const answer of await Promise.all(occupied)) assert.equal(tries(answer), 'edge-a=ok')
  })
  test('a function that no edge has is not found, and every edge was asked', async () => {
    const answer = await invoke(a, 'nowhere')
    isAnswer(answer, 'edge-a', 'edge-a=absent edge-b=absent edge-c=absent')
    assert.equal(answer.status, 404)
    assert.deepEqual(answer.json, { Type: 'User', Message: 'Function not found: nowhere', message: 'Function not found: nowhere' })
    assert.equal(answer.headers['x-amzn-errortype'], 'ResourceNotFoundException')
  })
  test('the first edge\'s error is the answer when the second fails as well, and there is no third', async () => {
    await given('both', everywhere('throw new Error(process.env.SWARMLAMBDA_NODE_NAME)'))
    const answer = await invoke(a, 'both')
    isAnswer(answer, 'edge-a', 'edge-a=error edge-b=error')
    assert.equal(answer.status, 200)
    assert.equal(answer.headers['x-amz-function-error'], 'Unhandled')
    assert.equal((answer.json as { errorMessage: string }).errorMessage, 'edge-a')
  })
  test('the event, the client context and the log come from where it ran', async () => {
    await given('echo', `exports.handler = async (e, c) => { console.log('ran on', process.env.SWARMLAMBDA_NODE_NAME); if (process.env.SWARMLAMBDA_NODE_NAME === 'edge-a') throw 1; return { e, c: c.clientContext, id: c.awsRequestId } }`)
    const answer = await invoke(a, 'echo', { deep: ['ü', 1] }, { 'x-amz-log-type': 'Tail', 'x-amz-client-context': Buffer.from('{"k":"v"}').toString('base64') })
    assert.deepEqual(answer.json, { e: { deep: ['ü', 1] }, c: { k: 'v' }, id: answer.headers['x-amzn-requestid'] })
    assert.match(Buffer.from(answer.headers['x-amz-log-result'] ?? '', 'base64').toString(), /ran on edge-b/)
  })
  test('a big event and a big answer make the way there and back', async () => {
    await given('big', onlyOnA('throw 1').replace('async ()', 'async (e)').replace('return node', 'return e'))
    const event = { text: 'x'.repeat(5 * 1024 * 1024) }
    const answer = await invoke(a, 'big', event)
    assert.equal(tries(answer), 'edge-a=error edge-b=ok')
    assert.equal(answer.text.length, JSON.stringify(event).length)
  })
})

describe('policies', () => {
  test('safe: an execution that failed is not repeated, one that never started moves on', async () => {
    await given('safe-error', onlyOnA('throw new Error("no")'), { failover: 'safe' })
    isAnswer(await invoke(a, 'safe-error'), 'edge-a', 'edge-a=error')
    await given('safe-absent', `if (process.env.SWARMLAMBDA_NODE_NAME === 'edge-a') throw 1\n${everywhere('return process.env.SWARMLAMBDA_NODE_NAME')}`, { failover: 'safe' }, 'edge-b,edge-c')
    isOk(await invoke(a, 'safe-absent'), 'edge-b', 'edge-a=absent edge-b=ok')
  })
  test('never: nobody else is asked', async () => {
    await given('never-error', onlyOnA('throw new Error("no")'), { failover: 'never' })
    isAnswer(await invoke(a, 'never-error'), 'edge-a', 'edge-a=error')
  })
  test('the request\'s header wins over the function', async () => {
    isOk(await invoke(a, 'never-error', {}, { 'x-swarm-failover': 'any' }), 'edge-b', 'edge-a=error edge-b=ok')
    isAnswer(await invoke(a, 'error', {}, { 'x-swarm-failover': 'safe' }), 'edge-a', 'edge-a=error')
    isAnswer(await invoke(a, 'error', {}, { 'x-swarm-failover': 'never' }), 'edge-a', 'edge-a=error')
  })
})

describe('what others see', () => {
  test('a failover on one edge is an event on the pages of all', async () => {
    const abort = new AbortController()
    const { body } = await request(`${mesh.url('edge-c')}/events`, { signal: abort.signal })
    const stream = events(body)
    await stream.next()
    const invoked = await invoke(a, 'error')
    for await (const { data, event } of stream) {
      if (event !== 'invocation') continue
      const seen = JSON.parse(data) as { requestId: string; function: string; tries: { edge: string; class: string }[] }
      if (seen.requestId !== invoked.headers['x-amzn-requestid']) continue
      assert.deepEqual([seen.function, ...seen.tries.map((one) => `${one.edge}=${one.class}`)], ['error', 'edge-a=error', 'edge-b=ok'])
      break
    }
    abort.abort()
  })
})

// These end edges, so they are last.
describe('edges that are gone', () => {
  test('unreachable: a peer that hangs is given up for its silence, long before its time is up', async () => {
    mesh.edges['edge-b'].signal('SIGSTOP')
    isOk(await invoke(a, 'absent'), 'edge-c', 'edge-a=absent edge-b=unreachable edge-c=ok')
    mesh.edges['edge-b'].signal('SIGCONT')
    await connected(Object.values(mesh.edges))
  })
  test('unreachable: a killed peer is noticed, then not asked any more', async () => {
    await mesh.edges['edge-b'].kill()
    const answer = await invoke(a, 'absent')
    // Whether it is asked once more depends on when its silence is noticed.
    isOk(answer, 'edge-c', tries(answer).includes('edge-b') ? 'edge-a=absent edge-b=unreachable edge-c=ok' : 'edge-a=absent edge-c=ok')
    await seesUp(a, ['edge-a', 'edge-c'])
    isOk(await invoke(a, 'absent'), 'edge-c', 'edge-a=absent edge-c=ok')
    await mesh.edges['edge-c'].kill()
    await seesUp(a, ['edge-a'])
    isAnswer(await invoke(a, 'absent'), 'edge-a', 'edge-a=absent')
  })
})
