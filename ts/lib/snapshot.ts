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
  /** Milliseconds that half and 99 % of the last minute's invocations there took at most; null: none ran. */
  p50Ms: number | null
  p99Ms: number | null
  /** Records indexed there; below the largest of the mesh it lags. */
  registrySeq: number
}

/** How two edges reach each other: on one machine, in one private network, over public addresses, or through a relay. */
export type LinkKind = 'loopback' | 'lan' | 'internet' | 'relayed'

/** One direction of a connection as `from` measures it. */
export interface LinkSnapshot {
  from: string
  to: string
  rttMs: number | null
  up: boolean
  /** Null: `from` did not say. */
  kind: LinkKind | null
  /** `from` sends `to` no invocations for a while, because they kept failing there. */
  setAside: boolean
  /** In development, what `POST /chaos` did to it: cut off, or so many milliseconds slower. */
  chaos: { cut: boolean; delayMs: number } | null
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
  /** Of ordinary invocations above 50/s only some are told: this one stands for so many. */
  standsFor?: number
}

/** One of `GET /invocations?function=&edge=&limit=`: `{ invocations }`, the newest first, of all edges. */
export interface InvocationSummary extends InvocationEvent {
  /** Version or alias that was asked for; null: none. */
  qualifier: string | null
  /** Name of the edge that received it. */
  receivedBy: string
  /** As the caller waited, milliseconds. */
  ms: number
  functionError: string | null
}

/** `GET /invocations/{requestId}`. */
export interface InvocationDetail extends InvocationSummary {
  logs: LogLine[]
  /** As they came and went; null: not kept. */
  event: string | null
  result: string | null
}

/** A `log` event of `GET /logs?function=&edge=&requestId=&follow=1`, the oldest first. */
export interface LogLine {
  at: number
  /** Name of the edge. */
  edge: string
  function: string
  requestId: string | null
  level: 'debug' | 'info' | 'warn' | 'error'
  message: string
}

/** `GET /functions/{name}/series`: the last 15 minutes, of all edges. */
export interface FunctionSeries {
  /** Milliseconds that each point covers. */
  stepMs: number
  /** The oldest first, without gaps. */
  points: SeriesPoint[]
}

export interface SeriesPoint {
  /** Where it begins; milliseconds since the epoch. */
  at: number
  invocations: number
  /** Those that did not end `ok`. */
  errors: number
  p50Ms: number | null
  p99Ms: number | null
}

/** What happened to the mesh: `{ history }` of `GET /history`, the oldest first, and the `history` event of `GET /events`. */
export type HistoryEvent = { id: string; at: number } & (
  | { kind: 'joined' | 'lost' | 'draining'; edge: string; region: string }
  | { kind: 'deployed' | 'deleted'; function: string }
  | { kind: 'conflict'; function: string; versions: number }
  /** `edge` sets `peer` aside, or takes it back. */
  | { kind: 'ejected' | 'readmitted'; edge: string; peer: string }
  | { kind: 'rotated'; edge: string }
)
