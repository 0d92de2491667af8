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
  /** `down`: was seen in this mesh, and neither the serving edge nor any that it is connected to is connected with it now. */
  state: 'up' | 'draining' | 'down'
  /** False: the serving edge is not connected to it, others are; its figures are not known. */
  reachable: boolean
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
  /** Milliseconds that half and 99 % of the last minute's invocations over HTTP there took at most, or where none came, of those it ran for other edges; null: none. */
  p50Ms: number | null
  p99Ms: number | null
  /** Records indexed there; below the largest of the mesh it lags. */
  registrySeq: number
  /** How long the newest record of this edge took until the serving edge had indexed it; null: it wrote none lately. */
  registryLagMs: number | null
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
  /** In development, what `POST /chaos` did to it: cut off, or so many milliseconds slower; `distance`: as far as its regions are apart, no trouble. */
  chaos: { cut: boolean; delayMs: number; distance?: boolean | undefined } | null
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

/** How an invocation came to an edge: Lambda's Invoke, HTTP, a streamed response, an edge's queue, another edge. */
export type Via = 'invoke' | 'http' | 'stream' | 'event' | 'peer'

/** One of `GET /invocations`: newest first, of all edges. All that failed, moved or logged are there, of the rest 50 a second and edge. */
export interface InvocationSummary {
  requestId: string
  function: string
  /** `$LATEST` or a published version. */
  version: string
  /** Where it arrived. */
  edge: string
  /** The edge whose outcome the caller got. */
  executedBy: string
  via: Via
  /** `via: 'peer'`: the edge that asked. */
  from: string | null
  /** Milliseconds since the epoch, by the clock of `edge`. */
  at: number
  /** Until it was answered, other edges included. */
  ms: number
  class: TryClass
  tries: Try[]
  memoryMb: number
  /** Console output, bytes; the last 64 KiB are kept. */
  logBytes: number
  error: { type: string; message: string } | null
  /** One of many of its kind. */
  sampled: boolean
  /** Of W3C Trace Context. */
  traceId: string | null
}

/** `GET /invocations/{requestId}` */
export interface InvocationDetail extends InvocationSummary {
  /** Of all edges that ran it. */
  logs: LogLine[]
  /** JSON as it came; null: not kept, because it is large. */
  event: string | null
  /** As `event`. */
  result: string | null
  /** What other edges did of it, each as it saw it. */
  executions: InvocationSummary[]
}

/** One line of `GET /logs`; `data` of its `log` events. */
export interface LogLine {
  edge: string
  function: string
  version: string
  requestId: string
  /** Milliseconds since the epoch, by the clock of `edge`. */
  at: number
  /** `INFO`, `WARN`, `ERROR`, … */
  level: string
  message: string
}

/** `GET /functions/{name}/series`: the executions of the last 15 minutes on all edges. */
export interface FunctionSeries {
  function: string
  stepMs: number
  /** Oldest first, without gaps; the last one is not over. */
  points: SeriesPoint[]
}

export interface SeriesPoint {
  /** Its beginning, milliseconds since the epoch. */
  at: number
  count: number
  /** Those that did not end `ok`. */
  errors: number
  /** Null: there was none. */
  p50Ms: number | null
  p99Ms: number | null
}

/** What happened to the mesh as one edge saw it: `{ history }` of `GET /history`, the oldest first, and the `history` event of `GET /events`. */
export type HistoryEvent = { id: string; at: number } & (
  | { kind: 'joined' | 'back' | 'lost' | 'draining'; edge: string; region: string }
  | { kind: 'deployed' | 'updated' | 'deleted'; function: string }
  | { kind: 'conflict'; function: string; versions: number }
  /** `edge` sends `peer` no invocations for a while, or does again. */
  | { kind: 'ejected' | 'readmitted'; edge: string; peer: string }
  /** `edge` uses another cluster key than before. */
  | { kind: 'rotated'; edge: string }
)
