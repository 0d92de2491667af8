// The Debian package: the executable, a user, directories, a hardened unit, and a configuration to begin with.
import { chmod, copyFile, mkdir, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { at } from '../lib/paths.mjs'
import { run } from '../lib/run.mjs'
import { Stop } from '../lib/terminal.mjs'

const FILES = at('scripts/package/debian')

/** `libraries`: the oldest that will do. */
export const makeDeb = async (target, executable, version, libraries, output) => {
  const root = `${output}.root`
  await rm(root, { recursive: true, force: true })
  const put = async (from, to, mode) => {
    const file = join(root, to)
    await mkdir(join(file, '..'), { recursive: true })
    await copyFile(from, file)
    await chmod(file, mode)
  }
  await put(executable, 'usr/bin/swarmlambda', 0o755)
  await put(join(FILES, 'swarmlambda.service'), 'usr/lib/systemd/system/swarmlambda.service', 0o644)
  await put(join(FILES, 'swarmlambda.toml'), 'etc/swarmlambda/swarmlambda.toml', 0o644)
  await put(join(FILES, 'sysusers.conf'), 'usr/lib/sysusers.d/swarmlambda.conf', 0o644)
  for (const script of ['postinst', 'prerm', 'postrm']) await put(join(FILES, script), `DEBIAN/${script}`, 0o755)
  await writeFile(join(root, 'DEBIAN/conffiles'), '/etc/swarmlambda/swarmlambda.toml\n')
  const { size } = await stat(executable)
  await writeFile(
    join(root, 'DEBIAN/control'),
    `Package: swarmlambda
Version: ${version}
Architecture: ${target.deb}
Maintainer: SwarmLambda maintainers <maintainers@localhost>
Installed-Size: ${Math.ceil(size / 1024)}
Depends: libc6 (>= ${libraries.glibc}), libstdc++6 (>= ${libraries.gcc}), libatomic1
Recommends: systemd
Section: httpd
Priority: optional
Description: peer-to-peer edge that runs JavaScript functions
 Every edge is a gateway, an executor and a copy of the registry of functions. Edges with one key form a mesh; a request runs
 on the nearest of them, in a fresh WebAssembly sandbox, and on the next when it can't.
`,
  )
  const { code, output: said } = await run('dpkg-deb', ['--build', '--root-owner-group', '-Zxz', '-z1', root, output], { collect: true })
  if (code !== 0) throw new Stop(`dpkg-deb: ${said}`)
  await rm(root, { recursive: true })
}
