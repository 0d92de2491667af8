// Snapshots for the tests beside this file.
import type { ClusterSnapshot, EdgeSnapshot, FunctionSnapshot, InvocationEvent, LinkSnapshot, Try } from '../../../ts/lib/snapshot.ts'

export function edge(name: string, changes: Partial<EdgeSnapshot> = {}): EdgeSnapshot {
  return {
    id: `id-${name}`, name, region: 'us-west-sfo', latitude: 37.6, longitude: -122.4, state: 'up', reachable: true,
    url: 'http://127.0.0.1:8787', version: '0.1.0', arch: 'x64', startedAt: 1000, lastSeenAt: 2000, functions: 0,
    requestsPerSecond: 0, failuresPerSecond: 0, inFlight: 0, p50Ms: null, p99Ms: null, registrySeq: 0, registryLagMs: null, ...changes,
  }
}

export function link(from: string, to: string, rttMs: number | null, up = true): LinkSnapshot {
  return { from, to, rttMs, up, kind: null, setAside: false, chaos: null }
}

export function fn(name: string, changes: Partial<FunctionSnapshot> = {}): FunctionSnapshot {
  return {
    name, version: '$LATEST', codeSha256: 'AAAA', description: '', memorySize: 128, timeout: 3, failover: 'any',
    lastModified: 1000, edges: [], conflicts: 0, ...changes,
  }
}

export function snapshot(changes: Partial<ClusterSnapshot> = {}): ClusterSnapshot {
  const edges = ['edge-a', 'edge-b', 'edge-c'].map((name) => edge(name))
  return { at: 5000, cluster: 'local', self: 'edge-a', edges, links: [], functions: [], ...changes }
}

let requests = 0

export function invocation(...tries: (readonly [edge: string, kind: Try['class']])[]): InvocationEvent {
  return {
    at: 5000, requestId: `request-${requests++}`, function: 'hello',
    tries: tries.map(([name, kind]) => ({ edge: name, class: kind, ms: 1 })),
  }
}
