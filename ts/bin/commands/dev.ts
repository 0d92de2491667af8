// swarmlambda dev [dir]: a mesh on this machine that follows a folder: save, and every edge has it.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import { connect, type Client } from '../../lib/client.js'
import { EDGES, openLocalMesh, type LocalMesh } from '../../lib/dev/local-mesh.js'
import { portProblem } from '../../lib/dev/ports.js'
import { openRedeploy, type Redeployed } from '../../lib/dev/redeploy.js'
import { slowLinks } from '../../lib/dev/slow-links.js'
import { watchFolder } from '../../lib/dev/watch.js'
import { SwarmError } from '../../lib/errors.js'
import { openProject } from '../../lib/project/project.js'
import type { DevSettings } from '../../lib/project/schema.js'
import { isRegion } from '../../lib/regions.js'
import type { LogLine } from '../../lib/snapshot.js'
import { withFrame } from './code-frame.js'
import { openDevKeys } from './dev-keys.js'
import { followLogs, logText } from './logs.js'
import { number, untilInterrupted, withJson } from './edge-options.js'
import { openOutput, type Output } from './output.js'

interface DevOptions {
  edges?: number
  regions?: string
  port?: number
  dnsPort: number
  latency: boolean
  state?: string
  verbose?: boolean
  json?: boolean
}

/** What happens, for people and, with --json, one a line for programs. */
export interface DevOutput extends Output {
  tell(event: string, fields: Record<string, unknown>, text: string): void
}

const DEFAULT_PORT = 8790
const MAX_EDGES = 16

export function add(program: Command): void {
  withJson(program.command('dev').description('brings up a mesh on this machine and deploys the folder to it whenever a file is saved'))
    .argument('[dir]', 'the folder, with or without swarmlambda.json', '.')
    .option('--edges <n>', 'how many, in the regions of --regions, one after the other (default: one in each)', number)
    .option('--regions <names>', 'where they are (default: us-west-sfo,us-east-iad,eu-central-fra)')
    .option('--port <port>', `of the proxy, which is where the page is; 0: any free one (default: ${DEFAULT_PORT}, or another one when that is taken)`, number)
    .option('--dns-port <port>', 'of the DNS server; 0: any free one', number, 0)
    .option('--no-latency', 'do not slow messages between regions down to what their distance costs')
    .option('--state <dir>', 'keep the mesh there; otherwise it begins empty each time')
    .option('--verbose', 'print everything the programs say')
    .action(dev)
}

async function dev(path: string, options: DevOptions): Promise<void> {
  const signal = untilInterrupted()
  const output = openDevOutput(options.json)
  const folder = resolve(path)
  const settings = await settingsOf(path, output)
  const regions = regionsOf(options, settings)
  const stateDir = options.state ?? (await mkdtemp(join(tmpdir(), 'swarmlambda-dev-')))
  const stop = new AbortController()
  const ended = AbortSignal.any([signal, stop.signal])
  output.say(output.paint.dim(`starting ${regions.length} edges in ${[...new Set(regions)].join(', ')} …`))
  try {
    await using mesh = await openLocalMesh({
      edges: regions.map((region, i) => ({ name: nameOf(i), region, port: 0 })),
      stateDir: resolve(stateDir),
      proxyPort: await freePort(options.port ?? settings.port, output),
      dnsPort: options.dnsPort,
      env: withoutOurs(process.env),
      edgeEnv: { SWARMLAMBDA_CLUSTER_ID: 'dev', SWARMLAMBDA_BOOTSTRAP: 'none' },
      onLine: (name, line, stream) => void (!options.json && (options.verbose || (stream === 'stderr' && /\b(warn|error)\b/i.test(line))) && output.say(output.paint.dim(`${name}  ${line}`))),
      onExit: (name, how) => output.tell('lost', { edge: name, how }, output.paint.red(`${name} ${how}: press r to start it again`)),
      signal: ended,
    })
    const hasLatency = options.latency && (settings.latency ?? true)
    if (hasLatency) await slowLinks(mesh.edges)
    const client = await connect(mesh.url, null)
    let functions: readonly string[] = []
    const redeploy = queued(openRedeploy(() => Promise.resolve(client), folder), async (work) => {
      functions = (await shown(work, folder, output)) ?? functions
    })
    await using watcher = watchFolder(folder, () => void redeploy())
    await watcher.ready
    await redeploy()
    ready(mesh, output)
    await using _logs = printLogs(client, output)
    await using _keys = openDevKeys({ mesh, client, folder, output, functions: () => functions, quit: () => stop.abort(), revived: async () => void (hasLatency && (await slowLinks(mesh.edges))) })
    await new Promise<void>((done) => (ended.aborted ? done() : ended.addEventListener('abort', () => done())))
    output.say(output.paint.dim('stopping …'))
  } catch (error) {
    if (!ended.aborted) throw error
  } finally {
    if (options.state === undefined) await rm(stateDir, { recursive: true, force: true })
  }
}

const openDevOutput = (json = false): DevOutput => {
  const output = openOutput(json)
  return {
    ...output,
    tell: (event, fields, text) => void process.stdout.write(json ? `${JSON.stringify({ event, ...fields })}\n` : text === '' ? '' : `${text}\n`),
  }
}

/** A file that is wrong now can be mended while dev runs. */
async function settingsOf(path: string, output: DevOutput): Promise<DevSettings> {
  try {
    return (await openProject(path)).dev
  } catch (error) {
    if (!(error instanceof SwarmError) || error.message.includes('no such file or folder')) throw error
    output.say(output.paint.red(error.message))
    return {}
  }
}

function regionsOf({ edges, regions }: DevOptions, settings: DevSettings): string[] {
  const named = regions?.split(',') ?? settings.regions ?? EDGES.map(({ region }) => region)
  const wrong = named.find((name) => !isRegion(name))
  if (wrong !== undefined) throw new SwarmError('CONFIG_INVALID', `--regions: there is no region ${JSON.stringify(wrong)}; "swarmlambda edge --help" lists them`)
  const count = edges ?? named.length
  if (!Number.isInteger(count) || count < 1 || count > MAX_EDGES) throw new SwarmError('CONFIG_INVALID', `--edges: ${count} must be from 1 to ${MAX_EDGES}`)
  return Array.from({ length: count }, (_, i) => named[i % named.length] ?? '')
}

const nameOf = (index: number): string => `edge-${String.fromCharCode('a'.charCodeAt(0) + index)}`

/** A port that was asked for has to be free; of the usual one that is taken, any other is as good. */
async function freePort(asked: number | undefined, { paint, say }: DevOutput): Promise<number> {
  const problem = await portProblem(asked ?? DEFAULT_PORT)
  if (problem === null) return asked ?? DEFAULT_PORT
  if (asked !== undefined) throw new SwarmError('ADDRESS_IN_USE', `port ${asked} is taken: end what listens there, or choose another with --port`)
  say(paint.dim(`port ${DEFAULT_PORT} is taken: another one is used`))
  return 0
}

/** The mesh is configured by this command, not by variables for other programs. */
const withoutOurs = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('SWARMLAMBDA_')))

/** One at a time; what is asked for meanwhile is done once afterwards. */
function queued<T>(work: () => Promise<T>, show: (work: () => Promise<T>) => Promise<void>): () => Promise<void> {
  let last = Promise.resolve()
  let waiting = false
  return () => {
    if (waiting) return last
    waiting = true
    last = last.then(async () => {
      waiting = false
      await show(work)
    })
    return last
  }
}

/** The functions of the folder; null: something in it is wrong. */
async function shown(work: () => Promise<Redeployed>, folder: string, output: DevOutput): Promise<string[] | null> {
  const { paint, tell } = output
  const began = performance.now()
  try {
    const { deleted, deployed, project } = await work()
    const ms = Math.round(performance.now() - began)
    for (const { edges, missing, name, revisionId } of deployed) {
      const all = missing.length === 0 ? 'every edge' : edges.join(', ')
      tell('deployed', { function: name, revisionId, edges, missing, ms }, `${paint.green('✓')} ${paint.bold(name)} is on ${all} ${paint.dim(`after ${ms} ms`)}`)
    }
    for (const name of deleted) tell('deleted', { function: name }, `${paint.yellow('−')} ${name} is deleted`)
    return project.functions.map(({ name }) => name)
  } catch (error) {
    if (!(error instanceof SwarmError)) throw error
    tell('error', { code: error.code, message: error.message }, `${await withFrame(error, folder, paint)}\n${paint.dim('what was deployed before goes on; save to try again')}`)
    return null
  }
}

function ready(mesh: LocalMesh, { paint, tell }: DevOutput): void {
  const row = (name: string, url: string, more: string): string => `  ${paint.bold(name.padEnd(12))} ${url.padEnd(30)} ${paint.dim(more)}`
  const rows = [
    row('ClusterFlow', `${mesh.url}/`, 'the mesh, live'),
    row('functions', `${mesh.url}/fn/<name>`, 'over HTTP'),
    ...mesh.edges.map(({ name, region, url }) => row(name, `${url}/`, region)),
    row('DNS', mesh.dns ?? '', 'lambda.mesh'),
  ]
  const keys = [['o', 'open'], ['t', 'invoke'], ['k', 'kill an edge'], ['r', 'revive'], ['q', 'quit']].map(([key = '', what = '']) => `${paint.bold(key)} ${what}`).join('   ')
  tell('ready', { url: mesh.url, edges: mesh.edges, dns: mesh.dns }, `\n${rows.join('\n')}\n\n  ${keys}\n`)
}

/** What functions print, from all edges. */
function printLogs(client: Client, { paint, tell }: DevOutput): AsyncDisposable {
  const stop = new AbortController()
  const onLine = (json: string): void => {
    const line = JSON.parse(json) as LogLine
    tell('log', { ...line }, logText(line, paint).trimEnd())
  }
  // What cannot be asked for is not shown: the mesh works without.
  const following = followLogs(client, new URLSearchParams(), stop.signal, { onLine, onLost: () => {} }).catch(() => {})
  return {
    async [Symbol.asyncDispose]() {
      stop.abort()
      await following
    },
  }
}
