// The packages that the handlers under test use, pinned by the lock file in this folder; kept from one run to the next.
import { execFile } from 'node:child_process'
import { access, copyFile, mkdir, readFile, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const at = (path: string) => fileURLToPath(new URL(`../../../${path}`, import.meta.url))

/** Holds `node_modules`. */
export const BUILT = at('.build/corpus')
const PINNED = at('ts/test/corpus')

/** What holds the lock longer is gone. */
const LONGEST_INSTALL_MS = 300_000
const POLL_MS = 100

const run = promisify(execFile)
const same = async (a: string, b: string) => {
  const [left, right] = await Promise.all([a, b].map((path) => readFile(path, 'utf8').catch(() => null)))
  return left !== null && left === right
}

let installing: Promise<void> | undefined
export const installPackages = (): Promise<void> => (installing ??= install())

const isInstalled = async (): Promise<boolean> =>
  (await same(join(PINNED, 'package-lock.json'), join(BUILT, 'package-lock.json'))) && (await access(join(BUILT, 'node_modules/.package-lock.json')).then(() => true, () => false))

/** Test files run in processes of their own: one of them installs, the others wait for it. */
async function install(): Promise<void> {
  const lock = `${BUILT}.lock`
  await mkdir(dirname(lock), { recursive: true })
  while (!(await isInstalled()) || (await access(lock).then(() => true, () => false))) {
    const isMine = await mkdir(lock).then(() => true, () => false)
    if (!isMine) {
      const { mtimeMs } = await stat(lock).catch(() => ({ mtimeMs: Date.now() }))
      if (Date.now() - mtimeMs > LONGEST_INSTALL_MS) await rm(lock, { recursive: true, force: true })
      await wait(POLL_MS)
      continue
    }
    try {
      if (await isInstalled()) continue
      await mkdir(BUILT, { recursive: true })
      for (const file of ['package.json', 'package-lock.json']) await copyFile(join(PINNED, file), join(BUILT, file))
      await run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: BUILT, shell: process.platform === 'win32' })
    } finally {
      await rm(lock, { recursive: true, force: true })
    }
  }
}
