// Node's built-in modules: a bundle takes them from the plugin, which has them all in its base snapshot.
import type { Plugin } from 'esbuild'

/** What the plugin's registry holds (crates/plugin/js/node/index.js); some load and throw a named error at use. */
export const BUILTINS: ReadonlySet<string> = new Set(
  `assert assert/strict async_hooks buffer child_process cluster console constants crypto dgram diagnostics_channel dns dns/promises
  domain events fs fs/promises http http2 https inspector inspector/promises module net os path path/posix path/win32 perf_hooks process
  punycode querystring readline readline/promises repl sqlite stream stream/consumers stream/promises stream/web string_decoder sys test
  timers timers/promises tls trace_events tty url util util/types v8 vm wasi worker_threads zlib`.split(/\s+/),
)
/** Node knows these only with their prefix; packages of that name exist. */
const PREFIX_ONLY: ReadonlySet<string> = new Set(['sqlite', 'test'])
/** Packages that are part of Node under a name of their own: Node's fetch is undici, whose sockets and WebAssembly a sandbox lacks. */
const ALSO: ReadonlySet<string> = new Set(['undici'])
const NAMESPACE = 'builtin'

/** The module's name without prefix; null: not a built-in. */
export function builtinOf(request: string): string | null {
  if (request.startsWith('node:')) return BUILTINS.has(request.slice(5)) ? request.slice(5) : null
  return ALSO.has(request) || (BUILTINS.has(request) && !PREFIX_ONLY.has(request)) ? request : null
}

/** Resolves built-ins, with and without `node:`, before anything else is asked. */
export const builtins: Plugin = {
  name: 'built-in-modules',
  setup({ onLoad, onResolve }) {
    onResolve({ filter: /^(node:)?[a-z]/ }, ({ path }) => {
      const name = builtinOf(path)
      if (name !== null) return { path: name, namespace: NAMESPACE, sideEffects: false }
      if (path.startsWith('node:')) return { errors: [{ text: `there is no built-in module ${JSON.stringify(path)}: see docs/apis.md for those there are` }] }
      return null
    })
    onLoad({ filter: /.*/, namespace: NAMESPACE }, ({ path }) => ({
      contents: `module.exports = globalThis[Symbol.for('swarmlambda.builtin')](${JSON.stringify(path)})`,
      loader: 'js',
    }))
  },
}
