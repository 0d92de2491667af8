// Where things are, from the repository's root.
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

/** Stamps, results and other things a script may delete. */
export const BUILD_DIR = join(ROOT, '.build')

/** The plugin's native code, as the engine keeps it. */
export const ENGINE_DIR = join(BUILD_DIR, 'engine')

/** An absolute path from one relative to the root. */
export const at = (...parts) => join(ROOT, ...parts)

/** The script behind a package's command, to be run by this very node. */
export const TOOLS = {
  napi: at('node_modules/@napi-rs/cli/dist/cli.js'),
  tsc: at('node_modules/typescript/bin/tsc'),
  vite: at('node_modules/vite/bin/vite.js'),
  eslint: at('node_modules/eslint/bin/eslint.js'),
}
