// Promise 4: five times what an edge can do, and one greedy function beside a modest one.
import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Agent, request } from 'undici'
import { startEdge } from '../../dist/test/mesh/harness/edges.js'
import { deploy } from '../../dist/test/mesh/harness/http.js'
import { load, ms, percent, quantile } from './load.mjs'
import { within } from './within.mjs'

export const title = 'At five times its load an edge does as much as before, and refuses the rest at once'

const ALLOWED_REFUSAL_MS = 50
/** Computes for about three milliseconds: a refusal costs some 25 µs, which four of them take from each execution. */
const WORK = 'exports.handler = async () => { let x = 0; for (let i = 0; i < 30_000; i++) x = (x * 31 + i) | 0; return x }'

const residentMb = async (pid) => Number(/VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1_024

/** Sends at a rate, whether or not answers come. */
async function offer(url, perSecond, seconds, agent) {
  const samples = []
  const under = new Set()
  const one = async () => {
    const at = performance.now()
    try {
      const answer = await request(url, { dispatcher: agent, method: 'POST', body: '{}' })
      const text = await answer.body.text()
      samples.push({ at, ms: performance.now() - at, status: answer.statusCode, headers: answer.headers, text })
    } catch (error) {
      samples.push({ at, ms: performance.now() - at, status: 0, headers: {}, text: String(error?.message) })
    }
  }
  const startedAt = performance.now()
  let sent = 0
  while (performance.now() - startedAt < seconds * 1_000) {
    const due = ((performance.now() - startedAt) / 1_000) * perSecond
    for (; sent < due; sent++) {
      const work = one().finally(() => under.delete(work))
      under.add(work)
    }
    await sleep(2)
  }
  const lasted = (performance.now() - startedAt) / 1_000
  await Promise.all(under)
  return { samples, lasted }
}

export const run = (given) =>
  within(async (use) => {
    const folder = await mkdtemp(join(tmpdir(), 'swarm-'))
    use({ [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) })
    // One thread: the other core is for the clients.
    return overload(use(await startEdge({ name: 'edge-a', folder, env: { SWARMLAMBDA_THREADS: '1', SWARMLAMBDA_LOG: 'debug' } })), given)
  })

async function overload(edge, { quick, say }) {
  const seconds = quick ? 3 : 15
  await deploy(edge.url, 'work', WORK)
  await deploy(edge.url, 'greedy', WORK)
  await deploy(edge.url, 'hello', 'exports.handler = async () => "hello"')
  await deploy(edge.url, 'sleeps', 'exports.handler = async () => { await new Promise((done) => setTimeout(done, 2_000)); return 1 }', { failover: 'never' })
  const urlOf = (name) => `${edge.url}/2015-03-31/functions/${name}/invocations`
  const agent = new Agent({ connections: 2_000, keepAliveTimeout: 60_000, headersTimeout: 60_000 })

  const peakOf = () =>
    within(async (use) => {
      const clients = use(load({ clients: 4, of: () => ({ url: urlOf('work') }) }))
      const startedAt = performance.now()
      await sleep(seconds * 1_000)
      const done = clients.samples.filter(({ status }) => status === 200).length
      return done / ((performance.now() - startedAt) / 1_000)
    })
  await peakOf()
  const peak = await peakOf()
  say(`peak ${peak.toFixed(0)}/s`)
  const restingMb = await residentMb(edge.pid)

  // Beside it: hello, health and control calls.
  const aside = load({ clients: 1, pauseMs: 20, of: (n) => [{ url: urlOf('hello') }, { url: `${edge.url}/healthz`, method: 'GET' }, { url: `${edge.url}/functions`, method: 'GET' }][n % 3] })
  const { lasted, samples } = await offer(urlOf('work'), 5 * peak, seconds, agent)
  const fullMb = await residentMb(edge.pid)
  await aside[Symbol.asyncDispose]()
  const beside = aside.samples

  const ok = samples.filter(({ status }) => status === 200)
  const refused = samples.filter(({ status }) => status === 429 || status === 503)
  const other = samples.filter(({ status }) => status !== 200 && status !== 429 && status !== 503)
  const goodput = ok.length / lasted / peak
  const failedBeside = beside.filter(({ status }) => status !== 200)
  say(`${samples.length} requests: ${ok.length} answered (p99 ${ms(quantile(ok.map((sample) => sample.ms), 0.99))}), ${refused.length} refused (p99 ${ms(quantile(refused.map((sample) => sample.ms), 0.99))}), ${other.length} otherwise`)
  for (const { status, text } of [...other, ...failedBeside].slice(0, 3)) say(`${status} ${text.slice(0, 200)}`)

  // A greedy function that computes, and one that only waits.
  const shares = []
  for (const greedy of ['greedy', 'sleeps']) {
    const samples = await within(async (use) => {
      use(load({ clients: greedy === 'greedy' ? 200 : 1_500, pauseMs: 10, of: () => ({ url: urlOf(greedy) }) }))
      await sleep(1_000)
      const modest = use(load({ clients: 1, of: (n) => ({ url: urlOf(n % 4 === 0 ? 'work' : 'hello') }) }))
      await sleep(quick ? 1_500 : 5_000)
      return modest.samples
    })
    const served = samples.filter(({ status }) => status === 200)
    shares.push({ greedy, served: served.length, failed: samples.length - served.length, p99: quantile(served.map((sample) => sample.ms), 0.99) })
  }
  await agent.destroy()

  const untold = refused.filter(({ headers }) => headers['retry-after'] === undefined)
  const late = quantile(refused.map((sample) => sample.ms), 0.99)
  return [
    { what: `goodput at 5 × ${peak.toFixed(0)}/s`, figure: percent(goodput), limit: '90 %', met: quick ? goodput > 0.2 : goodput >= 0.9 },
    { what: 'surplus refused with 429 or 503', figure: percent(refused.length / Math.max(1, samples.length - ok.length)), limit: '100 %', met: other.length === 0 && refused.length > 0 },
    { what: 'p99 until a refusal', figure: ms(late), limit: `${ALLOWED_REFUSAL_MS} ms`, met: quick || late <= ALLOWED_REFUSAL_MS },
    { what: 'refusals without Retry-After', figure: untold.length, limit: '0', met: untold.length === 0 },
    { what: `hello, health and control calls beside it that failed, of ${beside.length}`, figure: failedBeside.length, limit: '0', met: failedBeside.length === 0 && beside.length > 0 },
    { what: 'their p99', figure: ms(quantile(beside.map((sample) => sample.ms), 0.99)), limit: '100 ms', met: quick || quantile(beside.map((sample) => sample.ms), 0.99) <= 100 },
    { what: 'memory, at rest and under it', figure: `${restingMb.toFixed(0)} and ${fullMb.toFixed(0)} MB`, limit: '+ 300 MB', met: fullMb - restingMb < 300 },
    ...shares.map(({ failed, greedy, p99, served }) => ({
      what: `others beside a greedy function that ${greedy === 'greedy' ? 'computes' : 'waits'}: failed of ${served + failed}, p99`,
      figure: `${failed}, ${ms(p99)}`,
      limit: '0, 100 ms',
      met: served > 0 && failed === 0 && (quick || p99 <= 100),
    })),
  ]
}
