// Fresh invocations without HTTP: one thread, two, and one on a plugin without any API (crates/executor/examples/fresh.rs).
import { run } from '../scripts/lib/run.mjs'
import { say, Stop } from '../scripts/lib/terminal.mjs'
import { quantile, spread } from './figures.mjs'

const PAGE_BYTES = 4096
const WHAT = { full: 'all APIs', bare: 'no API', two: 'all APIs, two threads at once' }

/** Medians of the quotients, round by round: what the machine does meanwhile is in both. */
const ratio = (over, under) => quantile(over.map((value, round) => value / under[round]), 0.5)

export const fresh = async () => {
  say('invoke', 'builds crates/executor/examples/fresh.rs')
  const { output, code } = await run('cargo', ['run', '--release', '--quiet', '-p', 'swarmlambda-executor', '--example', 'fresh'], { collect: true }).catch((error) => {
    throw new Stop(`needs cargo: ${error.message}`)
  })
  if (code !== 0) throw new Stop(`the example failed: ${output.trim()}`)
  const { cases, deployed } = JSON.parse(output.trim().split('\n').at(-1))
  const rows = Object.entries(cases).map(([name, { cpuUs, faults, perSecond, imageBytes, writtenBytes }]) => [
    WHAT[name], spread(cpuUs), spread(faults, 2), spread(perSecond, 0), String(imageBytes / PAGE_BYTES), String(writtenBytes / PAGE_BYTES),
  ])
  const { full, bare, two } = cases
  return {
    title: 'hello without HTTP',
    note: `a fresh sandbox each, ${full.cpuUs.length} interleaved rounds`,
    table: [['', 'CPU µs each', 'page faults each', 'per second', 'pages of its own', 'pages made new'], ...rows],
    figures: [
      ['CPU with all APIs', `${ratio(full.cpuUs, bare.cpuUs).toFixed(3)} × with none`],
      ['two threads', `${ratio(two.perSecond, full.perSecond).toFixed(2)} × what one does, in ${ratio(two.cpuUs, full.cpuUs).toFixed(2)} × the CPU time each`],
      [`compiling and loading each of ${deployed.functions} functions`, `${deployed.loadMs.toFixed(1)} ms`],
      ['memory of a function', `${(full.imageBytes / 1024).toFixed(0)} kB in a file in memory, and ${deployed.loadedKb.toFixed(0)} kB of the process when deployed, ${deployed.invokedKb.toFixed(0)} kB when it was called, until a minute or two later`],
      ['CPU of its first call', `${spread(deployed.firstCpuUs, 0)} µs, 99 % at most ${quantile(deployed.firstCpuUs, 0.99).toFixed(0)} µs`],
    ],
  }
}
