// What a function's modules cost each invocation, on one edge: nothing, a large library, a top level that computes. All of
// it is in the snapshot, so all should cost what hello costs.
import { build } from 'esbuild'
import { ROOT } from '../scripts/lib/paths.mjs'
import { deploy } from '../scripts/lib/cluster.mjs'
import { EVENT, HELLO } from './hello.mjs'
import { measure, pinning, startEdge } from './rounds.mjs'

/** Development builds of the renderers, and a schema library: more than 1 MB of source that stays in use. */
const LIBRARY = `
import * as server from 'react-dom/server.browser'
import * as client from 'react-dom/client'
import * as z from 'zod'
const libraries = [server, client, z]
export const handler = async (e) => ({ ok: libraries.length === 3, e })
`
/** A top level of some milliseconds: a table of checksums, and a dictionary. */
const COMPUTED = `
const table = Array.from({ length: 20_000 }, (_, n) => { let c = n; for (let k = 0; k < 8; k += 1) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1; return c >>> 0 })
const words = new Map(table.slice(0, 5_000).map((sum, n) => ['word' + n, sum]))
exports.handler = async (e) => ({ ok: words.has('word7'), e })
`

const library = async () => {
  const { outputFiles } = await build({
    stdin: { contents: LIBRARY, resolveDir: ROOT }, bundle: true, write: false, format: 'cjs', platform: 'browser',
    treeShaking: false, define: { 'process.env.NODE_ENV': '"development"' }, logLevel: 'error',
  })
  return outputFiles[0].text
}

export const modules = async (children, stateDir) => {
  const pin = await pinning()
  const edge = await startEdge(children, stateDir, pin.server)
  const code = { hello: HELLO, library: await library(), computed: COMPUTED }
  for (const [name, source] of Object.entries(code)) await deploy(edge.address, name, source)
  const what = { hello: 'hello', library: `libraries of ${(code.library.length / 1e6).toFixed(1)} MB`, computed: 'a computing top level' }
  const targets = Object.keys(code).map((name) => ({
    what: what[name], pid: edge.pid, url: `${edge.address}/2015-03-31/functions/${name}/invocations`, body: EVENT,
  }))
  const { text, cpuUs: [plain, ...others] } = await measure('modules', targets, pin)
  return `${text}

CPU per request: ${others.map((cpuUs, index) => `${what[Object.keys(code)[index + 1]]} ${(cpuUs / plain).toFixed(2)} × hello`).join(', ')}`
}
