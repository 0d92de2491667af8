// A function in a folder on disk, with its packages in node_modules: one file that can be sent in a deploy's `files`.
import { join } from 'node:path'
import { build, type BuildFailure } from 'esbuild'
import { SwarmError } from '../errors.js'
import { builtins } from './builtins.js'
import { followed, FOLLOWED_BY, MAX_ERRORS, settings } from './settings.js'

/** Bundles `entry` of `folder` into one ES module, or throws `BUNDLE_FAILED` with one `file:line:column: message` a line. */
export async function bundleFolder(folder: string, entry: string): Promise<string> {
  try {
    const run = async (more: object) => {
      const { outputFiles } = await build({ ...settings(entry), ...more, entryPoints: [join(folder, entry)], absWorkingDir: folder, plugins: [builtins] })
      return outputFiles[0]?.text ?? ''
    }
    const source = await run({})
    return source.includes(FOLLOWED_BY) ? await run(followed) : source
  } catch (error) {
    const messages = (error as Partial<BuildFailure>).errors
    if (!messages) throw error
    const lines = messages.slice(0, MAX_ERRORS).map(({ text, location }) => (location ? `${location.file}:${location.line}:${location.column + 1}: ${text}` : text))
    throw new SwarmError('BUNDLE_FAILED', lines.join('\n'), { cause: error })
  }
}
