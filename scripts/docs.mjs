// `npm run docs [-- --check]`: writes what of the documentation is generated from the code; with --check, says whether it
// is as it was committed.
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { at } from './lib/paths.mjs'
import { build } from './lib/steps.mjs'
import { main, say, Stop } from './lib/terminal.mjs'

await main(async () => {
  await build(['ts'])
  const { generatedDocs } = await import('../dist/lib/docs/generated.js')
  const stale = []
  for (const [path, text] of Object.entries(generatedDocs())) {
    const before = await readFile(at(path), 'utf8').catch(() => null)
    if (before === text) continue
    stale.push(path)
    if (process.argv.includes('--check')) continue
    await mkdir(dirname(at(path)), { recursive: true })
    await writeFile(at(path), text)
    say('written', path)
  }
  if (process.argv.includes('--check') && stale.length > 0) throw new Stop(`${stale.join(', ')}: no longer what the code says. Run: npm run docs`)
})
