// A disk that is full: deploys are refused, what is there is served, and with room everything goes on. In a mount
// namespace, on a file system of 96 MB.
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { cannotUnshare, unshareCommand } from './harness/namespace.js'
import { runToEnd } from './harness/processes.js'

let folder = ''
before(async () => { folder = await mkdtemp(join(tmpdir(), 'swarm-')) })
after(() => rm(folder, { recursive: true, force: true }))

const SCRIPT = String.raw`
set -u
mkdir -p $FOLDER/disk && mount -t tmpfs -o size=96m none $FOLDER/disk
ip link set lo up
trap 'kill $(jobs -p) 2>/dev/null; wait; cat $FOLDER/*.log' EXIT
export SWARMLAMBDA_BOOTSTRAP=none SWARMLAMBDA_LOG=info
export SWARMLAMBDA_CLUSTER_KEY=$(head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n')
SWARMLAMBDA_NODE_NAME=edge-a SWARMLAMBDA_REGION=us-west-sfo SWARMLAMBDA_HTTP_PORT=8787 SWARMLAMBDA_STATE_DIR=$FOLDER/disk/edge-a node bin/edge.js > $FOLDER/a.log 2>&1 &
SWARMLAMBDA_NODE_NAME=edge-b SWARMLAMBDA_REGION=us-east-iad SWARMLAMBDA_HTTP_PORT=8788 SWARMLAMBDA_STATE_DIR=$FOLDER/edge-b node bin/edge.js > $FOLDER/b.log 2>&1 &
deploy() {
  curl -s -m 20 -o $FOLDER/answer -w '%{http_code} ' -X POST "http://127.0.0.1:$1/functions?wait=local" -H 'content-type: application/json' \
    -d "{\"name\":\"$2\",\"files\":{\"index.js\":\"exports.handler=async()=>'$2'\"}}"
  cat $FOLDER/answer | head -c 300; echo
}
invoke() { curl -s -m 10 -X POST http://127.0.0.1:$1/2015-03-31/functions/$2/invocations -H 'x-swarm-failover: never'; }
# Until what $1 prints contains $2.
eventually() {
  for _ in $(seq 400); do case "$($1)" in *"$2"*) return 0;; esac; sleep 0.1; done
  echo "not: $1 -> $2, but $($1)"; exit 1
}
up() { curl -s -m 5 http://127.0.0.1:$1/cluster | grep -o '"state":"up"' | wc -l; }
eventually "up 8787" 2; eventually "up 8788" 2
echo "with room: $(deploy 8787 f)"
eventually "invoke 8788 f" '"f"'

free=$(df --output=avail -k $FOLDER/disk | tail -1)
head -c $(( (free - 4096) * 1024 )) /dev/zero > $FOLDER/disk/filler
echo "almost full: $(deploy 8787 g)"
echo "serves: $(invoke 8787 f)"
rm $FOLDER/disk/filler
eventually "deploy 8787 g" 20
echo "again: $(invoke 8787 g)"

# To the last byte, while records come in from the other edge.
cat /dev/zero > $FOLDER/disk/filler 2>/dev/null
for n in 1 2 3 4 5 6; do deploy 8788 h$n > /dev/null; done
echo "full: $(deploy 8787 k)"
echo "serves: $(invoke 8787 f)$(invoke 8787 g)"
rm $FOLDER/disk/filler
eventually "deploy 8787 k" 20
eventually "invoke 8787 h6" '"h6"'
eventually "invoke 8788 k" '"k"'
echo "all: $(invoke 8787 f)$(invoke 8787 g)$(invoke 8787 h1)$(invoke 8787 k)"
echo done
`

test('a full disk refuses deploys, serves what is there, and recovers', { skip: cannotUnshare(), timeout: 150_000 }, async () => {
  const script = join(folder, 'full.sh')
  await writeFile(script, SCRIPT)
  const [command = '', ...args] = unshareCommand() ?? []
  const { code, output } = await runToEnd(command, [...args, 'bash', script], { env: { FOLDER: folder }, timeoutMs: 140_000 })
  assert.equal(code, 0, output)
  assert.match(output, /^with room: 201 /m, output)
  assert.match(output, /^almost full: 507 .*disk of this edge is full/m, output)
  assert.match(output, /^full: 507 /m, output)
  assert.equal([...output.matchAll(/^serves: "f"("g")?$/gm)].length, 2, output)
  assert.match(output, /^again: "g"$/m, output)
  assert.match(output, /^all: "f""g""h1""k"$/m, output)
  assert.match(output, /^done$/m, output)
})
