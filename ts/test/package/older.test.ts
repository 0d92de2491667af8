// Prebuilt libraries are made to load with an older C library than they were built for.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { pathToFileURL } from 'node:url'

interface Older {
  supplyOlder: (tree: string, compiler: string) => Promise<void>
}
const { supplyOlder } = (await import(pathToFileURL('scripts/package/older.mjs').href)) as Older

const PREBUILT = ['rocksdb-native', 'sodium-native', 'udx-native']
const libraryOf = (name: string, arch: string): string => join('node_modules', name, 'prebuilds', `linux-${arch}`, `${name}.node`)

const tree = async (t: TestContext): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), 'swarm-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  await mkdir(join(folder, 'dist', 'natives'), { recursive: true })
  return folder
}

/** What the loader insists on, as binutils read it. */
const insists = (file: string): string[] =>
  execFileSync('readelf', ['--version-info', '--wide', file], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line.includes('Name: ') && !line.includes('WEAK'))
    .flatMap((line) => /Name: (\S+)/.exec(line)?.[1] ?? [])

for (const arch of ['x64', 'arm64']) {
  test(`a library for ${arch} asks for no more than Debian 11 has`, async (t) => {
    const folder = await tree(t)
    for (const name of PREBUILT) await copyFile(libraryOf(name, arch), join(folder, 'dist', 'natives', `${name}.node`))
    await supplyOlder(folder, 'cc')
    for (const name of PREBUILT) {
      const wanted = insists(join(folder, 'dist', 'natives', `${name}.node`))
      assert.ok(wanted.some((version) => version.startsWith('GLIBC_2.')))
      assert.deepEqual(wanted.filter((version) => /^GLIBC_2\.3[2-9]|^GLIBCXX_3\.4\.(29|3\d)/.test(version)), [], name)
    }
    if (arch !== process.arch) return
    const load = `const { constants: { dlopen: how } } = require('node:os')
      for (const name of ['older', ${PREBUILT.map((name) => `'${name}'`).join()}]) process.dlopen({ exports: {} }, '${folder}/dist/natives/' + name + '.node', how.RTLD_NOW | how.RTLD_GLOBAL)
      process.stdout.write('loaded')`
    assert.equal(execFileSync(process.execPath, ['-e', load], { encoding: 'utf8' }), 'loaded')
  })
}

test('a library that asks for something nobody has looked at is refused', async (t) => {
  const folder = await tree(t)
  const bytes = await readFile(libraryOf('rocksdb-native', 'x64'))
  bytes.write('pthread_onze', bytes.indexOf('\0pthread_once\0') + 1)
  await writeFile(join(folder, 'dist', 'natives', 'rocksdb-native.node'), bytes)
  await assert.rejects(supplyOlder(folder, 'cc'), /rocksdb-native\.node asks for pthread_onze of GLIBC_2\.34/)
})
