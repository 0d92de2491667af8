// The native module for a target, stripped. In a folder of cargo's own for each: with another linker cargo builds anew even what
// runs while it builds, so that each would undo the other's work.
import { join } from 'node:path'
import { at } from '../lib/paths.mjs'
import { run } from '../lib/run.mjs'
import { say, Stop } from '../lib/terminal.mjs'
import { toolchainFor } from './toolchain.mjs'

/** The path of the built module. */
export const buildNative = async (target) => {
  say('native', `building the Rust module for ${target.rust} (the first time: some minutes) …`)
  const folder = at('target/package', target.arch)
  const args = ['build', '--release', '--locked', '--package', 'swarmlambda-bindings', '--target', target.rust, '--target-dir', folder]
  const { code } = await run('cargo', args, { env: await toolchainFor(target) })
  if (code !== 0) throw new Stop('The Rust module did not build; the messages are above.')
  return join(folder, target.rust, 'release', 'libswarmlambda_bindings.so')
}
