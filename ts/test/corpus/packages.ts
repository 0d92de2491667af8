// The packages that the handlers under test use, pinned by the lock file in this folder; kept from one run to the next.
import { execFile } from 'node:child_process'
import { access, copyFile, mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const at = (path: string) => fileURLToPath(new URL(`../../../${path}`, import.meta.url))

/** Holds `node_modules`. */
export const BUILT = at('.build/corpus')
const PINNED = at('ts/test/corpus')

const run = promisify(execFile)
const same = async (a: string, b: string) => {
  const [left, right] = await Promise.all([a, b].map((path) => readFile(path, 'utf8').catch(() => null)))
  return left !== null && left === right
}

let installing: Promise<void> | undefined
export const installPackages = (): Promise<void> => (installing ??= install())

async function install(): Promise<void> {
  if (await same(join(PINNED, 'package-lock.json'), join(BUILT, 'package-lock.json')) && (await access(join(BUILT, 'node_modules/.package-lock.json')).then(() => true, () => false))) return
  await mkdir(BUILT, { recursive: true })
  for (const file of ['package.json', 'package-lock.json']) await copyFile(join(PINNED, file), join(BUILT, file))
  await run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: BUILT, shell: process.platform === 'win32' })
}
