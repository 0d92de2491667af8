// Runs one of the programs of ts/bin, from the one file that the build made of all of them and with the code that V8 compiled of it then
// (scripts/lib/host.mjs). Another Node than that of the build compiles it again, each time.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import Module, { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Script } from 'node:vm'

const HOST = fileURLToPath(new URL('../dist/host/host.cjs', import.meta.url))
const CODE = fileURLToPath(new URL('../dist/host/host.code', import.meta.url))

/** The programs by name, and the script that has them. */
export const load = () => {
  const cachedData = existsSync(CODE) ? readFileSync(CODE) : undefined
  // All but comments is ASCII, and one byte a character is half the memory.
  const script = new Script(Module.wrap(readFileSync(HOST, 'latin1')), { filename: HOST, cachedData })
  const host = { exports: {} }
  script.runInThisContext()(host.exports, createRequire(HOST), host, HOST, dirname(HOST))
  return { programs: host.exports, script }
}

const isBuilt = (name) =>
  existsSync(HOST) && (name !== 'edge' || readdirSync(new URL('../bindings/', import.meta.url)).some((file) => file.endsWith('.node')))

export const launch = (name) => {
  if (!isBuilt(name)) {
    console.error('SwarmLambda is not built yet. Run: npm install')
    process.exitCode = 1
    return
  }
  // Node's own way of loading knows of source maps, but nothing of compiled code.
  const mapped = [...process.execArgv, process.env.NODE_OPTIONS ?? ''].some((option) => option.includes('--enable-source-maps'))
  const programs = mapped ? createRequire(HOST)(HOST) : load().programs
  programs[name]()
}
