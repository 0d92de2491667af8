// The same snippets in Node and in a function: what is in snippets.txt, one a line, an expression or a body that returns.
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { startEdge, type Edge } from '../mesh/harness/edges.js'
import { call, invoke } from '../mesh/harness/http.js'

const FILE = fileURLToPath(new URL('../../../ts/test/corpus/snippets.txt', import.meta.url))
const snippets = (await readFile(FILE, 'utf8')).split('\n').filter((line) => line.trim() !== '')

const bodyOf = (snippet: string) => (snippet.includes('return') ? snippet : `return (${snippet})`)
/** A thrown error is an answer too. */
const asFunction = (snippet: string) =>
  `async (require) => { try { return await (async () => { ${bodyOf(snippet)} })() } catch (e) { return ['throws', e.name, e.code, e.message] } }`

describe('a snippet answers as on Node', () => {
  let folder: string
  let edge: Edge
  let answers: unknown[]

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'swarm-snippets-'))
    edge = await startEdge({ name: 'edge-a', folder })
    const source = `const { createRequire } = require('module')
      const snippets = [${snippets.map(asFunction).join(',\n')}]
      exports.handler = async () => { const out = []; for (const run of snippets) out.push((await run(createRequire('/'))) ?? null); return out }`
    const deployed = await call('POST', `${edge.url}/functions`, { name: 'snippets', files: { 'index.js': source }, timeout: 30 })
    assert.equal(deployed.status, 201, deployed.text)
    answers = (await invoke(edge.url, 'snippets')).json as unknown[]
    assert.ok(Array.isArray(answers), JSON.stringify(answers))
  })
  after(async () => {
    await edge.kill()
    await rm(folder, { recursive: true, force: true })
  })

  for (const [index, snippet] of snippets.entries()) {
    test(snippet.slice(0, 100), async () => {
      const run = (0, eval)(`(${asFunction(snippet)})`) as (require: NodeJS.Require) => Promise<unknown>
      const expected = JSON.parse(JSON.stringify((await run(createRequire(import.meta.url))) ?? null)) as unknown
      assert.deepEqual(answers[index], expected)
    })
  }
})
