// `npm run bench [-- hello|modules|deploy|tls|invoke]`: what the README claims, measured against peers in the same run.
import { mkdtemp, rm } from 'node:fs/promises'
import { cpus, release, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { ensureInstalled } from '../scripts/lib/install.mjs'
import { build } from '../scripts/lib/steps.mjs'
import { main, red, say, Stop } from '../scripts/lib/terminal.mjs'
import { deployments } from './deploy.mjs'
import { hello } from './hello.mjs'
import { invoke } from './invoke.mjs'
import { modules } from './modules.mjs'
import { tls } from './tls.mjs'

const BENCHMARKS = { hello, modules, deploy: deployments, invoke, tls }

await main(async () => {
  const wanted = process.argv.slice(2)
  const unknown = wanted.find((name) => !(name in BENCHMARKS))
  if (unknown !== undefined) throw new Stop(`There is no benchmark ${unknown}: ${Object.keys(BENCHMARKS).join(', ')}`)
  if (process.platform !== 'linux') throw new Stop('The benchmark reads CPU times from /proc: it needs Linux.')
  await ensureInstalled()
  await build()
  const { Children } = await import('../dist/lib/dev/children.js')
  say('machine', `${cpus().length} × ${cpus()[0]?.model}, ${Math.round(totalmem() / 2 ** 30)} GB, Linux ${release()}, Node ${process.version}`)
  for (const [name, benchmark] of Object.entries(BENCHMARKS)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue
    const stateDir = await mkdtemp(join(tmpdir(), 'swarmlambda-bench-'))
    const children = new Children({ env: process.env, onExit: (child, how) => process.stderr.write(red(`${child} ${how}\n`)), onLine: () => {} })
    try {
      process.stdout.write(`\n${await benchmark(children, stateDir)}\n`)
    } finally {
      await children.stop()
      await rm(stateDir, { recursive: true, force: true })
    }
  }
})
