// What builds the native module for a target: Rust's standard library for it, and zig as its C compiler and linker. zig carries
// the symbols of every glibc, so that what is built on a new machine runs on an old one.
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { BUILD_DIR } from '../lib/paths.mjs'
import { outputOf, run } from '../lib/run.mjs'
import { say, Stop } from '../lib/terminal.mjs'

const ZIG = '0.17.1'
const ZIG_DIR = join(BUILD_DIR, 'zig')
/** The oldest C library that the native module runs with, as Node itself does. */
const GLIBC = '2.28'

/** A C compiler for the target. */
export const compilerFor = async (target) => (await toolchainFor(target))[`CC_${target.rust.replaceAll('-', '_')}`]

/** The environment for cargo. Installs what is missing under .build, and the target with rustup. */
export const toolchainFor = async ({ rust, zig }) => {
  await requireTarget(rust)
  const program = await requireZig()
  const bin = join(BUILD_DIR, 'zig-bin', rust)
  await mkdir(bin, { recursive: true })
  const compiler = (language) => `#!/bin/sh
# cc and rustc name the target in words zig has others for, and a library whose work zig's own unwinder does.
for argument do
  shift
  case "$argument" in
    --target=*) ;;
    -lgcc_s) set -- "$@" -lunwind ;;
    *) set -- "$@" "$argument" ;;
  esac
done
exec "${program}" ${language} -target ${zig}.${GLIBC} "$@"
`
  const write = async (name, text) => {
    const file = join(bin, name)
    if ((await readFile(file, 'utf8').catch(() => '')) !== text) await writeFile(file, text)
    await chmod(file, 0o755)
    return file
  }
  const name = rust.replaceAll('-', '_')
  const cc = await write('cc', compiler('cc'))
  return {
    [`CARGO_TARGET_${name.toUpperCase()}_LINKER`]: cc,
    [`CC_${name}`]: cc,
    [`CXX_${name}`]: await write('cxx', compiler('c++')),
    [`AR_${name}`]: await write('ar', `#!/bin/sh\nexec "${program}" ar "$@"\n`),
    CARGO_PROFILE_RELEASE_STRIP: 'symbols',
  }
}

const requireTarget = async (rust) => {
  const folder = await outputOf('rustc', ['--print', 'target-libdir', '--target', rust])
  const files = folder === null ? null : await outputOf('ls', [folder])
  if (files?.includes('libstd-')) return
  say('rust', `adding ${rust}`)
  const { code } = await run('rustup', ['target', 'add', rust])
  if (code !== 0) throw new Stop(`Rust's standard library for ${rust} could not be installed: rustup target add ${rust}`)
}

const requireZig = async () => {
  const program = join(ZIG_DIR, 'ziglang', 'zig')
  if ((await outputOf(program, ['version'])) === ZIG) return program
  say('zig', `installing ${ZIG}`)
  const { code } = await run('python3', ['-m', 'pip', 'install', '--quiet', '--no-deps', '--upgrade', '--target', ZIG_DIR, `ziglang==${ZIG}`])
  if (code !== 0) throw new Stop(`zig could not be installed: python3 -m pip install ziglang==${ZIG}`)
  return program
}
