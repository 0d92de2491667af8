// Edges and a proxy as processes of their own, for the browser tests.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

export interface Program {
  /** Where it serves, e.g. `http://127.0.0.1:40123`. */
  url: string
  /** SIGKILL: no good-byes. Resolves when it is gone. */
  kill(): Promise<void>
}

export interface Mesh extends AsyncDisposable {
  /** Where its state is, the cluster key among it. */
  folder: string
  edges: Record<string, Program>
  /** Starts an edge, or starts it again with the state and the port it had. */
  startEdge(name: string, region: string, env?: Record<string, string>): Promise<Program>
  startProxy(region: string): Promise<Program>
}

const READY_MS = 60_000
const STOP_MS = 10_000
const READY = /is ready on (http:\/\/\S+)/

/** A mesh of its own: key, state and ports; loopback only. */
export async function openMesh(): Promise<Mesh> {
  const folder = await mkdtemp(join(tmpdir(), 'swarmlambda-ui-'))
  const children: ChildProcess[] = []
  const edges: Record<string, Program> = {}

  async function start(bin: string, env: Record<string, string>): Promise<Program> {
    const child = spawn(process.execPath, [resolve(`bin/${bin}.js`)], {
      env: { PATH: process.env['PATH'] ?? '', HOME: folder, ...env },
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    children.push(child)
    return { url: await readyUrl(bin, child), kill: () => stop(child, 'SIGKILL') }
  }

  return {
    folder,
    edges,
    async startEdge(name, region, env = {}) {
      const before = edges[name]
      const edge = await start('edge', {
        SWARMLAMBDA_CLUSTER_ID: 'ui-test',
        SWARMLAMBDA_NODE_NAME: name,
        SWARMLAMBDA_REGION: region,
        SWARMLAMBDA_HTTP_PORT: before === undefined ? '0' : new URL(before.url).port,
        SWARMLAMBDA_STATE_DIR: join(folder, 'state', name),
        SWARMLAMBDA_BOOTSTRAP: 'none',
        SWARMLAMBDA_THREADS: '1',
        SWARMLAMBDA_LOG: 'error',
        ...env,
      })
      edges[name] = edge
      return edge
    },
    startProxy(region) {
      return start('proxy', {
        SWARMLAMBDA_PROXY_PORT: '0',
        SWARMLAMBDA_EDGES: Object.values(edges).map((edge) => new URL(edge.url).host).join(','),
        SWARMLAMBDA_REGION: region,
      })
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(children.map((child) => stop(child, 'SIGTERM')))
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** Three edges on two continents, all ready; they may not know each other yet. */
export async function openThreeEdges(): Promise<Mesh> {
  const mesh = await openMesh()
  try {
    await Promise.all([
      mesh.startEdge('edge-a', 'us-west-sfo'),
      mesh.startEdge('edge-b', 'us-east-iad'),
      mesh.startEdge('edge-c', 'eu-central-fra'),
    ])
    return mesh
  } catch (error) {
    await mesh[Symbol.asyncDispose]()
    throw error
  }
}

function readyUrl(bin: string, child: ChildProcess): Promise<string> {
  return new Promise((settle, reject) => {
    let output = ''
    const timer = setTimeout(() => reject(new Error(`${bin} was not ready in ${READY_MS} ms:\n${output}`)), READY_MS)
    const onData = (chunk: unknown): void => {
      output += String(chunk)
      const url = READY.exec(output)?.[1]
      if (url === undefined) return
      clearTimeout(timer)
      settle(url)
    }
    child.stdout?.on('data', onData)
    child.stderr?.on('data', onData)
    child.on('exit', (code, signal) => {
      clearTimeout(timer)
      reject(new Error(`${bin} ended (${code ?? signal}):\n${output}`))
    })
  })
}

async function stop(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill(signal)
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
  await gone
  clearTimeout(timer)
}
