// The plugin's native code for a target. Its engine uses what the CPU has, so code is made for some; an edge on another CPU
// compiles once, at its first start. CPUs of another architecture are qemu's, which takes minutes for each.
import { copyFile, mkdir, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { at } from '../lib/paths.mjs'
import { run } from '../lib/run.mjs'
import { say, Stop } from '../lib/terminal.mjs'
import { nodeFor } from './executable.mjs'
import { oldestFor } from './oldest.mjs'

const CPUS = {
  // Raspberry Pi 4, also with 39 bits of addresses, for which code is other; Pi 5 and servers.
  arm64: ['cortex-a72', 'cortex-a72 39', 'neoverse-n1'],
  // Under qemu the compiler was not done in two and a half minutes.
  x64: ['host'],
}

/** How to run a program of the target here; one of another architecture with the oldest libraries. */
export const emulator = (target, cpu = 'max') =>
  target.arch === process.arch && cpu === 'host' ? [] : [`/usr/bin/qemu-${target.rust.split('-')[0]}`, '-cpu', cpu, ...(target.arch === process.arch ? [] : ['-L', oldestFor(target)])]

export const makeEngines = async (target, native, folder) => {
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  for (const kind of CPUS[target.arch]) {
    const [cpu, bits] = kind.split(' ')
    say('engine', `the plugin for ${cpu}${bits === undefined ? '' : ` with ${bits} bits of addresses`}`)
    // From one time to the next: for a plugin that did not change it is not compiled again.
    const kept = `${folder}.kept/${kind.replace(' ', '-')}`
    await mkdir(kept, { recursive: true })
    const limit = bits === undefined ? [] : ['prlimit', `--as=${2 ** bits}`]
    const [program, ...args] = [...limit, ...emulator(target, cpu), await nodeFor(target), at('scripts/package/warm.cjs'), native, at('crates/plugin/plugin.wasm'), kept]
    const { code, output } = await run(program, args, { collect: true })
    if (code !== 0) throw new Stop(`The plugin did not compile for ${kind}: ${output}`)
    const name = await newest(kept)
    await copyFile(join(kept, name), join(folder, name))
  }
  say('engine', `${(await readdir(folder)).length} kinds of CPU`)
  return folder
}

/** The file that was written last, once the others are gone. */
const newest = async (folder) => {
  const files = await Promise.all((await readdir(folder)).map(async (name) => ({ name, at: (await stat(join(folder, name))).mtimeMs })))
  const [last, ...older] = files.sort((a, b) => b.at - a.at)
  for (const { name } of older) await rm(join(folder, name))
  return last.name
}
