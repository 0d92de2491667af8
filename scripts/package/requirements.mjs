// What packaging needs of the machine that nothing here installs, asked for before anything is compiled.
import { outputOf } from '../lib/run.mjs'
import { Stop } from '../lib/terminal.mjs'
import { emulator } from './engines.mjs'
import { stripFor } from './executable.mjs'

/** `isBuilt`: the native module is there already. */
export const requireTools = async (target, isBuilt) => {
  const missing = []
  const need = async (command, what) => {
    if ((await outputOf(command, ['--version'])) === null) missing.push(`${command} (${what})`)
  }
  await need('dpkg-deb', 'Debian: dpkg; it makes the .deb')
  await need('apt-get', "Debian: apt; the image's C library, and the old one that packages are tried with, are from Debian's packages")
  await need(stripFor(target), `Debian: binutils-${target.multiarch.replace('_', '-')}`)
  if (!isBuilt) {
    await need('rustup', `https://rustup.rs; it adds ${target.rust}`)
    await need('python3', "Debian: python3-pip; pip installs zig, the native module's C compiler and linker")
  }
  if (target.arch !== process.arch) {
    const [qemu] = emulator(target)
    await need(qemu, `Debian: qemu-user; the plugin is compiled for ${target.arch} by running there`)
  }
  if (missing.length > 0) throw new Stop(`Packaging for linux-${target.arch} needs, and does not find here:\n  ${missing.join('\n  ')}`)
}
