// Deploys a project's functions to a mesh, and follows each until every edge has it.
import { setTimeout as delay } from 'node:timers/promises'
import { Refused, type Client } from '../client.js'
import type { ClusterSnapshot } from '../snapshot.js'
import type { FunctionToDeploy, Project } from './project.js'

/** `POST /functions` answers with it, and with more. */
export interface Deployed {
  name: string
  revisionId: string
  codeSize: number
  edges: string[]
  url: string
  /** Whether there was no function of that name. */
  created: boolean
  /** Edges that are up and have not said yet that they have it. */
  missing: string[]
}

/** All optional: for people. */
export interface Progress {
  bundled?: (name: string, bytes: number) => void
  sent?: (name: string, bytes: number, of: number) => void
  /** Told once for every edge. */
  acknowledged?: (name: string, edge: string, have: number, of: number) => void
}

export interface DeployOptions {
  /** How many edges to wait for; `all`: those that are up, for at most {@link WAIT_MS}. */
  wait?: 'local' | 'quorum' | 'all'
  progress?: Progress
  signal?: AbortSignal
}

const WAIT_MS = 15_000
const LOOK_EVERY_MS = 60

/** Or BUNDLE_FAILED, or what the edge refused it for. */
export async function deployFunction(client: Client, fn: FunctionToDeploy, options: DeployOptions = {}): Promise<Deployed> {
  const { progress = {}, signal, wait = 'all' } = options
  const { bytes, ...code } = await fn.code()
  progress.bundled?.(fn.name, bytes)
  const body = JSON.stringify({ ...fn.settings, name: fn.name, ...code })
  // This edge answers at once then, and who has it is shown as it happens.
  const answer = await client.call('POST', `/functions?wait=${wait === 'all' ? 'local' : wait}`, {
    body,
    headers: { 'content-type': 'application/json' },
    onSent: (sent) => progress.sent?.(fn.name, sent, body.length),
    ...(signal && { signal }),
  })
  const deployed = { ...(JSON.parse(answer.text) as Omit<Deployed, 'created' | 'missing'>), created: answer.status === 201 }
  return wait === 'all' ? await follow(client, deployed, progress, signal) : { ...deployed, missing: [] }
}

async function follow(client: Client, deployed: Omit<Deployed, 'missing'>, progress: Progress, signal?: AbortSignal): Promise<Deployed> {
  const { edges: known } = await client.json<ClusterSnapshot>('GET', '/cluster', null, signal)
  const wanted = known.filter(({ state }) => state === 'up').map(({ name }) => name)
  const told = new Set<string>()
  let { edges } = deployed
  const tell = (): string[] => {
    for (const edge of edges.filter((name) => !told.has(name))) {
      told.add(edge)
      progress.acknowledged?.(deployed.name, edge, told.size, Math.max(wanted.length, told.size))
    }
    return wanted.filter((edge) => !told.has(edge))
  }
  let missing = tell()
  for (const end = Date.now() + WAIT_MS; missing.length > 0 && Date.now() < end; missing = tell()) {
    await delay(LOOK_EVERY_MS, undefined, signal && { signal })
    const now = await look(client, deployed.name, signal)
    // Through a proxy another edge may answer, which has not heard of it yet; or somebody deployed over it.
    if (now?.revisionId === deployed.revisionId) edges = now.edges
  }
  return { ...deployed, edges: [...told].sort(), missing }
}

async function look(client: Client, name: string, signal?: AbortSignal): Promise<{ revisionId: string; edges: string[] } | null> {
  try {
    return await client.json<{ revisionId: string; edges: string[] }>('GET', `/functions/${encodeURIComponent(name)}`, null, signal)
  } catch (error) {
    if (error instanceof Refused && error.status === 404) return null
    throw error
  }
}

/** The project's schedules, beside those that are there. */
export async function deploySchedules(client: Client, { schedules }: Project): Promise<number> {
  for (const [name, schedule] of Object.entries(schedules)) await client.json('PUT', `/schedules/${encodeURIComponent(name)}`, schedule)
  return Object.keys(schedules).length
}

/** The project's routes, over those that are there. */
export async function deployRoutes(client: Client, { routes }: Project): Promise<number> {
  const count = Object.keys(routes).length
  if (count === 0) return 0
  const there = await client.json<{ routes: Record<string, unknown>; cors: unknown }>('GET', '/routes')
  await client.json('PUT', '/routes', { routes: { ...there.routes, ...routes }, cors: there.cors })
  return count
}
