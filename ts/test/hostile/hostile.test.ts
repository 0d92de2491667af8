// Hostile functions on a real edge, over HTTP: each ends as it should, the next request to another function is served, a second
// call of the same finds nothing of the first, and the edge's memory is what it was.
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { stop } from 'esbuild'
import { startEdge, type Edge } from '../mesh/harness/edges.js'
import { call, deploy, invoke, tries, type Answer } from '../mesh/harness/http.js'
import { isExpected, readCases, STORM, type Case } from './cases.js'

/** For what ends only so; and for what ends by itself, however busy the machine is. */
const TIMEOUT_S = 0.4
const PATIENCE_S = 20
const STORM_S = 3
const MEMORY_MB = 64
/** How much an edge may keep after all of them: its own heaps, JavaScript's above all. It does not grow with their number. */
const MAX_GROWTH_MB = 128
/** How often all of them run; docs/isolation.md has the figures of many passes. */
const PASSES = Number(process.env.HOSTILE_PASSES ?? 1)
/** After the second pass, whatever is kept between invocations is there. */
const WARM_PASSES = 2
const PASS_MS = 900_000
/** `__proto__` and its kin, as any caller may send them. */
const EVENT = '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"toString":null,"then":1,"seed":7}'

const cases = await readCases()

describe('a hostile function fails alone', () => {
  let folder: string
  let edge: Edge
  let before_: number

  const hello = async (): Promise<void> => {
    const answer = await invoke(edge.url, 'hello', { name: 'world' })
    assert.deepEqual([answer.status, answer.json], [200, { ok: true, e: { name: 'world' } }], answer.text)
  }
  /** Resident memory that is no file's, MB. */
  const memory = async (): Promise<number> => {
    const status = await readFile(`/proc/${edge.pid}/status`, 'utf8')
    return ['RssAnon', 'RssShmem'].reduce((sum, name) => sum + Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1]), 0) / 1024
  }

  const kind = (answer: Answer): string => {
    const [, name = ''] = tries(answer).split('=')
    return `${name} ${answer.headers['x-amz-function-error'] === undefined ? answer.text.slice(0, 100) : (answer.json as { errorType: string }).errorType}`
  }

  /** How it ends, as {@link Case.endings} writes it; hello is served meanwhile. */
  const ending = async ({ name, source, endings }: Case): Promise<string> => {
    const id = name.replaceAll(/[^a-z0-9]+/gi, '-').slice(0, 60)
    const index = /^(export|await|exports\.handler = await) /m.test(source) ? 'index.mjs' : 'index.js'
    const isStorm = source.includes('./storm')
    const files = { [index]: source, ...(isStorm ? { 'storm.js': STORM } : {}) }
    const deployed = await deploy(edge.url, id, '', { files, timeout: isStorm ? STORM_S : endings.every((one) => one.startsWith('timeout ')) ? TIMEOUT_S : PATIENCE_S, memorySize: MEMORY_MB, failover: 'never' })
    if (deployed.status >= 400 && deployed.status < 500) return 'refused'
    assert.equal(deployed.status, 201, deployed.text)
    const [answer] = await Promise.all([invoke(edge.url, id, EVENT), hello()])
    assert.equal(answer.status, 200, answer.text)
    await call('DELETE', `${edge.url}/functions/${id}`)
    return kind(answer)
  }

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'swarm-hostile-'))
    edge = await startEdge({ name: 'edge-a', folder })
    await deploy(edge.url, 'hello', 'exports.handler = async (e) => ({ ok: true, e })')
    await hello()
    before_ = process.platform === 'linux' ? await memory() : 0
  })
  after(async () => {
    await edge.kill()
    await stop()
    await rm(folder, { recursive: true, force: true })
  })

  test('there are cases', () => assert.ok(cases.length > 150 && cases.every(({ source }) => source !== ''), `${cases.length}`))

  for (const one of cases) {
    test(one.name, { timeout: 60_000 }, async () => {
      const ended = await ending(one)
      await hello()
      assert.ok(isExpected(ended, one), `ended as ${ended}, not as ${one.endings.join(' or ')}`)
    })
  }

  // Where it ends differs: in esbuild, which dies of the second, or in the engine.
  for (const [what, open, close] of [['arrays', '[', ']'], ['signs and parentheses', '-(-(', '))'], ['functions', 'function(){return ', '}']] as const) {
    test(`code nested too deeply is refused: ${what}`, { timeout: 120_000 }, async () => {
      const source = `exports.handler = () => 1; exports.x = ${open.repeat(1e5)}1${close.repeat(1e5)}`
      const [refused] = await Promise.all([deploy(edge.url, 'deep', source), hello()])
      assert.equal(refused.status, 400, refused.text)
      const next = await deploy(edge.url, 'shallow', 'exports.handler = () => 1')
      assert.ok(next.status < 300, next.text)
      await hello()
    })
  }

  let warm = 0
  for (let pass = 2; pass <= PASSES; pass++) {
    test(`pass ${pass}`, { timeout: PASS_MS }, async (t) => {
      for (const one of cases) {
        const ended = await ending(one)
        await hello()
        assert.ok(isExpected(ended, one), `${one.name} ended as ${ended}, not as ${one.endings.join(' or ')}`)
      }
      const now = await memory()
      t.diagnostic(`${now.toFixed(0)} MB`)
      if (pass === WARM_PASSES) warm = now
      assert.ok(now < warm + MAX_GROWTH_MB / 2, `${now.toFixed(0)} MB after pass ${pass}, ${warm.toFixed(0)} after pass ${WARM_PASSES}`)
    })
  }

  test('the edge keeps none of their memory', { skip: process.platform !== 'linux' && 'reads /proc' }, async (t) => {
    await hello()
    const grown = (await memory()) - before_
    t.diagnostic(`${grown.toFixed(0)} MB more than before`)
    assert.ok(grown < MAX_GROWTH_MB, `${grown.toFixed(0)} MB more than before`)
  })
})
