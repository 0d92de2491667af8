// What a snapshot must not freeze: everything that differs between two runs of a program differs between two invocations.
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { startEdge, type Edge } from './harness/edges.js'
import { deploy, invoke } from './harness/http.js'

const CALLS = 20

let folder: string
let edge: Edge
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'swarm-fresh-'))
  edge = await startEdge({ name: 'edge-a', folder })
})
after(async () => {
  await edge.kill()
  await rm(folder, { recursive: true, force: true })
})

/** What each of several invocations answered; the top level runs once, before all of them. */
async function answers(name: string, top: string, body: string): Promise<unknown[]> {
  const deployed = await deploy(edge.url, name, `${top}\nexports.handler = async () => { ${body} }`)
  assert.equal(deployed.status, 201, deployed.text)
  const results = []
  for (let n = 0; n < CALLS; n++) results.push((await invoke(edge.url, name)).json)
  return results
}
const distinct = (values: readonly unknown[]): number => new Set(values.map((value) => JSON.stringify(value))).size

describe('random values are new in every invocation, also when the top level used them', () => {
  const sources = {
    'math-random': 'Math.random()',
    'get-random-values': 'Array.from(crypto.getRandomValues(new Uint8Array(16)))',
    'random-uuid': 'crypto.randomUUID()',
    'random-bytes': 'require("node:crypto").randomBytes(16).toString("hex")',
    'random-int': 'require("crypto").randomInt(2 ** 47)',
    'generate-key': 'require("crypto").generateKeyPairSync("ed25519").publicKey.export({ format: "jwk" }).x',
    mkdtemp: 'require("fs").mkdtempSync("/tmp/a-")',
  }
  for (const [name, expression] of Object.entries(sources)) {
    test(name, async () => {
      assert.equal(distinct(await answers(name, `${expression};`, `return ${expression}`)), CALLS)
    })
  }
})

describe('clocks are read, not remembered', () => {
  test('Date, performance.timeOrigin, process.hrtime go on', async () => {
    const body = 'performance.now(); await new Promise((done) => setTimeout(done, 2)); return [Date.now(), performance.timeOrigin, Number(process.hrtime.bigint() / 1000n)]'
    const times = (await answers('clocks', 'const frozen = [Date.now(), performance.now(), process.hrtime()]', body)) as [number, number, number][]
    for (const index of [0, 1, 2] as const) {
      const one = times.map((time) => time[index])
      assert.deepEqual(one, one.toSorted((a, b) => a - b))
      assert.ok((one.at(-1) ?? 0) > (one[0] ?? 0), `clock ${index}: ${one.join(' ')}`)
    }
  })
  test('performance.now and process.uptime begin with the invocation', async () => {
    const spent = (await answers('uptime', 'const end = Date.now() + 60; while (Date.now() < end) performance.now()', 'return Math.max(performance.now(), process.uptime() * 1e3)')) as number[]
    assert.ok(spent.every((ms) => ms < 50), spent.join(' '))
  })
})

describe('nothing of one invocation, or of loading, goes on in the next', () => {
  const always: Record<string, [top: string, body: string, answer: unknown]> = {
    'pending-timers': ['let n = 0; setInterval(() => n++, 1); setImmediate(() => n++); process.nextTick(() => n++)', 'await new Promise((done) => setTimeout(done, 5)); return n', 2],
    files: ['', 'const fs = require("fs"); const had = fs.existsSync("/tmp/left"); fs.writeFileSync("/tmp/left", "x"); return had', false],
    'files-of-the-top-level': ['require("fs").writeFileSync("/tmp/made", "at load")', 'return require("fs").readFileSync("/tmp/made", "utf8")', 'at load'],
    descriptors: ['require("fs").openSync("/tmp/x", "w")', 'return require("fs").openSync("/tmp/x", "w")', 3],
    marks: ['performance.mark("a")', 'return performance.getEntries().length', 0],
    storages: ['const { AsyncLocalStorage } = require("async_hooks"); const store = new AsyncLocalStorage(); store.enterWith("load")', 'const seen = store.getStore(); store.enterWith("call"); return seen === "call"', false],
    listeners: ['', 'process.on("x", () => {}); return process.listenerCount("x")', 1],
  }
  for (const [name, [top, body, answer]] of Object.entries(always)) {
    test(name, async () => {
      assert.deepEqual(await answers(name, top, body), Array(CALLS).fill(answer))
    })
  }
})
