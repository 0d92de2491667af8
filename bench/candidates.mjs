// Who is compared: SwarmLambda, and peers that answer the same calls with the same functions. Peers come from their registries
// by bench/peers/package-lock.json and live in .build/bench; one that can't be had is left out, and said so.
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { build } from 'esbuild'
import { deploy } from '../scripts/lib/cluster.mjs'
import { at, ROOT } from '../scripts/lib/paths.mjs'
import { run } from '../scripts/lib/run.mjs'
import { say, Stop } from '../scripts/lib/terminal.mjs'
import { lastOf } from './figures.mjs'

const FOLDER = at('.build/bench')
const PEERS = join(FOLDER, 'peers')
const FUNCTIONS = join(FOLDER, 'functions')

/** Installs the peers unless the lockfile's are there; false: not possible here. */
export const installPeers = async () => {
  const lock = await readFile(at('bench/peers/package-lock.json'), 'utf8')
  if ((await readFile(join(PEERS, '.installed'), 'utf8').catch(() => '')) === lock) return true
  say('peers', 'npm ci in .build/bench/peers')
  await mkdir(PEERS, { recursive: true })
  for (const file of ['package.json', 'package-lock.json']) await cp(at(`bench/peers/${file}`), join(PEERS, file))
  const { code, output } = await run('npm', ['ci', '--no-audit', '--no-fund', '--prefix', PEERS], { collect: true })
  if (code !== 0) {
    say('peers', `cannot be installed: ${output.trim().split('\n').at(-1)}`)
    return false
  }
  await writeFile(join(PEERS, '.installed'), lock)
  return true
}

/** Development builds of the renderers, and a schema library: more than 1 MB of source that stays in use. */
const LIBRARY = `
import * as server from 'react-dom/server.browser'
import * as client from 'react-dom/client'
import * as z from 'zod'
const libraries = [server, client, z]
export const handler = async (e) => ({ ok: libraries.length === 3, e })
`

/** Every function as one file, the same for all: { name: source }. `peers`: they are installed, and with them the Markdown renderer. */
export const bundleFunctions = async (peers) => {
  await mkdir(FUNCTIONS, { recursive: true })
  const sources = {}
  const bundle = async (name, input) => {
    const options = { bundle: true, write: false, format: 'cjs', platform: 'browser', logLevel: 'error', define: { 'process.env.NODE_ENV': '"development"' } }
    const { outputFiles } = await build({ ...options, nodePaths: [join(PEERS, 'node_modules')], ...input })
    sources[name] = outputFiles[0].text
    await writeFile(join(FUNCTIONS, `${name}.cjs`), sources[name])
  }
  for (const file of await readdir(at('bench/functions'))) {
    if (file === 'markdown.js' && !peers) continue
    await bundle(file.slice(0, -3), { entryPoints: [at(`bench/functions/${file}`)] })
  }
  await bundle('library', { stdin: { contents: LIBRARY, resolveDir: ROOT }, treeShaking: false })
  return sources
}

export const EDGE = 'SwarmLambda, a fresh sandbox each time'
export const EVENT = '{"name":"world"}'
export const pathOf = (name) => `/2015-03-31/functions/${name}/invocations`
export const only = (candidates, ...keys) => Object.fromEntries(Object.entries(candidates).filter(([key]) => keys.includes(key)))

/** Starts an edge that is alone, with one thread for requests; its pid and address. `env`: more variables. */
export const startEdge = (children, stateDir, command, env = {}) =>
  children.start({
    name: 'edge',
    script: 'bin/edge.js',
    env: {
      SWARMLAMBDA_NODE_NAME: 'bench', SWARMLAMBDA_CLUSTER_ID: 'bench', SWARMLAMBDA_HTTP_PORT: '0',
      SWARMLAMBDA_STATE_DIR: `${stateDir}/bench`, SWARMLAMBDA_BOOTSTRAP: 'none', SWARMLAMBDA_THREADS: '1', ...env,
    },
    command,
  })

const workerdProgram = () => join(PEERS, 'node_modules/@cloudflare', `workerd-${process.platform}-${process.arch === 'x64' ? '64' : process.arch}`, 'bin/workerd')

/** How each peer is started; `needs`: it is one of those that are installed. */
const peersOf = (pin) => {
  const under = pin.server.slice(0, -1)
  const program = (name) => join(PEERS, 'node_modules/.bin', name)
  return {
    uws: { what: 'uWebSockets.js, one process for all', script: 'uwebsockets', command: pin.server },
    node: { what: 'node:http, one process for all', script: 'node-http', command: pin.server },
    bun: { what: 'Bun, one process for all', script: 'bun', command: [...under, program('bun')], needs: true },
    deno: { what: 'Deno, one process for all', script: 'deno', command: [...under, program('deno'), 'run', '--allow-all', '--no-config'], needs: true },
    workerd: { what: 'workerd, one isolate for all', script: 'workerd', command: pin.server, needs: true },
    offline: { what: 'serverless-offline, a thread for each function', script: 'serverless-offline', command: pin.server, needs: true },
  }
}

/** `{ key: { what, pid, address } }` of those of `wanted` that start; an edge first, with every function deployed. */
export const startCandidates = async ({ children, installed, pin, sources, stateDir, wanted }) => {
  const edge = await startEdge(children, join(stateDir, 'candidate'), pin.server)
  for (const [name, source] of Object.entries(sources)) await deploy(edge.address, name, source)
  const found = { edge: { what: EDGE, ...edge } }
  const scratch = join(stateDir, 'scratch')
  await mkdir(scratch, { recursive: true })
  const env = { BENCH_FUNCTIONS: FUNCTIONS, BENCH_PEERS: PEERS, BENCH_SCRATCH: scratch, BENCH_WORKERD: workerdProgram() }
  for (const [key, { command, needs, script, what }] of Object.entries(peersOf(pin))) {
    if (!wanted.has(key) || (needs && !installed)) continue
    say('peers', what)
    try {
      const { address, pid } = await children.start({ name: key, script: `bench/peers/${script}.mjs`, env, command })
      found[key] = { what, address, pid: await lastOf(pid) }
    } catch (error) {
      say('peers', `${what}: left out, because it does not start: ${error.message.split('\n').slice(0, 3).join(' ')}`)
    }
  }
  return found
}

/** Fails early and clearly when a candidate does not answer as the edge does. */
export const check = async (candidates, name, body) => {
  let expected
  for (const { address, what } of Object.values(candidates)) {
    const response = await fetch(address + pathOf(name), { method: 'POST', headers: { 'content-type': 'application/json' }, body, signal: AbortSignal.timeout(30_000) })
    const text = await response.text()
    expected ??= text
    if (!response.ok || text !== expected) throw new Stop(`${name}: ${what} answers ${response.status} ${text.slice(0, 200)}, the edge ${expected.slice(0, 200)}`)
  }
}
