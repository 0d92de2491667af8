// DESIGN §1, word for word: in a private network where our DNS server is the resolver, from a folder like the repository's root.
import assert from 'node:assert/strict'
import { chmod, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { cannotUnshare, unshareCommand } from './harness/namespace.js'
import { ROOT, runToEnd } from './harness/processes.js'

let folder = ''
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'swarm-'))
  await symlink(join(ROOT, 'bin'), join(folder, 'bin'))
})
after(() => rm(folder, { recursive: true, force: true }))

/** Lines in double quotes below are the contract's own; `shell N` is one of the windows a person has open. */
const SCRIPT = String.raw`
set -u
ip link set lo up
echo 'nameserver 127.0.0.1' > resolv.conf
mount --bind resolv.conf /etc/resolv.conf
trap 'kill $(jobs -p) 2>/dev/null; wait' EXIT
say() { echo "== $*"; }
# Waits until a line of a log says so.
until_said() { for _ in $(seq 600); do grep -q "$2" "$1" 2>/dev/null && return 0; kill -0 "$3" || return 1; sleep 0.1; done; return 1; }

SWARMLAMBDA_DNS_PORT=53 node bin/dns.js > dns.log 2>&1 &
until_said dns.log 'is ready on' $! || { cat dns.log; exit 1; }

export SWARMLAMBDA_CLUSTER_ID=local
export SWARMLAMBDA_CLUSTER_KEY="$(cat .swarm-lambda/local/cluster.key 2>/dev/null || true)"
say "key variable: [$SWARMLAMBDA_CLUSTER_KEY]"
SWARMLAMBDA_NODE_NAME=edge-a SWARMLAMBDA_REGION=us-west-sfo    SWARMLAMBDA_HTTP_PORT=8787 SWARMLAMBDA_STATE_DIR=.swarm-lambda/local/edge-a node bin/edge.js > a.log 2>&1 &
A=$!
SWARMLAMBDA_NODE_NAME=edge-b SWARMLAMBDA_REGION=us-east-iad    SWARMLAMBDA_HTTP_PORT=8788 SWARMLAMBDA_STATE_DIR=.swarm-lambda/local/edge-b node bin/edge.js > b.log 2>&1 &
B=$!
SWARMLAMBDA_NODE_NAME=edge-c SWARMLAMBDA_REGION=eu-central-fra SWARMLAMBDA_HTTP_PORT=8789 SWARMLAMBDA_STATE_DIR=.swarm-lambda/local/edge-c node bin/edge.js > c.log 2>&1 &
C=$!
SWARMLAMBDA_PROXY_PORT=8790 SWARMLAMBDA_EDGES="127.0.0.1:8787,127.0.0.1:8788,127.0.0.1:8789" node bin/proxy.js > proxy.log 2>&1 &
P=$!
until_said a.log 'edge-a (us-west-sfo) is ready on http://127.0.0.1:8787' $A || { cat a.log; exit 1; }
until_said b.log 'edge-b (us-east-iad) is ready on http://127.0.0.1:8788' $B || { cat b.log; exit 1; }
until_said c.log 'edge-c (eu-central-fra) is ready on http://127.0.0.1:8789' $C || { cat c.log; exit 1; }
until_said proxy.log 'proxy is ready on http://127.0.0.1:8790' $P || { cat proxy.log; exit 1; }
# Each edge sees three.
for port in 8787 8788 8789; do
  for _ in $(seq 200); do [ "$(curl -s http://127.0.0.1:$port/cluster | grep -o '"state":"up"' | wc -l)" = 3 ] && break; sleep 0.1; done
  curl -s http://127.0.0.1:$port/cluster > cluster-$port.json
done

curl -s -X POST http://lambda.mesh:8790/functions -H "content-type: application/json" \
  -d '{"name":"hello","handler":"index.handler","files":{"index.js":"exports.handler=async(e)=>({ok:true,e});"}}' > deployed.json
curl -s -D headers.txt -X POST http://lambda.mesh:8790/2015-03-31/functions/hello/invocations -H "content-type: application/json" -d '{"name":"world"}' > answer.json
for port in 8787 8788 8789; do
  curl -s -X POST http://127.0.0.1:$port/2015-03-31/functions/hello/invocations -H "X-Swarm-Failover: never" -d '{"name":"world"}' > answer-$port.json
done
say done
`

test('the contract works verbatim: empty key variable, three edges at the same instant, one name', { skip: cannotUnshare(), timeout: 120_000 }, async () => {
  const script = join(folder, 'contract.sh')
  await writeFile(script, SCRIPT)
  await chmod(script, 0o755)
  const [command = '', ...args] = unshareCommand() ?? []
  const { code, output } = await runToEnd(command, [...args, 'bash', script], { cwd: folder, timeoutMs: 110_000 })
  const read = (name: string): Promise<string> => readFile(join(folder, name), 'utf8').catch(() => '')
  const logs = async (): Promise<string> => `${output}\n${(await Promise.all(['dns', 'a', 'b', 'c', 'proxy'].map((name) => read(`${name}.log`)))).join('\n')}`

  assert.equal(code, 0, await logs())
  assert.match(output, /== key variable: \[\]\n/)
  assert.match(output, /== done\n/)
  const deployed = JSON.parse(await read('deployed.json')) as { name: string; edges: string[]; url: string }
  assert.deepEqual(deployed.edges.toSorted(), ['edge-a', 'edge-b', 'edge-c'], await logs())
  assert.equal(deployed.url, 'http://lambda.mesh:8790/2015-03-31/functions/hello/invocations')
  assert.equal(await read('answer.json'), '{"ok":true,"e":{"name":"world"}}')
  const headers = await read('headers.txt')
  assert.match(headers, /^HTTP\/1\.1 200/)
  assert.match(headers, /x-swarm-edge: edge-[abc]\r\n/i)
  assert.match(headers, /x-swarm-tries: edge-[abc]=ok;\d+\.\dms\r\n/i)
  for (const port of [8787, 8788, 8789]) assert.equal(await read(`answer-${port}.json`), '{"ok":true,"e":{"name":"world"}}', `${port}`)

  const keyFile = join(folder, '.swarm-lambda/local/cluster.key')
  assert.match(await readFile(keyFile, 'utf8'), /^[0-9a-f]{64}\n?$/)
  assert.equal((await stat(keyFile)).mode & 0o777, 0o600)
})
