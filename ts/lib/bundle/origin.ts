// What a bundle was made of on its author's machine. It travels in the bundle's source map, for whoever reads or changes the function
// later: the edge keeps the bundle as what was deployed.
import { isUtf8 } from 'node:buffer'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

export interface Origin {
  /** `file.export`, of these files. */
  handler: string
  /** The author's own, by path relative to the function's folder. */
  files: Record<string, string>
  /** Whether they are all there is. Else packages were bundled with them, or files of other kinds, which only the author has. */
  isWhole: boolean
}

/** Source maps may have fields of others' when their names begin so. */
const FIELD = 'x_swarmlambda_origin'
const INLINE_MAP = /\n\/\/# sourceMappingURL=data:application\/json;base64,([A-Za-z0-9+/=]+)\s*$/
/** Together. More is not sent. */
const MAX_BYTES = 128 * 1024
/** Part of how the code is read, though no code. */
const ALSO = ['tsconfig.json']

/** Null: too much, or nothing of the author's own. `names`: what was bundled or carried, relative to the folder. */
export async function originOf(folder: string, handler: string, names: readonly string[]): Promise<Origin | null> {
  const own = names.filter((name) => !name.startsWith('../') && !/(^|\/)node_modules\//.test(name))
  const found = await Promise.all([...own, ...ALSO].map(async (name) => [name, await readFile(join(folder, name)).catch(() => null)] as const))
  const texts = found.flatMap(([name, content]) => (content !== null && isUtf8(content) ? [[name, content.toString()] as const] : []))
  const bytes = texts.reduce((sum, [, text]) => sum + Buffer.byteLength(text), 0)
  if (own.length === 0 || bytes > MAX_BYTES) return null
  const files = Object.fromEntries(texts)
  return { handler, files, isWhole: names.every((name) => name in files) }
}

/** The source map (v3 JSON) with it. */
export const withOrigin = (sourceMap: Buffer, origin: Origin): Buffer => Buffer.from(JSON.stringify({ ...(JSON.parse(sourceMap.toString()) as object), [FIELD]: origin }))

/** Of files as they were deployed; null: they are no bundle that brings it. */
export function readOrigin(files: Readonly<Record<string, string>>): Origin | null {
  const [text, ...others] = Object.values(files)
  const [, map] = text === undefined || others.length > 0 ? [] : (INLINE_MAP.exec(text) ?? [])
  if (map === undefined) return null
  try {
    const { [FIELD]: origin } = JSON.parse(Buffer.from(map, 'base64').toString()) as { [FIELD]?: unknown }
    return isOrigin(origin) ? origin : null
  } catch {
    return null
  }
}

function isOrigin(value: unknown): value is Origin {
  if (typeof value !== 'object' || value === null) return false
  const { files, handler, isWhole } = value as Partial<Record<keyof Origin, unknown>>
  if (typeof handler !== 'string' || typeof isWhole !== 'boolean' || typeof files !== 'object' || files === null) return false
  return Object.values(files).every((text) => typeof text === 'string')
}
