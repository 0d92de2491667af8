// Edges and proxies of a test: free ports, a folder of their own, no internet.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { snapshotWhere } from './http.js'
import { start, type Program } from './processes.js'

export const REGION = { 'edge-a': 'us-west-sfo', 'edge-b': 'us-east-iad', 'edge-c': 'eu-central-fra' } as const
export type EdgeName = keyof typeof REGION
export const NAMES: readonly EdgeName[] = ['edge-a', 'edge-b', 'edge-c']

export interface Edge extends Program {
  readonly name: string
  readonly url: string
  readonly port: number
}

export interface EdgeGiven {
  name: string
  region?: string
  /** Of the mesh: holds the key and the state directories. */
  folder: string
  port?: number
  env?: Record<string, string>
  /** Where another build of it is, instead of this one. */
  root?: string
  /** What runs it: `ip netns exec …`, say. */
  by?: readonly string[]
}

/** Resolves when it is ready. */
export async function startEdge({ by = [], env, folder, name, port, region, root }: EdgeGiven): Promise<Edge> {
  const stateDir = join(folder, name)
  const [command = process.execPath, ...args] = [...by, process.execPath, 'bin/edge.js']
  const program = start(command, args, {
    ...(root !== undefined && { cwd: root }),
    env: {
      SWARMLAMBDA_NODE_NAME: name,
      SWARMLAMBDA_REGION: region ?? REGION[name as EdgeName],
      SWARMLAMBDA_HTTP_PORT: String(port ?? 0),
      SWARMLAMBDA_STATE_DIR: stateDir,
      SWARMLAMBDA_BOOTSTRAP: 'none',
      SWARMLAMBDA_LOG: 'debug',
      ...env,
    },
  })
  const url = await readyOn(program)
  return Object.assign(program, { name, url, port: Number(new URL(url).port) })
}

export interface MeshOfEdges extends AsyncDisposable {
  readonly folder: string
  /** By name; replaced by {@link MeshOfEdges.restart}. */
  readonly edges: Record<EdgeName, Edge>
  /** Starts it again, on its port and with its state. */
  restart(name: EdgeName): Promise<Edge>
  /** The url of an edge. */
  url(name: EdgeName): string
}

/** edge-a, edge-b and edge-c, started together, connected to each other. */
export async function startMesh(env: Record<string, string> = {}): Promise<MeshOfEdges> {
  const folder = await mkdtemp(join(tmpdir(), 'swarm-'))
  const [a, b, c] = await Promise.all(NAMES.map((name) => startEdge({ name, folder, env })))
  if (!a || !b || !c) throw new Error('an edge is missing')
  const edges: Record<EdgeName, Edge> = { 'edge-a': a, 'edge-b': b, 'edge-c': c }
  const mesh: MeshOfEdges = {
    folder,
    edges,
    url: (name) => edges[name].url,
    async restart(name) {
      await edges[name].kill()
      edges[name] = await startEdge({ name, folder, port: edges[name].port, env })
      return edges[name]
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(Object.values(edges).map((edge) => edge.kill()))
      await rm(folder, { recursive: true, force: true })
    },
  }
  await connected(Object.values(edges))
  return mesh
}

/** Every one of these edges sees all the others. */
export async function connected(edges: readonly Edge[], timeoutMs?: number): Promise<void> {
  await Promise.all(edges.map(({ url }) => seesUp(url, edges.map(({ name }) => name), timeoutMs)))
}

/** The edge at `url` sees just these as up. */
export async function seesUp(url: string, names: readonly string[], timeoutMs?: number): Promise<void> {
  const wanted = [...names].sort().join()
  await snapshotWhere(
    url,
    ({ edges }) =>
      edges
        .filter((edge) => edge.state === 'up' && edge.url !== '')
        .map((edge) => edge.name)
        .sort()
        .join() === wanted,
    timeoutMs,
  )
}

/** A proxy in front of these edges, when it is ready. */
export async function startProxy(edges: readonly Edge[], env: Record<string, string> = {}): Promise<Program & { url: string }> {
  const program = start(process.execPath, ['bin/proxy.js'], {
    env: { SWARMLAMBDA_PROXY_PORT: '0', SWARMLAMBDA_EDGES: edges.map(({ port }) => `127.0.0.1:${port}`).join(','), SWARMLAMBDA_LOG: 'debug', ...env },
  })
  const url = await readyOn(program)
  return Object.assign(program, { url })
}

/** Where it serves; a program that does not get there is ended, because nobody else knows of it. */
async function readyOn(program: Program): Promise<string> {
  try {
    return /http:\S+/.exec(await program.line('is ready on'))?.[0] ?? ''
  } catch (error) {
    await program.kill()
    throw error
  }
}
