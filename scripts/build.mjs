// `npm run build [native|ts|ui]`, and npm's `prepare`.
import { missingPackage } from './lib/install.mjs'
import { build } from './lib/steps.mjs'
import { main, Stop } from './lib/terminal.mjs'
import { requireNode } from './lib/tools.mjs'

await main(async () => {
  await requireNode()
  const missing = await missingPackage()
  if (missing !== null) throw new Stop(`${missing} is not installed. Run: npm install`)
  await build(process.argv.slice(2))
})
