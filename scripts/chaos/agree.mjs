// Waiting for edges to agree, and what a figure needs besides.
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { call, invoke } from '../../dist/test/mesh/harness/http.js'

/** A folder that is gone with its user. */
export async function openFolder() {
  const path = await mkdtemp(join(tmpdir(), 'swarm-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

/** Milliseconds until each edge answers with this text, by itself unless the headers say otherwise; Infinity: not in time. */
export async function servedBy(edges, name, text, timeoutMs = 20_000, headers = { 'x-swarm-failover': 'never' }) {
  const beganAt = performance.now()
  const one = async ({ url }) => {
    while (performance.now() - beganAt < timeoutMs) {
      const answer = await invoke(url, name, {}, headers).catch(() => null)
      if (answer?.status === 200 && answer.text === text) return performance.now() - beganAt
      await sleep(5)
    }
    return Infinity
  }
  return Math.max(...(await Promise.all(edges.map(one))))
}

/** The value of a metric, summed over its labels. */
export async function metric({ url }, name) {
  const { text } = await call('GET', `${url}/metrics`)
  const lines = text.split('\n').filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`))
  return lines.reduce((sum, line) => sum + Number(line.split(' ').pop()), 0)
}

export const residentMb = async (pid) => Number(/VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1_024

/** Source of a handler that returns the text. */
export const returning = (text) => `exports.handler = async () => ${JSON.stringify(text)}`
