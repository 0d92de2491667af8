// `npm run tour`: brings up a mesh, runs the README's tour in it, and draws what a terminal shows as docs/tour.svg.
import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { drawTerminal } from './lib/terminal-svg.mjs'
import { at } from './lib/paths.mjs'
import { requirePorts } from './lib/ports.mjs'
import { build } from './lib/steps.mjs'
import { main, say, Stop } from './lib/terminal.mjs'

const PICKY = `export const handler = async () => {
  if (process.env.SWARMLAMBDA_REGION === 'us-west-sfo') throw new Error('not here')
  return \`answered in \${process.env.SWARMLAMBDA_REGION}\`
}
`
const COMMANDS = [
  'swarmlambda status',
  'swarmlambda init hello',
  'swarmlambda deploy hello --alias live',
  `swarmlambda invoke hello '{"name":"you"}' --log`,
  'swarmlambda deploy picky.mjs',
  'swarmlambda invoke picky        # fails in San Francisco, on purpose',
  'swarmlambda ls',
]
const PORTS = { first: 8787, proxy: 8790 }

/** What a terminal would show of it. */
const shown = (command, cwd) =>
  new Promise((resolve, reject) => {
    let output = ''
    const env = { ...process.env, PATH: `${cwd}/.path:${process.env.PATH}`, FORCE_COLOR: '1', SWARMLAMBDA_ENDPOINT: `http://127.0.0.1:${PORTS.proxy}` }
    const child = spawn('bash', ['-c', `{ ${command}\n} 2>&1`], { cwd, env })
    child.stdout.on('data', (chunk) => (output += chunk))
    child.on('error', reject).on('close', (code) => (code === 0 ? resolve(output) : reject(new Stop(`${command}: ${output}`))))
  })

await main(async () => {
  await build()
  const { EDGES, openLocalMesh } = await import('../dist/lib/dev/local-mesh.js')
  await requirePorts([...EDGES.map((_, i) => PORTS.first + i), PORTS.proxy].map((port) => ({ port, what: 'the tour', variable: 'nothing: the picture shows these ports' })))
  const folder = await mkdtemp(join(tmpdir(), 'swarmlambda-tour-'))
  const mesh = await openLocalMesh({
    edges: EDGES.map((edge, i) => ({ ...edge, port: PORTS.first + i })),
    stateDir: join(folder, '.state'),
    proxyPort: PORTS.proxy,
    dnsPort: null,
    env: process.env,
    edgeEnv: { SWARMLAMBDA_BOOTSTRAP: 'none' },
    onLine: () => {},
    onExit: (name, how) => say('lost', `${name} ${how}`),
  })
  try {
    await mkdir(join(folder, '.path'))
    await writeFile(join(folder, '.path/swarmlambda'), `#!/bin/sh\nexec ${process.execPath} ${at('bin/swarmlambda.js')} "$@"\n`, { mode: 0o755 })
    await writeFile(join(folder, 'picky.mjs'), PICKY)
    const scenes = []
    for (const command of COMMANDS) scenes.push({ command, output: await shown(command, folder) })
    await writeFile(at('docs/tour.svg'), drawTerminal(scenes))
    say('written', 'docs/tour.svg')
  } finally {
    await mesh[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  }
})
