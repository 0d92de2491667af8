// The files of a request, as esbuild finds them: no disk, no packages.
import type { Plugin } from 'esbuild'
import { depthProblem, loaderOf, resolveIn } from './files.js'

const NAMESPACE = 'function'

/** Resolves and loads from `files` alone. */
export function memory(files: ReadonlyMap<string, string>): Plugin {
  return {
    name: 'files-of-the-request',
    setup({ onLoad, onResolve }) {
      onResolve({ filter: /.*/ }, ({ path, importer, kind, namespace }) => {
        // esbuild lets a package be missing where a `try` catches it.
        if (kind === 'require-call' && /^[^./]/.test(path)) return null
        const found = resolveIn(files, path, namespace === NAMESPACE ? importer : '')
        return typeof found === 'string' ? { path: found, namespace: NAMESPACE } : { errors: [{ text: found.problem }] }
      })
      onLoad({ filter: /.*/, namespace: NAMESPACE }, ({ path }) => {
        const loader = loaderOf(path)
        const contents = files.get(path) ?? ''
        const problem = loader === 'text' ? null : depthProblem(path, contents)
        if (problem !== null) return { errors: [{ text: problem }] }
        if (loader) return { contents, loader }
        return { errors: [{ text: `${path} can't be imported: use .js, .mjs, .cjs, .jsx, .ts, .mts, .cts, .tsx, .json, .txt, .html, .md, .sql or .graphql, or read it with fs` }] }
      })
    },
  }
}
