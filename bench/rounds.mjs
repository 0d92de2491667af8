// Interleaved rounds of load against several targets, so that a drifting machine drifts for all; the servers on one core,
// the load on another.
import { cpus } from 'node:os'
import { run } from '../scripts/lib/run.mjs'
import { say, Stop } from '../scripts/lib/terminal.mjs'
import { cpuMicroseconds, quantile, residentMb } from './figures.mjs'
import { chooseLoad } from './load.mjs'

const canPin = async () =>
  cpus().length > 1 && (await run('taskset', ['-c', '0', 'true'], { collect: true }).catch(() => ({ code: 1 }))).code === 0

/** The command that servers under measurement are run by, and the one that the load is run under. */
export const pinning = async () =>
  (await canPin())
    ? { server: ['taskset', '-c', '0', process.execPath], load: ['taskset', '-c', '1'], how: 'server on core 0, load on core 1' }
    : { server: [process.execPath], load: [], how: 'not pinned' }

const median = (values) => ({ median: quantile(values, 0.5), least: Math.min(...values), most: Math.max(...values) })

/**
 * Loads `targets` ({ what, pid, url | urls, body }) in turn, `rounds` times after one to warm up. One row each:
 * `{ what, perSecond, cpuUs, p50Ms, p99Ms }` as `{ median, least, most }`, and `rssMb`.
 */
export const measure = async (title, targets, { pin, rounds, seconds, connections = 64, pipeline = 1, meanwhile }) => {
  const { load } = await chooseLoad()
  const measured = targets.map((target) => ({ ...target, results: [] }))
  for (let round = 0; round <= rounds; round += 1) {
    say(title, round === 0 ? 'warming up' : `round ${round} of ${rounds}`)
    for (const { what, pid, url, urls = [url], body, results } of measured) {
      const before = await cpuMicroseconds(pid)
      const stop = meanwhile?.()
      const result = await load({ urls, body, connections, pipeline, seconds: round === 0 ? Math.min(1, seconds) : seconds, pin: pin.load })
      await stop?.()
      const cpuUs = ((await cpuMicroseconds(pid)) - before) / result.requests
      if (result.errors > 0) throw new Stop(`${what}: ${result.errors} of ${result.requests} requests failed`)
      if (round > 0) results.push({ ...result, cpuUs })
    }
  }
  return Promise.all(
    measured.map(async ({ what, pid, results }) => {
      const of = (figure) => median(results.map((result) => result[figure]))
      return { what, perSecond: of('perSecond'), cpuUs: of('cpuUs'), p50Ms: of('p50Ms'), p99Ms: of('p99Ms'), rssMb: await residentMb(pid) }
    }),
  )
}
