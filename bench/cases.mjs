// What is measured. A case answers `{ title, note, rows, table, figures }`: rows of `measure`, a table whose first row is its head,
// `[what, value]` pairs. `peers` are the candidates that it needs beside the edge; without it, it starts edges of its own.
import { invoke } from '../scripts/lib/cluster.mjs'
import { connections, cores, failover, startup, thousand } from './alone.mjs'
import { check, EVENT, only, pathOf } from './candidates.mjs'
import { deployments } from './deploy.mjs'
import { fresh } from './invoke.mjs'
import { measure } from './rounds.mjs'
import { dns } from './dns.mjs'
import { tls } from './tls.mjs'

const JSON_10KB = JSON.stringify({ items: Array.from({ length: 110 }, (_, id) => ({ id, name: `item number ${id}`, price: 12.5 + id, done: id % 3 === 0, tags: ['red', 'green'] })) })
const targetsOf = (candidates, name, body) => Object.values(candidates).map(({ address, pid, what }) => ({ what, pid, url: address + pathOf(name), body }))

/** A function under load, on every candidate of `peers`. `more`: other settings of the load. */
const loaded = (title, name, body, { peers = ['uws', 'node', 'bun', 'deno', 'workerd'], note, ...more } = {}) => ({
  peers,
  async run({ candidates, settings }) {
    const all = only(candidates, 'edge', ...peers)
    await check(all, name, body)
    return { title, note, rows: await measure(name, targetsOf(all, name, body), { ...settings, ...more }) }
  },
})

/** One that computes: few connections keep it busy. */
const computing = (title, name, body) => loaded(title, name, body, { connections: 8, seconds: 1, note: '8 connections' })

const hello = {
  peers: ['uws', 'node', 'bun', 'deno', 'workerd', 'offline'],
  async run({ candidates, settings }) {
    await check(candidates, 'hello', EVENT)
    const { offline, ...others } = candidates
    const rows = await measure('hello', targetsOf(others, 'hello', EVENT), settings)
    if (!offline) return { title: 'hello: a small event given back', rows }
    // It takes few requests at a time well, and many badly.
    rows.push(...(await measure('hello', targetsOf({ offline }, 'hello', EVENT), { ...settings, connections: 4, rounds: 2 })))
    return { title: 'hello: a small event given back', note: 'serverless-offline with 4 connections', rows }
  },
}

/** What a function's modules cost each invocation: all of it is in the snapshot, so all should cost what hello costs. */
const modules = {
  peers: [],
  async run({ candidates: { edge }, settings }) {
    const what = { hello: 'hello', library: 'libraries of more than 1 MB', computed: 'a top level that computes for milliseconds' }
    const targets = Object.entries(what).map(([name, what]) => ({ what, pid: edge.pid, url: edge.address + pathOf(name), body: EVENT }))
    const rows = await measure('modules', targets, settings)
    const [plain, ...others] = rows
    return {
      title: 'what the modules of a function cost its requests',
      rows,
      figures: others.map(({ cpuUs, what }) => [`${what}, CPU`, `${(cpuUs.median / plain.cpuUs.median).toFixed(2)} × hello`]),
    }
  },
}

/** How many turns of the function hog take this server 100 ms. */
const hogTurns = async (address) => {
  for (let turns = 100_000; ; turns *= 2) {
    const started = performance.now()
    await invoke(address, 'hog', { turns })
    const took = performance.now() - started
    if (took >= 100) return Math.round((turns * 100) / took)
  }
}

/** A fast function alone, and beside one that computes all the time. */
const beside = {
  peers: ['node', 'workerd'],
  async run({ candidates, settings }) {
    const rows = []
    for (const { address, pid, what } of Object.values(only(candidates, 'edge', 'node', 'workerd'))) {
      const target = (state) => [{ what: `${what}: ${state}`, pid, url: address + pathOf('hello'), body: EVENT }]
      const few = { ...settings, connections: 8 }
      rows.push(...(await measure('beside', target('alone'), few)))
      const turns = await hogTurns(address)
      const meanwhile = () => {
        let stopped = false
        const hog = (async () => {
          while (!stopped) await invoke(address, 'hog', { turns })
        })()
        return async () => {
          stopped = true
          await hog
        }
      }
      rows.push(...(await measure('beside', target('beside 100 ms of work at a time'), { ...few, meanwhile })))
    }
    return { title: 'a fast function beside a slow one, on one core', note: '8 connections; the CPU beside the slow one is that of both', rows }
  },
}

export const CASES = {
  hello,
  'hello-1024': loaded('hello, 1,024 connections', 'hello', EVENT, { connections: 1_024 }),
  pipelined: loaded('hello, 16 requests pipelined', 'hello', EVENT, { pipeline: 16, peers: ['uws', 'node'] }),
  library: loaded('a handler with libraries of more than 1 MB', 'library', EVENT),
  modules,
  transform: loaded('10 kB of JSON transformed', 'transform', JSON_10KB),
  fib: computing('fib(25)', 'fib', '{"n":25}'),
  sort: computing('10,000 numbers sorted', 'sort', '{"n":10000}'),
  json: computing('100 kB of JSON written and read', 'json', '{}'),
  regex: computing('regular expressions over 13 kB', 'regex', '{}'),
  markdown: computing('a page of Markdown rendered', 'markdown', '{}'),
  beside,
  cores,
  thousand,
  connections,
  failover,
  deploy: { run: deployments },
  startup,
  tls,
  dns,
  invoke: { run: fresh },
}
