// Bundles this folder into one script, ../target/runtime.js, which the Rust side includes.
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const at = (path) => fileURLToPath(new URL(path, import.meta.url))

/** What packages import of Node is ours. */
const OURS = { buffer: 'node/buffer.js', events: 'node/events.js', process: 'process.cjs', 'process/': 'process.cjs', 'abort-controller': 'abort-controller.cjs' }
const ours = {
  name: 'ours',
  setup({ onResolve, resolve }) {
    onResolve({ filter: /^(buffer|events|process\/?|abort-controller|safe-buffer|string_decoder|node:.*)$/ }, async ({ path, importer, kind }) => {
      if (path === 'events' && importer === at('node/events.js')) return { path: at('node_modules/events/events.js') }
      if (path === 'string_decoder' || path === 'node:string_decoder') return { path: at('node_modules/string_decoder/lib/string_decoder.js') }
      if (path === 'safe-buffer') return { path: at('node/buffer.js') }
      if (path === 'node:path') return { path: at('node/path.js') }
      if (path === 'node:querystring') return resolve('unenv/node/querystring', { kind, resolveDir: at('.') })
      const own = OURS[path]
      if (own) return { path: at(own) }
      return { errors: [{ text: `${path}, imported by ${importer}, is not ours` }] }
    })
  },
}

const { metafile } = await build({
  entryPoints: [at('index.js')],
  outfile: at('../target/runtime.js'),
  bundle: true,
  minifySyntax: true,
  minifyWhitespace: true,
  keepNames: true,
  format: 'esm',
  platform: 'neutral',
  mainFields: ['module', 'main'],
  target: 'es2023',
  charset: 'utf8',
  legalComments: 'none',
  metafile: true,
  define: { 'process.env.NODE_ENV': '"production"', global: 'globalThis' },
  plugins: [ours],
  absWorkingDir: at('.'),
})
const [{ bytes, inputs }] = Object.values(metafile.outputs)
console.log(`runtime.js: ${Math.round(bytes / 1024)} KiB`)
if (process.argv.includes('--sizes')) {
  const sizes = {}
  for (const [name, { bytesInOutput }] of Object.entries(inputs)) {
    const group = /node_modules\/([^/]+)/.exec(name)?.[1] ?? name.split('/')[0]
    sizes[group] = (sizes[group] ?? 0) + bytesInOutput
  }
  console.log(sizes)
}
