// Promise 3: a function that fails everywhere, and edges that all refuse.
import { connected, NAMES, startMesh } from '../../dist/test/mesh/harness/edges.js'
import { call, deploy, invoke } from '../../dist/test/mesh/harness/http.js'
import { load, percent } from './load.mjs'
import { setTimeout as sleep } from 'node:timers/promises'
import { within } from './within.mjs'

export const title = 'Retries stay a fifth of the load, go one hop, and no set of edges is emptied'

/** How often the function was executed on each edge. */
const executions = async (mesh, name) => {
  const counts = await Promise.all(
    NAMES.map(async (edge) => {
      const { text } = await call('GET', `${mesh.url(edge)}/metrics`)
      const lines = text.split('\n').filter((line) => line.startsWith('swarmlambda_invocations_total{') && line.includes(`function="${name}"`) && !line.includes('class="refused"'))
      return lines.reduce((sum, line) => sum + Number(line.split(' ').pop()), 0)
    }),
  )
  return counts.reduce((a, b) => a + b, 0)
}

const triesOf = ({ headers }) => String(headers['x-swarm-tries'] ?? '').split(', ').filter(Boolean)

/** Everything that 16 or so clients saw in that time. */
const during = (seconds, clients, url) =>
  within(async (use) => {
    const { samples } = use(load({ clients, of: () => ({ url }) }))
    await sleep(seconds * 1_000)
    return samples
  })

export const run = (given) => within(async (use) => retries(use(await startMesh()), given))

async function retries(mesh, { quick, say }) {
  await deploy(mesh.url('edge-a'), 'fails', 'exports.handler = async () => { throw new Error("always") }')
  await deploy(mesh.url('edge-a'), 'full', 'exports.handler = async () => { await new Promise((done) => setTimeout(done, 20)); return 1 }', { concurrency: 1 })
  await connected(Object.values(mesh.edges))

  // Under load: the floor for quiet edges (10 retries a second) is small beside it.
  const sent = await during(quick ? 3 : 15, 16, `${mesh.url('edge-a')}/2015-03-31/functions/fails/invocations`)
  const ran = await executions(mesh, 'fails')
  const extra = ran / sent.length - 1
  const unanswered = sent.filter(({ status, text }) => status !== 200 || !text.includes('always')).length
  say(`${sent.length} requests, ${ran} executions`)

  // One execution more at the most, and an edge never asks a third one for a peer.
  const longest = Math.max(...sent.map((sample) => triesOf(sample).length))

  // Every edge refuses most of it, five times in a row and more: all would be set aside.
  const answers = await during(quick ? 2 : 6, 24, `${mesh.url('edge-a')}/2015-03-31/functions/full/invocations`)
  const statuses = new Set(answers.map(({ status }) => status))
  const servedBy = new Set(answers.filter(({ status }) => status === 200).map(({ headers }) => headers['x-swarm-edge']))
  const refusals = answers.filter(({ status }) => status === 429 || status === 503)
  const told = refusals.filter(({ headers }) => headers['retry-after'] !== undefined)
  const afterwards = await Promise.all(NAMES.map((edge) => invoke(mesh.url(edge), 'full')))
  say(`${answers.length} requests of which ${refusals.length} were refused; served by ${[...servedBy].sort().join(', ')}`)
  return [
    { what: `executions beyond ${sent.length} requests of a function that always fails`, figure: percent(extra), limit: '20 %', met: extra <= (quick ? 0.3 : 0.2) && extra > 0 },
    { what: 'requests that did not get the function\'s own error', figure: unanswered, limit: '0', met: unanswered === 0 },
    { what: 'edges that one request visited', figure: longest, limit: '2', met: longest <= 2 },
    { what: 'edges that served while all refused', figure: servedBy.size, limit: '≥ 2', met: servedBy.size >= 2 },
    { what: 'refusals without Retry-After', figure: refusals.length - told.length, limit: '0', met: refusals.length === told.length && [...statuses].every((status) => [200, 429, 503].includes(status)) },
    { what: 'edges that serve right afterwards', figure: afterwards.filter(({ status }) => status === 200).length, limit: '3', met: afterwards.every(({ status }) => status === 200) },
  ]
}
