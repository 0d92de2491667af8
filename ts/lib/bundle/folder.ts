// A function in a folder on disk, with its packages in node_modules: an author's own, or an unpacked archive.
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, isAbsolute, join, relative, sep } from 'node:path'
import type { Plugin } from 'esbuild'
import { SwarmError } from '../errors.js'
import { unpack } from './archive.js'
import { buildBundle, type Bundle } from './esbuild.js'
import { assetsModule, depthProblem, isAsset, loaderOf, TASK_ROOT } from './files.js'
import { entrySource, findEntry, parseHandler, type HandlerName } from './handler.js'

/** What is no part of a function; nor is anything whose name begins with a dot. */
const SKIPPED: ReadonlySet<string> = new Set(['node_modules', 'package-lock.json', 'pnpm-lock.yaml', 'yarn.lock'])
/** Beyond this a folder is no function's, but somebody's home. */
const MAX_LISTED = 10_000

/** Bundles an author's folder. Packages may be anywhere Node would find them. `inputs` has what is carried for `fs` too. */
export async function bundleFolder(folder: string, handler: string): Promise<Bundle> {
  const parsed = parseHandler(handler)
  const names = await list(folder)
  const entry = findEntry(parsed, new Set(names))
  const assets = new Map(await Promise.all(names.filter(isAsset).map(async (name) => [name, await readFile(join(folder, name))] as const)))
  const bundle = await buildBundle({ entry, code: entrySource(parsed, entry), assets: assetsModule(assets), folder, plugins: [disk(folder, false)] })
  return { ...bundle, inputs: [...new Set([...bundle.inputs, ...assets.keys()])] }
}

/** Bundles an archive. Nothing outside it is read, and it is gone from the disk afterwards. */
export async function withUnpacked(zip: Buffer, handler: HandlerName): Promise<Bundle> {
  const files = await unpack(zip)
  const entry = findEntry(handler, files)
  const folder = await mkdtemp(join(tmpdir(), 'swarmlambda-deploy-'))
  try {
    for (const path of new Set([...files.keys()].map((name) => dirname(name)))) await mkdir(join(folder, path), { recursive: true })
    for (const [name, content] of files) await writeFile(join(folder, name), content, { flag: 'wx' })
    const assets = new Map([...files].filter(([name]) => isAsset(name)))
    return await buildBundle({ entry, code: entrySource(handler, entry), assets: assetsModule(assets), folder, plugins: [disk(folder, true)] })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function list(folder: string, below = ''): Promise<string[]> {
  const names: string[] = []
  for (const entry of await readdir(join(folder, below), { withFileTypes: true })) {
    if (SKIPPED.has(entry.name) || entry.name.startsWith('.')) continue
    const name = below === '' ? entry.name : `${below}/${entry.name}`
    if (entry.isFile()) names.push(name)
    else if (entry.isDirectory()) names.push(...(await list(folder, name)))
    if (names.length > MAX_LISTED) throw new SwarmError('INVALID_PARAMETER', `${folder} has more than ${MAX_LISTED} files: name the function's own folder`)
  }
  return names
}

const TRIED = Symbol('tried')
const MISSING = 'missing'
const SCRIPT = /\.[cm]?[jt]sx?$/
const OWN_NAMES = /\b(?:const|let|var)\s+\{?[^;=]*\b__(?:dirname|filename)\b/

const CREATED = /\b(const|let|var)\s+([\w$]+)\s*=\s*(?:[\w$]+\.)?createRequire\(\s*/g
const ITS_OWN = /^import\.meta\.url\s*\);?/

/** Lets the bundler see what a `require` loads that a module made for itself: `const r = createRequire(import.meta.url)`, `r('./data.cjs')`. */
function withOwnRequire(text: string): string {
  let seen = text
  for (const [declared, , name = ''] of text.matchAll(CREATED)) {
    if (name === 'require') {
      const at = seen.indexOf(declared)
      const rest = seen.slice(at + declared.length)
      if (ITS_OWN.test(rest)) seen = seen.slice(0, at) + rest.replace(ITS_OWN, '')
    } else {
      seen = seen.replace(new RegExp(`(?<![\\w$.])${name.replaceAll('$', '\\$')}(\\.resolve)?(\\(\\s*(["'])[^"'\\n]+\\3\\s*\\))`, 'g'), 'require$1$2')
    }
  }
  return seen
}

/** TypeScript's UMD: a function that is given `require`. */
const UMD = /^(\}\)\(function \()require(, exports)/m

/** `require(name)`, and the beginning of `` require(`./build/${which}.node`) `` and of `require("./locale/" + name)`. */
const COMPUTED = /(?<![\w$.])require\(\s*(?:[A-Za-z_$][\w$.]*\s*\)|`([^`$]*)\$\{|(["'])([^"'\n]*)\2\s*\+)/g

/** Packages that require what they compute mean, beside Node's own modules, files of theirs, which the bundler looks for; or what they
 * name as their peers, such as a driver. Of these the installed ones are carried along; what is neither is missed when it is asked for. */
async function withComputed(text: string, path: string): Promise<string> {
  if (!/[\\/]node_modules[\\/]/.test(path)) return text
  const places: number[] = []
  for (const { index, 1: template, 3: literal } of text.matchAll(COMPUTED)) {
    const begun = template ?? literal
    const isThere = begun !== undefined && begun.startsWith('.') && (await stat(join(dirname(path), begun.slice(0, begun.lastIndexOf('/') + 1))).then(() => true, () => false))
    if (!isThere) places.push(index)
  }
  if (places.length === 0) return text
  let code = text
  for (const at of places.reverse()) code = `${code.slice(0, at)}__computed${code.slice(at + 'require'.length)}`
  const cases = (await peersOf(path)).map((name) => `case ${JSON.stringify(name)}: return require(${JSON.stringify(name)}); `).join('')
  return afterDirective(code, `var __computed = (name) => { switch (name) { ${cases}default: return require(name) } };`)
}

/** Those of a package's peers that are installed. */
async function peersOf(path: string): Promise<string[]> {
  const root = /^.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+/.exec(path)?.[0]
  if (root === undefined) return []
  const described = JSON.parse(await readFile(join(root, 'package.json'), 'utf8').catch(() => '{}')) as Record<string, Record<string, unknown> | undefined>
  const names = Object.keys({ ...described.peerDependencies, ...described.peerDependenciesMeta })
  const installed = await Promise.all(names.map(async (name) => (await found(path, name)) !== null))
  return names.filter((_, index) => installed[index])
}

/** Puts a statement at the beginning of a file, in the same line, so that positions stay. */
function afterDirective(code: string, statement: string): string {
  const first = /^(?:#!.*\n)?\s*(?:(["'])use strict\1;?)?/.exec(code)?.[0] ?? ''
  return `${first}${statement}${code.slice(first.length)}`
}

const RESOLVED = /\brequire\.resolve\(\s*(["'])([^"'\n]+)\1\s*\)/g

/** Code that reads files beside it, or a package's (`require.resolve('./grammar.txt')`), finds them where `fs` looks, below {@link TASK_ROOT}. */
async function withResolved(text: string, path: string, folder: string, confined: boolean): Promise<string> {
  const carried: Record<string, string> = {}
  const places = new Map<string, string>()
  for (const [, , request = ''] of text.matchAll(RESOLVED)) {
    const file = await found(path, request)
    const name = file === null ? '../' : placeOf(file, folder, confined)
    if (file === null || name.startsWith('../')) continue
    carried[name] = (await readFile(file)).toString('base64')
    places.set(request, `${TASK_ROOT}/${name}`)
  }
  if (places.size === 0) return text
  const put = `globalThis[Symbol.for('swarmlambda.files')]?.(${JSON.stringify(carried)});`
  const code = text.replace(RESOLVED, (call, _quote, request: string) => (places.has(request) ? JSON.stringify(places.get(request)) : call))
  return afterDirective(code, put)
}

/** Where a file is below {@link TASK_ROOT}; a package that an author has further up is where it would be in the function's own folder. */
function placeOf(file: string, folder: string, confined: boolean): string {
  const name = relative(folder, file).split(sep).join('/')
  return name.startsWith('../') && !confined ? name.replace(/^.*?(?=node_modules\/)/, '') : name
}

/** The file that `request`, written in the file at `path`, means; null: none, or a large one. */
async function found(path: string, request: string): Promise<string | null> {
  try {
    const file = createRequire(path).resolve(request)
    return isAbsolute(file) && (await stat(file)).size <= MAX_RESOLVED_BYTES ? file : null
  } catch {
    return null
  }
}
const MAX_RESOLVED_BYTES = 1 << 20

/** Loads from disk; `confined`: from `folder` alone, whatever a package.json in it says. */
function disk(folder: string, confined: boolean): Plugin {
  return {
    name: 'folder',
    setup({ onLoad, onResolve, resolve }) {
      // A package that is not there may be an optional one of a package: it is missed when it is asked for, as in Node.
      onResolve({ filter: /^[^./<]/, namespace: 'file' }, async ({ path, importer, kind, resolveDir, pluginData }) => {
        if (pluginData === TRIED || !/[\\/]node_modules[\\/]/.test(importer) || (kind !== 'require-call' && kind !== 'dynamic-import')) return null
        const found = await resolve(path, { importer, kind, resolveDir, namespace: 'file', pluginData: TRIED })
        return found.errors.length === 0 ? found : { path, namespace: MISSING }
      })
      onLoad({ filter: /.*/, namespace: MISSING }, ({ path }) => ({
        contents: `throw Object.assign(new Error(${JSON.stringify(`Cannot find module '${path}'`)}), { code: 'MODULE_NOT_FOUND' })`,
        loader: 'js',
      }))
      onLoad({ filter: /.*/, namespace: 'file' }, async ({ path }) => {
        const name = relative(folder, path).split(sep).join('/')
        if (confined && name.startsWith('../')) return { errors: [{ text: `${path} is outside of the archive` }] }
        if (path.endsWith('.node')) return { contents: `throw new Error(${JSON.stringify(`${name} is a native addon: a sandbox runs JavaScript only`)})`, loader: 'js' }
        if (!SCRIPT.test(path)) return null
        const given = await readFile(path, 'utf8')
        const problem = depthProblem(name, given)
        if (problem !== null) return { errors: [{ text: problem }] }
        const text = await withComputed(await withResolved(withOwnRequire(given).replace(UMD, '$1__require$2'), path, folder, confined), path)
        if (!/\b__(dirname|filename)\b/.test(text) || OWN_NAMES.test(text)) return text === given ? null : { contents: text, loader: loaderOf(path) ?? 'js' }
        const own = `${TASK_ROOT}/${placeOf(path, folder, confined)}`
        const names = `var __dirname = ${JSON.stringify(dirname(own))}, __filename = ${JSON.stringify(own)};`
        return { contents: text.startsWith('#!') ? text.replace('\n', `\n${names}`) : names + text, loader: loaderOf(path) ?? 'js' }
      })
    },
  }
}
