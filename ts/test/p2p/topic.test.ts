import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const SCRIPT = fileURLToPath(new URL('topic-process.js', import.meta.url))

// A network of its own with nothing but loopback: where the machine's only address is of a kind that Hyperswarm takes
// for nobody's (192.0.2.0/24 in containers), two nodes on one host look for a hole in a NAT that isn't there.
const inOwnNetwork = ['-rn', 'sh', '-c', 'ip link set lo up && exec "$0" "$1"', process.execPath, SCRIPT]

test('edges meet on the topic of their own DHT, also those that come later', async (t) => {
  try {
    await run('unshare', ['-rn', 'sh', '-c', 'ip link set lo up'])
  } catch {
    t.skip('needs unshare and ip')
    return
  }
  await run('unshare', inOwnNetwork, { timeout: 90_000 })
})
