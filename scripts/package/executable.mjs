// Node with our files inside: its own single executable applications. The Node that builds must be the one that is carried.
import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { at } from '../lib/paths.mjs'
import { run } from '../lib/run.mjs'
import { Stop } from '../lib/terminal.mjs'
import { fetchPackage } from './packages.mjs'
import { filesOf } from './tree.mjs'

/** The current LTS. */
export const NODE = '26.10.0'

/** Without its table of symbols, which only a debugger reads: what libraries link with is in another. */
const stripped = async (target, folder) => {
  const file = join(folder, 'node')
  const { code, output } = await run(stripFor(target), ['-o', file, await nodeFor(target)], { collect: true })
  if (code !== 0) throw new Stop(`Node could not be stripped: ${output}`)
  return file
}

/** Of binutils. */
export const stripFor = (target) => `${target.multiarch}-strip`

/** The path of Node for a target. */
export const nodeFor = async (target) => join(await fetchPackage(target.node, NODE), 'bin/node')

export const makeExecutable = async (target, tree, output) => {
  const files = await filesOf(tree)
  const digest = createHash('sha256')
  for (const file of files) digest.update(`${file}\0`).update(await readFile(join(tree, file)))
  await writeFile(`${tree}.digest`, digest.digest('hex').slice(0, 32))
  const config = {
    main: at('scripts/package/sea-main.cjs'),
    output,
    executable: await stripped(target, dirname(output)),
    disableExperimentalSEAWarning: true,
    // Both are bound to the machine that builds.
    useCodeCache: false,
    useSnapshot: false,
    assets: { digest: `${tree}.digest`, ...Object.fromEntries(files.map((file) => [`files/${file}`, join(tree, file)])) },
  }
  await writeFile(`${tree}.json`, JSON.stringify(config))
  const builder = await nodeFor({ node: `node-linux-${process.arch}` })
  const { code, output: said } = await run(builder, ['--build-sea', `${tree}.json`], { collect: true })
  if (code !== 0) throw new Stop(`The executable could not be made: ${said}`)
}
