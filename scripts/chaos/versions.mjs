// Promise 8: a peer with the key that sends nonsense, and an older version of the software beside this one.
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { access, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { connected, startEdge, startProxy } from '../../dist/test/mesh/harness/edges.js'
import { call, deploy, invoke } from '../../dist/test/mesh/harness/http.js'
import { ROOT, runToEnd, start } from '../../dist/test/mesh/harness/processes.js'
import { openFolder, returning, servedBy } from './agree.mjs'
import { load, ms, quantile } from './load.mjs'
import { within } from './within.mjs'

export const title = 'What a peer sends stops nothing; two versions run side by side'

/** Before keys could be rotated, functions placed, or requests made again. */
const OLD = '61217f3'
const POISON = fileURLToPath(new URL('poison.mjs', import.meta.url))
const NAMES = ['edge-a', 'edge-b', 'edge-c']

export async function run({ quick, say, seed }) {
  return [...(await within((use) => poisoned(use, { quick, say, seed }))), ...(quick ? [] : await within((use) => sideBySide(use, say)))]
}

async function poisoned(use, { quick, say, seed }) {
  const { path: folder } = use(await openFolder())
  const key = randomBytes(32).toString('hex')
  const env = { SWARMLAMBDA_CLUSTER_KEY: key }
  const edges = await Promise.all(NAMES.slice(0, 2).map(async (name) => use(await startEdge({ name, folder, env }))))
  const [a, b] = edges
  await connected(edges)
  await deploy(a.url, 'hello', returning('hello'))
  const { id } = (await call('GET', `${a.url}/cluster`)).json.edges.find(({ name }) => name === 'edge-a')
  const port = Number(/transport is open port=(\d+)/.exec(a.output())?.[1])
  const clients = load({ clients: 2, pauseMs: 5, of: (n) => ({ url: `${edges[n % 2].url}/2015-03-31/functions/hello/invocations` }) })
  const poison = use(start(process.execPath, [POISON, JSON.stringify({ connections: quick ? 12 : 400, id, key, port, seed })]))
  await poison.exited
  await clients[Symbol.asyncDispose]()
  const sent = Number(/^sent (\d+)$/m.exec(poison.output())?.[1] ?? 0)
  if (sent === 0) say(poison.output().slice(0, 400))
  const got = (a.output().match(/peer connected peer=poison-/g) ?? []).length
  const failed = clients.samples.filter(({ status }) => status !== 200).length
  const lost = edges.filter((edge) => /peer lost peer=edge-/.test(edge.output())).length
  await deploy(b.url, 'after', returning('after'))
  const after = await servedBy(edges, 'after', '"after"')
  const restarted = edges.filter((edge) => edge.output().split('is ready on').length !== 2).length
  return [
    { what: `frames and packets of a peer with the key, on ${got} connections that were let in`, figure: sent, limit: '> 0', met: sent > 0 && got > 0 },
    { what: 'edges that ended, or were opened again', figure: restarted, limit: '0', met: restarted === 0 },
    { what: 'edges that lost each other meanwhile', figure: lost, limit: '0', met: lost === 0 },
    { what: `hello that failed, of ${clients.samples.length}; p99`, figure: `${failed}, ${ms(quantile(clients.samples.map((sample) => sample.ms), 0.99))}`, limit: '0', met: failed === 0 },
    { what: 'a deploy afterwards is served by all', figure: ms(after), limit: 'it is', met: after !== Infinity },
  ]
}

/** A build of an earlier commit, made once; null: its history is not here. */
async function older(say) {
  const folder = join(ROOT, '.build', 'old')
  const git = (...args) => promisify(execFile)('git', args, { cwd: ROOT })
  if (await access(join(folder, 'dist/bin/edge.js')).then(() => true, () => false)) return folder
  if (await git('cat-file', '-e', `${OLD}^{commit}`).then(() => false, () => true)) return null
  say(`builds ${OLD}, which takes minutes`)
  await git('worktree', 'prune')
  await git('worktree', 'add', '--force', '--detach', folder, OLD)
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  const { code, output } = await runToEnd(process.execPath, ['scripts/build.mjs', 'native', 'engine', 'ts'], { cwd: folder, timeoutMs: 30 * 60_000 })
  if (code !== 0) throw new Error(`the older version does not build: ${output.slice(-400)}`)
  return folder
}

async function sideBySide(use, say) {
  const root = await older(say)
  if (root === null) return [{ what: 'two versions', figure: `needs commit ${OLD}`, limit: '', met: null }]
  const { path: folder } = use(await openFolder())
  const edges = new Map()
  use({ [Symbol.asyncDispose]: async () => { await Promise.all([...edges.values()].map((edge) => edge.kill())) } })
  const begin = async (name, given) => edges.set(name, await startEdge({ name, folder, port: edges.get(name)?.port ?? 0, ...given }))
  const all = () => [...edges.values()]
  await Promise.all(NAMES.map((name) => begin(name, { root })))
  await connected(all())
  await deploy(edges.get('edge-a').url, 'hello', returning('hello'))
  const problems = []
  let deploys = 0
  let passedOn = 0
  const check = async (stage) => {
    await connected(all(), 60_000)
    for (const edge of all()) {
      const text = `${stage} by ${edge.name}`
      const answer = await deploy(edge.url, 'moving', returning(text))
      if (answer.status >= 300) problems.push(`${stage}: ${edge.name} refuses a deploy: ${answer.status} ${answer.text.slice(0, 120)}`)
      // An older edge may not be able to load what a newer one bundled: then it passes the call on.
      if ((await servedBy(all(), 'moving', `"${text}"`, 20_000, {})) === Infinity) problems.push(`${stage}: not all answer with what ${edge.name} deploys`)
      if ((await servedBy(all(), 'moving', `"${text}"`, 2_000)) === Infinity) passedOn += 1
      deploys += 1
    }
  }
  await check('old')
  // With fields that the old one does not know: kept by it for the others, over its restart too.
  const proxy = use(await startProxy(all(), { SWARMLAMBDA_LOG: 'warn' }))
  const clients = load({ clients: 4, pauseMs: 5, of: () => ({ url: `${proxy.url}/2015-03-31/functions/hello/invocations` }) })
  for (const [index, name] of NAMES.entries()) {
    if ((await edges.get(name).stop()) !== 0) problems.push(`${name} does not stop`)
    await begin(name, {})
    await check(`${index + 1} of 3 are new`)
    if (index === 0) await deploy(edges.get(name).url, 'placed', returning('placed'), { replicas: 2, regions: ['us', 'eu'] })
  }
  await clients[Symbol.asyncDispose]()
  const failed = clients.samples.filter(({ status }) => status !== 200)
  const { json } = await call('GET', `${edges.get('edge-c').url}/functions/placed`)
  const kept = json?.replicas === 2 && json.regions?.join() === 'us,eu'
  // And back: what the new ones wrote, the old one takes.
  await edges.get('edge-b').stop()
  await begin('edge-b', { root })
  await check('one went back')
  const last = await invoke(edges.get('edge-b').url, 'hello')
  for (const problem of problems.slice(0, 5)) say(problem)
  return [
    { what: `problems while ${OLD} and this version run side by side, three upgraded one by one, one taken back`, figure: problems.length, limit: '0', met: problems.length === 0 },
    { what: `deploys that not every edge could load itself, of ${deploys}: an older one passes calls of a newer bundle on`, figure: passedOn, limit: 'reported', met: true },
    { what: `hello that failed meanwhile, of ${clients.samples.length}`, figure: failed.length, limit: '0', met: failed.length === 0 },
    { what: 'settings that the older version does not know are kept by it', figure: kept ? 'yes' : JSON.stringify(json).slice(0, 80), limit: 'yes', met: kept },
    { what: 'the one that went back serves', figure: last.text, limit: '"hello"', met: last.text === '"hello"' },
  ]
}
