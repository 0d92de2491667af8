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
  return features.map((feature) => ABSENT[feature]).find(Boolean) ?? null
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

export async function runTest262(filter) {
  const { folder, what } = await suite('test262')
  const paths = []
  for (const area of AREAS) {
    const entries = await readdir(join(folder, area), { recursive: true, withFileTypes: true })
    paths.push(...entries.filter((entry) => entry.isFile() && entry.name.endsWith('.js') && !/(_FIXTURE|^shell|^browser)/.test(entry.name)).map((entry) => posix.join(area, entry.parentPath.slice(join(folder, area).length + 1), entry.name)))
  }
  const sample = paths.sort().filter((path, index) => (filter === '' ? index % EVERY === 0 : path.includes(filter)))
  const parts = new Map()
  const part = async (name) => {
    if (!parts.has(name)) parts.set(name, await readFile(join(folder, 'harness', name), 'utf8').catch(() => ''))
    return parts.get(name)
  }
  const rows = new Map()
  const jobs = []
  for (const path of sample) {
    const area = path.split('/').slice(0, 2).join('/')
    const row = rows.get(area) ?? { ours: { passed: 0, total: 0, failures: [] }, node: { passed: 0, total: 0, failures: [] }, unfit: new Map() }
    rows.set(area, row)
    const source = await readFile(join(folder, path), 'utf8')
    const meta = metaOf(source)
    const why = unfit(meta, source)
    if (why !== null) row.unfit.set(why, (row.unfit.get(why) ?? 0) + 1)
    else {
      const raw = meta.flags.includes('raw')
      const isAsync = meta.flags.includes('async')
      const names = raw ? [] : ['assert.js', 'sta.js', ...(isAsync ? ['doneprintHandle.js'] : []), ...meta.includes]
      const harness = (await Promise.all(names.map(part))).join('\n')
      const strict = meta.flags.includes('onlyStrict') ? '"use strict";\n' : ''
      jobs.push({ row, path, event: { source: strict + source, harness, async: isAsync, negative: meta.negative } })
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
