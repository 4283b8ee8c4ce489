# SPDX-License-Identifier: Apache-2.0
# A simulated host with an xpud of its own. Sourced by tests, after lib.sh.
# shellcheck shell=bash disable=SC2034
XPUD=$XPU_IT/prefix/sbin/xpud
declare -A HEALTH=()

# xpud_host FOLDER: STATE, CDI, CONFIG; configuration in force for everything that the script runs.
xpud_host() {
  HOST=$1 STATE=$1/state CDI=$1/cdi CONFIG=$1/etc/xpu-container-runtime/config.toml
  mkdir -p "$(dirname "$CONFIG")"
  local n
  for n in 0 1 2 3; do
    mknod "$HOST/acme$n" c "${NODE0%:*}" "${NODE0#*:}"
  done
  cat >"$CONFIG" <<TOML
[state]
directory = "$STATE"
[cost]
directory = "$HOST/usage"
[cdi]
spec-dirs = ["$CDI"]
[xpud]
metrics = ${XPUD_METRICS:-false}
sample-seconds = 1
[backends.sim]
enabled = true
hardware = "$HOST/sim.toml"
TOML
  export XDG_CONFIG_HOME=$HOST/etc
}

# hardware INDEX...: these devices are there now, with HEALTH[INDEX] added to what is said of each.
hardware() {
  local n
  for n in "$@"; do
    printf '[[devices]]\nvendor = "acme"\nindex = "%d"\nname = "Acme One"\nuuid = "ACME-%d"\nmemory = "24GiB"\nnodes = [{ host = "%s/acme%d", container = "/dev/acme%d" }]\n%s\n' \
      "$n" "$n" "$HOST" "$n" "$n" "${HEALTH[$n]:-}"
  done >"$HOST/sim.toml.new"
  mv "$HOST/sim.toml.new" "$HOST/sim.toml"
}

# start_xpud: XPUD_PID; its log is $SCRATCH/xpud.log. Waits until the backend is watched.
start_xpud() {
  "$XPUD" </dev/null >>"$SCRATCH/xpud.log" 2>&1 &
  XPUD_PID=$!
  later kill -KILL "$XPUD_PID"
  wait_for 10 test -s "$STATE/events" && wait_for 10 is_watching || fail "xpud begins" "$(tail -n 5 "$SCRATCH/xpud.log")"
}
# stop_xpud SIGNAL: XPUD_STATUS
stop_xpud() {
  kill "-$1" "$XPUD_PID"
  wait_for 10 ended "$XPUD_PID"
  wait "$XPUD_PID"
  XPUD_STATUS=$?
}
ended() { [ ! -e "/proc/$1" ] || [ "$(sed 's/.*) //' "/proc/$1/stat" | cut -c1)" = Z ]; }
is_watching() { [ -n "$(children --watch)" ]; }

log_of() { cat "$SCRATCH/$1.log"; }
# events KIND: JSON lines of the journal
events() { cat "$STATE/events.1" "$STATE/events" 2>/dev/null | jq -c --arg kind "$1" 'select(.kind == $kind)'; }
# told KIND: "DEVICE REASON" of each
told() { events "$1" | jq -r '"\(.device // "") \(.reason)"'; }
# is_told KIND DEVICE [NUMBER]
is_told() { is_told_times "$1" "$2" 1; }
is_told_times() {
  [ "$(events "$1" | jq -r --arg device "$2" 'select($device == "" or .device == $device) | .kind' | wc -l)" -ge "$3" ]
}
says_backend() { events backend | jq -r .reason | grep -qF "$1"; }
# Devices that are there, as the journal tells it.
told_devices() {
  cat "$STATE/events.1" "$STATE/events" 2>/dev/null |
    jq -rn 'reduce inputs as $e ({}; if $e.kind == "added" then .[$e.device] = 1 elif $e.kind == "removed" then del(.[$e.device]) else . end)
      | keys | join(" ")'
}
# Devices that were added while they were there, or removed while they were not.
told_twice() {
  cat "$STATE/events.1" "$STATE/events" 2>/dev/null |
    jq -rn 'reduce inputs as $e ({there: {}, twice: []};
        if $e.kind == "added" or $e.kind == "removed" then
          (if (.there[$e.device] // "removed") == $e.kind then .twice += ["\($e.kind) \($e.device)"] else . end)
          | .there[$e.device] = $e.kind
        else . end) | .twice[]'
}
lacks() { ! grep -q "$1" "$2"; }

# "PID PPID STATE" of every process
processes() {
  local stat
  for stat in /proc/[0-9]*/stat; do
    sed -n 's/^\([0-9]*\) (.*) \([A-Z]\) \([0-9]*\) .*/\1 \3 \2/p' "$stat" 2>/dev/null
  done
}
# children WORD: of xpud, that have the word among their arguments
children() {
  processes | while read -r pid parent _; do
    [ "$parent" = "$XPUD_PID" ] && tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -q -- "$1" && echo "$pid"
  done | xargs
}
# Processes of the product that have no xpud.
orphans() {
  processes | while read -r pid parent _; do
    if [ "$parent" != "$XPUD_PID" ] || [ ! -e "/proc/$XPUD_PID" ]; then
      tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -E "libexec/xpu/xpu-(backend-host|metrics)" | grep -v grep
    fi
  done
}
zombies() { processes | awk -v xpud="$XPUD_PID" '$2 == xpud && $3 == "Z" {print $1}'; }
few_descriptors() { [ "$(ls "/proc/$XPUD_PID/fd" | wc -l)" -le "$1" ]; }
other_watcher() {
  local now
  now=$(children --watch)
  [ -n "$now" ] && [ "$now" != "$1" ]
}
# leads_to_node FOLDER INDEX: FOLDER/MAJOR:MINOR leads to a node with these numbers.
leads_to_node() {
  [ "$(stat -L -c %t:%T "$1/$NODE0")" = "$(stat -c %t:%T "$HOST/acme$2")" ]
}
