// What the executable carries besides Node: a folder like the repository's, with only what runs, for one target.
import { chmod, copyFile, cp, mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { build } from 'esbuild'
import { at, BUILD_DIR, ROOT } from '../lib/paths.mjs'
import { fetchPackage } from './packages.mjs'

/** Packages that load a prebuilt library, each in its own binding.js. */
const WITH_LIBRARY = /node_modules[\\/]([\w-]+)[\\/]binding\.js$/
/** Compiled from ts/, and what loads the native module. */
const OURS = new RegExp(`^${ROOT.replaceAll('.', '[.]')}/(?:dist|bindings)/.*[.]js$`)
/** Read at run time by their place in the repository. */
const FILES = ['package.json', 'crates/plugin/plugin.wasm', 'templates', 'types']

/** CommonJS in an ES module: what esbuild leaves to its surroundings. */
const BANNER = `import { createRequire as swarmCreateRequire } from 'node:module';
import { fileURLToPath as swarmPath } from 'node:url';
const require = swarmCreateRequire(import.meta.url);
const __filename = swarmPath(import.meta.url);
const __dirname = swarmPath(new URL('.', import.meta.url));
const swarmUrl = (path) => new URL('../' + path, import.meta.url).href;`

/** Fills the folder. `native`: the built module; `engines`: the plugin's native code. */
export const makeTree = async (target, folder, { native, engines }) => {
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  const libraries = await bundleHost(folder)
  await copyLibraries(target, folder, libraries)
  await put(native, join(folder, 'bindings', `swarmlambda.linux-${target.arch}-gnu.node`))
  for (const file of FILES) await cp(at(file), join(folder, file), { recursive: true })
  await cp(at('dist/ui'), join(folder, 'dist/ui'), { recursive: true })
  await cp(engines, join(folder, '.build/engine'), { recursive: true })
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

/** Into `host/`, in pieces that are loaded when they are needed. Returns the packages whose libraries it asks for. */
const bundleHost = async (folder) => {
  const libraries = new Set()
  await build({
    entryPoints: [at('dist/bin/swarmlambda.js')],
    outdir: join(folder, 'host'),
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node22',
    // Of packages that have both, the ES modules: the others find their parts in ways that can't be bundled.
    mainFields: ['module', 'main'],
    minifySyntax: true,
    keepNames: true,
    legalComments: 'none',
    logLevel: 'error',
    external: ['../natives/*'],
    banner: { js: BANNER },
    plugins: [
      {
        name: 'places',
        setup({ onLoad }) {
          onLoad({ filter: WITH_LIBRARY }, ({ path }) => {
            const [, name] = WITH_LIBRARY.exec(path) ?? []
            libraries.add(name)
            return { contents: `module.exports = require('../natives/${name}.node')`, loader: 'js' }
          })
          // A module finds its files from where it was, not from the bundle.
          onLoad({ filter: OURS }, async ({ path }) => {
            const text = await readFile(path, 'utf8')
            return { contents: text.replace(/(?<!['"`])import\.meta\.url(?!['"`])/g, `swarmUrl(${JSON.stringify(relative(ROOT, path))})`), loader: 'js' }
          })
        },
      },
    ],
  })
  return [...libraries]
}

const copyLibraries = async (target, folder, libraries) => {
  await mkdir(join(folder, 'natives'), { recursive: true })
  for (const name of libraries) {
    const from = at('node_modules', name, 'prebuilds', `linux-${target.arch}`, `${name}.node`)
    await copyFile(from, join(folder, 'natives', `${name}.node`))
  }
}

/** Every file of the folder, relative to it, sorted. */
export const filesOf = async (folder) => {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile()).map((entry) => relative(folder, join(entry.parentPath, entry.name)))
  return files.sort()
}

export const PACKAGE_DIR = join(BUILD_DIR, 'package')
