// Names and resolution inside the files of a deploy: POSIX paths relative to the function's folder, nothing above it.
import type { Loader } from 'esbuild'
import { SwarmError } from '../errors.js'

/** Where AWS puts a function's files; what `__dirname` and `import.meta.url` show. */
export const TASK_ROOT = '/var/task'
/** What `fs` may read besides the code: it is part of every invocation's memory. */
export const MAX_ASSET_BYTES = 16 * 2 ** 20

const MAX_FILES = 1_000
const MAX_NAME_LENGTH = 255

const LOADERS: Record<string, Loader> = {
  '.js': 'js',
  '.mjs': 'js',
  '.cjs': 'js',
  '.jsx': 'jsx',
  '.ts': 'ts',
  '.mts': 'ts',
  '.cts': 'ts',
  '.tsx': 'tsx',
  '.json': 'json',
  '.txt': 'text',
  '.html': 'text',
  '.md': 'text',
  '.sql': 'text',
  '.graphql': 'text',
}

/** Tried in this order when an import or a handler names no extension. */
export const EXTENSIONS = ['.js', '.mjs', '.cjs', '.ts', '.mts', '.cts', '.jsx', '.tsx'] as const

/** TypeScript imports its own files under the name they will have: `./a.js` is `a.ts`. */
const WRITTEN_AS: Record<string, readonly string[]> = {
  '.js': ['.ts', '.tsx'],
  '.mjs': ['.mts'],
  '.cjs': ['.cts'],
  '.jsx': ['.tsx'],
}

/** How esbuild reads a file of this name; null: it can't be imported. */
export const loaderOf = (path: string): Loader | null => LOADERS[extensionOf(path)] ?? null

/** Checks every name and returns the files by canonical name, or throws `INVALID_PARAMETER`. */
export function normaliseFiles(files: Record<string, string>): Map<string, string> {
  const names = Object.keys(files)
  if (names.length === 0) throw new SwarmError('INVALID_PARAMETER', 'files: at least one file is needed, e.g. {"index.js": "exports.handler = async () => 1"}')
  if (names.length > MAX_FILES) throw new SwarmError('INVALID_PARAMETER', `files: ${names.length} files, at most ${MAX_FILES} are allowed`)
  const result = new Map<string, string>()
  for (const name of names) {
    const problem = nameProblem(name)
    if (problem) throw new SwarmError('INVALID_PARAMETER', `files: ${JSON.stringify(name.slice(0, MAX_NAME_LENGTH))} ${problem}`)
    const path = name.replace(/^(\.\/)+/, '')
    if (result.has(path)) throw new SwarmError('INVALID_PARAMETER', `files: ${JSON.stringify(path)} is there twice`)
    result.set(path, files[name] ?? '')
  }
  return result
}

/** What keeps a name from being a file's below the function's folder. */
export function nameProblem(name: string): string | null {
  if (name === '') return 'is an empty name'
  if (name.length > MAX_NAME_LENGTH) return `is longer than ${MAX_NAME_LENGTH} characters`
  if (name.startsWith('/') || /^[a-z]:/i.test(name)) return 'is absolute: names are relative to the function\'s folder'
  if (name.includes('\\')) return 'has a backslash: folders are separated by "/"'
  if (hasControlCharacter(name)) return 'has a control character'
  const segments = name.replace(/^(\.\/)+/, '').split('/')
  if (segments.includes('..')) return 'leaves the function\'s folder'
  if (segments.some((segment) => segment === '' || segment === '.')) return 'has an empty folder or file name'
  return null
}

const hasControlCharacter = (text: string): boolean => [...text].some((character) => character < ' ' || character === '\x7f')

/** The file that `request`, written in `importer`, means; or what is wrong with it and how to mend it. */
export function resolveIn(files: ReadonlyMap<string, string>, request: string, importer: string): string | { problem: string } {
  const from = importer === '' ? '' : ` from ${JSON.stringify(importer)}`
  if (!/^\.\.?(\/|$)/.test(request)) {
    return { problem: `can't find ${JSON.stringify(request)}, imported${from}: packages are not installed at deploy; run "swarmlambda deploy", which bundles them, or deploy a ZIP archive with node_modules` }
  }
  const target = join(folderOf(importer), request)
  if (target === null) return { problem: `${JSON.stringify(request)}, imported${from}, leaves the function's folder: send the file in "files"` }
  const found = findFile(files, target, request.endsWith('/'))
  if (found !== null) return found
  return { problem: `can't find ${JSON.stringify(request)}, imported${from}: add ${JSON.stringify(withExtension(target))} to "files"` }
}

/** A file by its path with or without extension, or a folder's index. */
export function findFile(files: ReadonlyMap<string, string>, target: string, folderOnly = false): string | null {
  const index = target === '' ? 'index' : `${target}/index`
  const extension = extensionOf(target)
  const stem = target.slice(0, target.length - extension.length)
  const asFile = [
    target,
    ...(WRITTEN_AS[extension] ?? []).map((written) => stem + written),
    ...[...EXTENSIONS, '.json'].map((added) => target + added),
  ]
  const asFolder = [...EXTENSIONS, '.json'].map((added) => index + added)
  return [...(folderOnly || target === '' ? [] : asFile), ...asFolder].find((path) => files.has(path)) ?? null
}

function join(folder: string, request: string): string | null {
  const result = folder === '' ? [] : folder.split('/')
  for (const segment of request.split('/')) {
    if (segment === '' || segment === '.') continue
    if (segment !== '..') result.push(segment)
    else if (result.pop() === undefined) return null
  }
  return result.join('/')
}

const folderOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')))

const withExtension = (path: string): string => (extensionOf(path) === '' ? `${path === '' ? 'index' : path}.js` : path)

function extensionOf(path: string): string {
  const name = path.slice(path.lastIndexOf('/') + 1)
  const dot = name.lastIndexOf('.')
  return dot <= 0 ? '' : name.slice(dot)
}

/** The bundler indents: blocks that are nested this deep fill megabytes with spaces, and ten times as deep all memory. */
const MAX_BLOCK_DEPTH = 2_000

/** What keeps code from being bundled; null: nothing. Braces in strings count too: what is that deep by chance is no code. */
export function depthProblem(path: string, text: string): string | null {
  let depth = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === OPEN) depth++
    else if (code === CLOSE && depth > 0) depth--
    if (depth > MAX_BLOCK_DEPTH) return `${path} has more than ${MAX_BLOCK_DEPTH} blocks within each other`
  }
  return null
}
const [OPEN, CLOSE] = [0x7b, 0x7d]

/** Whether a file is carried for `fs`: no code, and no package's. */
export const isAsset = (path: string): boolean => !/\.([cm]?[jt]sx?|map)$/.test(path) && !/(^|\/)(node_modules|\.git)\//.test(path)

/** A module that puts the files that are no code where `fs` finds them, below {@link TASK_ROOT}; null when there are none. */
export function assetsModule(files: ReadonlyMap<string, string | Buffer>): string | null {
  const assets = [...files].filter(([path]) => isAsset(path)).map(([path, content]) => [path, Buffer.from(content)] as const)
  const bytes = assets.reduce((sum, [, content]) => sum + content.length, 0)
  if (bytes > MAX_ASSET_BYTES) {
    const [largest] = assets.reduce((a, b) => (a[1].length > b[1].length ? a : b))
    throw new SwarmError('INVALID_PARAMETER', `files that are no code have ${bytes} bytes together, at most ${MAX_ASSET_BYTES} are allowed; the largest is ${JSON.stringify(largest)}`)
  }
  if (assets.length === 0) return null
  return `globalThis[Symbol.for('swarmlambda.files')]?.(${JSON.stringify(Object.fromEntries(assets.map(([path, content]) => [path, content.toString('base64')])))})`
}
