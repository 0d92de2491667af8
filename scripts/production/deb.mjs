// `node scripts/production/deb.mjs [FILE.deb]`: what the Debian package does to a machine. Installed, run as its unit says, removed and
// purged on a copy of this machine (an overlay in a mount namespace) that is gone afterwards. Needs root, dpkg, unshare and python3;
// with systemd's tools the unit is checked too.
import { spawn } from 'node:child_process'
import { access, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { at } from '../lib/paths.mjs'
import { green, main, say, Stop } from '../lib/terminal.mjs'

const FOLDER = at('.build/packages')
const WITHIN_MS = 300_000

await main(async () => {
  const file = process.argv[2] ?? (await newest())
  const folder = await mkdtemp(join(tmpdir(), 'swarmlambda-deb-'))
  try {
    const code = await unshared(folder, file)
    if (code !== 0) throw new Stop(`The package did not do what it should (${code}); the last line says what.`)
    say('deb', green('installs, runs as its unit says, is removed and purged'))
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 5 })
  }
})

async function newest() {
  const arch = { x64: 'amd64', arm64: 'arm64' }[process.arch]
  const found = (await readdir(FOLDER).catch(() => [])).filter((name) => name.endsWith(`_${arch}.deb`)).sort()
  if (found.length === 0) throw new Stop('Run first: npm run package -- --here')
  const file = join(FOLDER, found.at(-1))
  await access(file)
  return file
}

function unshared(folder, file) {
  const inside = spawn('unshare', ['--mount', '--pid', '--fork', '--kill-child', 'bash', at('scripts/production/deb.sh'), folder, file], { stdio: ['ignore', 'inherit', 'inherit'], timeout: WITHIN_MS })
  return new Promise((resolve, reject) => inside.once('error', reject).once('exit', resolve))
}
