# SPDX-License-Identifier: Apache-2.0
# xpud on simulated hardware that comes, goes and fails: what it keeps current, and what becomes of
# it when it, its children, its configuration or its port fail.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/xpud.sh"

new_tree busybox
tree=$REPLY
root=$SCRATCH/runtime
cover_dev
mkdir -p /run/systemd/system
xpud_host "$SCRATCH/host"

# --- what it says of itself ----------------------------------------------------------------------
says "help" "$("$XPUD" --help)" "Usage: xpud" SIGHUP
has "version" "$("$XPUD" --version)" "xpud 0.1.0"
for words in --nonsense "now" "--help=1"; do
  refused "an argument that is none: $words" "$XPUD" "$words"
  says "is named" "$OUTPUT" "$words: not an option; see --help"
done

# --- devices come and go ---------------------------------------------------------------------------
hardware 0 1
start_xpud
has "what is there at the beginning is told once" "$(told added)" "acme:0 found when xpud began to look" \
  "acme:1 found when xpud began to look"
watched=$(children --watch)
ok "the backend is watched" test -n "$watched"

hardware 0 1 2
ok "a device that comes is in the catalog before anybody asks" wait_for 5 grep -q ACME-2 "$STATE/catalog/sim.json"
ok "and in the journal" wait_for 5 is_told added acme:2
silent "with the reason of its event" "$(told added)" "acme:2 found when"
says "and in the log" "$(log_of xpud)" "device acme:2 (ACME-2) is there: "
made=$(stat -c %.9Y "$STATE/catalog/sim.json")
new_bundle "$tree" XPU_VISIBLE_DEVICES=acme:2 -- ls /dev/acme2
run_bundle
same "the next container sees it" "0 /dev/acme2" "$STATUS $OUTPUT"
same "from the catalog, which was not made again" "$made" "$(stat -c %.9Y "$STATE/catalog/sim.json")"
ok "systemd finds its node by number" leads_to_node /dev/char 2

hardware 0 1
ok "a device that goes is out of the catalog" wait_for 5 lacks ACME-2 "$STATE/catalog/sim.json"
ok "that is told" wait_for 5 is_told removed acme:2
new_bundle "$tree" XPU_VISIBLE_DEVICES=acme:2 -- true
run_bundle
ok "and nobody gets it" test "$STATUS" -ne 0

# --- lost while a container holds it -------------------------------------------------------------
new_bundle "$tree" XPU_VISIBLE_DEVICES=acme:1 -- sleep 600
holder=$ID
"$SHIM" --root "$root" run --detach --bundle "$BUNDLE" "$holder" >/dev/null 2>&1 </dev/null
later "$SHIM" --root "$root" delete --force "$holder"
ok "a start is told" wait_for 5 is_told start ""
hardware 0
ok "a device that goes while a container holds it is lost" wait_for 5 is_told lost acme:1
same "that is told of the container" "$holder" "$(events lost | jq -r .container.id)"
says "and in the log, for a person" "$(log_of xpud)" \
  "warning: device acme:1 (ACME-1) is lost while container $holder holds it: "
hardware 0 2
wait_for 5 is_told_times added acme:2 2
same "once" 1 "$(events lost | wc -l)"
hardware 0 1
ok "it comes back" wait_for 5 is_told_times added acme:1 2
hardware 0
ok "and is lost again" wait_for 5 is_told_times lost acme:1 2
hardware 0 1
wait_for 5 is_told_times added acme:1 3

# --- health ----------------------------------------------------------------------------------------
HEALTH[1]='health = "failed"
health-reason = "too hot"'
hardware 0 1
ok "a device that fails is told" wait_for 5 is_told health acme:1
same "with what its backend says of it" "failed too hot" "$(events health | jq -r 'select(.device == "acme:1") | "\(.health) \(.reason)"' | tail -n 1)"
ok "it is marked" wait_for 5 grep -q ACME-1 "$STATE/health"
refused "and is not given" "$XPU" select count=2
ok "others are" "$XPU" select count=1
unset "HEALTH[1]"
hardware 0 1
ok "one that works again" wait_for 5 is_told_times health acme:1 2
ok "has no mark" lacks ACME-1 "$STATE/health"
ok "and is given" "$XPU" select count=2

# --- CDI files -------------------------------------------------------------------------------------
mkdir -p "$CDI"
echo '{"cdiVersion":"0.5.0","kind":"other.example/thing","devices":[{"name":"x","containerEdits":{"env":["X=1"]}}]}' \
  >"$CDI/other.json"
other=$(sha256sum "$CDI/other.json")
hardware 0 1 2
wait_for 5 is_told_times added acme:2 3
same "where nothing was, nothing is made" other.json "$(ls -A "$CDI")"
ok "cdi refresh" "$XPU" cdi refresh --backend sim --directory "$CDI"
says "has the devices" "$(cat "$CDI/xpu-sim-acme.json" "$CDI/xpu-sim.json" 2>/dev/null)" ACME-2
file=$(grep -l ACME-2 "$CDI"/*.json)
hardware 0 1
ok "a device that goes is out of the file" wait_for 5 lacks ACME-2 "$file"
says "the log says what was done" "$(log_of xpud)" "$file: written"
hardware
ok "with the last device the file goes" wait_for 5 test ! -e "$file"
hardware 0
ok "and comes again with the first" wait_for 5 grep -q ACME-0 "$file"
rm "$file"
hardware 0 1
wait_for 5 grep -q "are not made again" "$SCRATCH/xpud.log"
says "what a person removes" "$(log_of xpud)" "were removed by others, and are not made again"
hardware 0 1 2
wait_for 5 is_told_times added acme:2 4
ok "stays away" test ! -e "$file"
same "files of others stay as they are" "$other" "$(sha256sum "$CDI/other.json")"

# --- configuration -------------------------------------------------------------------------------
cp "$CONFIG" "$SCRATCH/config.good"
sed -i 's/^\[xpud\]/[xpud]\nnonsense = true/' "$CONFIG"
kill -HUP "$XPUD_PID"
ok "a configuration that cannot be used is said" wait_for 5 grep -q "that was in force stays so" "$SCRATCH/xpud.log"
says "with its place" "$(log_of xpud)" "error: the configuration that was in force stays so: $CONFIG:"
ok "and xpud goes on" kill -0 "$XPUD_PID"
cp "$SCRATCH/config.good" "$CONFIG"
before=$(children --watch)
sed -i 's/^sample-seconds = .*/sample-seconds = 2/' "$CONFIG"
kill -HUP "$XPUD_PID"
ok "a good one is read again" wait_for 5 grep -q "the configuration was read again" "$SCRATCH/xpud.log"
ok "and what depends on it is started anew" wait_for 10 other_watcher "$before"

# --- children that end -----------------------------------------------------------------------------
before=$(children --watch)
kill -KILL "$before"
ok "a watcher that is killed is started again" wait_for 15 other_watcher "$before"
ok "that is told" wait_for 5 is_told backend ""
says "with what becomes of it" "$(events backend | jq -r .reason)" "is started again in 1 s"
ok "and that it is back" wait_for 10 says_backend "it is watched again"
hardware 0 1
ok "it hears again" wait_for 5 is_told_times removed acme:2 4

# --- only one, and a clean end ---------------------------------------------------------------------
refused "a second one" "$XPUD"
says "is told of the first" "$OUTPUT" "xpud: error: an xpud for $STATE runs already, as process $XPUD_PID; "
stop_xpud TERM
same "it ends when it is asked to" 0 "$XPUD_STATUS"
same "with all its children" "" "$(orphans)"
ok "and without its socket" test ! -e "$STATE/xpud.socket"
start_xpud
stop_xpud INT
same "from a terminal too" 0 "$XPUD_STATUS"

# --- 200 events ------------------------------------------------------------------------------------
start_xpud
fds=$(ls "/proc/$XPUD_PID/fd" | wc -l)
for ((n = 0; n < 200; n++)); do
  if ((n % 2)); then hardware 0 1; else hardware 0 1 2; fi
  sleep 0.02
done
hardware 0 1 3
ok "after 200 events the catalog is that of the last one" wait_for 10 grep -q ACME-3 "$STATE/catalog/sim.json"
ok "and is told" wait_for 5 is_told added acme:3
same "no zombie is left" "" "$(zombies)"
ok "no descriptor is left ($fds before, $(ls "/proc/$XPUD_PID/fd" | wc -l) after)" \
  wait_for 5 few_descriptors $((fds + 1))
same "added and removed take turns" "" "$(told_twice)"

# --- killed at any moment ----------------------------------------------------------------------------
for ((round = 0; round < 15; round++)); do
  if ((round % 2)); then hardware 0 1; else hardware 0 2 3; fi
  sleep "0.0$((RANDOM % 10))"
  kill -KILL "$XPUD_PID"
  wait "$XPUD_PID" 2>/dev/null
  start_xpud
done
hardware 0 1
wait_for 5 lacks ACME-3 "$STATE/catalog/sim.json"
settled() { [ "$(told_devices)" = "acme:0 acme:1" ]; }
ok "killed 15 times, the journal has the devices that are there" wait_for 5 settled
same "and nothing twice" "" "$(told_twice)"
same "nothing half-written" "" "$(find "$STATE" -name '.*' -type f -newer "$CONFIG" ! -name '*.lock')"
same "one watcher" 1 "$(children --watch | wc -w)"
same "and no other child of a killed one" "" "$(orphans)"
stop_xpud TERM

# --- metrics ---------------------------------------------------------------------------------------
# Two that want one port: each with a state folder of its own.
sed -i 's/^metrics = .*/metrics = true\nmetrics-port = 19417/' "$CONFIG"
mkdir -p "$SCRATCH/second/xpu-container-runtime"
sed "s#$STATE#$STATE-second#" "$CONFIG" >"$SCRATCH/second/xpu-container-runtime/config.toml"
scrape() { curl -sf "http://127.0.0.1:19417/metrics" | grep -q "^xpu_runtime_info"; }
start_xpud
ok "metrics are served" wait_for 10 scrape
XDG_CONFIG_HOME=$SCRATCH/second "$XPUD" </dev/null 2>"$SCRATCH/second.log" &
second=$!
later kill -KILL "$second"
ok "a port that is taken is said" wait_for 10 grep -q "error: no metrics: " "$SCRATCH/second.log"
says "with port and remedy" "$(log_of second)" 19417 "; tried again in 1 s ([xpud] metrics = false does without)"
ok "and everything else goes on" wait_for 10 grep -q ACME-1 "$STATE-second/catalog/sim.json"
kill "$second" && wait "$second"
before=$(children metrics-server)
kill -KILL "$before"
ok "a metrics server that is killed" wait_for 5 grep -q "the metrics server ended" "$SCRATCH/xpud.log"
ok "is started again" wait_for 15 scrape
stop_xpud TERM
sed -i '/^metrics-port/d; s/^metrics = .*/metrics = false/' "$CONFIG"

# --- an ordinary user --------------------------------------------------------------------------------
new_user tree
mkdir -p "$home/.config/xpu-container-runtime"
for n in 0 1; do mknod -m 666 "$home/acme$n" c "${NODE0%:*}" "${NODE0#*:}"; done
sed "s#$SCRATCH/host#$home#g" "$SCRATCH/host/sim.toml" >"$home/sim.toml"
printf '[xpud]\nmetrics = false\n[backends.sim]\nenabled = true\nhardware = "%s"\n' "$home/sim.toml" \
  >"$home/.config/xpu-container-runtime/config.toml"
chown -R "$user:$user" "$home"
(
  cd "$home" || exit
  exec setpriv --reuid="$user" --regid="$user" --clear-groups env -i HOME="$home" PATH="$PATH" \
    XDG_RUNTIME_DIR="/run/user/$user" XDG_CONFIG_HOME="$home/.config" "$XPUD" >"$SCRATCH/user.log" 2>&1
) &
XPUD_PID=$!
later kill -KILL "$XPUD_PID"
ok "an ordinary user has one of their own" wait_for 10 grep -q ACME-1 "/run/user/$user/xpu/catalog/sim.json"
ok "which tells them" wait_for 5 grep -q '"added"' "/run/user/$user/xpu/events"
silent "without an error" "$(cat "$SCRATCH/user.log")" error
stop_xpud TERM
same "and ends" 0 "$XPUD_STATUS"
finish
