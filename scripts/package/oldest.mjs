// Debian 11's C and C++ library (glibc 2.31, GCC 10) in a folder: the oldest that packages run with, so they are tried there.
import { access, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { outputOf, run } from '../lib/run.mjs'
import { say, Stop } from '../lib/terminal.mjs'
import { PACKAGE_DIR } from './tree.mjs'

const SUITE = 'bullseye'
const LIBRARIES = ['libc6', 'libstdc++6', 'libgcc-s1', 'libatomic1']
const KEYS = '/usr/share/keyrings/debian-archive-keyring.gpg'

/** Where they are for a target, once they are there. */
export const oldestFor = (target) => join(PACKAGE_DIR, SUITE, target.deb)

/** Downloads them, by an apt that knows nothing but that suite of the Debian mirror this machine uses. */
export const requireOldest = async (target) => {
  const root = oldestFor(target)
  if (await access(root).then(() => true, () => false)) return
  say('libraries', `those of Debian's ${SUITE} for ${target.deb}`)
  const fresh = `${root}.new`
  const apt = join(fresh, 'apt')
  await rm(fresh, { recursive: true, force: true })
  for (const folder of ['lists/partial', 'archives/partial']) await mkdir(join(apt, folder), { recursive: true })
  await writeFile(join(apt, 'sources.list'), `deb [arch=${target.deb} signed-by=${KEYS}] ${await mirror()} ${SUITE} main\n`)
  const settings = {
    'Dir::Etc::SourceList': 'sources.list',
    'Dir::Etc::SourceParts': 'none',
    'Dir::State::Lists': 'lists',
    'Dir::State::Status': 'status',
    'Dir::Cache': '.',
  }
  await writeFile(join(apt, 'status'), '')
  await writeFile(join(apt, 'apt.conf'), [...Object.entries(settings).map(([name, path]) => `${name} "${join(apt, path)}";`), `APT::Architecture "${target.deb}";`, `APT::Architectures {"${target.deb}";};`, 'APT::Sandbox::User "root";'].join('\n'))
  const get = async (...args) => {
    const { code, output } = await run('apt-get', ['-q', ...args], { cwd: join(apt, 'archives'), env: { APT_CONFIG: join(apt, 'apt.conf') }, collect: true })
    if (code !== 0) throw new Stop(`apt-get ${args.join(' ')}, of Debian's ${SUITE}: ${output}`)
  }
  await get('update')
  await get('download', ...LIBRARIES)
  for (const deb of (await readdir(join(apt, 'archives'))).filter((name) => name.endsWith('.deb'))) await run('dpkg', ['-x', join(apt, 'archives', deb), fresh])
  await rm(apt, { recursive: true })
  await rename(fresh, root)
}

const mirror = async () => {
  const lines = await outputOf('apt-get', ['indextargets', '--format', '$(ORIGIN) $(LABEL) $(SITE)', 'Created-By: Packages'])
  const [, site] = /^Debian Debian (\S+)$/m.exec(lines ?? '') ?? []
  if (site === undefined) throw new Stop("No Debian mirror is known to apt here; its libraries of 2021 are needed (on Debian: apt-get update)")
  return site
}
