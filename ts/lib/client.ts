// An edge as the command line talks to it.
import { SwarmError, messageOf, reasonOf } from './errors.js'

/** Where the proxy of `npm start` listens, and its first edge. */
const DEFAULT_ENDPOINTS = ['http://127.0.0.1:8790', 'http://127.0.0.1:8787'] as const

export interface Answer {
  status: number
  headers: Headers
  text: string
}

export interface Client {
  endpoint: string
  /** The answer, or `FORBIDDEN`, `NOT_FOUND`, `INVALID_REQUEST`… with what the edge said; `PEER_UNREACHABLE`. */
  call(method: string, path: string, body?: string | Uint8Array, headers?: Record<string, string>): Promise<Answer>
}

/** `endpoint` null: the first of the usual ones where somebody answers. */
export async function connect(endpoint: string | null, token: string | null): Promise<Client> {
  const base = endpoint === null ? await firstThatAnswers() : originOf(endpoint)
  return {
    endpoint: base,
    async call(method, path, body, headers = {}) {
      const authorization: Record<string, string> = token === null ? {} : { authorization: `Bearer ${token}` }
      const response = await fetch(base + path, { method, headers: { ...authorization, ...headers }, ...(body !== undefined && { body }) }).catch((cause: unknown) => {
        throw new SwarmError('PEER_UNREACHABLE', `no edge answers at ${base}: ${why(cause)}`, { cause })
      })
      const text = await response.text()
      if (!response.ok) throw new SwarmError(response.status === 404 ? 'NOT_FOUND' : response.status === 403 ? 'FORBIDDEN' : 'INVALID_REQUEST', said(text, response.status))
      return { status: response.status, headers: response.headers, text }
    },
  }
}

async function firstThatAnswers(): Promise<string> {
  for (const endpoint of DEFAULT_ENDPOINTS) {
    const answers = await fetch(`${endpoint}/healthz`).then(() => true, () => false)
    if (answers) return endpoint
  }
  throw new SwarmError('PEER_UNREACHABLE', `no edge answers at ${DEFAULT_ENDPOINTS.join(' or ')}: start one with "npm start", or name one with --endpoint or SWARMLAMBDA_ENDPOINT`)
}

function originOf(endpoint: string): string {
  try {
    const { origin, pathname, protocol } = new URL(endpoint)
    if (protocol === 'http:' || protocol === 'https:') return origin + pathname.replace(/\/$/, '')
  } catch {
    // Falls through.
  }
  throw new SwarmError('CONFIG_INVALID', `endpoint: ${JSON.stringify(endpoint)} must be a URL such as http://127.0.0.1:8787`)
}

const why = (error: unknown): string => (error instanceof Error && error.cause !== undefined ? reasonOf(error.cause) : messageOf(error))

function said(text: string, status: number): string {
  try {
    const { Message, message } = JSON.parse(text) as { Message?: string; message?: string }
    return Message ?? message ?? text
  } catch {
    return text === '' ? `status ${status}` : text.slice(0, 500)
  }
}
