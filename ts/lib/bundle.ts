// Turns the files of a deploy into one ES module that exports `handler`. Nothing here touches a disk: esbuild sees the
// files of the request and no others.
import { build, type BuildFailure, type Message, type Plugin } from 'esbuild'
import { SwarmError } from './errors.js'
import { builtins } from './bundle/builtins.js'
import { entrySource, findEntry, parseHandler } from './bundle/handler.js'
import { loaderOf, normaliseFiles, resolveIn } from './bundle/files.js'
import { followed, FOLLOWED_BY, MAX_ERRORS, settings, TASK_ROOT } from './bundle/settings.js'

/** What is bundled: text files by relative path, and which of their exports is the handler (`file.export`). */
export interface BundleInput {
  files: Record<string, string>
  handler: string
}

/** One ES module and its source map (v3), whose `sources` are the names the files were sent under. */
export interface Bundle {
  source: Buffer
  sourceMap: Buffer
}

const NAMESPACE = 'function'

/** The name, in source maps and stacks, of the few lines that pick the handler out of the entry file. */
export const HANDLER_MODULE = '<handler>'

/** Bundles, or throws `BUNDLE_FAILED` with one `file:line:column: message` a line (line and column count from 1). */
export async function bundle(input: BundleInput): Promise<Bundle> {
  const files = normaliseFiles(input.files)
  const handler = parseHandler(input.handler)
  const entry = findEntry(handler, files)
  const result = await run(files, entrySource(handler, entry), entry)
  const code = result.find((file) => file.path.endsWith('.js'))
  const map = result.find((file) => file.path.endsWith('.js.map'))
  if (!code || !map) throw new SwarmError('INTERNAL', 'esbuild returned no output')
  return { source: Buffer.from(code.contents), sourceMap: renameSources(map.text) }
}

async function run(files: ReadonlyMap<string, string>, entryCode: string, entry: string) {
  try {
    const { outputFiles } = await build({
      ...settings(entry),
      ...([...files.values()].some((text) => text.includes(FOLLOWED_BY)) ? followed : {}),
      entryPoints: ['<entry>'],
      outfile: `${TASK_ROOT}/bundle.js`,
      sourcemap: 'external',
      sourcesContent: false,
      absWorkingDir: '/',
      plugins: [builtins, virtualFiles(files, entryCode)],
    })
    return outputFiles
  } catch (error) {
    if (!isBuildFailure(error)) throw error
    throw new SwarmError('BUNDLE_FAILED', error.errors.slice(0, MAX_ERRORS).map(describe).join('\n'), { cause: error })
  }
}

function virtualFiles(files: ReadonlyMap<string, string>, entryCode: string): Plugin {
  return {
    name: 'files-of-the-request',
    setup({ onLoad, onResolve }) {
      onResolve({ filter: /.*/ }, ({ path, importer, kind }) => {
        if (kind === 'entry-point') return { path: 'entry', namespace: 'entry' }
        const found = resolveIn(files, path, importer)
        if (typeof found === 'string') return { path: found, namespace: NAMESPACE }
        return { errors: [{ text: found.problem }] }
      })
      onLoad({ filter: /.*/, namespace: 'entry' }, () => ({ contents: entryCode, loader: 'js' }))
      onLoad({ filter: /.*/, namespace: NAMESPACE }, ({ path }) => {
        const loader = loaderOf(path)
        const contents = files.get(path) ?? ''
        if (loader) return { contents, loader }
        return { errors: [{ text: `${path} can't be imported: use .js, .mjs, .cjs, .jsx, .ts, .mts, .cts, .tsx, .json or .txt` }] }
      })
    },
  }
}

function describe({ text, location }: Message): string {
  if (!location || location.namespace === 'entry') return text
  return `${withoutNamespace(location.file)}:${location.line}:${location.column + 1}: ${text}`
}

const withoutNamespace = (path: string): string => (path === 'entry:entry' ? HANDLER_MODULE : path.replace(/^function:/, ''))

function renameSources(text: string): Buffer {
  const map = JSON.parse(text) as { sources: string[] }
  map.sources = map.sources.map((source) => withoutNamespace(source.replace(/^(\.\.\/)+/, '')))
  return Buffer.from(JSON.stringify(map))
}

const isBuildFailure = (error: unknown): error is BuildFailure => error instanceof Error && Array.isArray((error as Partial<BuildFailure>).errors)
