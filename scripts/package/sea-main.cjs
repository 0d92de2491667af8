// What the executable runs first: unpacks the files it carries, once, and goes on from there. Libraries and programs have to
// be files to be loaded; the folder is named by their digest, so that versions stay apart.
const { chmodSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, statSync, writeFileSync } = require('node:fs')
const { createRequire } = require('node:module')
const { homedir } = require('node:os')
const { dirname, join } = require('node:path')
const { getAsset, getAssetKeys, getRawAsset } = require('node:sea')

const FILES = 'files/'

/** systemd's CacheDirectory=, else the user's. */
const cacheHome = () => {
  const { CACHE_DIRECTORY, XDG_CACHE_HOME } = process.env
  if (CACHE_DIRECTORY) return CACHE_DIRECTORY.split(':')[0]
  return join(XDG_CACHE_HOME || join(homedir(), '.cache'), 'swarmlambda')
}

const unpack = (root) => {
  const fresh = mkdtempSync(`${root}-`)
  for (const key of getAssetKeys()) {
    if (!key.startsWith(FILES)) continue
    const file = join(fresh, key.slice(FILES.length))
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, Buffer.from(getRawAsset(key)))
    if (key === `${FILES}bin/esbuild`) chmodSync(file, 0o755)
  }
  try {
    renameSync(fresh, root)
  } catch (error) {
    rmSync(fresh, { recursive: true, force: true })
    // Another process was faster.
    if (!existsSync(root)) throw error
  }
}

const home = cacheHome()
const root = join(home, getAsset('digest', 'utf8'))
try {
  mkdirSync(home, { recursive: true, mode: 0o700 })
  // Code is run from there: nobody else may have put it.
  if (process.getuid && ![process.getuid(), 0].includes(statSync(home).uid)) throw new Error('it belongs to another user')
  if (!existsSync(root)) unpack(root)
  createRequire(join(root, 'boot.cjs'))('./boot.cjs')
} catch (error) {
  process.stderr.write(`swarmlambda: cannot unpack itself into ${home}: ${error.message}. Set XDG_CACHE_HOME to a folder this user may write to\n`)
  process.exitCode = 1
}
