// The last word of a CI run: everything that `npm test` and `npm run lint` kept, added up, as the closing line.
import { keptResults, summary } from './lib/results.mjs'
import { main, Stop } from './lib/terminal.mjs'

await main(async () => {
  const [tests, checks] = await Promise.all([keptResults('test'), keptResults('lint')])
  if (tests.length === 0 || checks.length === 0) {
    // Counted, so that the closing line can't look like a success.
    const missing = { name: tests.length === 0 ? 'tests' : 'checks', passed: 0, failed: 1, skipped: 0, ms: 0 }
    process.stdout.write(summary([...tests, ...checks, missing]))
    throw new Stop(`The ${missing.name} ended without a result; see above.`)
  }
  const all = [...tests, ...checks]
  process.stdout.write(summary(all))
  return all.some((result) => result.failed > 0) ? 1 : 0
})
