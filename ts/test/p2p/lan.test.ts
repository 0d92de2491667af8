import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const SCRIPT = fileURLToPath(new URL('lan-process.js', import.meta.url))

test('edges on a network meet by mDNS, are lost when it is cut, and agree again when it heals', async (t) => {
  try {
    await run('unshare', ['-rn', 'sh', '-c', 'ip link add x type veth peer name y && command -v nsenter'])
  } catch {
    t.skip('needs unshare, nsenter and ip with virtual cables')
    return
  }
  const { stdout } = await run('unshare', ['-rn', process.execPath, SCRIPT], { timeout: 60_000 })
  for (const line of stdout.trim().split('\n')) t.diagnostic(line)
})
