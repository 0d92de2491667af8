// What tests of the mesh and the registry share: edges in temporary directories, free ports, and waiting with a
// deadline.

import { fork, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { createSocket } from 'node:dgram'
import type { EventEmitter } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import type { Membership } from '../../lib/api/membership.js'
import { loadIdentity, openKeyring, type Keyring } from '../../lib/cluster.js'
import { openMembership } from '../../lib/edge/membership.js'
import { openMesh, type Mesh, type MeshOptions, type Peer, type PeerStatus } from '../../lib/p2p/mesh.js'
import { createSealer } from '../../lib/registry/sealer.js'
import { openRegistry, openStore, type Broken, type PutChange, type Registry } from '../../lib/registry/registry.js'
import { SILENT } from '../../lib/log.js'
import type { Command, Report } from './edge-process.js'

/** An upper bound on a machine that does much else. */
export const DEADLINE_MS = 30_000

/** Fails when `work` takes longer. */
export const within = async <T>(what: string, work: Promise<T>, ms = DEADLINE_MS): Promise<T> => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`${what}: not within ${ms} ms`))
    }, ms)
  })
  return Promise.race([work, late]).finally(() => {
    clearTimeout(timer)
  })
}

/** A promise and what settles it. Node 20 has no Promise.withResolvers. */
export const deferred = <T>(): { promise: Promise<T>; resolve: (value: T) => void } => {
  let resolve: (value: T) => void = () => undefined
  const promise = new Promise<T>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}

/** Resolves when `check` holds; looks now, and after each of these events. */
export const until = async (
  what: string,
  emitters: readonly (readonly [EventEmitter, string])[],
  check: () => boolean,
  ms = DEADLINE_MS,
): Promise<void> => {
  if (check()) return
  let look = (): void => undefined
  const holds = new Promise<void>((resolve) => {
    look = () => {
      if (check()) resolve()
    }
    for (const [emitter, event] of emitters) emitter.on(event, look)
  })
  try {
    await within(what, holds, ms)
  } finally {
    for (const [emitter, event] of emitters) emitter.off(event, look)
  }
}

export const temporaryDirectory = async (): Promise<{ path: string } & AsyncDisposable> => {
  const path = await mkdtemp(join(tmpdir(), 'swarmlambda-test-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

/** UDP ports that were free a moment ago. */
export const freePorts = async (count: number): Promise<number[]> => {
  const sockets = Array.from({ length: count }, () => createSocket('udp4'))
  const ports = await Promise.all(
    sockets.map(
      (socket) =>
        new Promise<number>((resolve) => {
          socket.bind(0, () => {
            resolve(socket.address().port)
          })
        }),
    ),
  )
  await Promise.all(
    sockets.map(
      (socket) =>
        new Promise<void>((resolve) => {
          socket.close(() => {
            resolve()
          })
        }),
    ),
  )
  return ports
}

export interface TestEdge extends AsyncDisposable {
  readonly name: string
  readonly stateDir: string
  readonly mesh: Mesh
  readonly registry: Registry
  readonly keyring: Keyring
  readonly membership: Membership
}

export interface TestEdgeOptions extends Partial<Omit<MeshOptions, 'identity' | 'keys' | 'store'>> {
  clusterKey: Buffer
  name: string
  stateDir: string
  clock?: () => number
  compactBlocks?: number
  graceMs?: number
  onBroken?: (broken: Broken) => void
}

/** Discovery is by the given beacon ports only, unless it says otherwise; without any, the edge stays alone. */
export const openTestEdge = async (options: TestEdgeOptions): Promise<TestEdge> => {
  const { clusterKey, stateDir, clock, compactBlocks, graceMs, onBroken, ...mesh } = options
  const log = options.log ?? SILENT
  const store = await openStore(stateDir, log)
  const keyring = await openKeyring({ stateDir, clusterKey: clusterKey.toString('hex') }, log)
  const opened = openMesh({
    region: 'local',
    bootstrap: 'none',
    beaconPorts: [],
    mdns: false,
    ...mesh,
    log,
    identity: await loadIdentity(stateDir),
    ...(clock && { clock }),
    keys: keyring,
    store,
  })
  const closeAll = async (): Promise<void> => {
    keyring[Symbol.dispose]()
    await opened[Symbol.asyncDispose]()
    await store.close()
  }
  const registry = await openRegistry({
    sealer: createSealer(() => keyring.secrets()),
    store,
    stateDir,
    mesh: opened,
    edgeId: opened.id,
    log,
    ...(clock && { clock }),
    ...(compactBlocks !== undefined && { compactBlocks }),
    ...(graceMs !== undefined && { graceMs }),
    ...(onBroken && { onBroken }),
  }).catch(async (error: unknown) => {
    await closeAll()
    throw error
  })
  const membership = openMembership({ keyring, mesh: opened, registry, log })
  await opened.join()
  return {
    name: options.name,
    stateDir,
    mesh: opened,
    registry,
    keyring,
    membership,
    [Symbol.asyncDispose]: async () => {
      membership[Symbol.dispose]()
      await registry[Symbol.asyncDispose]()
      await closeAll()
    },
  }
}

/** Edges of one new cluster, named a, b, c …, that know of each other by beacon; and more of them later. */
export const openTestCluster = async (names: readonly string[]) => {
  const directory = await temporaryDirectory()
  const clusterKey = randomBytes(32)
  const beaconPorts = await freePorts(4)
  const open = new Set<TestEdge>()
  const start = async (name: string, more: Partial<TestEdgeOptions> = {}): Promise<TestEdge> => {
    const edge = await openTestEdge({ clusterKey, name, beaconPorts, stateDir: join(directory.path, name), ...more })
    open.add(edge)
    return edge
  }
  const stop = async (edge: TestEdge): Promise<void> => {
    open.delete(edge)
    await edge[Symbol.asyncDispose]()
  }
  const edges = await Promise.all(names.map((name) => start(name)))
  return {
    clusterKey,
    beaconPorts,
    directory: directory.path,
    edges,
    start,
    stop,
    [Symbol.asyncDispose]: async () => {
      await Promise.all([...open].map((edge) => edge[Symbol.asyncDispose]()))
      await directory[Symbol.asyncDispose]()
    },
  }
}

/** Resolves when each of them is connected with all the others. */
export const meshed = async (edges: readonly TestEdge[], ms = DEADLINE_MS): Promise<void> => {
  await Promise.all(
    edges.map((edge) =>
      until(
        `${edge.name} meets all`,
        [[edge.mesh.events, 'peer']],
        () => edges.every((other) => other === edge || peerOf(edge.mesh, other.mesh) !== null),
        ms,
      ),
    ),
  )
}

export const peerOf = (mesh: Mesh, other: { id: string }): Peer | null =>
  mesh.peers().find((peer) => peer.id === other.id) ?? null

/** Resolves when the winner of `name` there is this revision. */
export const visible = (edge: TestEdge, name: string, revisionId: string, ms = DEADLINE_MS): Promise<void> =>
  until(
    `${name} visible on ${edge.name}`,
    [[edge.registry.events, 'change']],
    () => edge.registry.get(name)?.revisionId === revisionId,
    ms,
  )

export const put = (name: string, text: string, more: Partial<PutChange> = {}): PutChange => ({
  type: 'put',
  name,
  config: { handler: 'index.handler', memorySize: 128, timeout: 3, environment: {}, description: '', failover: 'any' },
  source: Buffer.from(`source of ${text}`),
  sourceMap: null,
  module: Buffer.from(`module of ${text}`),
  pluginDigest: 'plugin',
  codeSha256: `digest of ${text}`,
  ...more,
})

export const statusOf = (name: string): PeerStatus => ({
  name,
  region: 'local',
  url: 'http://127.0.0.1:8787',
  version: '0.0.0',
  arch: 'x64',
  startedAt: 1,
  state: 'up',
  requestsPerSecond: 0,
  failuresPerSecond: 0,
  inFlight: 0,
  registrySeq: 0,
  functions: 0,
  loaded: {},
  links: [],
})

export interface EdgeProcess extends AsyncDisposable {
  readonly child: ChildProcess
  readonly id: string
  /** Everything it reported, in order; `at` is `Date.now()` there. */
  readonly reports: readonly Report[]
  tell(command: Command): void
  /** The first report that this holds for and that no other call was given. */
  report<K extends Report['type']>(
    type: K,
    check?: (report: Extract<Report, { type: K }>) => boolean,
    ms?: number,
  ): Promise<Extract<Report, { type: K }>>
  kill(signal: NodeJS.Signals): Promise<void>
}

/** An edge in a process of its own. */
export const spawnEdge = async (options: {
  clusterKey: Buffer
  name: string
  stateDir: string
  beaconPorts: readonly number[]
  mdns?: boolean
  /** What runs node, instead of node itself: `unshare -n`, say. */
  by?: readonly [command: string, ...parameters: string[]]
}): Promise<EdgeProcess> => {
  const { by, ...rest } = options
  const [execPath, ...execArgv] = by === undefined ? [process.execPath] : [...by, process.execPath]
  const child = fork(
    fileURLToPath(new URL('edge-process.js', import.meta.url)),
    [JSON.stringify({ ...rest, clusterKey: options.clusterKey.toString('hex') })],
    { execPath, execArgv },
  )
  const reports: Report[] = []
  const taken = new Set<Report>()
  child.on('message', (message) => {
    reports.push(message as Report)
  })
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => {
      resolve()
    })
  })
  const report: EdgeProcess['report'] = async (type, check = () => true, ms = DEADLINE_MS) => {
    type Wanted = Extract<Report, { type: typeof type }>
    let found: Wanted | undefined
    const find = (): boolean => {
      found ??= reports.find(
        (candidate): candidate is Wanted =>
          candidate.type === type && !taken.has(candidate) && check(candidate as Wanted),
      )
      if (found !== undefined) taken.add(found)
      return found !== undefined
    }
    await until(`${type} of ${options.name}`, [[child, 'message']], find, ms)
    if (found === undefined) throw new Error('a report is found or waited for')
    return found
  }
  const ready = await report('ready')
  const kill = async (signal: NodeJS.Signals): Promise<void> => {
    child.kill(signal)
    if (signal !== 'SIGSTOP' && signal !== 'SIGCONT') await exited
  }
  return {
    child,
    id: ready.id,
    reports,
    tell: (command) => {
      child.send(command)
    },
    report,
    kill,
    [Symbol.asyncDispose]: async () => {
      if (child.exitCode === null && child.signalCode === null) await kill('SIGKILL')
    },
  }
}
