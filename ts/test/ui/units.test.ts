// Runs the tests that stand beside the page's pure modules (ui/src/**/*.test.ts), bundled, because the host's
// compiler does not see ui/.
import { build } from 'esbuild'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after } from 'node:test'
import { pathToFileURL } from 'node:url'

const SOURCES = resolve('ui/src')

const files = (await readdir(SOURCES, { recursive: true })).filter((file) => file.endsWith('.test.ts')).sort()
if (files.length === 0) throw new Error(`no tests under ${SOURCES}`)

const folder = await mkdtemp(join(tmpdir(), 'swarmlambda-ui-'))
after(() => rm(folder, { recursive: true, force: true }))

const outfile = join(folder, 'units.mjs')
await build({
  stdin: {
    contents: files.map((file) => `import ${JSON.stringify(`./${file}`)}`).join('\n'),
    resolveDir: SOURCES,
  },
  outfile,
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  sourcemap: 'inline',
  logLevel: 'error',
})
await import(pathToFileURL(outfile).href)
