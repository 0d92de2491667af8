// One question to one edge: are you there, who are you, do you want requests?

import { performance } from 'node:perf_hooks'
import { Client } from 'undici'
import { z } from 'zod'

/** What an edge answers at GET /healthz, with 200 when it is ready and 503 when it is not. */
const HEALTH = z.object({ live: z.boolean(), ready: z.boolean(), edge: z.string().min(1).max(253), region: z.string() })

export type Health = z.infer<typeof HEALTH> & {
  /** From the request to the head of its answer. */
  rttMs: number
}

export interface HealthClient extends AsyncDisposable {
  /** Rejects when there is no such answer in time. One at a time. */
  check(): Promise<Health>
}

const MAX_ANSWER_BYTES = 64 * 1024

export const openHealthClient = (origin: string, timeoutMs: number): HealthClient => {
  const client = new Client(origin, { connectTimeout: timeoutMs, maxResponseSize: MAX_ANSWER_BYTES })
  let isFresh = true
  client.on('connect', () => {
    isFresh = true
  })

  const ask = async (signal: AbortSignal): Promise<Health> => {
    const beganAt = performance.now()
    // Edges answer to the names they know only; this one they always know.
    const headers = { host: 'lambda.mesh' }
    const { statusCode, body } = await client.request({ method: 'GET', path: '/healthz', headers, signal })
    const rttMs = performance.now() - beganAt
    const parsed = HEALTH.safeParse(parseJson(await body.text()))
    if (!parsed.success || !parsed.data.live) {
      throw new Error(`what answers there is no live edge (status ${statusCode})`)
    }
    return { ...parsed.data, ready: parsed.data.ready && statusCode === 200, rttMs }
  }

  return {
    check: async () => {
      const deadline = new AbortController()
      const timer = setTimeout(() => {
        deadline.abort(Object.assign(new Error(`no answer within ${timeoutMs} ms`), { code: 'TIMEOUT' }))
      }, timeoutMs)
      try {
        const health = await ask(deadline.signal)
        if (!isFresh) return health
        // Connecting was timed as well: ask once more, for the round trip alone.
        isFresh = false
        return await ask(deadline.signal)
      } finally {
        clearTimeout(timer)
      }
    },
    [Symbol.asyncDispose]: () => client.destroy(),
  }
}

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
