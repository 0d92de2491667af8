// Where a test runs: in a function on a real edge, or in a process of Node, by the same runner.
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Agent, request } from 'undici'
import { startEdge } from '../../dist/test/mesh/harness/edges.js'

const TIMEOUT_S = 60

/** `runner`: a module whose `handler(event)` runs a test. */
export async function openEdge(runner) {
  const folder = await mkdtemp(join(tmpdir(), 'swarm-conformance-'))
  const edge = await startEdge({ name: 'edge-a', folder })
  const dispatcher = new Agent({ headersTimeout: 2 * TIMEOUT_S * 1e3 })
  const post = async (path, body) => {
    const { body: answer } = await request(edge.url + path, { dispatcher, method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
    return answer.json()
  }
  const source = await readFile(new URL(runner, import.meta.url), 'utf8')
  const deployed = await post('/functions', { name: 'runner', files: { 'index.mjs': source }, timeout: TIMEOUT_S, memorySize: 1_024, limits: { logBytes: 0 } })
  if (!deployed.codeSha256) throw new Error(deployed.Message)
  return {
    name: 'SwarmLambda',
    run: (event) => post('/2015-03-31/functions/runner/invocations', event),
    async close() {
      await edge.kill()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** One process a test. */
export function openNode(runner) {
  const path = fileURLToPath(new URL(runner, import.meta.url))
  const program = `import { handler } from ${JSON.stringify(path)}; import { text } from 'node:stream/consumers'; import { writeSync } from 'node:fs'
    const event = JSON.parse(await text(process.stdin)); process.on('unhandledRejection', () => {}); process.on('uncaughtException', () => {})
    const answer = await handler(event); writeSync(3, JSON.stringify(answer)); process.exit(0)`
  return {
    name: `Node ${process.versions.node}`,
    run: (event) => new Promise((resolve) => {
      const child = spawn(process.execPath, ['--input-type=module', '--no-warnings', '--expose-gc', '-e', program], { stdio: ['pipe', 'ignore', 'ignore', 'pipe'] })
      const timer = setTimeout(() => child.kill('SIGKILL'), TIMEOUT_S * 1e3)
      let out = ''
      child.stdio[3].on('data', (chunk) => { out += chunk })
      child.stdin.on('error', () => {})
      child.on('close', (code) => {
        clearTimeout(timer)
        try { resolve(JSON.parse(out)) } catch { resolve({ errorType: 'Ended', errorMessage: `exit ${code}` }) }
      })
      child.stdin.end(JSON.stringify(event))
    }),
    async close() {},
  }
}

/** Runs `work` on every item, some at once, in order of the list; shows how far it is. */
export async function each(items, what, work, atOnce = 2) {
  const results = new Array(items.length)
  let next = 0
  let done = 0
  await Promise.all(Array.from({ length: atOnce }, async () => {
    while (next < items.length) {
      const index = next++
      results[index] = await work(items[index])
      done++
      if (process.stderr.isTTY || done % 100 === 0 || done === items.length) process.stderr.write(`${process.stderr.isTTY ? '\r' : ''}${what} ${done}/${items.length}${process.stderr.isTTY ? '' : '\n'}`)
    }
  }))
  if (process.stderr.isTTY) process.stderr.write('\n')
  return results
}
