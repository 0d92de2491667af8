// node_modules, compared with the lockfile itself: file times lie after a checkout.
import { readFile } from 'node:fs/promises'
import { at } from './paths.mjs'
import { run } from './run.mjs'
import { Stop, say } from './terminal.mjs'

const packagesIn = async (path) => {
  try {
    return JSON.parse(await readFile(path, 'utf8')).packages
  } catch {
    return null
  }
}

/** The first package of the lockfile that isn't installed in its version, or null when all are. */
export const missingPackage = async () => {
  const [locked, installed] = await Promise.all([
    packagesIn(at('package-lock.json')),
    packagesIn(at('node_modules/.package-lock.json')),
  ])
  if (locked === null) throw new Stop('package-lock.json is missing or damaged. Run: git checkout package-lock.json')
  if (installed === null) return 'node_modules'
  for (const [path, { version, optional, devOptional }] of Object.entries(locked)) {
    // Optional ones are mostly binaries for other machines.
    if (path === '' || optional === true || devOptional === true) continue
    if (installed[path]?.version !== version) return path
  }
  return null
}

/** Runs `npm ci`, which also builds, unless what the lockfile names is installed. */
export const ensureInstalled = async () => {
  const missing = await missingPackage()
  if (missing === null) return
  say('install', `npm ci, half a minute for the packages, then the build (${missing} is ${missing === 'node_modules' ? 'not there' : 'missing or of another version'}) …`)
  const npm = process.env.npm_execpath
  const [command, args] = npm === undefined ? ['npm', ['ci']] : [process.execPath, [npm, 'ci']]
  const { code } = await run(command, args)
  if (code !== 0) throw new Stop('npm ci failed; its message is above.')
}
