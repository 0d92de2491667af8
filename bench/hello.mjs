// The hello invocation, a hit on one edge, beside servers that answer the same bytes without any isolation. Interleaved
// rounds, so that a drifting machine drifts for all; the server on one core, the load on another.
import { cpus } from 'node:os'
import { deploy, urlOf } from '../scripts/lib/cluster.mjs'
import { freePorts } from './ports.mjs'
import { run } from '../scripts/lib/run.mjs'
import { say, Stop, table } from '../scripts/lib/terminal.mjs'
import { cpuMicroseconds, quantile, residentMb, spread } from './figures.mjs'
import { chooseLoad } from './load.mjs'

const ROUNDS = 5
const SECONDS = 4
const CONNECTIONS = 64
const EVENT = '{"name":"world"}'
const HELLO = 'exports.handler = async (e) => ({ ok: true, e })'
const ON_SERVER_CORE = ['taskset', '-c', '0']
const ON_LOAD_CORE = ['taskset', '-c', '1']

const canPin = async () =>
  cpus().length > 1 && (await run('taskset', ['-c', '0', 'true'], { collect: true }).catch(() => ({ code: 1 }))).code === 0

export const hello = async (children, stateDir) => {
  const { name, load } = await chooseLoad()
  const pinned = await canPin()
  const pin = pinned ? ON_LOAD_CORE : []
  const command = [...(pinned ? ON_SERVER_CORE : []), process.execPath]
  const [edgePort, httpPort, uwsPort] = await freePorts(3)
  const edge = await children.start('edge', 'bin/edge.js', {
    SWARMLAMBDA_NODE_NAME: 'bench', SWARMLAMBDA_CLUSTER_ID: 'bench', SWARMLAMBDA_HTTP_PORT: String(edgePort),
    SWARMLAMBDA_STATE_DIR: `${stateDir}/bench`, SWARMLAMBDA_BOOTSTRAP: 'none', SWARMLAMBDA_THREADS: '1',
  }, { command })
  await deploy(urlOf(edgePort), 'hello', HELLO)
  const path = '/2015-03-31/functions/hello/invocations'
  const servers = [
    { what: 'SwarmLambda, a fresh sandbox each', pid: edge, url: `${urlOf(edgePort)}${path}` },
    { what: 'node:http, no isolation', pid: await children.start('http', 'bench/peers/node-http.mjs', { PORT: String(httpPort) }, { command }), url: `${urlOf(httpPort)}${path}` },
    { what: 'uWebSockets.js, no isolation', pid: await children.start('uws', 'bench/peers/uwebsockets.mjs', { PORT: String(uwsPort) }, { command }), url: `${urlOf(uwsPort)}${path}` },
  ].map((server) => ({ ...server, rounds: [] }))

  for (let round = 0; round <= ROUNDS; round += 1) {
    say('hello', round === 0 ? 'warming up' : `round ${round} of ${ROUNDS}`)
    for (const { what, pid, url, rounds } of servers) {
      const before = await cpuMicroseconds(pid)
      const result = await load({ url, body: EVENT, connections: CONNECTIONS, seconds: round === 0 ? 1 : SECONDS, pin })
      const cpuUs = ((await cpuMicroseconds(pid)) - before) / result.requests
      if (result.errors > 0) throw new Stop(`${what}: ${result.errors} of ${result.requests} requests failed`)
      if (round > 0) rounds.push({ ...result, cpuUs })
    }
  }
  const rows = await Promise.all(
    servers.map(async ({ what, pid, rounds }) => {
      const of = (figure) => rounds.map((round) => round[figure])
      return [what, spread(of('perSecond'), 0), spread(of('cpuUs')), spread(of('p50Ms'), 2), spread(of('p99Ms'), 2), (await residentMb(pid)).toFixed(0)]
    }),
  )
  const [ours, http, uws] = servers.map(({ rounds }) => quantile(rounds.map(({ cpuUs }) => cpuUs), 0.5))
  return `hello: POST ${EVENT}, ${CONNECTIONS} keep-alive connections, ${name} for ${SECONDS} s, ${ROUNDS} interleaved rounds, ${
    pinned ? 'server on core 0, load on core 1' : 'not pinned'
  }; median (least–most)

${table([['', 'requests/s', 'server CPU µs/request', 'p50 ms', 'p99 ms', 'RSS MB'], ...rows])}

CPU per request: ${(ours / http).toFixed(2)} × node:http, ${(ours / uws).toFixed(2)} × uWebSockets.js`
}
