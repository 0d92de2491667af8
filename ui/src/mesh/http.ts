// How this page calls the edge that serves it: always relative to the page, with the token of this tab if there is one.
// Errors are `ApiError` with a text for people.

const TOKEN_KEY = 'swarmlambda.token'
const TIMEOUT_MS = 30_000

export class ApiError extends Error {
  /** 0: nobody answered. */
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.name = 'ApiError'
    this.status = status
  }
}

export interface Call {
  method?: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** Sent as JSON; a text as it is. */
  body?: unknown
  headers?: Record<string, string>
  signal?: AbortSignal
  timeoutMs?: number
}

/** Edges that listen beyond loopback ask for a token with every control call. Kept for the tab only; null forgets it. */
export function keepToken(token: string | null): void {
  if (token === null) sessionStorage.removeItem(TOKEN_KEY)
  else sessionStorage.setItem(TOKEN_KEY, token)
}

export function hasToken(): boolean {
  return sessionStorage.getItem(TOKEN_KEY) !== null
}

/** Whatever was answered; throws only when nothing was. */
export async function send(path: string, call: Call = {}): Promise<Response> {
  const token = sessionStorage.getItem(TOKEN_KEY)
  const timeout = AbortSignal.timeout(call.timeoutMs ?? TIMEOUT_MS)
  try {
    return await fetch(path, {
      method: call.method ?? 'GET',
      headers: {
        ...(call.method === undefined || call.method === 'GET' ? {} : { 'content-type': 'application/json' }),
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
        ...call.headers,
      },
      body: call.body === undefined ? null : typeof call.body === 'string' ? call.body : JSON.stringify(call.body),
      signal: call.signal ? AbortSignal.any([call.signal, timeout]) : timeout,
    })
  } catch (cause) {
    if (call.signal?.aborted === true) throw cause
    const timedOut = cause instanceof DOMException && cause.name === 'TimeoutError'
    const text = timedOut ? 'No answer in time.' : 'No edge answered. Is the edge that serves this page still running?'
    throw Object.assign(new ApiError(0, text), { cause })
  }
}

/** The JSON of an answer that is a success, null for an empty one; else throws what the edge said. */
export async function callJson(path: string, call: Call = {}): Promise<unknown> {
  const response = await send(path, call)
  const text = await response.text()
  if (!response.ok) throw new ApiError(response.status, errorText(response.status, text))
  if (text === '') return null
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw Object.assign(new ApiError(response.status, `${path} was not answered with JSON.`), { cause })
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
