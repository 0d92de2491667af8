// AWS Lambda's own API on a mesh of three: what is written to one edge is true on all, versions and aliases are invoked.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { zipOf } from '../bundle/zip.js'
import { startMesh, type EdgeName, type MeshOfEdges } from '../mesh/harness/edges.js'
import { call, invoke, type Answer } from '../mesh/harness/http.js'

const ROLE = 'arn:aws:iam::000000000000:role/any'
const ARN = 'arn:aws:lambda:us-east-1:000000000000:function:greet'
const zip = (n: number) => zipOf([{ name: 'index.js', content: `exports.handler = async () => { console.log("saying", ${n}); return ${n} }` }]).toString('base64')

let mesh: MeshOfEdges
before(async () => { mesh = await startMesh() })
after(async () => { await mesh[Symbol.asyncDispose]() })

const api = (edge: EdgeName, method: string, path: string, body: unknown = null) => call(method, mesh.url(edge) + path, body)
async function ok(edge: EdgeName, method: string, path: string, body: unknown = null): Promise<Record<string, unknown>> {
  const answer = await api(edge, method, path, body)
  assert.ok(answer.status < 300, `${method} ${path}: ${answer.status} ${answer.text}`)
  assert.ok(answer.headers['x-amzn-requestid'], 'no x-amzn-RequestId')
  return answer.json as Record<string, unknown>
}
/** The same answer from the others, once it has arrived there. */
async function everywhere(path: string, isThere: (json: Record<string, unknown>) => boolean): Promise<void> {
  const deadline = Date.now() + 10_000
  for (;;) {
    const [a, b, c] = await Promise.all((['edge-a', 'edge-b', 'edge-c'] as const).map(async (edge) => (await api(edge, 'GET', path)).json as Record<string, unknown>))
    if (isThere(a ?? {}) && Date.now() < deadline && JSON.stringify(a) === JSON.stringify(b) && JSON.stringify(a) === JSON.stringify(c)) return
    if (Date.now() > deadline) assert.deepEqual([b, c], [a, a])
  }
}
const executed = (answer: Answer): [unknown, string | undefined] => [answer.json, answer.headers['x-amz-executed-version']]
const qualified = (edge: EdgeName, name: string, qualifier: string) => call('POST', `${mesh.url(edge)}/2015-03-31/functions/${encodeURIComponent(name)}/invocations?Qualifier=${encodeURIComponent(qualifier)}`, {})

describe('the Lambda API', () => {
  test('creates, publishes and points aliases; every edge executes them', async () => {
    const made = await ok('edge-a', 'POST', '/2015-03-31/functions', { FunctionName: 'greet', Runtime: 'nodejs22.x', Role: ROLE, Handler: 'index.handler', Code: { ZipFile: zip(1) }, Publish: true })
    assert.deepEqual([made['Version'], made['State'], made['LastUpdateStatus'], made['FunctionArn']], ['1', 'Active', 'Successful', `${ARN}:1`])
    const two = await ok('edge-b', 'PUT', '/2015-03-31/functions/greet/code', { ZipFile: zip(2), Publish: true })
    assert.equal(two['Version'], '2')
    await ok('edge-c', 'PUT', '/2015-03-31/functions/greet/code', { ZipFile: zip(3) })
    await ok('edge-c', 'POST', '/2015-03-31/functions/greet/aliases', { Name: 'live', FunctionVersion: '1' })
    await everywhere('/2015-03-31/functions/greet/aliases', ({ Aliases }) => Array.isArray(Aliases) && Aliases.length === 1)
    await everywhere('/2015-03-31/functions/greet/versions', ({ Versions }) => Array.isArray(Versions) && Versions.length === 3)
    for (const edge of ['edge-a', 'edge-b', 'edge-c'] as const) {
      assert.deepEqual(executed(await qualified(edge, 'greet', '1')), [1, '1'])
      assert.deepEqual(executed(await qualified(edge, 'greet', '2')), [2, '2'])
      assert.deepEqual(executed(await qualified(edge, 'greet', 'live')), [1, '1'])
      assert.deepEqual(executed(await invoke(mesh.url(edge), 'greet:live')), [1, '1'])
      assert.deepEqual(executed(await invoke(mesh.url(edge), `${ARN}:2`)), [2, '2'])
      assert.deepEqual(executed(await invoke(mesh.url(edge), ARN)), [3, '$LATEST'])
    }
  })

  test('shifts an alias by weight', async () => {
    await ok('edge-a', 'PUT', '/2015-03-31/functions/greet/aliases/live', { RoutingConfig: { AdditionalVersionWeights: { 2: 0.5 } } })
    const seen = new Set<string | undefined>()
    for (let index = 0; seen.size < 2 && index < 100; index++) seen.add((await qualified('edge-a', 'greet', 'live')).headers['x-amz-executed-version'])
    assert.deepEqual([...seen].sort(), ['1', '2'])
    await ok('edge-a', 'PUT', '/2015-03-31/functions/greet/aliases/live', { FunctionVersion: '2', RoutingConfig: { AdditionalVersionWeights: {} } })
    assert.deepEqual(executed(await qualified('edge-a', 'greet', 'live')), [2, '2'])
  })

  test('keeps versions and aliases over a restart', async () => {
    await mesh.edges['edge-a'].kill()
    await mesh.restart('edge-a')
    assert.deepEqual(executed(await qualified('edge-a', 'greet', 'live')), [2, '2'])
    assert.deepEqual(executed(await qualified('edge-a', 'greet', '1')), [1, '1'])
  })

  test('answers a dry run, and the end of the log with Lambda\'s lines', async () => {
    const dry = await call('POST', `${mesh.url('edge-a')}/2015-03-31/functions/greet/invocations`, {}, { 'x-amz-invocation-type': 'DryRun' })
    assert.deepEqual([dry.status, dry.text], [204, ''])
    const absent = await call('POST', `${mesh.url('edge-a')}/2015-03-31/functions/nobody/invocations`, {}, { 'x-amz-invocation-type': 'DryRun' })
    assert.equal(absent.status, 404)
    const { headers } = await invoke(mesh.url('edge-a'), 'greet', {}, { 'x-amz-log-type': 'Tail' })
    const id = headers['x-amzn-requestid'] ?? ''
    const [start, said, end, report] = Buffer.from(headers['x-amz-log-result'] ?? '', 'base64').toString().split('\n')
    assert.equal(start, `START RequestId: ${id} Version: $LATEST`)
    assert.match(said ?? '', new RegExp(`\t${id}\tINFO\tsaying 3$`))
    assert.equal(end, `END RequestId: ${id}`)
    assert.match(report ?? '', new RegExp(`^REPORT RequestId: ${id}\tDuration: [\\d.]+ ms\tBilled Duration: \\d+ ms\tMemory Size: 128 MB\tMax Memory Used: \\d+ MB\t$`))
  })

  test('says what is wrong as AWS does', async () => {
    for (const [method, path, body, status, type] of [
      ['POST', '/2015-03-31/functions', { FunctionName: 'greet', Runtime: 'nodejs22.x', Role: ROLE, Handler: 'index.handler', Code: { ZipFile: zip(1) } }, 409, 'ResourceConflictException'],
      ['POST', '/2015-03-31/functions', { FunctionName: 'bad', Runtime: 'nodejs22.x', Role: ROLE, Handler: 'index.handler', Code: { ZipFile: 'AAAA' } }, 400, 'InvalidParameterValueException'],
      ['PUT', '/2015-03-31/functions/greet/code', { ZipFile: zip(4), RevisionId: 'old' }, 412, 'PreconditionFailedException'],
      ['GET', '/2015-03-31/functions/nobody', null, 404, 'ResourceNotFoundException'],
      ['GET', '/2015-03-31/functions/greet?Qualifier=99', null, 404, 'ResourceNotFoundException'],
      ['GET', '/2015-03-31/functions/a%20b', null, 400, 'InvalidParameterValueException'],
      ['DELETE', '/2015-03-31/functions/greet?Qualifier=2', null, 409, 'ResourceConflictException'],
      ['POST', '/2018-10-31/layers/x/versions', {}, 400, 'InvalidParameterValueException'],
    ] as const) {
      const answer = await api('edge-b', method, path, body)
      assert.deepEqual([answer.status, answer.headers['x-amzn-errortype']], [status, type], `${method} ${path}: ${answer.text}`)
    }
    assert.equal((await qualified('edge-a', 'greet', '99')).status, 404)
    assert.equal((await qualified('edge-a', 'greet', 'nope')).status, 404)
  })

  test('deletes the function with its versions and aliases', async () => {
    // As modelled, the only deletion that is.
    assert.equal((await api('edge-c', 'DELETE', '/2015-03-31/functions/greet')).status, 200)
    await everywhere('/2015-03-31/functions', ({ Functions }) => Array.isArray(Functions) && Functions.length === 0)
    for (const qualifier of ['1', 'live', '$LATEST']) assert.equal((await qualified('edge-c', 'greet', qualifier)).status, 404, qualifier)
  })
})
