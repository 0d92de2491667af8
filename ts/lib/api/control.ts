// The control API: one table of routes over guards, parsers and {@link Functions}.
import { SwarmError } from '../errors.js'
import type { ControlRequest, ControlResponse } from '../native.js'
import type { Functions } from './functions.js'
import { LIMITS } from './limits.js'
import type { AccessKeys } from './access-keys.js'
import { covers, type Grant } from './grants.js'
import { membershipRoutes, type Membership } from './membership.js'
import type { ObservationRoutes } from './observations.js'
import type { Routes } from './routes.js'
import { empty, failure, isArchive, json, spelled, text, unpack, type Request } from './requests.js'
import { parseArchiveDeploy, parseDeploy, parseJson, parseName, parseRollback, parseWait } from './schemas.js'

export interface ControlOptions {
  functions: Functions
  /** Throws when the call may not be made. */
  guard: (request: Request) => Grant
  /** The same of a request to a function that asks for signed ones. */
  mayInvoke: (request: Request, reference: string) => void
  routes: Routes
  accessKeys: AccessKeys
  membership: Membership
  /** What a certificate authority asks for with a token; null: nothing was ordered with it. */
  challenge: (token: string) => string | null
  /** AWS Lambda's own paths; null: not one of them. */
  lambda?: (request: Request) => Promise<ControlResponse> | null
  /** Asynchronous invocations: as open as others, the dead letters guarded. */
  events: {
    accept: (request: Request, name: string) => Promise<ControlResponse>
    deadLetters: DeadLetters
  }
  /** Sends new requests elsewhere, and takes them again. Idempotent. */
  drain: { drain(): Promise<void>; undrain(): Promise<void> }
  schedules: Schedules
  /** Commands to one edge, whichever it is: `POST /edges/{id}/{command}`. */
  commands: { run(edge: string, command: string, body: unknown): Promise<unknown> }
  /** Links may be cut and edges stopped. */
  chaos: boolean
  /** What happened to the mesh, the oldest first. */
  history: () => readonly unknown[]
  /** What describes this API, and swarmlambda.json, to programs. */
  documents: { openApi: () => Promise<unknown>; projectSchema: () => Promise<unknown> }
  observations: ObservationRoutes
  /** Prometheus text. */
  metrics: () => Promise<{ contentType: string; text: string }>
  /** Told of what was nobody's mistake but ours. */
  onError: (error: unknown, request: { method: string; path: string }) => void
}

/** Asynchronous invocations that were given up, of all edges. */
export interface DeadLetters {
  list(name: string | null): Promise<readonly unknown[]>
  /** Back into the queue, or away; how many there were. Null: all. */
  redrive(id: string | null): Promise<number>
  discard(id: string): Promise<number>
}

/** Functions that are executed at set times. All throw `FORBIDDEN` for a function that the grant does not cover. */
export interface Schedules {
  /** Those of functions that the grant covers, by name. */
  list(grant: Grant): unknown[]
  /** Or `NOT_FOUND`. */
  get(name: string, grant: Grant): unknown
  /** Creates or replaces; the same once more changes nothing. `INVALID_PARAMETER` says which field is wrong. */
  put(name: string, body: Buffer, grant: Grant): Promise<{ created: boolean; schedule: unknown }>
  /** Or `NOT_FOUND`. */
  remove(name: string, grant: Grant): Promise<void>
}

type Answer = (request: Request, name: string, part: string) => Promise<ControlResponse> | ControlResponse

interface Route {
  path: RegExp
  methods: Record<string, Answer>
}

/** Answers everything that is no invocation. Never rejects. */
export function openControl(options: ControlOptions): (request: ControlRequest) => Promise<ControlResponse> {
  const routes = routesOf(options)
  return async (given) => {
    try {
      const request = unpack(given)
      if (typeof given.invokes === 'string') {
        options.mayInvoke(request, given.invokes)
        return empty(204)
      }
      const [, token] = CHALLENGE.exec(request.path) ?? []
      if (token !== undefined) return challengePage(request, options.challenge(token))
      const [, current, older] = INVOCATION.exec(request.path) ?? []
      const invoked = current ?? older
      if (invoked !== undefined && request.method === 'POST') return await options.events.accept(request, invoked)
      const lambda = isLambda(request) ? options.lambda : undefined
      if (lambda) {
        const answered = await lambda({ ...request, grant: options.guard(request) })
        if (answered) return withoutBody(request, answered)
      }
      const { answer, name, part } = find(routes, request)
      return withoutBody(request, await answer({ ...request, grant: options.guard(request) }, name, part))
    } catch (error) {
      if (!(error instanceof SwarmError) || error.code === 'INTERNAL') options.onError(error, { method: given.method, path: given.path })
      const answer = failure(error, error instanceof MethodNotAllowed ? ['allow', error.allow] : [])
      return isLambda(given) ? spelled(answer) : answer
    }
  }
}

function routesOf({ accessKeys, chaos, commands, documents, drain, events: { deadLetters }, functions, history, membership, metrics, observations, routes, schedules }: ControlOptions): Route[] {
  return [
    {
      path: /^\/functions\/?$/,
      methods: {
        GET: (request) => json(200, { functions: functions.list(originOf(request)).filter(({ name }) => covers(request.grant, name)) }),
        POST: async (request) => {
          const wait = parseWait(request.query.get('wait'))
          const deploy = isArchive(request.headers.get('content-type')) ? parseArchiveDeploy(request.body, request.query) : parseDeploy(request.body)
          const { created, description } = await functions.deploy(deploy, wait, originOf(request))
          return json(created ? 201 : 200, description)
        },
      },
    },
    {
      path: /^\/functions\/([^/]+)$/,
      methods: {
        GET: (request, name) => json(200, functions.get(parseName(name), originOf(request))),
        DELETE: async (_request, name) => {
          await functions.remove(parseName(name))
          return empty(204)
        },
      },
    },
    { path: /^\/functions\/([^/]+)\/files$/, methods: { GET: async (_request, name) => json(200, await functions.files(parseName(name))) } },
    { path: /^\/functions\/([^/]+)\/series$/, methods: { GET: (request, name) => observations.series(request, name) } },
    { path: /^\/invocations$/, methods: { GET: (request) => observations.invocations(request) } },
    { path: /^\/invocations\/([\w-]{1,128})$/, methods: { GET: (request, id) => observations.invocation(request, id) } },
    { path: /^\/logs$/, methods: { GET: (request) => observations.logs(request) } },
    {
      path: /^\/functions\/([^/]+)\/rollback$/,
      methods: { POST: async (request, name) => json(200, await functions.rollback(parseName(name), parseRollback(request.body), originOf(request))) },
    },
    {
      path: /^\/dead-letters$/,
      methods: { GET: async (request) => json(200, { deadLetters: await deadLetters.list(request.query.get('function')) }) },
    },
    {
      path: /^\/dead-letters\/redrive$/,
      methods: { POST: async () => json(202, { redriven: await deadLetters.redrive(null) }) },
    },
    {
      path: /^\/dead-letters\/([\w-]+)$/,
      methods: { DELETE: async (_request, id) => found(await deadLetters.discard(id), id, empty(204)) },
    },
    {
      path: /^\/dead-letters\/([\w-]+)\/redrive$/,
      methods: { POST: async (_request, id) => found(await deadLetters.redrive(id), id, json(202, { redriven: 1 })) },
    },
    {
      path: /^\/routes$/,
      methods: {
        GET: () => json(200, routes.list()),
        PUT: async (request) => json(200, await routes.replace(request.body)),
        DELETE: async (request) => {
          await routes.remove(request.query.get('route'))
          return empty(204)
        },
      },
    },
    { path: /^\/schedules$/, methods: { GET: ({ grant }) => json(200, { schedules: schedules.list(grant) }) } },
    {
      path: /^\/schedules\/([^/]+)$/,
      methods: {
        GET: ({ grant }, name) => json(200, schedules.get(name, grant)),
        PUT: async ({ body, grant }, name) => {
          const { created, schedule } = await schedules.put(name, body, grant)
          return json(created ? 201 : 200, schedule)
        },
        DELETE: async ({ grant }, name) => {
          await schedules.remove(name, grant)
          return empty(204)
        },
      },
    },
    {
      path: /^\/access-keys$/,
      methods: { GET: () => json(200, { accessKeys: accessKeys.list() }), POST: async (request) => json(201, await accessKeys.create(request.body)) },
    },
    {
      path: /^\/access-keys\/(\w+)$/,
      methods: {
        DELETE: async (_request, id) => {
          await accessKeys.remove(id)
          return empty(204)
        },
      },
    },
    {
      path: /^\/drain$/,
      methods: {
        POST: async () => {
          await drain.drain()
          return json(200, { state: 'draining' })
        },
      },
    },
    {
      path: /^\/undrain$/,
      methods: {
        POST: async () => {
          await drain.undrain()
          return json(200, { state: 'up' })
        },
      },
    },
    ...membershipRoutes(membership),
    {
      path: /^\/edges\/([\w.-]+)\/([a-z]+)$/,
      methods: { POST: async (request, edge, command) => json(200, await commands.run(edge, command, request.body.length === 0 ? {} : parseJson(request.body))) },
    },
    { path: /^\/chaos$/, methods: { POST: async (request) => json(200, await commands.run('', 'chaos', parseJson(request.body))) } },
    { path: /^\/history$/, methods: { GET: () => json(200, { history: history() }) } },
    // What the caller may do: the page asks before it offers anything.
    { path: /^\/access$/, methods: { GET: ({ grant }) => json(200, { ...grant, chaos: chaos && grant.role === 'admin' }) } },
    { path: /^\/openapi\.json$/, methods: { GET: async () => json(200, await documents.openApi()) } },
    { path: /^\/swarmlambda\.schema\.json$/, methods: { GET: async () => json(200, await documents.projectSchema()) } },
    { path: /^\/limits$/, methods: { GET: () => json(200, { limits: LIMITS }) } },
    {
      path: /^\/metrics$/,
      methods: {
        GET: async () => {
          const { contentType, text: page } = await metrics()
          return text(200, contentType, page)
        },
      },
    },
  ]
}

function found(count: number, id: string, response: ControlResponse): ControlResponse {
  if (count === 0) throw new SwarmError('NOT_FOUND', `no dead letter ${id}`)
  return response
}

class MethodNotAllowed extends SwarmError {
  readonly allow: string

  constructor(method: string, allow: string) {
    super('METHOD_NOT_ALLOWED', `${method} is not allowed here: ${allow}`)
    this.allow = allow
  }
}

function find(routes: readonly Route[], { method, path }: Request): { answer: Answer; name: string; part: string } {
  for (const route of routes) {
    const match = route.path.exec(path)
    if (!match) continue
    const answer = route.methods[method === 'HEAD' ? 'GET' : method]
    if (answer) return { answer, name: match[1] ?? '', part: match[2] ?? '' }
    throw new MethodNotAllowed(method, allowed(route))
  }
  throw new SwarmError('NOT_FOUND', `no such path: ${path.slice(0, 200)}`)
}

const allowed = ({ methods }: Route): string => Object.keys(methods).flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method])).join(', ')

const withoutBody = ({ method }: Request, response: ControlResponse): ControlResponse =>
  method === 'HEAD' ? { ...response, body: Buffer.alloc(0) } : response

/** First segments of the edge's own paths, which no route can take. */
export const RESERVED_SEGMENTS = ['functions', 'fn', 'invocations', 'logs', 'routes', 'schedules', 'dead-letters', 'access-keys', 'limits', 'openapi.json', 'swarmlambda.schema.json', 'metrics', 'healthz', 'cluster', 'events', 'drain', 'undrain', 'edges', 'chaos', 'history', 'access'] as const

/** The server sends asynchronous ones here; InvokeAsync is their older form. */
const INVOCATION = /^\/(?:2015-03-31\/functions\/([^/]+)\/invocations|2014-11-13\/functions\/([^/]+)\/invoke-async\/?)$/

/** RFC 8555 §8.3: open to all, under every name. */
const CHALLENGE = /^\/\.well-known\/acme-challenge\/([^/]+)$/

function challengePage(request: Request, page: string | null): ControlResponse {
  if (page === null) throw new SwarmError('NOT_FOUND', 'no certificate is ordered with this token')
  return withoutBody(request, text(200, 'application/octet-stream', page))
}

/** Every path of AWS Lambda's API begins with the date of its version. */
const isLambda = ({ path }: Pick<Request, 'path'>): boolean => /^\/20\d\d-\d\d-\d\d\//.test(path)

/** As the caller wrote it: URLs in answers lead back the way the caller came, through the proxy if there is one. */
/** As the client came: the gateway notes TLS, a proxy what came to it. */
const originOf = ({ headers }: Request): string => `${headers.get('x-forwarded-proto') === 'https' ? 'https' : 'http'}://${headers.get('host') ?? ''}`
