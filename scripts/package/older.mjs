// Libraries that were built elsewhere for a newer C and C++ library than the oldest that a package runs with: what they ask for
// by a newer version they get by its name alone, from where it was before, or from older.c.
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { at } from '../lib/paths.mjs'
import { run } from '../lib/run.mjs'
import { Stop } from '../lib/terminal.mjs'
import { needsOf } from './elf.mjs'
import { isNewer, OLDEST } from './libraries.mjs'
import { filesOf } from './tree.mjs'

/** The same function under an older version; all but the last in libpthread, which Node loads. None had a change of meaning. */
const ELSEWHERE = new Set([
  ...['once', 'join', 'create', 'key_create', 'setspecific', 'setname_np', 'mutex_trylock', 'cond_clockwait'].map((name) => `pthread_${name}`),
  ...['init', 'settype', 'destroy'].map((name) => `pthread_mutexattr_${name}`),
  ...['init', 'destroy', 'rdlock', 'wrlock', 'unlock'].map((name) => `pthread_rwlock_${name}`),
  '_ZNSt18condition_variable4waitERSt11unique_lockISt5mutexE',
])
/** In older.c. */
const HERE = new Set(['__libc_single_threaded', 'stat', 'fstat', '_ZSt28__throw_bad_array_new_lengthv', '_ZNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEE7reserveEv'])

/** `compiler`: a C compiler for the target. */
export const supplyOlder = async (tree, compiler) => {
  const folder = join(tree, 'dist/natives')
  for (const name of await filesOf(folder)) {
    const file = join(folder, name)
    const bytes = await readFile(file)
    for (const { loosen, symbols, version } of needsOf(bytes).filter((need) => isTooNew(need.version))) {
      const unknown = symbols.filter((symbol) => !ELSEWHERE.has(symbol) && !HERE.has(symbol))
      if (unknown.length > 0) throw new Stop(`${name} asks for ${unknown.join(', ')} of ${version}. What does an older library have in its place? Say it in ${import.meta.filename}`)
      loosen()
    }
    await writeFile(file, bytes)
  }
  const args = ['-shared', '-fPIC', '-O2', '-s', '-fno-builtin', '-Wl,-z,undefs', '-o', join(folder, 'older.node'), at('scripts/package/older.c')]
  const { code, output } = await run(compiler, args, { collect: true })
  if (code !== 0) throw new Stop(`older.c did not compile: ${output}`)
}

const isTooNew = (version) => {
  const [name, number] = version.split('_')
  return name in OLDEST && isNewer(number, OLDEST[name])
}
