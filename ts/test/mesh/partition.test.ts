// A partition between machines: each edge in a network namespace of its own on one bridge. edge-a is cut off, both sides
// deploy the same name, the link comes back, and every edge has the same winner.
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { cannotUnshare, unshareCommand } from './harness/namespace.js'
import { runToEnd } from './harness/processes.js'

let folder = ''
before(async () => { folder = await mkdtemp(join(tmpdir(), 'swarm-')) })
after(() => rm(folder, { recursive: true, force: true }))

const SCRIPT = String.raw`
. scripts/chaos/lan.sh
export SWARMLAMBDA_PEERS=10.77.0.1:47800,10.77.0.2:47800,10.77.0.3:47800
lan 10.77.0 $EDGES
start_edges $FOLDER
for edge in $EDGES; do sees $edge 3; done
deploy edge-b before all > $FOLDER/before.json
ip link set v1 down
sees edge-a 1; sees edge-b 2; sees edge-c 2
echo "cut: $(get edge-a /healthz) $(get edge-b /healthz)"
deploy edge-a both local > $FOLDER/both-a.json
deploy edge-b both quorum > $FOLDER/both-b.json
deploy edge-a only-a local > $FOLDER/only-a.json
deploy edge-c only-c quorum > $FOLDER/only-c.json
echo "apart: a=$(invoke edge-a both) b=$(invoke edge-b both) c=$(invoke edge-c both) $(invoke edge-a before)"
ip link set v1 up
date +%s%3N > $FOLDER/healed-at
for edge in $EDGES; do sees $edge 3; done
echo "reconnected after $(( $(date +%s%3N) - $(cat $FOLDER/healed-at) )) ms"
# Until all have all.
for _ in $(seq 300); do
  answers="$(for e in $EDGES; do invoke $e both; invoke $e only-a; invoke $e only-c; done)"
  [ "$(echo "$answers" | grep -c Type)" = 0 ] && [ "$(for e in $EDGES; do invoke $e both; echo; done | sort -u | wc -l)" = 1 ] && break
  sleep 0.1
done
for edge in $EDGES; do
  echo "healed $edge: $(invoke $edge both) $(invoke $edge only-a) $(invoke $edge only-c) $(invoke $edge before)"
  get $edge /functions/both > $FOLDER/healed-$edge.json
done
echo done
`

interface Shown {
  revisionId: string
  conflicts: { revisionId: string }[]
}

test('both sides of a partition deploy the same name; healed, the same winner serves everywhere', { skip: cannotUnshare(), timeout: 150_000 }, async () => {
  const script = join(folder, 'partition.sh')
  await writeFile(script, SCRIPT)
  const [command = '', ...args] = unshareCommand() ?? []
  const { code, output } = await runToEnd(command, [...args, 'bash', script], { env: { FOLDER: folder }, timeoutMs: 140_000 })
  const read = (name: string): Promise<string> => readFile(join(folder, name), 'utf8').catch(() => '')
  const logs = async (): Promise<string> => `${output}\n${(await Promise.all(['edge-a', 'edge-b', 'edge-c'].map((name) => read(`${name}.log`)))).join('\n')}`

  assert.equal(code, 0, await logs())
  assert.match(output, /^done$/m, await logs())
  assert.match(output, /^apart: a="edge-a" b="edge-b" c="edge-b" "edge-b"$/m)
  const shown = await Promise.all(['edge-a', 'edge-b', 'edge-c'].map(async (edge) => JSON.parse(await read(`healed-${edge}.json`)) as Shown))
  const [first] = shown
  assert.ok(first)
  const written = await Promise.all(['both-a.json', 'both-b.json'].map(async (name) => (JSON.parse(await read(name)) as Shown).revisionId))
  // The second was written later by the clocks of one machine; each edge shows the loser.
  assert.equal(first.revisionId, written[1])
  for (const one of shown) assert.deepEqual([one.revisionId, ...one.conflicts.map(({ revisionId }) => revisionId)], [written[1], written[0]])
  for (const edge of ['edge-a', 'edge-b', 'edge-c']) {
    assert.match(output, new RegExp(`^healed ${edge}: "edge-b" "edge-a" "edge-c" "edge-b"$`, 'm'), await logs())
  }
})
