// The quick part of `npm run chaos`: a few rounds of each promise, judged by outcomes and not by times.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runToEnd } from './harness/processes.js'

for (const promise of ['1', '2', '3', '11']) {
  test(`promise ${promise} is kept`, { timeout: 240_000 }, async () => {
    const { code, output } = await runToEnd(process.execPath, ['scripts/chaos/main.mjs', '--quick', '--built', promise], { timeoutMs: 230_000 })
    assert.equal(code, 0, output)
  })
}
