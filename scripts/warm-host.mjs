// Runs an edge until it is ready, once, at build, and keeps the code that V8 compiled for that: others begin with it (bin/launch.js).
import { rmSync } from 'node:fs'
import { mkdtemp, rename, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { load } from '../bin/launch.js'
import { at } from './lib/paths.mjs'

const folder = await mkdtemp(join(tmpdir(), 'swarmlambda-warm-'))
// An edge of its own, whatever is configured on this machine.
const config = join(folder, 'swarmlambda.toml')
await writeFile(config, '')
for (const name of Object.keys(process.env)) if (name.startsWith('SWARMLAMBDA_')) delete process.env[name]
Object.assign(process.env, { SWARMLAMBDA_CONFIG: config, SWARMLAMBDA_STATE_DIR: join(folder, 'edge'), SWARMLAMBDA_HTTP_PORT: '0', SWARMLAMBDA_BOOTSTRAP: 'none' })
process.argv.length = 2
const { programs, script } = load()
const { write } = process.stdout
process.stdout.write = (text) => {
  if (String(text).includes('is ready on')) void keep()
  return true
}
const keep = async () => {
  const file = at('dist/host/host.code')
  await writeFile(`${file}.new`, script.createCachedData())
  await rename(`${file}.new`, file)
  process.stdout.write = write
  process.kill(process.pid, 'SIGTERM')
}
process.on('exit', () => void rmSync(folder, { recursive: true, force: true }))
programs.edge()
