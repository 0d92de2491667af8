// Clients that invoke one after another, and everything they saw.
import { setTimeout as sleep } from 'node:timers/promises'
import { Agent, request } from 'undici'

/** The `share` quantile of the numbers; 0 of none. */
export const quantile = (numbers, share) => {
  const sorted = [...numbers].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
}

export const ms = (number) => `${number < 10 ? number.toFixed(1) : Math.round(number)} ms`
export const percent = (share) => `${(100 * share).toFixed(1)} %`

/**
 * Begins `clients` clients. `of(n)` is the n-th request: `{ url, method, body, headers }`. A sample is
 * `{ at, ms, status, headers, text }`, with status 0 and the reason as its text when there was no answer.
 */
export function load({ clients, pauseMs = 0, of, timeoutMs = 30_000 }) {
  const agent = new Agent({ connections: clients, headersTimeout: timeoutMs, bodyTimeout: timeoutMs, keepAliveTimeout: 60_000 })
  const samples = []
  let stopped = false
  let next = 0
  const one = async () => {
    const { url, method = 'POST', body = '{}', headers = {} } = of(next++)
    const at = performance.now()
    const sample = (rest) => samples.push({ at, ms: performance.now() - at, method, ...rest })
    try {
      const answer = await request(url, { dispatcher: agent, method, body: method === 'GET' ? null : body, headers })
      sample({ status: answer.statusCode, headers: answer.headers, text: await answer.body.text() })
    } catch (error) {
      sample({ status: 0, headers: {}, text: String(error?.message ?? error) })
    }
  }
  const client = async () => {
    while (!stopped) {
      await one()
      if (pauseMs > 0) await sleep(pauseMs)
    }
  }
  const running = Promise.all(Array.from({ length: clients }, client))
  return {
    samples,
    async [Symbol.asyncDispose]() {
      stopped = true
      await running
      await agent.destroy()
    },
  }
}
