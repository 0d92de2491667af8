// `node scripts/production/upgrade.mjs OLD NEW`: three edges of one version become three of another, one after the other, under load,
// and no request fails. OLD and NEW are executables of `npm run package`, or bin/swarmlambda.js of checkouts that are built.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { freePorts } from '../lib/ports.mjs'
import { dim, green, main, say, Stop } from '../lib/terminal.mjs'

const EDGES = [['edge-a', 'us-west-sfo'], ['edge-b', 'us-east-iad'], ['edge-c', 'eu-central-fra']]
const CALLERS = 4
const WITHIN_MS = 180_000
const SOURCE = 'exports.handler = async ({ n }) => n'

await main(async () => {
  const [before, after] = process.argv.slice(2)
  if (after === undefined) throw new Stop('node scripts/production/upgrade.mjs OLD NEW')
  const folder = await mkdtemp(join(tmpdir(), 'swarmlambda-upgrade-'))
  const running = new Map()
  const start = async (program, name, args, env) => {
    const path = resolve(program)
    const [command, ...rest] = [...(path.endsWith('.js') ? [process.execPath, path] : [path]), ...args]
    const child = spawn(command, rest, { cwd: folder, env: { PATH: process.env.PATH, HOME: folder, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
    running.set(name, child)
    return await ready(child, name)
  }
  const edge = (program, index, port) => {
    const [name, region] = EDGES[index]
    return start(program, name, ['edge'], { SWARMLAMBDA_NODE_NAME: name, SWARMLAMBDA_REGION: region, SWARMLAMBDA_HTTP_PORT: String(port), SWARMLAMBDA_STATE_DIR: join(folder, 'mesh', name), SWARMLAMBDA_BOOTSTRAP: 'none' })
  }
  try {
    const [proxyPort, ...ports] = await freePorts(1 + EDGES.length)
    const urls = ports.map((port) => `http://127.0.0.1:${port}`)
    for (const index of EDGES.keys()) say('old', dim(await edge(before, index, ports[index])))
    await start(after, 'proxy', ['proxy'], { SWARMLAMBDA_PROXY_PORT: String(proxyPort), SWARMLAMBDA_EDGES: ports.map((port) => `127.0.0.1:${port}`).join() })
    const proxy = `http://127.0.0.1:${proxyPort}`
    await until('three edges are one mesh', () => seeAll(urls))
    await expect(201, `${proxy}/functions?wait=all`, { name: 'hello', files: { 'index.js': SOURCE } })
    const load = openLoad(proxy)
    for (const [index, [name]] of EDGES.entries()) {
      const url = urls[index]
      await expect(200, `${url}/drain`, {})
      const child = running.get(name)
      child.kill('SIGTERM')
      await once(child, 'exit')
      say('new', dim(await edge(after, index, ports[index])))
      await until(`${name} is in the mesh again`, () => seeAll(urls))
      // Deployed by a new edge, served by the old ones, and the other way round.
      await expect(201, `${url}/functions?wait=all`, { name: `from-${name}`, files: { 'index.js': SOURCE } })
      await until(`all edges have from-${name}`, async () => (await Promise.all(urls.map((each) => call(each, `from-${name}`, 1)))).every((answer) => answer === 1))
    }
    const { edges, failures, requests } = await load.end()
    if (failures.length > 0) throw new Stop(`${failures.length} of ${requests} requests failed: ${failures.slice(0, 5).join('; ')}`)
    say('upgrade', green(`${requests} requests on ${edges} edges while each was replaced, and none failed`))
  } finally {
    for (const child of running.values()) child.kill('SIGKILL')
    await rm(folder, { recursive: true, force: true, maxRetries: 5 })
  }
})

function openLoad(proxy) {
  const failures = []
  const seen = new Set()
  let over = false
  let requests = 0
  const caller = async () => {
    for (let n = 0; !over; n += 1) {
      requests += 1
      const answer = await call(proxy, 'hello', n, seen).catch((error) => `${error.message} ${error.cause?.message ?? ''}`)
      if (answer !== n) failures.push(JSON.stringify(answer))
    }
  }
  const callers = Promise.all(Array.from({ length: CALLERS }, caller))
  return {
    async end() {
      over = true
      await callers
      return { failures, requests, edges: seen.size }
    },
  }
}

async function call(url, name, n, seen = new Set()) {
  const response = await fetch(`${url}/2015-03-31/functions/${name}/invocations`, { method: 'POST', body: JSON.stringify({ n }) })
  seen.add(response.headers.get('x-swarm-edge'))
  return await response.json()
}

async function expect(status, url, body) {
  const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
  if (response.status !== status) throw new Stop(`${url} answered ${response.status}: ${await response.text()}`)
}

async function seeAll(urls) {
  const seen = await Promise.all(urls.map(async (url) => (await (await fetch(`${url}/cluster`)).json()).edges.filter(({ state }) => state === 'up').length))
  return seen.every((count) => count === urls.length)
}

async function until(what, isTrue) {
  for (const end = performance.now() + WITHIN_MS; performance.now() < end; ) {
    if (await isTrue().catch(() => false)) return
    await new Promise((wake) => setTimeout(wake, 100))
  }
  throw new Stop(`not so in time: ${what}`)
}

function ready(child, name) {
  return new Promise((done, reject) => {
    let output = ''
    const timer = setTimeout(() => reject(new Stop(`${name} was not ready in time:\n${output}`)), WITHIN_MS)
    const hear = (text) => {
      output += text
      const line = output.split('\n').slice(0, -1).find((one) => one.includes('is ready on'))
      if (line === undefined) return
      clearTimeout(timer)
      done(line)
    }
    child.stdout.setEncoding('utf8').on('data', hear)
    child.stderr.setEncoding('utf8').on('data', hear)
    child.once('error', reject).once('exit', (code) => reject(new Stop(`${name} ended (${code}):\n${output}`)))
  })
}
