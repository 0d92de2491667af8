// How esbuild is asked, whether a function's files come from a request, an archive or a folder.
import type { BuildFailure, BuildOptions, Message, Metafile, Plugin } from 'esbuild'
import { SwarmError } from '../errors.js'
import { builtins } from './builtins.js'
import { TASK_ROOT } from './files.js'

/** Loaded with the first bundle: an edge starts sooner. */
let esbuild: Promise<typeof import('esbuild')> | null = null
const loadEsbuild = (): Promise<typeof import('esbuild')> => (esbuild ??= import('esbuild'))

/** Ends esbuild's process, when there is one; the next bundle starts another. */
export async function stopBundler(): Promise<void> {
  if (esbuild !== null) await (await esbuild).stop()
}

/** A function in one text, and its source map (v3), whose `sources` are the names the files were sent under. */
export interface Bundle {
  /** An ES module that exports `handler`; or, when the handler's file is CommonJS, a script with the handler for value. */
  source: Buffer
  sourceMap: Buffer
  /** The files in it, by path relative to the function's folder (`../` for those outside). */
  inputs: readonly string[]
}

export interface BundleOptions {
  /** The handler's file, relative to the function's folder. */
  entry: string
  /** The module that picks the handler out of it. */
  code: string
  /** A module that puts files that are no code where `fs` finds them; null: there are none. */
  assets: string | null
  /** Where the files are, with their tsconfig.json; null: a plugin knows. */
  folder: string | null
  /** The text of tsconfig.json, when there is no folder. */
  tsconfig?: string | undefined
  plugins: readonly Plugin[]
}

/** The name, in source maps and stacks, of the few lines that pick the handler out of the entry file. */
export const HANDLER_MODULE = '<handler>'
const ASSETS_MODULE = '<assets>'
const MAX_ERRORS = 5
/** The largest functions there may be take a few seconds on a busy machine. */
const BUNDLE_MS = 30_000

const settings = (entry: string) =>
  ({
    bundle: true,
    write: false,
    format: 'esm',
    // Packages are taken as Node gets them, whose built-ins are there; what packages have for workers lacks what Lambda's authors use
    // (Stripe's synchronous signatures, say).
    platform: 'neutral',
    conditions: ['node', 'module'],
    // As in Node: what `require` answers is what the package's CommonJS exports, no namespace of another build.
    mainFields: ['main', 'module'],
    // Newer syntax is written as this; of the engine, `v` regular expressions are what it lacks.
    target: 'es2023',
    charset: 'utf8',
    legalComments: 'none',
    logLevel: 'silent',
    logLimit: MAX_ERRORS,
    sourcemap: 'external',
    sourcesContent: false,
    loader: { '.html': 'text', '.md': 'text', '.sql': 'text', '.graphql': 'text', '.bin': 'binary' },
    define: {
      // Of the function's own environment, at run time.
      'process.env.NODE_ENV': 'process.env.NODE_ENV',
      __dirname: JSON.stringify(TASK_ROOT),
      __filename: JSON.stringify(`${TASK_ROOT}/${entry}`),
      'import.meta.url': JSON.stringify(`file://${TASK_ROOT}/${entry}`),
      'import.meta.dirname': JSON.stringify(TASK_ROOT),
      'import.meta.filename': JSON.stringify(`${TASK_ROOT}/${entry}`),
    },
  }) as const satisfies BuildOptions

/** What a script begins with (`SCRIPT` in crates/executor/src/load.rs). Scripts are sloppy where they don't ask for strict mode, as
 * CommonJS is in Node; modules never are. */
const SCRIPT = '/*script*/'
const script = { format: 'iife', globalName: '__function', banner: { js: `${SCRIPT}(function () {` }, footer: { js: 'return __function.handler })()' } } as const satisfies BuildOptions
/** What can't be in a module, and what can't be in a script. */
const NO_MODULE = /"esm" output format/
const NO_SCRIPT = /^Top-level await/

const withMap = (code: string, map: Buffer): string => `${code}\n//# sourceMappingURL=data:application/json;base64,${map.toString('base64')}\n`

/** One file that brings its source map: what is bundled again keeps the names and lines of the author's files. */
export function inlined({ source, sourceMap }: Pick<Bundle, 'source' | 'sourceMap'>): Record<string, string> {
  const text = source.toString()
  const isScript = text.startsWith(SCRIPT)
  return { [isScript ? 'index.js' : 'index.mjs']: withMap(isScript ? text.replace(SCRIPT, 'exports.handler = ') : text, sourceMap) }
}

/** Bundles, or throws `BUNDLE_FAILED` with one `file:line:column: message` a line. */
export async function buildBundle(options: BundleOptions): Promise<Bundle> {
  const run = async (more: BuildOptions): Promise<Written> => {
    const root = options.folder ?? TASK_ROOT
    const { build } = await loadEsbuild()
    const { outputFiles, metafile } = await build({
      ...settings(options.entry),
      ...more,
      entryPoints: [HANDLER_MODULE],
      outfile: `${root}/bundle.js`,
      absWorkingDir: options.folder ?? '/',
      metafile: true,
      ...(options.folder === null && { tsconfigRaw: options.tsconfig ?? {} }),
      plugins: [entryModules(options), builtins, ...options.plugins],
    })
    const [map, code] = outputFiles ?? []
    if (!map || !code) throw new SwarmError('INTERNAL', 'esbuild returned no output')
    return { code: code.text, map: map.text, isCommonJs: isCommonJs(metafile), inputs: inputsOf(metafile) }
  }
  /** Strict only where CommonJS asks for it, if the handler's file is CommonJS. */
  const inItsMode = async (): Promise<Written> => {
    const asScript = (otherwise: (error: unknown) => Written) => run(script).catch((error: unknown) => (failed(error, NO_SCRIPT) ? otherwise(error) : Promise.reject(error as Error)))
    const asModule = await run({}).catch((error: unknown) => (failed(error, NO_MODULE) ? null : Promise.reject(error as Error)))
    if (asModule === null) return asScript((error) => { throw error })
    return asModule.isCommonJs ? asScript(() => asModule) : asModule
  }
  try {
    const { code, inputs, map } = await revived(inItsMode)
    return { source: Buffer.from(code), sourceMap: renameSources(map), inputs }
  } catch (error) {
    if (isDead(error)) throw new SwarmError('BUNDLE_FAILED', 'esbuild ran out of stack or memory: the code is nested too deeply, or too large', { cause: error })
    if (!isBuildFailure(error)) throw error
    throw new SwarmError('BUNDLE_FAILED', error.errors.slice(0, MAX_ERRORS).map(describe).join('\n'), { cause: error })
  }
}

interface Written {
  code: string
  map: string
  isCommonJs: boolean
  inputs: string[]
}

/** Not what this bundler made up itself, nor built-in modules: those have a namespace. */
const inputsOf = ({ inputs }: Metafile): string[] => Object.keys(inputs).map((path) => path.replace(/^function:/, '')).filter((path) => !/^[a-z]+:/.test(path))

/** Whether the file that has the handler is CommonJS. */
function isCommonJs({ inputs }: Metafile): boolean {
  const entry = Object.entries(inputs).find(([path]) => path.endsWith(HANDLER_MODULE))
  const file = entry?.[1].imports.map(({ path }) => path).find((path) => !path.endsWith(ASSETS_MODULE))
  return file !== undefined && inputs[file]?.format === 'cjs'
}

const failed = (error: unknown, why: RegExp): boolean => isBuildFailure(error) && error.errors.every(({ text }) => why.test(text))

/** Others whose bundles died with esbuild try again one after the other: then only the cause of it fails. */
let revival: Promise<unknown> = Promise.resolve()

/** esbuild is one process for all bundles, and code nested 100,000 deep ends it; it has to be told to start again. */
async function revived<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await inTime(work)
  } catch (error) {
    if (!isDead(error)) throw error
    const again = revival.then(async () => {
      await stopBundler()
      try {
        return await inTime(work)
      } catch (failed) {
        if (isDead(failed)) await stopBundler()
        throw failed
      }
    })
    revival = again.catch(() => null)
    return again
  }
}

/** Ends esbuild when it takes for ever: a build has no other end. Whose bundle that was is told so; others try again. */
async function inTime<T>(work: () => Promise<T>): Promise<T> {
  let isLate = false
  const timer = setTimeout(() => {
    isLate = true
    void stopBundler()
  }, BUNDLE_MS)
  try {
    return await work()
  } catch (error) {
    if (!isLate) throw error
    throw new SwarmError('BUNDLE_FAILED', `bundling took longer than ${BUNDLE_MS / 1e3} s`, { cause: error })
  } finally {
    clearTimeout(timer)
  }
}

function entryModules({ code, assets, folder }: BundleOptions): Plugin {
  return {
    name: 'entry',
    setup({ onLoad, onResolve }) {
      onResolve({ filter: /^<(handler|assets)>$/ }, ({ path, importer, kind }) =>
        kind === 'entry-point' || importer === HANDLER_MODULE ? { path, namespace: 'entry' } : null)
      onLoad({ filter: /.*/, namespace: 'entry' }, ({ path }) => ({
        contents: path === ASSETS_MODULE ? (assets ?? '') : `${assets === null ? '' : `import ${JSON.stringify(ASSETS_MODULE)};`}${code}`,
        loader: 'js',
        ...(folder !== null && { resolveDir: folder }),
      }))
    },
  }
}

function describe({ text, location }: Message): string {
  if (!location || location.namespace === 'entry') return text
  const file = withoutNamespace(location.file)
  return `${file}:${location.line}:${location.column + 1}: ${text.replace(/^Could not resolve "([^"]*)"$/, (_, name: string) => unresolved(name, file))}`
}

const unresolved = (name: string, file: string): string => {
  const missing = `can't find ${JSON.stringify(name)}, imported from ${JSON.stringify(file)}`
  if (/^\.{0,2}\//.test(name)) return `${missing}: add the file`
  return `${missing}: run "npm install ${name.split('/').slice(0, name.startsWith('@') ? 2 : 1).join('/')}" beside package.json, then "swarmlambda deploy", or put node_modules into the archive`
}

const withoutNamespace = (path: string): string => (path === `entry:${HANDLER_MODULE}` ? HANDLER_MODULE : path.replace(/^(function|entry):/, ''))

function renameSources(text: string): Buffer {
  const map = JSON.parse(text) as { sources: string[] }
  map.sources = map.sources.map((source) => withoutNamespace(source.replace(/^(\.\.\/)+/, '')))
  return Buffer.from(JSON.stringify(map))
}

const isBuildFailure = (error: unknown): error is BuildFailure => error instanceof Error && Array.isArray((error as Partial<BuildFailure>).errors)
const isDead = (error: unknown): boolean => error instanceof Error && /The service (was stopped|is no longer running)/.test(error.message)
