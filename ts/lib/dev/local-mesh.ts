// A whole mesh on this machine: edges in regions, the proxy and the DNS server in front. What `npm start`,
// `swarmlambda dev` and the benchmark bring up.
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { messageOf, SwarmError } from '../errors.js'
import type { ClusterSnapshot } from '../snapshot.js'
import { Children, type ChildrenOptions } from './children.js'

export interface LocalEdge {
  name: string
  region: string
  /** 0: any free one. */
  port: number
}

export const EDGES: readonly Omit<LocalEdge, 'port'>[] = [
  { name: 'edge-a', region: 'us-west-sfo' },
  { name: 'edge-b', region: 'us-east-iad' },
  { name: 'edge-c', region: 'eu-central-fra' },
]

export interface LocalMeshOptions extends ChildrenOptions {
  edges: readonly LocalEdge[]
  /** Holds the cluster's key and a directory for each edge. */
  stateDir: string
  /** Null: none. 0: any free port. */
  proxyPort: number | null
  dnsPort: number | null
  /** Of all edges. */
  edgeEnv?: Record<string, string>
  /** Ends the start. */
  signal?: AbortSignal
}

export interface LocalMesh extends AsyncDisposable {
  readonly edges: readonly RunningEdge[]
  /** The proxy's, or the first edge's. */
  readonly url: string
  /** `host:port`. */
  readonly dns: string | null
  /** As kill -9 does; false: it is down already. */
  kill(name: string): Promise<boolean>
  /** Starts an edge that is down, or `proxy` or `dns`, again where it was. */
  revive(name: string): Promise<void>
}

export interface RunningEdge {
  readonly name: string
  readonly region: string
  readonly url: string
  readonly pid: number
  readonly isUp: boolean
}

const CONNECT_MS = 30_000
const LOOK_EVERY_MS = 100
const LOOK_MS = 2_000

/** Resolves when every edge sees all of them; START_FAILED says who didn't start, or doesn't see whom. */
export async function openLocalMesh(options: LocalMeshOptions): Promise<LocalMesh> {
  const { dnsPort, edgeEnv = {}, onExit, proxyPort, signal, stateDir } = options
  const running = new Map<string, { -readonly [Key in keyof RunningEdge]: RunningEdge[Key] }>()
  const children = new Children({
    ...options,
    onExit(name, how) {
      const edge = running.get(name)
      if (edge) edge.isUp = false
      onExit(name, how)
    },
  })
  const startEdge = async ({ name, port, region }: LocalEdge): Promise<void> => {
    const { address, pid } = await children.start({
      name,
      script: 'bin/edge.js',
      env: {
        SWARMLAMBDA_NODE_NAME: name,
        SWARMLAMBDA_REGION: region,
        SWARMLAMBDA_HTTP_PORT: String(port),
        SWARMLAMBDA_STATE_DIR: join(stateDir, name),
        ...edgeEnv,
      },
    })
    running.set(name, { name, region, url: address, pid, isUp: true })
  }
  const inOrder = () => options.edges.flatMap(({ name }) => running.get(name) ?? [])
  const startFront = async (name: 'proxy' | 'dns', port: number | null): Promise<string | null> => {
    if (port === null) return null
    const env = { SWARMLAMBDA_EDGES: inOrder().map(({ url }) => new URL(url).host).join(','), SWARMLAMBDA_REGION: options.edges[0]?.region ?? '' }
    const { address } = await children.start({ name, script: `bin/${name}.js`, env: { ...env, [`SWARMLAMBDA_${name.toUpperCase()}_PORT`]: String(port) } })
    return address
  }
  const onAbort = (): void => void children.stop()
  signal?.addEventListener('abort', onAbort)
  try {
    signal?.throwIfAborted()
    await Promise.all(options.edges.map(startEdge))
    const [proxy, dns] = await Promise.all([startFront('proxy', proxyPort), startFront('dns', dnsPort), untilConnected(inOrder(), CONNECT_MS, signal)])
    return {
      get edges() {
        return inOrder()
      },
      url: proxy ?? inOrder()[0]?.url ?? '',
      dns,
      async kill(name) {
        const edge = running.get(name)
        if (edge) edge.isUp = false
        return await children.kill(name)
      },
      async revive(name) {
        if (children.stopping) return
        if (name === 'proxy' || name === 'dns') return void (await startFront(name, portOf(name === 'proxy' ? proxy : dns)))
        const [edge, before] = [options.edges.find((one) => one.name === name), running.get(name)]
        if (!edge || !before || before.isUp) return
        await startEdge({ ...edge, port: portOf(before.url) ?? 0 })
      },
      [Symbol.asyncDispose]: () => children.stop(),
    }
  } catch (error) {
    await children.stop()
    throw error
  } finally {
    signal?.removeEventListener('abort', onAbort)
  }
}

/** Of `http://host:port` or `host:port`. */
const portOf = (address: string | null): number | null => (address === null ? null : Number(address.replace(/^.*:/, '')))

/** Resolves when each edge sees all of them. */
export async function untilConnected(edges: readonly { name: string; url: string }[], deadlineMs: number, signal?: AbortSignal): Promise<void> {
  const deadline = performance.now() + deadlineMs
  for (;;) {
    const seen = await Promise.all(edges.map(({ url }) => upOn(url)))
    const gaps = seen.flatMap((names, at) => edges.filter(({ name }) => !names.includes(name)).map(({ name }) => `${edges[at]?.name ?? ''} does not see ${name}`))
    if (gaps.length === 0) return
    if (performance.now() > deadline) throw new SwarmError('START_FAILED', `the edges did not find each other: ${gaps.join(', ')}`)
    await delay(LOOK_EVERY_MS, undefined, signal && { signal })
  }
}

async function upOn(url: string): Promise<string[]> {
  try {
    const response = await fetch(`${url}/cluster`, { signal: AbortSignal.timeout(LOOK_MS) })
    const { edges } = (await response.json()) as ClusterSnapshot
    return edges.filter(({ state }) => state === 'up').map(({ name }) => name)
  } catch (error) {
    // Not yet, or gone; who is missing is said when the time is up.
    void messageOf(error)
    return []
  }
}
