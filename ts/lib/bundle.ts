// Turns a function's files into one ES module that exports `handler`.
import { buildBundle, type Bundle } from './bundle/esbuild.js'
import { assetsModule, normaliseFiles } from './bundle/files.js'
import { withUnpacked } from './bundle/folder.js'
import { entrySource, findEntry, parseHandler } from './bundle/handler.js'
import { memory } from './bundle/memory.js'

export type { Bundle } from './bundle/esbuild.js'
export { HANDLER_MODULE, stopBundler } from './bundle/esbuild.js'
export { archiveOf, unpack as unpackArchive } from './bundle/archive.js'
export { MAX_ARCHIVE_BYTES, MAX_UNPACKED_BYTES } from './bundle/archive.js'
export { MAX_ASSET_BYTES } from './bundle/files.js'

/** Text files by relative path, or a ZIP archive, which may hold `node_modules`. */
export type Code = { files: Record<string, string> } | { zip: Buffer }

/** What is bundled, and which export of which file is the handler (`file.export`). */
export type BundleInput = Code & { handler: string }

/** Bundles, or throws `BUNDLE_FAILED` with one `file:line:column: message` a line (line and column count from 1). */
export async function bundle(input: BundleInput): Promise<Bundle> {
  const handler = parseHandler(input.handler)
  if ('zip' in input) return withUnpacked(input.zip, handler)
  const files = normaliseFiles(input.files)
  const entry = findEntry(handler, files)
  // esbuild sees the files of the request and no others; nothing touches a disk.
  return buildBundle({ entry, code: entrySource(handler, entry), assets: assetsModule(files), folder: null, tsconfig: files.get('tsconfig.json'), plugins: [memory(files)] })
}
