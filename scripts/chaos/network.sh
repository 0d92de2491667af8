# Promise 11, the networks: edges in namespaces of their own on one bridge, without a default route. Run inside a network and
# mount namespace of its own, from the repository's root, with FOLDER set. Prints `name milliseconds` for each way to meet.
. scripts/chaos/lan.sh
BOOTSTRAP_PORT=49737
now() { date +%s%3N; }

lan 10.78.0 $EDGES dht
[ -z "$(on edge-a ip route show default)" ] || { echo "there is a default route"; exit 1; }

stop() {
  kill $pids 2>/dev/null
  wait $pids 2>/dev/null
  pids=""
}
all_see() { for edge in $EDGES; do sees $edge $1; done; }
# Deployed on the first, invoked on the last.
works() {
  deploy edge-a f quorum > /dev/null
  for _ in $(seq 100); do [ "$(invoke edge-c f)" = '"edge-a"' ] && return 0; sleep 0.1; done
  echo "after $1, edge-c answered: $(invoke edge-c f)"
  exit 1
}
no_mdns() {
  for edge in $EDGES; do
    on $edge nft 'add table inet quiet; add chain inet quiet out { type filter hook output priority 0; }; add rule inet quiet out udp dport 5353 drop'
  done
}
meet() {
  began=$(now)
  start_edges $FOLDER/$1
  all_see 3
  echo "$1 $(($(now) - began))"
  works $1
  stop
}

meet mdns

# The cables are out while the edges start, and come later.
for i in 1 2 3; do ip link set v$i down; done
start_edges $FOLDER/late
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
