// Damages what an edge has on its disk, as a disk would.
import { cp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** A copy that the device file allows: as if the disk itself had changed. */
export const restore = async (from: string, to: string): Promise<void> => {
  await rm(to, { recursive: true, force: true })
  await cp(from, to, { recursive: true })
  await rm(join(to, 'store/CORESTORE'))
}

const KINDS = ['cut', 'flip', 'flips', 'zero', 'gone'] as const

/** Damages one file; says how. */
export const damage = async (stateDir: string, random: () => number): Promise<string> => {
  const pick = <T>(of: readonly T[]): T => of[Math.floor(random() * of.length)] as T
  const database = join(stateDir, 'store/db')
  const names = (await readdir(database)).filter((name) => /\.(log|sst|blob)$|^(MANIFEST|CURRENT)/.test(name)).sort()
  const paths = []
  for (const name of names) if ((await stat(join(database, name))).size > 0) paths.push(join(database, name))
  const path = pick([...paths, ...paths.filter((each) => each.endsWith('.log')), join(stateDir, 'registry.json')])
  const kind = pick(KINDS)
  const content = await readFile(path)
  const at = (): number => Math.floor(random() * content.length)
  if (kind === 'gone') await rm(path)
  else if (kind === 'cut') await truncate(path, at())
  else {
    if (kind === 'zero') content.fill(0, at())
    for (let count = kind === 'flip' ? 1 : kind === 'flips' ? 40 : 0; count > 0; count -= 1) {
      const index = at()
      content[index] = (content[index] ?? 0) ^ (1 << Math.floor(random() * 8))
    }
    await writeFile(path, content)
  }
  return `${kind} ${path.slice(stateDir.length)}`
}
