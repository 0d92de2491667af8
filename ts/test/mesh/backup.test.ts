// An edge's state directory in an archive, and back: the edge serves what it had, deploys again, and no peer sees a fork.
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { connected, startEdge } from './harness/edges.js'
import { deploy, invoke } from './harness/http.js'
import { runToEnd } from './harness/processes.js'

const handler = (text: string): string => `exports.handler = async () => ${JSON.stringify(text)}`
const swarmlambda = (...args: string[]) => runToEnd(process.execPath, ['bin/swarmlambda.js', ...args])

test('a restored edge goes on where its peers are, in a log of its own', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'swarm-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const archive = join(folder, 'edge-a.tar.gz')
  const stateDir = join(folder, 'edge-a')
  await using b = await startEdge({ name: 'edge-b', folder })
  {
    await using a = await startEdge({ name: 'edge-a', folder })
    await connected([a, b])
    assert.equal((await deploy(a.url, 'one', handler('one'))).status, 201)
    const running = await swarmlambda('backup', archive, '--state-dir', stateDir)
    assert.notEqual(running.code, 0)
    assert.match(running.output, /is in use by another process/)
    await a.stop()
  }
  const saved = await swarmlambda('backup', archive, '--state-dir', stateDir)
  assert.equal(saved.code, 0, saved.output)
  assert.equal((await stat(archive)).mode & 0o777, 0o600)

  // What happens after the backup is in the log that the restored edge must leave alone.
  {
    await using a = await startEdge({ name: 'edge-a', folder })
    await connected([a, b])
    assert.equal((await deploy(a.url, 'two', handler('two'))).status, 201)
    await a.stop()
  }
  const refused = await swarmlambda('restore', archive, '--state-dir', stateDir)
  assert.notEqual(refused.code, 0)
  assert.match(refused.output, /is not empty/)
  await rm(stateDir, { recursive: true })
  const restored = await swarmlambda('restore', archive, '--state-dir', stateDir)
  assert.equal(restored.code, 0, restored.output)

  await using a = await startEdge({ name: 'edge-a', folder })
  await connected([a, b])
  assert.equal((await invoke(a.url, 'one')).json, 'one')
  assert.equal((await deploy(a.url, 'three', handler('three'))).status, 201)
  for (const name of ['one', 'two', 'three']) assert.equal((await invoke(b.url, name)).json, name)
  const { logs } = JSON.parse(await readFile(join(stateDir, 'registry.json'), 'utf8')) as { logs: string[] }
  assert.equal(logs.length, 2)
})
