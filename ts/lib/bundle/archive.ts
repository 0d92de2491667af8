// A function's ZIP archive, read with no trust in it. Limits are AWS Lambda's.
import type { Entry, FileEntry } from '@zip.js/zip.js'
import { messageOf, SwarmError } from '../errors.js'
import { nameProblem } from './files.js'

export const MAX_ARCHIVE_BYTES = 50 * 2 ** 20
export const MAX_UNPACKED_BYTES = 250 * 2 ** 20
/** Node's packages are many small files. */
export const MAX_ENTRIES = 20_000

/** File type bits of a Unix mode, and those of a symbolic link. */
const TYPE_BITS = 0o170000
const LINK = 0o120000

/** Loaded with the first archive: an edge starts sooner. */
const loadZip = async () => {
  const zip = await import('@zip.js/zip.js')
  zip.configure({ useWebWorkers: false })
  return zip
}

/** The files of an archive by relative path, or `INVALID_PARAMETER` that names the entry and what is wrong with it. */
export async function unpack(zip: Buffer): Promise<Map<string, Buffer>> {
  if (zip.length > MAX_ARCHIVE_BYTES) throw refuse(`${zip.length} bytes, at most ${MAX_ARCHIVE_BYTES} are allowed`)
  const { Uint8ArrayReader, ZipReader } = await loadZip()
  const reader = new ZipReader(new Uint8ArrayReader(zip), { checkOverlappingEntry: true, checkSignature: true })
  const files = new Map<string, Buffer>()
  let left = MAX_UNPACKED_BYTES
  let entries = 0
  try {
    for await (const entry of reader.getEntriesGenerator()) {
      if (++entries > MAX_ENTRIES) throw refuse(`more than ${MAX_ENTRIES} entries`)
      const name = check(entry)
      if (entry.directory) continue
      if (files.has(name)) throw refuse(`${shown(name)} is there twice`)
      const content = await inflate(entry, left)
      left -= content.length
      files.set(name, content)
    }
  } catch (error) {
    throw error instanceof SwarmError ? error : refuse(unreadable(error), error)
  } finally {
    await reader.close().catch(() => {})
  }
  if (files.size === 0) throw refuse('it has no file in it')
  return files
}

/** An archive of these files; the same bytes for the same files. */
export async function archiveOf(files: Record<string, Buffer>): Promise<Buffer> {
  const { Uint8ArrayReader, Uint8ArrayWriter, ZipWriter } = await loadZip()
  const writer = new ZipWriter(new Uint8ArrayWriter(), { lastModDate: new Date(1_980, 0, 1), extendedTimestamp: false })
  for (const [name, content] of Object.entries(files)) await writer.add(name, new Uint8ArrayReader(content))
  return Buffer.from(await writer.close())
}

function check(entry: Entry): string {
  const name = entry.filename
  const problem = nameProblem(entry.directory ? name.replace(/\/$/, '') : name)
  if (problem !== null) throw refuse(`${shown(name)} ${problem}`)
  if (entry.encrypted) throw refuse(`${shown(name)} is encrypted`)
  if (((entry.externalFileAttributes >>> 16) & TYPE_BITS) === LINK) throw refuse(`${shown(name)} is a symbolic link: put the file itself into the archive (zip without --symlinks)`)
  return name.replace(/^(\.\/)+/, '')
}

/** Counts what comes out, whatever the archive says about it. */
async function inflate(entry: FileEntry, left: number): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let size = 0
  const room = new WritableStream<Uint8Array>({
    write(chunk) {
      size += chunk.length
      if (size > left) throw refuse(`its files are more than ${MAX_UNPACKED_BYTES} bytes unpacked, which is what is allowed; ${shown(entry.filename)} went beyond`)
      chunks.push(chunk.slice())
    },
  })
  try {
    await entry.getData(room)
  } catch (error) {
    throw error instanceof SwarmError ? error : refuse(`${shown(entry.filename)} can't be read: ${messageOf(error)}`, error)
  }
  return Buffer.concat(chunks)
}

/** The reader refuses names that leave the folder before they are seen here. */
function unreadable(error: unknown): string {
  const { filename } = error as { filename?: unknown }
  if (typeof filename === 'string') return `${shown(filename)} ${nameProblem(filename) ?? messageOf(error)}`
  return `it can't be read: ${messageOf(error)}`
}

const shown = (name: string): string => JSON.stringify(name.slice(0, 200))
const refuse = (why: string, cause?: unknown): SwarmError => new SwarmError('INVALID_PARAMETER', `zip: ${why}`, { cause })
