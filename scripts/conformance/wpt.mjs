// web-platform-tests: which files there are, what each needs, what came of it in a function and in Node.
import { readdir, readFile } from 'node:fs/promises'
import { dirname, join, posix } from 'node:path'
import { each, openEdge, openNode } from './engines.mjs'
import { suite } from './suites.mjs'

/** What WinterTC's minimum covers, and what Node offers beside it. */
const DIRECTORIES = [
  'url', 'urlpattern', 'encoding', 'encoding/streams', 'streams', 'compression', 'fetch/api/headers', 'fetch/api/request', 'fetch/api/response', 'fetch/api/body', 'html/webappapis/atob', 'html/webappapis/structured-clone', 'html/webappapis/timers',
  'html/webappapis/microtask-queuing', 'WebCryptoAPI', 'dom/abort', 'dom/events', 'FileAPI', 'console', 'hr-time', 'user-timing', 'performance-timeline', 'webmessaging/broadcastchannel',
]

/** Why a file can't run outside of a page; null: it can. */
function unfit(path, text) {
  if (/\.(html|xhtml|htm|svg|xml)$/.test(path)) return 'a page'
  if (/\.(worker|serviceworker|sharedworker|https\.worker)\.js$/.test(path)) return 'a worker'
  if (!/\.(any|window)\.js$/.test(path)) return null
  if (/\.sub\./.test(path) || (path.startsWith('fetch/') && /request-cache\.js|RESOURCES_DIR|get-host-info|\.py\b|\bfetch\(\s*["'`]?\.{0,2}\//.test(text))) return 'a server'
  if (/\.window\.js$/.test(path) && /\bdocument\b|\bwindow\.|createElement|iframe|\bWorker\(/.test(text)) return 'a document'
  if (/importScripts|new (Shared)?Worker\(/.test(text)) return 'a worker'
  const globals = /^\/\/ META: global=(.*)$/m.exec(text)?.[1]
  if (globals && !/worker|shell|\bwindow\b/.test(globals)) return `the global ${globals}`
  return null
}

async function filesOf(folder, directory) {
  const entries = await readdir(join(folder, directory), { recursive: true, withFileTypes: true }).catch(() => [])
  return entries.filter((entry) => entry.isFile()).map((entry) => posix.join(directory, entry.parentPath.slice(join(folder, directory).length + 1), entry.name)).sort()
}

const directoryOf = (path) => DIRECTORIES.filter((directory) => path.startsWith(`${directory}/`)).sort((a, b) => b.length - a.length)[0]

/** One event for each variant of a file. */
async function eventsOf(folder, path, text, harness) {
  const resolve = (name) => (name === '/resources/WebIDLParser.js' ? 'resources/webidl2/lib/webidl2.js' : name.startsWith('/') ? name.slice(1) : posix.join(dirname(path), name))
  const metas = (key) => [...text.matchAll(new RegExp(`^// META: ${key}=(.*)$`, 'gm'))].map(([, value]) => value.trim())
  const scripts = await Promise.all(metas('script').map((name) => readFile(join(folder, resolve(name)), 'utf8').catch(() => `throw new Error('there is no ${name}')`)))
  const sources = [...scripts, text]
  const resources = {}
  for (const source of sources) {
    for (const [, name] of source.matchAll(/["'`]([\w./-]+\.(?:json|txt|idl|py|bin|any\.js))["'`]/g)) {
      const content = await readFile(join(folder, resolve(name)), 'utf8').catch(() => null)
      if (content !== null) resources[resolve(name)] = content
    }
    for (const [, list] of source.matchAll(/idl_test\(\s*(\[[^)]*?\],\s*\[[^)]*?\])/g)) {
      for (const [, name] of list.matchAll(/['"]([\w-]+)['"]/g)) {
        const content = await readFile(join(folder, `interfaces/${name}.idl`), 'utf8').catch(() => null)
        if (content !== null) resources[`interfaces/${name}.idl`] = content
      }
    }
  }
  const variants = metas('variant')
  return (variants.length > 0 ? variants : ['']).map((search) => ({ scripts: [harness, ...sources], resources, search, path }))
}

const EMPTY = () => ({ passed: 0, total: 0, failures: [] })

function add(tally, path, answer) {
  const tests = answer.tests ?? []
  const failed = tests.filter(([, status]) => status !== 'PASS')
  tally.passed += tests.length - failed.length
  tally.total += tests.length
  const broken = answer.errorType ? `${answer.errorType}: ${answer.errorMessage}` : answer.status !== 0 ? (answer.message ?? `harness status ${answer.status}`) : null
  // A file that breaks before its tests are known counts as one.
  if (broken !== null && tests.length === failed.length) tally.total += tests.length === 0 ? 1 : 0
  if (failed.length > 0 || broken !== null) tally.failures.push({ path, failed, of: tests.length, broken })
}

/** Runs the suite, or what of it has `filter` in its path. */
export async function runWpt(filter) {
  const { folder, what } = await suite('wpt')
  const harness = await readFile(join(folder, 'resources/testharness.js'), 'utf8')
  const paths = [...new Set((await Promise.all(DIRECTORIES.map((directory) => filesOf(folder, directory)))).flat())].filter((path) => path.includes(filter))
  const rows = new Map(DIRECTORIES.map((directory) => [directory, { ours: EMPTY(), node: EMPTY(), files: 0, unfit: new Map() }]))
  const jobs = []
  for (const path of paths) {
    const row = rows.get(directoryOf(path))
    if (/\/(resources|support|tools)\//.test(path)) continue
    const text = /\.(js|html?|xhtml)$/.test(path) ? await readFile(join(folder, path), 'utf8') : ''
    const why = unfit(path, text)
    if (why !== null) row.unfit.set(why, (row.unfit.get(why) ?? 0) + 1)
    else if (/\.(any|window)\.js$/.test(path)) {
      row.files++
      for (const event of await eventsOf(folder, path, text, harness)) jobs.push({ row, path: path + event.search, event })
    }
  }
  const engines = [await openEdge('./wpt-runner.mjs'), openNode('./wpt-runner.mjs')]
  try {
    for (const [index, engine] of engines.entries()) {
      const answers = await each(jobs, `wpt in ${engine.name}:`, ({ event }) => engine.run(event))
      for (const [at, { row, path }] of jobs.entries()) add(index === 0 ? row.ours : row.node, path, answers[at])
    }
  } finally {
    for (const engine of engines) await engine.close()
  }
  return { what, rows, node: engines[1].name }
}
