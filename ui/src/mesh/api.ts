// The calls this page makes, all relative to where it was served. Errors are `ApiError` with a text for people.
import type { Try } from '../../../ts/lib/snapshot.ts'
import { parseTries } from './receipt.ts'

/** What the deploy form sends to `POST functions`. */
export interface Deployment {
  name: string
  handler: string
  files: Record<string, string>
  /** MB. */
  memorySize: number
  /** Seconds. */
  timeout: number
  failover: 'any' | 'safe' | 'never'
  description: string
  environment: Record<string, string>
}

export interface Deployed {
  name: string
  /** Whether the name was new. */
  created: boolean
  /** Names of the edges that had it when the answer was sent. */
  edges: string[]
}

export interface Invocation {
  status: number
  /** As received. */
  payload: string
  /** Name of the edge whose outcome it is. */
  edge: string | null
  tries: Try[]
  requestId: string | null
  /** `X-Amz-Function-Error`: the function ran and failed. */
  functionError: string | null
  /** Type of an error of the platform, e.g. `ResourceNotFoundException`. */
  errorType: string | null
  logs: string
  /** As the page saw it, milliseconds. */
  ms: number
}

export class ApiError extends Error {
  readonly status: number

  /** The mesh listens beyond loopback and takes control calls only with its token. */
  get wantsToken(): boolean {
    return this.status === 401 || (this.status === 403 && /\btoken\b/i.test(this.message))
  }

  constructor(status: number, message: string) {
    super(message)
    this.name = 'ApiError'
    this.status = status
  }
}

const TOKEN_KEY = 'swarmlambda.token'
const DEPLOY_TIMEOUT_MS = 30_000
/** Longer than any function may run, times the tries of a failover. */
const INVOKE_TIMEOUT_MS = 120_000

/** Edges that listen beyond loopback ask for one with every control call. Kept for the tab only. */
export function setToken(token: string): void {
  sessionStorage.setItem(TOKEN_KEY, token)
}

export async function deploy(deployment: Deployment): Promise<Deployed> {
  const response = await control('functions', 'POST', JSON.stringify(deployment))
  const body: unknown = await response.json().catch(() => null)
  return { name: deployment.name, created: response.status === 201, edges: edgesOf(body) }
}

export async function deleteFunction(name: string): Promise<void> {
  await control(`functions/${encodeURIComponent(name)}`, 'DELETE', null)
}

/** The address of a function's invocations, relative to the page. */
export function invocationPath(name: string): string {
  return `2015-03-31/functions/${encodeURIComponent(name)}/invocations`
}

/** Answers for every status that is a receipt; throws only when nothing answered. */
export async function invoke(name: string, event: string): Promise<Invocation> {
  const started = performance.now()
  const response = await send(invocationPath(name), {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-amz-log-type': 'Tail' },
    body: event,
    signal: AbortSignal.timeout(INVOKE_TIMEOUT_MS),
  })
  const payload = await response.text()
  return {
    status: response.status,
    payload,
    edge: response.headers.get('x-swarm-edge'),
    tries: parseTries(response.headers.get('x-swarm-tries')),
    requestId: response.headers.get('x-amzn-requestid'),
    functionError: response.headers.get('x-amz-function-error'),
    errorType: response.ok ? null : response.headers.get('x-amzn-errortype') ?? `HTTP ${response.status}`,
    logs: decodeLogs(response.headers.get('x-amz-log-result')),
    ms: performance.now() - started,
  }
}

async function control(path: string, method: string, body: string | null): Promise<Response> {
  const token = sessionStorage.getItem(TOKEN_KEY)
  const response = await send(path, {
    method,
    headers: {
      'content-type': 'application/json',
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
    },
    body,
    signal: AbortSignal.timeout(DEPLOY_TIMEOUT_MS),
  })
  if (!response.ok) throw new ApiError(response.status, errorText(response.status, await response.text()))
  return response
}

async function send(path: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(path, init)
  } catch (cause) {
    const timedOut = cause instanceof DOMException && cause.name === 'TimeoutError'
    const text = timedOut ? 'No answer in time.' : 'No edge answered. Is the edge that serves this page still running?'
    throw Object.assign(new ApiError(0, text), { cause })
  }
}

/** The message of an error body, in the shape of Lambda or of anything else. */
export function errorText(status: number, body: string): string {
  try {
    const value: unknown = JSON.parse(body)
    if (typeof value === 'object' && value !== null) {
      for (const key of ['Message', 'message', 'errorMessage']) {
        const text: unknown = Reflect.get(value, key)
        if (typeof text === 'string' && text !== '') return text
      }
    }
  } catch {
    // Not JSON: shown as it is.
  }
  return body.trim().slice(0, 2000) || `The edge answered with status ${status}.`
}

function edgesOf(body: unknown): string[] {
  const edges: unknown = typeof body === 'object' && body !== null && 'edges' in body ? body.edges : []
  return Array.isArray(edges) ? edges.filter((edge): edge is string => typeof edge === 'string') : []
}

function decodeLogs(header: string | null): string {
  if (header === null) return ''
  try {
    return new TextDecoder().decode(Uint8Array.from(atob(header), (char) => char.codePointAt(0) ?? 0))
  } catch {
    return ''
  }
}
