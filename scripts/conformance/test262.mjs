// A sample of Test262: every nth file, in a function and in Node.
import { readdir, readFile } from 'node:fs/promises'
import { join, posix } from 'node:path'
import { each, openEdge, openNode } from './engines.mjs'
import { suite } from './suites.mjs'

const EVERY = 20
const AREAS = ['language', 'built-ins', 'annexB']

/** Proposals of their own that neither this engine nor a stable Node has, or parts that one sandbox can't have. */
const ABSENT = {
  Temporal: 'Temporal', ShadowRealm: 'ShadowRealm', decorators: 'decorators', Atomics: 'shared memory', SharedArrayBuffer: 'shared memory', 'Atomics.waitAsync': 'shared memory', IsHTMLDDA: 'document.all',
  'cross-realm': 'a second realm', 'import-attributes': 'modules', 'json-modules': 'modules', 'dynamic-import': 'modules', 'top-level-await': 'modules', 'import.meta': 'modules', 'source-phase-imports': 'modules', 'tail-call-optimization': 'tail calls',
}

function unfit({ features, flags }, source) {
  if (flags.includes('module')) return 'modules'
  if (/\$262\.createRealm|createRealm\(/.test(source)) return 'a second realm'
  if (/\$262\.agent/.test(source)) return 'shared memory'
  return features.map((feature) => (Object.hasOwn(ABSENT, feature) ? ABSENT[feature] : null)).find(Boolean) ?? null
}

/** SpiderMonkey's copy keeps the front matter. */
function metaOf(source) {
  const text = /\/\*---([^]*?)---\*\//.exec(source)?.[1] ?? ''
  const list = (key) => {
    const inline = new RegExp(`^${key}:\\s*\\[([^\\]]*)\\]`, 'm').exec(text)?.[1]
    const lines = new RegExp(`^${key}:\\s*\\n((?:\\s+- .*\\n?)+)`, 'm').exec(text)?.[1]
    return (inline?.split(',') ?? lines?.split('\n').map((line) => line.replace(/^\s*- /, '')) ?? []).map((item) => item.trim()).filter(Boolean)
  }
  const type = /^negative:[^]*?\n\s+type:\s*(\w+)/m.exec(text)?.[1]
  return { includes: list('includes'), flags: list('flags'), features: list('features'), negative: type ? { type } : null }
}

const read = (path) => readFile(path, 'utf8').catch(() => '')

/** The helpers of a test: named by it in the suite itself; in SpiderMonkey's copy, a shell.js in each folder above it. */
async function openHarness(folder) {
  const isUpstream = (await read(join(folder, 'harness/assert.js'))) !== ''
  const kept = new Map()
  const part = async (path) => {
    if (!kept.has(path)) kept.set(path, await read(join(folder, path)))
    return kept.get(path)
  }
  const common = (await read(join(folder, 'shell.js'))).split(/^\/\/ file: /m).filter((file) => /^(assert|compareArray|propertyHelper|sta)\.js\n/.test(file)).map((file) => `// ${file}`).join('')
  return {
    root: isUpstream ? join(folder, 'test') : folder,
    async of(path, includes) {
      if (isUpstream) return (await Promise.all(['assert.js', 'sta.js', ...includes].map((name) => part(`harness/${name}`)))).join('\n')
      const folders = path.split('/').slice(0, -1).map((_, index, all) => all.slice(0, index + 1).join('/'))
      return [common, ...(await Promise.all(folders.map((name) => part(`${name}/shell.js`))))].join('\n')
    },
  }
}

export async function runTest262(filter) {
  const { folder, what } = await suite('test262')
  const harness = await openHarness(folder)
  const paths = []
  for (const area of AREAS) {
    const entries = await readdir(join(harness.root, area), { recursive: true, withFileTypes: true })
    paths.push(...entries.filter((entry) => entry.isFile() && entry.name.endsWith('.js') && !/(_FIXTURE|^shell|^browser)/.test(entry.name)).map((entry) => posix.join(area, entry.parentPath.slice(join(harness.root, area).length + 1), entry.name)))
  }
  const sample = paths.sort().filter((path, index) => (filter === '' ? index % EVERY === 0 : path.includes(filter)))
  const rows = new Map()
  const jobs = []
  for (const path of sample) {
    const area = path.split('/').slice(0, 2).join('/')
    const row = rows.get(area) ?? { ours: { passed: 0, total: 0, failures: [] }, node: { passed: 0, total: 0, failures: [] }, unfit: new Map() }
    rows.set(area, row)
    const source = await readFile(join(harness.root, path), 'utf8')
    const meta = metaOf(source)
    const why = unfit(meta, source)
    if (why !== null) row.unfit.set(why, (row.unfit.get(why) ?? 0) + 1)
    else {
      const raw = meta.flags.includes('raw')
      const isAsync = meta.flags.includes('async')
      const strict = meta.flags.includes('onlyStrict') ? '"use strict";\n' : ''
      jobs.push({ row, path, event: { source: strict + source, harness: raw ? '' : await harness.of(path, meta.includes), async: isAsync, negative: meta.negative } })
    }
  }
  const engines = [await openEdge('./test262-runner.mjs'), openNode('./test262-runner.mjs')]
  try {
    for (const [index, engine] of engines.entries()) {
      const answers = await each(jobs, `test262 in ${engine.name}:`, ({ event }) => engine.run(event))
      for (const [at, { row, path }] of jobs.entries()) {
        const tally = index === 0 ? row.ours : row.node
        const answer = answers[at]
        tally.total++
        if (answer.ok) tally.passed++
        else tally.failures.push({ path, message: answer.message ?? `${answer.errorType}: ${answer.errorMessage}` })
      }
    }
  } finally {
    for (const engine of engines) await engine.close()
  }
  return { what, every: filter === '' ? EVERY : 1, rows, node: engines[1].name }
}
