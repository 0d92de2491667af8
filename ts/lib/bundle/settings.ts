// How esbuild is asked, whether a function's files come from a request or from a folder.
import type { BuildOptions } from 'esbuild'

/** Where AWS puts a function's files; what `__dirname` and `import.meta.url` show. */
export const TASK_ROOT = '/var/task'
export const MAX_ERRORS = 5

/** `entry` is the handler's file, relative to the function's folder. */
export const settings = (entry: string) =>
  ({
    bundle: true,
    write: false,
    format: 'esm',
    // Packages offer their builds for workers and browsers first; Node's built-ins are ours all the same.
    platform: 'browser',
    conditions: ['worker', 'module'],
    // Newer syntax is written as this; of the engine, `v` regular expressions are what it lacks.
    target: 'es2023',
    charset: 'utf8',
    legalComments: 'none',
    tsconfigRaw: {},
    logLevel: 'silent',
    logLimit: MAX_ERRORS,
    define: {
      // Of the function's own environment, at run time.
      'process.env.NODE_ENV': 'process.env.NODE_ENV',
      __dirname: JSON.stringify(TASK_ROOT),
      __filename: JSON.stringify(`${TASK_ROOT}/${entry}`),
      'import.meta.url': JSON.stringify(`file://${TASK_ROOT}/${entry}`),
      'import.meta.dirname': JSON.stringify(TASK_ROOT),
      'import.meta.filename': JSON.stringify(`${TASK_ROOT}/${entry}`),
    },
  }) as const satisfies BuildOptions

/** An `await` becomes a `then`, through which AsyncLocalStorage follows; for code that asks for `async_hooks`. */
export const followed = {
  supported: { 'async-await': false, 'async-generator': false, 'for-await': false, 'top-level-await': true },
} as const satisfies BuildOptions
/** Found in a source, it makes the bundle {@link followed}. */
export const FOLLOWED_BY = 'async_hooks'
