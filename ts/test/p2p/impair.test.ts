// A slowed connection: what is written arrives in its order, or the other end can't read it any more.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openDelay } from '../../lib/p2p/impair.js'

test('what is written after a delay ended does not overtake what is still held back, however late timers are', async () => {
  const written: string[] = []
  let all = (): void => undefined
  const done = new Promise<void>((resolve) => {
    all = resolve
  })
  const raw = {
    write(data: Buffer): boolean {
      written.push(data.toString())
      if (written.length === 4) all()
      return true
    },
  }
  const slow = openDelay({ rawStream: raw as never })
  raw.write(Buffer.from('before'))
  slow(20)
  raw.write(Buffer.from('held'))
  slow(5)
  raw.write(Buffer.from('held for less'))
  slow(0)
  // The time of both is over, and no timer could run.
  for (const end = performance.now() + 30; performance.now() < end; );
  raw.write(Buffer.from('after'))
  await done
  assert.deepEqual(written, ['before', 'held', 'held for less', 'after'])
})
