// Packages of npm that only packaging needs, unpacked under .build/package/npm: Node itself, and binaries for other machines.
import { access, mkdir, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { extract } from 'tar'
import { BUILD_DIR } from '../lib/paths.mjs'
import { run } from '../lib/run.mjs'
import { say, Stop } from '../lib/terminal.mjs'

const FOLDER = join(BUILD_DIR, 'package', 'npm')

/** The folder of the package's files. npm checks what it downloads against the registry's digest. */
export const fetchPackage = async (name, version) => {
  const folder = join(FOLDER, `${name.replace('/', '+')}-${version}`)
  if (await access(folder).then(() => true, () => false)) return folder
  say('npm', `${name} ${version}`)
  const fresh = `${folder}.new`
  await rm(fresh, { recursive: true, force: true })
  await mkdir(fresh, { recursive: true })
  const { code } = await run('npm', ['pack', '--silent', `${name}@${version}`, '--pack-destination', fresh], { collect: true })
  const [archive] = (await readdir(fresh)).filter((file) => file.endsWith('.tgz'))
  if (code !== 0 || archive === undefined) throw new Stop(`${name}@${version} could not be downloaded`)
  await extract({ file: join(fresh, archive), cwd: fresh, strip: 1 })
  await rm(join(fresh, archive))
  await rename(fresh, folder)
  return folder
}
