// The host in one file, dist/host/host.cjs: what bin/ runs, and what packages carry. Finding and loading the thousand modules behind
// dist/bin one by one takes longer than everything else at an edge's start. Its source map leads back to ts/ (`node --enable-source-maps`).
import { copyFile, mkdir, readFile, rm } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { at, ROOT } from './paths.mjs'
import { run } from './run.mjs'
import { dim, say, Stop } from './terminal.mjs'

export const HOST_DIR = at('dist/host')
const HOST_FILE = join(HOST_DIR, 'host.cjs')
/** The libraries of packages that have one, beside the host. */
export const NATIVES_DIR = at('dist/natives')

const WARM_MS = 120_000

/** Packages that load a prebuilt library, each in its own binding.js. */
const WITH_LIBRARY = /node_modules[\\/]([\w-]+)[\\/]binding\.js$/
/** The parts of prom-client that push, and that know of `cluster`. */
const UNUSED = /node_modules[\\/]prom-client[\\/]lib[\\/](?:pushgateway|cluster)\.js$/
/** Compiled from ts/, and what loads the native module. */
const OURS = new RegExp(`^${ROOT.replaceAll('.', '[.]')}/(?:dist|bindings)/.*[.]js$`)

/** Each program is evaluated when it is called, and so is what `import()` names: one file, of which only what is needed is run. */
const ENTRY = ['edge', 'proxy', 'dns', 'swarmlambda'].map((name) => `exports.${name} = () => require('./dist/bin/${name}.js')`).join('\n')

const SETTINGS = {
  stdin: { contents: ENTRY, resolveDir: ROOT },
  outfile: HOST_FILE,
  absWorkingDir: ROOT,
  bundle: true,
  // Not ES modules: of those Node 20 keeps no compiled code.
  format: 'cjs',
  platform: 'node',
  target: 'node20',
  // A script with compiled code has no import() in Node 20.
  supported: { 'dynamic-import': false },
  // Of packages that have both, the ES modules: the others find their parts in ways that can't be bundled.
  mainFields: ['module', 'main'],
  // It looks for its program from where it is.
  external: ['esbuild', '../natives/*'],
  sourcemap: true,
  sourcesContent: false,
  legalComments: 'none',
  logLevel: 'error',
  banner: { js: "const swarmUrl = (path) => require('node:url').pathToFileURL(require('node:path').join(__dirname, '../..', path)).href;" },
}

/** Bundles what is compiled, and puts this machine's libraries beside it. */
export const bundleHost = async () => {
  // Not before it is installed.
  const { build } = await import('esbuild')
  const libraries = new Set()
  await rm(HOST_DIR, { recursive: true, force: true })
  await build({ ...SETTINGS, plugins: [places(libraries)] })
  await rm(NATIVES_DIR, { recursive: true, force: true })
  await copyLibraries([...libraries], `${process.platform}-${process.arch}`, NATIVES_DIR)
}

/** Keeps the code that V8 compiles for an edge's start, of this very Node. Where no edge can start, its programs only begin later. */
export const warmHost = async () => {
  const { code, output } = await run(process.execPath, [at('scripts/warm-host.mjs')], { collect: true, timeoutMs: WARM_MS })
  if (code !== 0) say('ts', dim(`no compiled code is kept, as an edge did not start here: ${output.trim()}`))
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
    // What nothing of ours uses, and what loads Node's HTTP for it.
    onLoad({ filter: UNUSED }, () => ({ contents: 'module.exports = null', loader: 'js' }))
    // A module finds its files from where it was, not from the bundle.
    onLoad({ filter: OURS }, async ({ path }) => {
      const text = await readFile(path, 'utf8')
      return { contents: text.replace(/(?<!['"`])import\.meta\.url(?!['"`])/g, `swarmUrl(${JSON.stringify(relative(ROOT, path))})`), loader: 'js' }
    })
  },
})
