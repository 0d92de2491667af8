#!/bin/sh
# systemctl start|stop|restart|reload swarmlambda, where there is no systemd: what the unit does, with a pid file.
set -eu
log=/run/swarmlambda.log
pid=/run/swarmlambda.pid

start() {
  mkdir -p /run/credentials
  cp /etc/swarmlambda/cluster.key /run/credentials/cluster.key
  : > "$log"
  CREDENTIALS_DIRECTORY=/run/credentials SWARMLAMBDA_STATE_DIR=/var/lib/swarmlambda/edge \
    setsid swarmlambda edge --config /etc/swarmlambda/swarmlambda.toml >> "$log" 2>&1 < /dev/null &
  echo $! > "$pid"
  until grep -q 'is ready on' "$log"; do
    kill -0 "$(cat "$pid")" || { cat "$log" >&2; exit 1; }
    sleep 0.1
  done
}

stop() {
  kill "$(cat "$pid")"
  while kill -0 "$(cat "$pid")" 2>/dev/null; do sleep 0.1; done
}

case "$1" in
  start) start ;;
  stop) stop ;;
  restart) stop; start ;;
  reload) kill -HUP "$(cat "$pid")" ;;
  *) echo "systemctl $1 is not known here" >&2; exit 1 ;;
esac
