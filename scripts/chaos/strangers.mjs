// Promise 9: a flood of strangers at one edge, beside a client that invokes hello.
import { randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { setTimeout as sleep } from 'node:timers/promises'
import { connected, startMesh } from '../../dist/test/mesh/harness/edges.js'
import { call, deploy } from '../../dist/test/mesh/harness/http.js'
import { start } from '../../dist/test/mesh/harness/processes.js'
import { residentMb, returning } from './agree.mjs'
import { load, ms, quantile } from './load.mjs'
import { within } from './within.mjs'

export const title = 'Strangers learn nothing and slow nothing'

const FLOOD = fileURLToPath(new URL('flood.mjs', import.meta.url))
const CALM_MS = 10_000

export const run = (given) => within(async (use) => strangers(use, use(await startMesh()), given))

async function strangers(use, mesh, { quick, say }) {
  const count = quick ? 150 : 10_000
  const [a] = Object.values(mesh.edges)
  await deploy(a.url, 'hello', returning('hello'))
  const { edges } = (await call('GET', `${a.url}/cluster`)).json
  const { id } = edges.find(({ name }) => name === a.name)
  const port = Number(/transport is open port=(\d+)/.exec(a.output())?.[1])
  const hello = () => load({ clients: 2, pauseMs: 5, of: () => ({ url: `${a.url}/2015-03-31/functions/hello/invocations` }) })
  const during = async (body) => {
    const clients = hello()
    await body()
    await clients[Symbol.asyncDispose]()
    return clients.samples
  }
  const p99 = (samples) => quantile(samples.map((sample) => sample.ms), 0.99)

  await during(() => sleep(1_000))
  // Beside a process that computes as much as the flood may, so that the machine is not what is measured.
  const calm = await within(async (use) => {
    use(start(process.execPath, ['-e', 'for (;;);']))
    return during(() => sleep(quick ? 1_000 : CALM_MS))
  })
  const before = await residentMb(a.pid)
  const flood = use(start(process.execPath, [FLOOD, JSON.stringify({ count, host: '127.0.0.1', id, key: randomBytes(32).toString('hex'), port })]))
  const beganAt = performance.now()
  const flooded = await during(() => flood.exited)
  const took = performance.now() - beganAt
  const after = await residentMb(a.pid)
  const { opened } = JSON.parse(flood.output().split('\n').find((line) => line.startsWith('{')) ?? '{"opened":0}')
  say(`${opened} of ${count} connections were opened, in ${(took / 1_000).toFixed(0)} s; hello: ${calm.length} and ${flooded.length} invocations`)
  await connected(Object.values(mesh.edges))
  const failed = [...calm, ...flooded].filter(({ status }) => status !== 200).length
  const lost = Object.values(mesh.edges).filter((edge) => edge.output().includes('peer lost')).length
  const rise = p99(flooded) / p99(calm)
  return [
    { what: `p99 of hello beside a process that computes, and beside ${count} strangers`, figure: `${ms(p99(calm))}, ${ms(p99(flooded))} (${rise.toFixed(2)} ×)`, limit: '2 ×', met: quick || rise <= 2 },
    { what: 'hello that failed', figure: failed, limit: '0', met: failed === 0 },
    { what: 'edges that lost a peer meanwhile', figure: lost, limit: '0', met: quick || lost === 0 },
    { what: 'connections that got so far as to have to prove something', figure: opened, limit: '> 0', met: opened > 0 },
    { what: 'memory of the edge before and after', figure: `${before.toFixed(0)} and ${after.toFixed(0)} MB`, limit: '+ 100 MB', met: after - before < 100 },
  ]
}
