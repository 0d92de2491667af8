// The four build steps: the Rust module, the plugin's native code, the host, the page. One whose inputs are unchanged is skipped, so that
// starting a second time costs nothing.
import { access, copyFile, mkdir, readFile, rename, rm } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { bundleHost, HOST_DIR, NATIVES_DIR, warmHost } from './host.mjs'
import { at, BUILD_DIR, ENGINE_DIR, ROOT, TOOLS } from './paths.mjs'
import { run } from './run.mjs'
import { filesUnder, hashOf, readStamp, writeStamp } from './stamp.mjs'
import { dim, duration, green, say, Stop } from './terminal.mjs'
import { requireRust } from './tools.mjs'

const NATIVE_DIR = join(BUILD_DIR, 'native')
const NAPI = [
  ...['build', '--release', '--platform', '--esm', '--manifest-path', 'bindings/Cargo.toml'],
  ...['--package-json-path', 'package.json', '--output-dir', '.build/native', '--js', 'index.js', '--dts', 'index.d.ts'],
  ...['--', '--locked'],
]
const TSC = ['--project', 'tsconfig.json', '--incremental', '--tsBuildInfoFile', '.build/ts.tsbuildinfo', '--pretty']
const VITE = ['build', 'ui', '--outDir', at('dist/ui'), '--emptyOutDir', '--logLevel', 'warn']

/** Committed, and written again by each build of the module. */
export const GENERATED = ['bindings/index.js', 'bindings/index.d.ts']

const exists = (path) => access(path).then(() => true, () => false)

const node = async (tool, args, what) => {
  const { code } = await run(process.execPath, [tool, ...args])
  if (code !== 0) throw new Stop(`${what}; the messages are above.`)
}

const sameBytes = async (a, b) => {
  const [left, right] = await Promise.all([a, b].map((file) => readFile(file).catch(() => null)))
  return left !== null && right !== null && left.equals(right)
}

/** Built beside and renamed into place: writing over a library that a running edge has mapped would crash that edge. */
const buildNative = async () => {
  await requireRust()
  await mkdir(NATIVE_DIR, { recursive: true })
  await node(TOOLS.napi, NAPI, 'The Rust module did not build')
  const built = (await filesUnder('.build/native')).map((file) => file.slice('.build/native/'.length))
  for (const file of built) {
    const [from, to] = [join(NATIVE_DIR, file), at('bindings', file)]
    if (file.endsWith('.node')) await rename(from, to)
    else if (!(await sameBytes(from, to))) await copyFile(from, to)
  }
}

const hasNative = async () => (await filesUnder('bindings')).some((file) => file.endsWith('.node'))

/** Under dist, and not compiled from ts. */
const OTHERS = [at('dist/ui'), HOST_DIR, NATIVES_DIR].map((folder) => relative(ROOT, folder))

/** Compiles, removes what has no source any more, so that a deleted test doesn't run on, then bundles. */
const buildTs = async () => {
  if (!(await exists(at('dist/bin')))) await rm(join(BUILD_DIR, 'ts.tsbuildinfo'), { force: true })
  await node(TOOLS.tsc, TSC, 'The host did not compile')
  const sources = new Set(await filesUnder('ts'))
  for (const file of await filesUnder('dist', (name) => OTHERS.includes(name))) {
    const source = file.replace(/^dist\//, 'ts/').replace(/\.js(\.map)?$/, '.ts')
    if (!sources.has(source)) await rm(at(file))
  }
  await bundleHost()
  if (await hasNative()) await warmHost()
}

const STEPS = [
  {
    name: 'native',
    does: 'the Rust module',
    takes: 'the first time 5 to 15 minutes, as it compiles Wasmtime; later one or two',
    inputs: ['Cargo.toml', 'Cargo.lock', 'crates', 'bindings'],
    // Not what the step writes itself; of the plugin, which `npm run build:plugin` builds, only the result.
    skip: (file) =>
      file.endsWith('.node') || GENERATED.includes(file) || (file.startsWith('crates/plugin/') && !file.endsWith('.wasm')),
    salt: NAPI.join(' '),
    output: hasNative,
    build: buildNative,
  },
  {
    name: 'engine',
    does: "the plugin's native code for this machine",
    takes: 'a few seconds',
    inputs: ['Cargo.lock', 'crates/executor/src', 'crates/plugin/plugin.wasm'],
    salt: `${process.platform}-${process.arch}`,
    output: () => exists(ENGINE_DIR),
    async build() {
      // Those of earlier plugins would be packed, too.
      await rm(ENGINE_DIR, { recursive: true, force: true })
      await node(at('scripts/warm-engine.mjs'), [], 'The plugin did not compile')
    },
  },
  {
    name: 'ts',
    does: 'the host',
    takes: 'about 10 seconds',
    inputs: ['ts', 'tsconfig.json', 'package-lock.json', 'bin/launch.js', 'scripts/lib/host.mjs', 'scripts/warm-host.mjs', ...GENERATED],
    salt: `${TSC.join(' ')} ${process.version}`,
    output: () => exists(join(HOST_DIR, 'host.cjs')),
    build: buildTs,
  },
  {
    name: 'ui',
    does: 'the page',
    takes: 'a few seconds',
    inputs: ['ui', 'ts/lib/snapshot.ts', 'package-lock.json'],
    salt: VITE.slice(1, 3).join(' '),
    output: () => exists(at('dist/ui/index.html')),
    build: () => node(TOOLS.vite, VITE, 'The page did not build'),
  },
]

/** Runs the named steps (all when none is named). */
export const build = async (names = []) => {
  const unknown = names.find((name) => !STEPS.some((step) => step.name === name))
  if (unknown !== undefined) throw new Stop(`There is no build step ${unknown}: ${STEPS.map((s) => s.name).join(', ')}`)
  for (const [index, step] of STEPS.entries()) {
    if (names.length > 0 && !names.includes(step.name)) continue
    const hash = await hashOf(step.inputs, step)
    if ((await readStamp(step.name)) === hash && (await step.output())) {
      say(step.name, dim('up to date'))
      continue
    }
    say(step.name, `step ${index + 1} of ${STEPS.length}: building ${step.does}, ${step.takes} …`)
    const started = performance.now()
    await step.build()
    if (!(await step.output())) throw new Stop(`${step.name} built nothing; see the messages above.`)
    await writeStamp(step.name, hash)
    say(step.name, green(`built in ${duration(performance.now() - started)}`))
  }
}
