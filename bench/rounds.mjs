// Interleaved rounds of load against several targets, so that a drifting machine drifts for all; the servers on one core,
// the load on another.
import { cpus } from 'node:os'
import { run } from '../scripts/lib/run.mjs'
import { say, Stop, table } from '../scripts/lib/terminal.mjs'
import { cpuMicroseconds, quantile, residentMb, spread } from './figures.mjs'
import { chooseLoad } from './load.mjs'

const ROUNDS = 5
const SECONDS = 4
const CONNECTIONS = 64

const canPin = async () =>
  cpus().length > 1 && (await run('taskset', ['-c', '0', 'true'], { collect: true }).catch(() => ({ code: 1 }))).code === 0

/** The command that servers under measurement are run by, and the one that the load is run under. */
export const pinning = async () =>
  (await canPin())
    ? { server: ['taskset', '-c', '0', process.execPath], load: ['taskset', '-c', '1'], how: 'server on core 0, load on core 1' }
    : { server: [process.execPath], load: [], how: 'not pinned' }

/** An edge alone, with one HTTP thread; its pid and address. */
export const startEdge = (children, stateDir, command, env = {}) =>
  children.start({
    name: 'edge',
    script: 'bin/edge.js',
    env: {
      SWARMLAMBDA_NODE_NAME: 'bench', SWARMLAMBDA_CLUSTER_ID: 'bench', SWARMLAMBDA_HTTP_PORT: '0',
      SWARMLAMBDA_STATE_DIR: `${stateDir}/bench`, SWARMLAMBDA_BOOTSTRAP: 'none', SWARMLAMBDA_THREADS: '1',
      ...env,
    },
    command,
  })

/** Loads `targets` ({ what, pid, url, body }) in turn; a table of medians with their spread, and CPU µs per request by target. */
export const measure = async (title, targets, pin) => {
  const { name, load } = await chooseLoad()
  const measured = targets.map((target) => ({ ...target, rounds: [] }))
  for (let round = 0; round <= ROUNDS; round += 1) {
    say(title, round === 0 ? 'warming up' : `round ${round} of ${ROUNDS}`)
    for (const { what, pid, url, body, rounds } of measured) {
      const before = await cpuMicroseconds(pid)
      const result = await load({ url, body, connections: CONNECTIONS, seconds: round === 0 ? 1 : SECONDS, pin: pin.load })
      const cpuUs = ((await cpuMicroseconds(pid)) - before) / result.requests
      if (result.errors > 0) throw new Stop(`${what}: ${result.errors} of ${result.requests} requests failed`)
      if (round > 0) rounds.push({ ...result, cpuUs })
    }
  }
  const rows = await Promise.all(
    measured.map(async ({ what, pid, rounds }) => {
      const of = (figure) => rounds.map((round) => round[figure])
      return [what, spread(of('perSecond'), 0), spread(of('cpuUs')), spread(of('p50Ms'), 2), spread(of('p99Ms'), 2), (await residentMb(pid)).toFixed(0)]
    }),
  )
  return {
    text: `${title}: ${CONNECTIONS} keep-alive connections, ${name} for ${SECONDS} s, ${ROUNDS} interleaved rounds, ${pin.how}; median (least–most)

${table([['', 'requests/s', 'server CPU µs/request', 'p50 ms', 'p99 ms', 'RSS MB'], ...rows])}`,
    cpuUs: measured.map(({ rounds }) => quantile(rounds.map(({ cpuUs }) => cpuUs), 0.5)),
  }
}
