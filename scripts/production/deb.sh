# deb.sh FOLDER FILE.deb, in a mount namespace of its own: see deb.mjs.
set -euo pipefail
folder=$1 deb=$(realpath "$2")
said() { printf '%-8s %s\n' deb "$*"; }
fail() { said "NOT SO: $*"; exit 1; }

# The machine as it is; what is written goes to memory.
mount -t tmpfs tmpfs "$folder"
mkdir -p "$folder"/{upper,work,root}
mount -t overlay overlay -o "lowerdir=/,upperdir=$folder/upper,workdir=$folder/work" "$folder/root"
root=$folder/root
for path in proc dev sys; do mount --rbind "/$path" "$root/$path"; done
mount -t proc proc "$root/proc"
mount -t tmpfs tmpfs "$root/run"
mkdir -p "$root/tmp/deb"
cp "$deb" "$root/tmp/deb/swarmlambda.deb"
within() { chroot "$root" "$@"; }

# A machine that had it before has nothing of it now.
within dpkg -P swarmlambda >/dev/null 2>&1 || true
within dpkg -i /tmp/deb/swarmlambda.deb >/tmp/deb-install.log 2>&1 || { cat /tmp/deb-install.log; fail 'dpkg -i'; }
within getent passwd swarmlambda | grep -q ':/var/lib/swarmlambda:' || fail 'the user is there'
[ "$(stat -c '%a %U' "$root/etc/swarmlambda/cluster.key")" = '600 root' ] || fail 'a cluster key for root alone'
grep -Eq '^[0-9a-f]{64}$' "$root/etc/swarmlambda/cluster.key" || fail 'the key is 64 digits'
said "installed: $(within swarmlambda --version)"

unit=/usr/lib/systemd/system/swarmlambda.service
if command -v systemd-analyze >/dev/null; then
  within systemd-analyze verify --man=no "$unit" || fail 'systemd-analyze verify'
  said "$(within systemd-analyze security --offline=yes --no-pager "$unit" | tail -n 1)"
fi

# As the unit starts it, with a service manager that listens.
mkdir -p "$root/run/credentials" "$root/var/lib/swarmlambda" "$root/var/cache/swarmlambda"
cp "$root/etc/swarmlambda/cluster.key" "$root/run/credentials/"
within chown -R swarmlambda: /run/credentials /var/lib/swarmlambda /var/cache/swarmlambda
cat > "$root/run/listen.py" <<'PY'
import os, socket
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind('/run/notify')
os.chmod('/run/notify', 0o666)
while True: print(s.recv(4096).decode().replace('\n', ' '), flush=True)
PY
within python3 /run/listen.py > "$root/run/heard" & 
until [ -S "$root/run/notify" ]; do sleep 0.1; done
sed -i 's/^port = 8787/port = 18787/; s/^host = .*/host = "127.0.0.1"/' "$root/etc/swarmlambda/swarmlambda.toml"
command=$(sed -n 's/^ExecStart=//p' "$root$unit")
within setpriv --reuid swarmlambda --regid swarmlambda --clear-groups --no-new-privs env -i NOTIFY_SOCKET=/run/notify WATCHDOG_USEC=3000000 \
  CREDENTIALS_DIRECTORY=/run/credentials CACHE_DIRECTORY=/var/cache/swarmlambda SWARMLAMBDA_STATE_DIR=/var/lib/swarmlambda/edge SWARMLAMBDA_BOOTSTRAP=none \
  $command > "$root/run/log" 2>&1 &
hears() {
  for _ in $(seq 600); do if grep -q "$1" "$2"; then return; fi; sleep 0.1; done
  cat "$root/run/log"; fail "hears $1"
}
hears 'READY=1' "$root/run/heard"
pid=$(sed -n 's/.*MAINPID=\([0-9]*\).*/\1/p' "$root/run/heard" | head -n 1)
hears 'WATCHDOG=1' "$root/run/heard"
within curl -fsS http://127.0.0.1:18787/healthz | grep -q '"ready":true' || fail 'serves'
echo '[log]
level = "debug"' >> "$root/etc/swarmlambda/swarmlambda.toml"
kill -HUP "$pid"
hears 'the configuration was read again' "$root/run/log"
kill -TERM "$pid"
hears 'STOPPING=1' "$root/run/heard"
while kill -0 "$pid" 2>/dev/null; do sleep 0.1; done
said 'ready, alive, read its configuration again and stopped, as the service manager hears it'

within dpkg -r swarmlambda >/tmp/deb-remove.log 2>&1 || { cat /tmp/deb-remove.log; fail 'dpkg -r'; }
[ ! -e "$root$unit" ] && [ ! -e "$root/usr/bin/swarmlambda" ] || fail 'removed'
[ -e "$root/etc/swarmlambda/swarmlambda.toml" ] && [ -e "$root/var/lib/swarmlambda/edge" ] || fail 'removing keeps configuration and state'
within dpkg -P swarmlambda >/tmp/deb-purge.log 2>&1 || { cat /tmp/deb-purge.log; fail 'dpkg -P'; }
for path in /etc/swarmlambda /var/lib/swarmlambda /var/cache/swarmlambda; do [ ! -e "$root$path" ] || fail "purging leaves $path: $(ls -A "$root$path")"; done
! within dpkg -s swarmlambda >/dev/null 2>&1 || fail 'purged'
