// Promise 6: how soon a deploy is everywhere, and what partitions of real edges leave behind.
import { fileURLToPath } from 'node:url'
import { startMesh } from '../../dist/test/mesh/harness/edges.js'
import { call } from '../../dist/test/mesh/harness/http.js'
import { unshareCommand } from '../../dist/test/mesh/harness/namespace.js'
import { start } from '../../dist/test/mesh/harness/processes.js'
import { returning, servedBy } from './agree.mjs'
import { ms, quantile } from './load.mjs'
import { within } from './within.mjs'

export const title = 'A deploy is everywhere at once, and every edge agrees after any partition'

const INSIDE = fileURLToPath(new URL('partitions-inside.mjs', import.meta.url))
const ALLOWED_P99_MS = 1_000

export async function run({ quick, say, seed }) {
  return [...(await within(async (use) => spread(use(await startMesh()), quick ? 10 : 300))), ...(await within((use) => apart(use, { quick, say, seed })))]
}

/** From the deploy being sent until every edge answers with it. */
async function spread(mesh, deploys) {
  const edges = Object.values(mesh.edges)
  const sent = []
  const answered = []
  for (let n = 0; n < deploys; n++) {
    const beganAt = performance.now()
    // Without it the answer itself waits until most edges say that they have it.
    await call('POST', `${edges[n % edges.length].url}/functions?wait=local`, { name: `spread-${n % 20}`, files: { 'index.js': returning(`${n}`) } })
    const answeredAt = performance.now()
    const ended = await servedBy(edges, `spread-${n % 20}`, `"${n}"`)
    sent.push(answeredAt - beganAt + ended)
    answered.push(ended)
  }
  const p99 = quantile(sent, 0.99)
  return [
    { what: `a deploy until it is invocable on all of 3 edges, ${deploys} deploys: p50`, figure: ms(quantile(sent, 0.5)), limit: '50 ms', met: deploys < 100 || quantile(sent, 0.5) <= 50 },
    { what: 'the same: p99', figure: ms(p99), limit: `${ALLOWED_P99_MS} ms`, met: deploys < 100 || p99 <= ALLOWED_P99_MS },
    { what: 'from its answer until it is invocable on all: p50, p99', figure: `${ms(quantile(answered, 0.5))}, ${ms(quantile(answered, 0.99))}`, limit: 'reported', met: Number.isFinite(p99) },
  ]
}

/** A process in namespaces of its own, that holds one for each edge. */
async function apart(use, { quick, say, seed }) {
  const unshare = unshareCommand()
  if (unshare === null) return [{ what: 'partitions', figure: 'needs root or user namespaces, and ip', limit: '', met: null }]
  const [command, ...args] = unshare
  const program = use(start(command, [...args, process.execPath, INSIDE, JSON.stringify({ quick, seed })]))
  const code = await program.exited
  const lines = program.output().split('\n')
  for (const line of lines.filter((each) => each.startsWith('say '))) say(line.slice(4))
  const rows = lines.filter((line) => line.startsWith('row ')).map((line) => JSON.parse(line.slice(4)))
  return code === 0 ? rows : [...rows, { what: 'the run in namespaces', figure: program.output().trim().split('\n').slice(-4).join(' | ').slice(0, 200), limit: 'no error', met: false }]
}
