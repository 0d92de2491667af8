// The host in few files, dist/host: what bin/ runs, and what packages carry. Loading the thousand modules behind dist/bin one by one
// takes longer than everything else at an edge's start. Source maps lead back to ts/ (`node --enable-source-maps`).
import { copyFile, mkdir, readFile, rm } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { at, ROOT } from './paths.mjs'
import { Stop } from './terminal.mjs'

export const HOST_DIR = at('dist/host')
/** The libraries of packages that have one, beside the host. */
export const NATIVES_DIR = at('dist/natives')

const PROGRAMS = ['edge', 'proxy', 'dns', 'swarmlambda']
/** Packages that load a prebuilt library, each in its own binding.js. */
const WITH_LIBRARY = /node_modules[\\/]([\w-]+)[\\/]binding\.js$/
/** Compiled from ts/, and what loads the native module. */
const OURS = new RegExp(`^${ROOT.replaceAll('.', '[.]')}/(?:dist|bindings)/.*[.]js$`)

/** CommonJS in an ES module: what esbuild leaves to its surroundings. */
const BANNER = `import { createRequire as swarmCreateRequire } from 'node:module';
import { fileURLToPath as swarmPath } from 'node:url';
const require = swarmCreateRequire(import.meta.url);
const __filename = swarmPath(import.meta.url);
const __dirname = swarmPath(new URL('.', import.meta.url));
const swarmUrl = (path) => new URL('../../' + path, import.meta.url).href;`

const SETTINGS = {
  entryPoints: PROGRAMS.map((name) => at(`dist/bin/${name}.js`)),
  outdir: HOST_DIR,
  absWorkingDir: ROOT,
  bundle: true,
  // In pieces that are loaded when they are needed.
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  // Of packages that have both, the ES modules: the others find their parts in ways that can't be bundled.
  mainFields: ['module', 'main'],
  // It looks for its program from where it is.
  external: ['esbuild', '../natives/*'],
  sourcemap: true,
  sourcesContent: false,
  legalComments: 'none',
  logLevel: 'error',
  banner: { js: BANNER },
}

/** Bundles what is compiled, and puts this machine's libraries beside it. */
export const bundleHost = async () => {
  // Not before it is installed.
  const { build } = await import('esbuild')
  const libraries = new Set()
  await rm(HOST_DIR, { recursive: true, force: true })
  const { metafile } = await build({ ...SETTINGS, metafile: true, plugins: [places(libraries)] })
  const nameless = Object.values(metafile.outputs).find(({ entryPoint, exports }) => entryPoint?.startsWith('node_modules/') && exports.join() === 'default')
  if (nameless) throw new Stop(`${nameless.entryPoint} is CommonJS: import() of it has no named exports once bundled. Import it statically in a module that is loaded by import()`)
  await rm(NATIVES_DIR, { recursive: true, force: true })
  await copyLibraries([...libraries], `${process.platform}-${process.arch}`, NATIVES_DIR)
}

/** `target`: as the packages name it, such as `linux-arm64`. */
export const copyLibraries = async (names, target, folder) => {
  await mkdir(folder, { recursive: true })
  for (const name of names) {
    await copyFile(at('node_modules', name, 'prebuilds', target, `${name}.node`), join(folder, `${name}.node`)).catch((error) => {
      throw new Stop(`${name} has no library for ${target}: ${error.message}`)
    })
  }
}

const places = (libraries) => ({
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
})
