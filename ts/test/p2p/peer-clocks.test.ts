import assert from 'node:assert/strict'
import { test } from 'node:test'

import { openPeerClocks } from '../../lib/p2p/peer-clocks.js'
import { SILENT } from '../../lib/log.js'

const DAY_MS = 86_400_000

test('an edge whose clock is set while it runs keeps the time of its peers, before they say it again', () => {
  let wall = 1_700_000_000_000
  let steady = 0
  const clocks = openPeerClocks(() => wall, SILENT, () => steady)
  for (const peer of ['a', 'b']) clocks.heard(peer, wall, 0)
  assert.equal(clocks.offsetMs(), 0)
  for (const days of [300, -700, 400]) {
    const before = wall + clocks.offsetMs()
    wall += days * DAY_MS
    assert.equal(wall + clocks.offsetMs(), before)
    wall += 1_000
    steady += 1_000
    assert.equal(wall + clocks.offsetMs(), before + 1_000)
    assert.ok(clocks.isConfirmed())
  }
})
