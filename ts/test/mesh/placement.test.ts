// Functions that are on some edges only: the others pass invocations on, and take over when nobody has them.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { connected, seesUp, startMesh, type MeshOfEdges } from './harness/edges.js'
import { call, deploy, invoke, snapshotWhere, tries } from './harness/http.js'

let mesh: MeshOfEdges
let a = ''

before(async () => {
  mesh = await startMesh()
  a = mesh.url('edge-a')
})
after(() => mesh[Symbol.asyncDispose]())

const SOURCE = 'exports.handler = async () => process.env.SWARMLAMBDA_NODE_NAME'
const heldBy = (url: string, name: string, edges: string): ReturnType<typeof snapshotWhere> =>
  snapshotWhere(url, ({ functions }) => functions.some((one) => one.name === name && one.edges.join() === edges))

test('a function of a region is loaded there only, and asked for there at once', { timeout: 60_000 }, async () => {
  const answer = await deploy(a, 'european', SOURCE, { regions: ['eu'] })
  assert.equal(answer.status, 201, answer.text)
  const { edges, regions } = answer.json as { edges: string[]; regions: string[] }
  assert.deepEqual([edges, regions], [['edge-c'], ['eu']])
  const passedOn = await invoke(a, 'european')
  assert.deepEqual([passedOn.text, tries(passedOn)], ['"edge-c"', 'edge-a=absent edge-c=ok'])
  assert.equal(tries(await invoke(mesh.url('edge-c'), 'european')), 'edge-c=ok')
})

test('a number of replicas is kept', { timeout: 60_000 }, async () => {
  const answer = await deploy(a, 'two', SOURCE, { replicas: 2 })
  assert.equal((answer.json as { edges: string[] }).edges.length, 2, answer.text)
  // Whom an edge asks follows from what the others told it.
  for (const { url } of Object.values(mesh.edges)) await snapshotWhere(url, ({ functions }) => functions.some(({ edges, name }) => name === 'two' && edges.length === 2))
  for (const { url } of Object.values(mesh.edges)) assert.match(tries(await invoke(url, 'two')), /^(edge-\w=absent )?edge-\w=ok$/)
  await deploy(a, 'two', SOURCE, { replicas: 3 })
  await heldBy(a, 'two', 'edge-a,edge-b,edge-c')
  await deploy(a, 'two', SOURCE, { replicas: 1 })
  await snapshotWhere(a, ({ functions }) => functions.some(({ edges, name }) => name === 'two' && edges.length === 1))
})

test('a placement that is none is refused', async () => {
  for (const given of [{ regions: ['EU '] }, { regions: 'eu' }, { replicas: 0 }, { replicas: 1.5 }]) {
    const answer = await deploy(a, 'bad', SOURCE, given)
    assert.equal(answer.status, 400, answer.text)
    assert.match(answer.text, /regions|replicas/)
  }
})

test('when nobody of the placement is there the edge that is asked loads it, until they are back', { timeout: 90_000 }, async () => {
  await mesh.edges['edge-c'].kill()
  await seesUp(a, ['edge-a', 'edge-b'])
  const answer = await invoke(a, 'european')
  assert.deepEqual([answer.status, answer.text, tries(answer)], [200, '"edge-a"', 'edge-a=absent edge-a=ok'])
  await mesh.restart('edge-c')
  await connected(Object.values(mesh.edges))
  await heldBy(a, 'european', 'edge-c')
  assert.equal(tries(await invoke(a, 'european')), 'edge-a=absent edge-c=ok')
  assert.equal((await call('DELETE', `${a}/functions/european`)).status, 204)
})
