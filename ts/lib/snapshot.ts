// What the UI is told: the state of the mesh as one edge sees it. Types only, so that the UI may import them.

/** `GET /cluster`, and the `snapshot` event of `GET /events`. */
export interface ClusterSnapshot {
  /** Milliseconds since the epoch, by the serving edge's clock. */
  at: number
  /** `SWARMLAMBDA_CLUSTER_ID`. */
  cluster: string
  /** Name of the edge that serves this snapshot. */
  self: string
  edges: EdgeSnapshot[]
  links: LinkSnapshot[]
  functions: FunctionSnapshot[]
}

export interface EdgeSnapshot {
  /** The edge's public key, hex. */
  id: string
  name: string
  region: string
  /** Degrees. */
  latitude: number
  longitude: number
  /** `down`: was seen in this mesh and is not connected now. */
  state: 'up' | 'draining' | 'down'
  /** Where its HTTP gateway listens, e.g. `http://127.0.0.1:8787`. */
  url: string
  version: string
  arch: string
  /** Milliseconds since the epoch. */
  startedAt: number
  lastSeenAt: number
  /** Functions loaded there. */
  functions: number
  /** Invocations per second over the last few seconds, and those that did not end `ok`. */
  requestsPerSecond: number
  failuresPerSecond: number
  inFlight: number
  /** Records indexed there. */
  registrySeq: number
}

/** One direction of a connection as `from` measures it. */
export interface LinkSnapshot {
  from: string
  to: string
  rttMs: number | null
  up: boolean
}

export interface FunctionSnapshot {
  name: string
  version: string
  codeSha256: string
  description: string
  memorySize: number
  timeout: number
  failover: 'any' | 'safe' | 'never'
  /** Milliseconds since the epoch. */
  lastModified: number
  /** Names of the edges that have this very version loaded. */
  edges: string[]
  /** Losers of concurrent writes are listed in the registry. */
  conflicts: number
}

/** How one try of an invocation ended (DESIGN §6). */
export type TryClass = 'ok' | 'absent' | 'refused' | 'unreachable' | 'crashed' | 'timeout' | 'error'

export interface Try {
  /** Name of the edge. */
  edge: string
  class: TryClass
  ms: number
}

/** The `invocation` event of `GET /events`: a failover (always), or a sampled ordinary invocation. */
export interface InvocationEvent {
  at: number
  requestId: string
  function: string
  tries: Try[]
}
