# Promise 11, the networks: edges in namespaces of their own on one bridge, without a default route. Run inside a network and
# mount namespace of its own, from the repository's root, with FOLDER set. Prints `name milliseconds` for each way to meet.
set -u
mkdir -p /run/netns && mount -t tmpfs none /run/netns
ip link set lo up
ip link add mesh0 type bridge && ip link set mesh0 up
trap 'kill $(jobs -p) 2>/dev/null; wait 2>/dev/null' EXIT
EDGES="edge-a edge-b edge-c"
BOOTSTRAP_PORT=49737
export SWARMLAMBDA_LOG=debug SWARMLAMBDA_HTTP_PORT=8787
export SWARMLAMBDA_CLUSTER_KEY=$(head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n')
on() { ip netns exec "$@"; }
get() { on "$1" curl -s -m 10 "http://127.0.0.1:8787$2"; }
now() { date +%s%3N; }

n=0
for name in $EDGES dht; do
  n=$((n + 1))
  ip netns add $name
  ip link add v$n type veth peer name eth0 netns $name
  ip link set v$n master mesh0 up
  on $name ip link set lo up
  on $name ip addr add 10.78.0.$n/24 dev eth0
  on $name ip link set eth0 up
done
[ -z "$(on edge-a ip route show default)" ] || { echo "there is a default route"; exit 1; }

pids=""
start() {
  for edge in edge-a:us-west-sfo edge-b:us-east-iad edge-c:eu-central-fra; do
    name=${edge%%:*}
    SWARMLAMBDA_NODE_NAME=$name SWARMLAMBDA_REGION=${edge#*:} SWARMLAMBDA_STATE_DIR=$FOLDER/$1/$name ip netns exec $name node bin/edge.js >> $FOLDER/$1-$name.log 2>&1 &
    pids="$pids $!"
  done
}
stop() {
  kill $pids 2>/dev/null
  wait $pids 2>/dev/null
  pids=""
}
# Waits until each edge sees $1 up.
all_see() {
  for edge in $EDGES; do
    for _ in $(seq 600); do [ "$(get $edge /cluster | grep -o '"state":"up"' | wc -l)" = $1 ] && break; sleep 0.1; done
    [ "$(get $edge /cluster | grep -o '"state":"up"' | wc -l)" = $1 ] || { echo "$edge does not see $1 edges: $(get $edge /cluster)"; exit 1; }
  done
}
# Deployed on the first, invoked on the last.
works() {
  on edge-a curl -s -m 20 -X POST http://127.0.0.1:8787/functions -H 'content-type: application/json' -d '{"name":"f","files":{"index.js":"exports.handler=async()=>1"}}' > /dev/null
  answer=$(on edge-c curl -s -m 20 -X POST http://127.0.0.1:8787/2015-03-31/functions/f/invocations -H 'x-swarm-failover: never')
  [ "$answer" = 1 ] || { echo "after $1, edge-c answered: $answer"; exit 1; }
}
no_mdns() {
  for edge in $EDGES; do
    on $edge nft 'add table inet quiet; add chain inet quiet out { type filter hook output priority 0; }; add rule inet quiet out udp dport 5353 drop'
  done
}
meet() {
  began=$(now)
  start $1
  all_see 3
  echo "$1 $(($(now) - began))"
  works $1
  stop
}

export SWARMLAMBDA_BOOTSTRAP=none
meet mdns

# The cables are out while the edges start, and come later.
for i in 1 2 3; do ip link set v$i down; done
start late
all_see 1
for edge in $EDGES; do get $edge /healthz | grep -q '"ready":true' || { echo "$edge is not ready without a network"; exit 1; }; done
for i in 1 2 3; do ip link set v$i up; done
began=$(now)
all_see 3
echo "late $(($(now) - began))"
works late
stop

no_mdns
SWARMLAMBDA_PEERS=10.78.0.1:47800,10.78.0.2:47800,10.78.0.3:47800 meet peers

on dht node --input-type=module -e "
import DHT from 'hyperdht'
const node = DHT.bootstrapper($BOOTSTRAP_PORT, '10.78.0.4')
await node.fullyBootstrapped()
console.log('dht is ready')
" > $FOLDER/dht.log 2>&1 &
for _ in $(seq 100); do grep -q ready $FOLDER/dht.log && break; sleep 0.1; done
SWARMLAMBDA_BOOTSTRAP=10.78.0.4:$BOOTSTRAP_PORT meet dht
echo done
