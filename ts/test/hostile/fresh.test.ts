// What is made anew for every invocation although a function's memory is a copy of what its top level left. Each function tells
// what its top level saw and what its handler sees; docs/isolation.md has the list.
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { stop } from 'esbuild'
import { startEdge, type Edge } from '../mesh/harness/edges.js'
import { deploy, invoke } from '../mesh/harness/http.js'

type Seen = Record<string, unknown>

describe('every invocation is the first', () => {
  let folder: string
  let edge: Edge

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'swarm-fresh-'))
    edge = await startEdge({ name: 'edge-a', folder })
  })
  after(async () => {
    await edge.kill()
    await stop()
    await rm(folder, { recursive: true, force: true })
  })

  let deployed = 0
  /** What each of three invocations answers; the last two run at the same time. */
  const three = async (source: string): Promise<[Seen, Seen, Seen]> => {
    const name = `fresh-${deployed++}`
    const answer = await deploy(edge.url, name, source)
    assert.equal(answer.status, 201, answer.text)
    const seen = async (): Promise<Seen> => {
      const { headers, json, text } = await invoke(edge.url, name, {}, { 'x-amz-log-type': 'Tail' })
      assert.equal(headers['x-amz-function-error'], undefined, text)
      return { ...(json as Seen), logs: Buffer.from(headers['x-amz-log-result'] ?? '', 'base64').toString() }
    }
    return [await seen(), ...(await Promise.all([seen(), seen()]))]
  }
  /** Top level and handler each evaluate `expression`: four different values. */
  const differs = async (expression: string): Promise<void> => {
    const seen = await three(`const see = () => ${expression}; const top = see(); exports.handler = async () => ({ top: String(top), own: String(see()) })`)
    const values = new Set([seen[0].top, ...seen.map(({ own }) => own)])
    assert.equal(values.size, 4, `${expression}: ${[...values].join(' ')}`)
    assert.deepEqual(seen.map(({ top }) => top), Array(3).fill(seen[0].top), 'the top level ran once')
  }
  /** Every invocation answers just `wanted`. */
  const always = async (source: string, wanted: Seen): Promise<void> => {
    for (const { logs, ...seen } of await three(source)) assert.deepEqual(seen, wanted, String(logs))
  }

  for (const expression of [
    'Math.random()',
    'crypto.getRandomValues(new Uint8Array(16))',
    'crypto.randomUUID()',
    "require('crypto').randomBytes(16).toString('hex')",
    "require('crypto').randomInt(2 ** 47)",
    "require('crypto').generateKeyPairSync('ed25519').publicKey.export({ format: 'pem', type: 'spki' })",
    "require('crypto').generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'pem', type: 'spki' })",
    "require('fs').mkdtempSync('/tmp/a-')",
  ]) {
    test(`random: ${expression}`, () => differs(expression))
  }

  test('random: keys of crypto.subtle', async () => {
    const seen = await three("exports.handler = async () => { const make = async () => (await crypto.subtle.exportKey('jwk', await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, true, ['encrypt']))).k; return { one: await make(), two: await make() } }")
    assert.equal(new Set(seen.flatMap(({ one, two }) => [one, two])).size, 6)
  })

  test('random: two functions do not share the state of Math.random', async () => {
    const source = 'const top = Math.random(); exports.handler = () => ({ top, own: Math.random() })'
    const [[one], [two]] = await Promise.all([three(source), three(source)])
    assert.equal(new Set([one.top, two.top, one.own, two.own]).size, 4)
  })

  test('clocks go on, and count from the invocation', async () => {
    const began = Date.now()
    const seen = await three(`
      const see = () => ({ date: Date.now(), made: +new Date(), origin: performance.timeOrigin, hrtime: Number(process.hrtime.bigint() / 1000000n), intl: Date.parse(new Date().toLocaleString('en')) })
      const top = see()
      for (const until = Date.now() + 500; Date.now() < until; );
      exports.handler = () => ({ top, own: see(), now: performance.now(), uptime: process.uptime(), os: require('os').uptime() })`)
    for (const { now, os, own, top, uptime } of seen) {
      for (const [clock, value] of Object.entries(own as Record<string, number>)) {
        assert.ok(value >= ((top as Record<string, number>)[clock] ?? NaN) + (clock === 'intl' ? 0 : 500), `${clock} is frozen`)
        assert.ok(clock === 'intl' || (value >= began - 1 && value <= Date.now() + 1), `${clock} is ${value}`)
      }
      assert.ok((now as number) < 500 && (uptime as number) < 0.5 && (os as number) < 0.5, 'the top level counts')
    }
  })

  test('what the top level left pending never runs in an invocation', () =>
    always(
      `let ran = 0
       const count = () => { ran++ }
       setTimeout(count); setInterval(count, 1); setImmediate(count); process.nextTick(count)
       const signal = AbortSignal.timeout(1)
       const channel = new MessageChannel(); channel.port1.onmessage = count; channel.port2.postMessage(1)
       exports.handler = async () => { const before = ran; await new Promise((done) => setTimeout(done, 20)); return { ran: ran - before, aborted: signal.aborted } }`,
      { ran: 0, aborted: false },
    ))

  test('jobs of the top level run before the snapshot, once', () =>
    always('let ran = 0; const again = () => { if (++ran < 100) queueMicrotask(again) }; again(); exports.handler = async () => ({ ran })', { ran: 100 }))

  test('a request of the top level fails there, and holds no id', () =>
    always(
      `let code; const before = fetch('http://127.0.0.1:1/').catch((error) => { code = error.name })
       exports.handler = async () => { const early = code; await before; const own = await fetch('http://127.0.0.1:1/').catch((error) => error.cause.code); return { early, own } }`,
      { early: 'TypeError', own: 'ERR_SWARM_EGRESS' },
    ))

  test('a promise that the top level left pending is pending in each', () =>
    always('let settle; const held = new Promise((done) => { settle = done }); let n = 0; exports.handler = async () => { settle(++n); return { n: await held } }', { n: 1 }))

  test('ids begin anew: timers, file descriptors', () =>
    always(
      `const fs = require('fs'); fs.writeFileSync('/tmp/a', 'a'); const top = fs.openSync('/tmp/a'); for (let i = 0; i < 9; i++) setTimeout(() => {}, 9)
       exports.handler = async () => {
         const timer = setTimeout(() => {}, 1); clearTimeout(timer)
         let read; try { read = fs.readFileSync(top, 'utf8') } catch (error) { read = error.code }
         return { timer: +timer, read, fd: fs.openSync('/tmp/a') }
       }`,
      { timer: 1, read: 'EBADF', fd: 3 },
    ))

  test('AsyncLocalStorage forgets what the top level entered', () =>
    always(
      "const { AsyncLocalStorage } = require('async_hooks'); const store = new AsyncLocalStorage(); store.enterWith('top'); exports.handler = async () => { const before = store.getStore() ?? null; store.enterWith('own'); await null; return { before, after: store.getStore() } }",
      { before: null, after: 'own' },
    ))

  test('console and performance forget counts, timers, groups and marks', async () => {
    const seen = await three("console.count('c'); console.time('t'); console.group('g'); performance.mark('m'); exports.handler = async () => { console.count('c'); console.timeEnd('t'); performance.mark('own'); return { entries: performance.getEntries().length } }")
    for (const { entries, logs } of seen) {
      assert.equal(entries, 1)
      assert.match(String(logs), /\tc: 1\n/)
      assert.doesNotMatch(String(logs), /\tt: \d/)
    }
  })

  test('what an invocation changes is gone: modules, globals, prototypes, environment, files', () =>
    always(
      `const fs = require('fs'); let n = 0; const kept = new Map(); fs.writeFileSync('/tmp/top', 'top')
       exports.handler = async () => {
         kept.set(kept.size, 1); globalThis.left = (globalThis.left ?? 0) + 1; Array.prototype.left = [].left ? 2 : 1
         process.env.LEFT = (process.env.LEFT ?? '') + 'x'; process.exitCode = (process.exitCode ?? 0) + 1; process.on('exit', () => {})
         fs.appendFileSync('/tmp/top', '+'); fs.writeFileSync('/tmp/own', 'x', { flag: fs.existsSync('/tmp/own') ? 'a' : 'w' })
         return { n: ++n, kept: kept.size, left: globalThis.left, proto: [].left, env: process.env.LEFT, code: process.exitCode, listeners: process.listenerCount('exit'), top: fs.readFileSync('/tmp/top', 'utf8'), files: fs.readdirSync('/tmp').sort() }
       }`,
      { n: 1, kept: 1, left: 1, proto: 1, env: 'x', code: 1, listeners: 1, top: 'top+', files: ['own', 'top'] },
    ))

  test('a thousand invocations draw a thousand numbers', async () => {
    await deploy(edge.url, 'draws', 'exports.handler = async () => [Math.random(), crypto.randomUUID()]')
    const drawn: unknown[] = []
    for (let round = 0; round < 20; round++) drawn.push(...(await Promise.all(Array.from({ length: 50 }, () => invoke(edge.url, 'draws')))).flatMap(({ json }) => json as unknown[]))
    assert.equal(new Set(drawn).size, 2000)
  })
})
