// `npm run package [-- linux-x64 linux-arm64] [--here] [--verify] [--verify-only]`: the executable and what is beside it, in .build/packages.
// --here: for this machine alone, with the module that is built already. --verify: then the contract; --verify-only: with what is packaged already.
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { copyFile, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { parseArgs } from 'node:util'
import { create } from 'tar'
import { at, ENGINE_DIR } from '../lib/paths.mjs'
import { build } from '../lib/steps.mjs'
import { green, main, say, Stop } from '../lib/terminal.mjs'
import { makeDeb } from './deb.mjs'
import { makeEngines } from './engines.mjs'
import { makeExecutable, nodeFor } from './executable.mjs'
import { librariesOf, OLDEST } from './libraries.mjs'
import { buildNative } from './native.mjs'
import { makeImage } from './oci.mjs'
import { supplyOlder } from './older.mjs'
import { requireOldest } from './oldest.mjs'
import { requireTools } from './requirements.mjs'
import { makeSbom } from './sbom.mjs'
import { TARGETS } from './targets.mjs'
import { compilerFor } from './toolchain.mjs'
import { makeTree, PACKAGE_DIR } from './tree.mjs'
import { verify } from './verify.mjs'

const OUTPUT = at('.build/packages')
/** Of the compressed executable. */
const MAX_MB = 90

const pack = async (name, version, isBuilt) => {
  const target = TARGETS[name]
  const folder = join(PACKAGE_DIR, name)
  const native = isBuilt ? at(`bindings/swarmlambda.linux-${target.arch}-gnu.node`) : await buildNative(target)
  const engines = isBuilt ? ENGINE_DIR : await makeEngines(target, native, join(folder, 'engines'))
  await makeTree(target, join(folder, 'tree'), { native, engines })
  await supplyOlder(join(folder, 'tree'), isBuilt ? 'cc' : await compilerFor(target))
  const executable = join(folder, 'swarmlambda')
  await makeExecutable(target, join(folder, 'tree'), executable)
  const libraries = await librariesOf(join(folder, 'tree'), await nodeFor(target))
  if (!isBuilt && !libraries.isOldest) throw new Stop(`The executable asks for glibc ${libraries.glibc} and libstdc++ of GCC ${libraries.gcc}; it must run with glibc ${OLDEST.GLIBC} and GLIBCXX_${OLDEST.GLIBCXX}.`)
  const stem = join(OUTPUT, `swarmlambda-${version}-${name}`)
  await writeFile(`${stem}.cdx.json`, await makeSbom(target, version))
  await create({ cwd: folder, file: `${stem}.tar.gz`, gzip: { level: 9 }, portable: true }, ['swarmlambda'])
  const { size } = await stat(`${stem}.tar.gz`)
  say(name, green(`${basename(stem)}.tar.gz ${(size / 1e6).toFixed(1)} MB, for glibc ${libraries.glibc} and libstdc++ of GCC ${libraries.gcc} or later`))
  if (size > MAX_MB * 1e6) throw new Stop(`The archive is larger than ${MAX_MB} MB.`)
  await makeDeb(target, executable, version, libraries, join(OUTPUT, `swarmlambda_${version}_${target.deb}.deb`))
  const image = `${stem}-oci`
  await makeImage(target, executable, version, image)
  await create({ cwd: image, file: `${stem}.oci.tar`, portable: true }, await readdir(image))
  await rm(image, { recursive: true })
  await copyFile(executable, join(OUTPUT, `swarmlambda-${name}`))
}

const writeSums = async () => {
  const files = (await readdir(OUTPUT)).filter((file) => file !== 'SHA256SUMS').sort()
  const lines = await Promise.all(files.map(async (file) => `${await digestOf(join(OUTPUT, file))}  ${file}\n`))
  await writeFile(join(OUTPUT, 'SHA256SUMS'), lines.join(''))
}

const digestOf = async (file) => {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(file)) hash.update(chunk)
  return hash.digest('hex')
}

await main(async () => {
  const options = { here: { type: 'boolean' }, verify: { type: 'boolean' }, 'verify-only': { type: 'boolean' } }
  const { positionals, values } = parseArgs({ options, allowPositionals: true })
  const unknown = positionals.find((name) => !(name in TARGETS))
  if (unknown !== undefined) throw new Stop(`There is no target ${unknown}: ${Object.keys(TARGETS).join(', ')}`)
  const here = `linux-${process.arch}`
  const names = values.here ? [here] : positionals.length > 0 ? positionals : Object.keys(TARGETS)
  for (const name of names) await requireTools(TARGETS[name], values.here === true)
  if (!values.here) for (const name of names) await requireOldest(TARGETS[name])
  const check = (name) => verify(TARGETS[name], join(PACKAGE_DIR, name, 'swarmlambda'), values.here)
  if (values['verify-only']) {
    for (const name of names) await check(name)
    return
  }
  await build()
  const { version } = JSON.parse(await readFile(at('package.json'), 'utf8'))
  await mkdir(OUTPUT, { recursive: true })
  for (const name of names) {
    await pack(name, version, values.here === true)
    if (values.verify) await check(name)
  }
  await writeSums()
})
