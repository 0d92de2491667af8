# A LAN of network namespaces, to be sourced inside a network and mount namespace of one's own, from the repository's root.
# What runs in the background ends with the shell.
set -u
trap 'kill $(jobs -p) 2>/dev/null; wait 2>/dev/null' EXIT
export SWARMLAMBDA_BOOTSTRAP=none SWARMLAMBDA_LOG=debug SWARMLAMBDA_HTTP_PORT=8787
export SWARMLAMBDA_CLUSTER_KEY=$(head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n')
EDGES="edge-a edge-b edge-c"

# on NAMESPACE COMMAND…
on() { ip netns exec "$@"; }

# lan 10.78.0 NAME…: a namespace for each on one bridge, without a default route; the second is 10.78.0.2, its cable v2.
lan() {
  network=$1
  shift
  mkdir -p /run/netns && mount -t tmpfs none /run/netns
  ip link set lo up
  ip link add mesh0 type bridge && ip link set mesh0 up
  n=0
  for name in "$@"; do
    n=$((n + 1))
    ip netns add $name
    ip link add v$n type veth peer name eth0 netns $name
    ip link set v$n master mesh0 up
    on $name ip link set lo up
    on $name ip addr add $network.$n/24 dev eth0
    on $name ip link set eth0 up
  done
}

# start_edges FOLDER: the three, with their state and their logs in it; their process ids are in $pids.
pids=""
start_edges() {
  mkdir -p $1
  for edge in edge-a:us-west-sfo edge-b:us-east-iad edge-c:eu-central-fra; do
    name=${edge%%:*}
    SWARMLAMBDA_NODE_NAME=$name SWARMLAMBDA_REGION=${edge#*:} SWARMLAMBDA_STATE_DIR=$1/$name ip netns exec $name node bin/edge.js >> $1/$name.log 2>&1 &
    pids="$pids $!"
  done
}

# get EDGE PATH
get() { on "$1" curl -s -m 10 "http://127.0.0.1:8787$2"; }

# deploy EDGE NAME WAIT: a function that returns the name of that edge.
deploy() {
  on $1 curl -s -m 20 -X POST "http://127.0.0.1:8787/functions?wait=$3" -H 'content-type: application/json' \
    -d "{\"name\":\"$2\",\"files\":{\"index.js\":\"exports.handler=async()=>'$1'\"}}"
}

# invoke EDGE NAME: on that edge alone.
invoke() { on $1 curl -s -m 20 -X POST http://127.0.0.1:8787/2015-03-31/functions/$2/invocations -H 'x-swarm-failover: never'; }

# sees EDGE COUNT: waits until it sees so many edges up, itself included.
sees() {
  for _ in $(seq 600); do [ "$(get $1 /cluster | grep -o '"state":"up"' | wc -l)" = $2 ] && return 0; sleep 0.1; done
  echo "$1 does not see $2 edges: $(get $1 /cluster)"
  exit 1
}
