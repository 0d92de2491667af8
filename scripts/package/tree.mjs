// What the executable carries besides Node: a folder like the repository's, with only what runs, for one target.
import { chmod, copyFile, cp, mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { basename, dirname, join, relative } from 'node:path'
import { copyLibraries, HOST_DIR, NATIVES_DIR } from '../lib/host.mjs'
import { at, BUILD_DIR } from '../lib/paths.mjs'
import { fetchPackage } from './packages.mjs'

/** Read at run time by their place in the repository. */
const FILES = ['package.json', 'crates/plugin/plugin.wasm', 'templates', 'types']

/** Fills the folder. `native`: the built module; `engines`: the plugin's native code. */
export const makeTree = async (target, folder, { native, engines }) => {
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  await put(join(HOST_DIR, 'host.cjs'), join(folder, 'dist/host/host.cjs'))
  const libraries = (await readdir(NATIVES_DIR)).map((file) => basename(file, '.node'))
  await copyLibraries(libraries, `linux-${target.arch}`, join(folder, 'dist/natives'))
  await put(native, join(folder, 'bindings', `swarmlambda.linux-${target.arch}-gnu.node`))
  for (const file of FILES) await cp(at(file), join(folder, file), { recursive: true })
  await cp(at('dist/ui'), join(folder, 'dist/ui'), { recursive: true })
  await cp(engines, join(folder, '.build/engine'), { recursive: true })
  for (const file of ['package.json', 'lib/main.js']) await put(at('node_modules/esbuild', file), join(folder, 'node_modules/esbuild', file))
  const esbuild = await fetchPackage(target.esbuild, await versionOf('esbuild'))
  await put(join(esbuild, 'bin/esbuild'), join(folder, 'bin/esbuild'))
  await chmod(join(folder, 'bin/esbuild'), 0o755)
  await put(at('scripts/package/boot.cjs'), join(folder, 'boot.cjs'))
}

const put = async (from, to) => {
  await mkdir(dirname(to), { recursive: true })
  await copyFile(from, to)
}

const versionOf = async (name) => JSON.parse(await readFile(at('node_modules', name, 'package.json'), 'utf8')).version

/** Every file of the folder, relative to it, sorted. */
export const filesOf = async (folder) => {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile()).map((entry) => relative(folder, join(entry.parentPath, entry.name)))
  return files.sort()
}

export const PACKAGE_DIR = join(BUILD_DIR, 'package')
