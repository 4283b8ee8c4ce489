# SPDX-License-Identifier: Apache-2.0
# monitor, stats and events, as a person and as a script use them; with and without a terminal.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/xpud.sh"
screen=$(dirname "$0")/screen

# What engines of other tests left is not shown here.
for folder in /run/containerd /run/docker; do
  if [ -d "$folder" ]; then
    mount -t tmpfs tmpfs "$folder"
    later umount "$folder"
  fi
done
xpud_host "$SCRATCH/host"
HEALTH[0]='properties = { health = "ok" }
[[devices.metrics]]
key = "memory-used"
value = 12884901888
[[devices.metrics]]
key = "utilisation"
label = "compute"
value = 0.45
[[devices.metrics]]
key = "temperature"
label = "core"
value = 61
[[devices.metrics]]
key = "power"
value = 120'
HEALTH[1]='health = "failed"
health-reason = "it fell off the bus"'
hardware 0 1

# --- nothing there --------------------------------------------------------------------------------
ok "stats without containers" "$XPU" stats
says "it says so" "$OUTPUT" "No container holds a device."
refused "stats of a container that is not there" "$XPU" stats train
says "it says so, too" "$OUTPUT" "no container 'train': no container holds a device"
refused "stats at an interval of nothing" "$XPU" stats --interval 0
ok "monitor --once" "$XPU" monitor --once
says "monitor --once shows devices" "$OUTPUT" "2 devices, 0 containers" "acme:0  ok" "12.0G/24.0G" \
  "45%" "61C" "120W" "acme:1  FAILED" "no container holds a device"
silent "no line is wider than 80 columns" "$(awk 'length > 110' <<<"$OUTPUT")" "."

# --- a container ------------------------------------------------------------------------------------
new_tree busybox
new_bundle "$REPLY" XPU_VISIBLE_DEVICES=acme:0 -- sleep 600
"$SHIM" --root "$SCRATCH/runtime" run --detach --pid-file "$SCRATCH/pid" --bundle "$BUNDLE" "$ID" \
  >"$SCRATCH/start.log" 2>&1 </dev/null || fail "a container starts" "$(cat "$SCRATCH/start.log")"
later "$SHIM" --root "$SCRATCH/runtime" delete --force "$ID"
HEALTH[0]="${HEALTH[0]}
[[devices.processes]]
pid-file = \"$SCRATCH/pid\"
key = \"memory\"
value = 4294967296
[[devices.processes]]
pid-file = \"$SCRATCH/pid\"
key = \"utilisation\"
label = \"compute\"
value = 0.25"
hardware 0 1

ok "monitor --json" "$XPU" monitor --json
same "one object" 1 "$(wc -l <<<"$OUTPUT")"
same "devices in JSON" "acme:0 ok 12884901888 0.45 61 120 $ID" "$(jq -r '.devices[0] |
  "\(.id) \(.health) \(.memory_used_bytes) \(.utilisation.compute) \(.temperature_celsius.core) \(.power_watts) \(.containers | join(","))"' <<<"$OUTPUT")"
same "what is not known is null" "null" "$(jq -c '.devices[1].memory_used_bytes' <<<"$OUTPUT")"
same "containers in JSON" "$ID 4294967296 $(cat "$SCRATCH/pid")" "$(jq -r '.containers[0] |
  "\(.container) \(.memory_bytes) \(.pids | join(","))"' <<<"$OUTPUT")"
same "processes in JSON" "$(cat "$SCRATCH/pid") sleep $ID" "$(jq -r '.processes[0] |
  "\(.pid) \(.command) \(.container)"' <<<"$OUTPUT")"
frames=$(timeout 5 "$XPU" monitor --json --interval 1 | head -n 3 | jq -r '.devices | length' | xargs)
same "monitor --json --interval: one object a line" "2 2 2" "$frames"

ok "stats" "$XPU" stats
says "stats has a line for the container" "$OUTPUT" "${ID::12}" "acme:0" "4.0G" "compute 25%"
ok "stats of it by the beginning of its id" "$XPU" stats "$ID"
says "stats of one" "$OUTPUT" "Id:           $ID" "acme:0    4.0G" "$(cat "$SCRATCH/pid")  sleep"
ok "stats --memory-breakdown" "$XPU" stats "$ID" --memory-breakdown
says "it has regions" "$OUTPUT" "REGIONS"
same "stats --json" "$ID 1" "$(jq -r '"\(.container) \(.processes | length)"' <<<"$("$XPU" stats --json "$ID")")"
refused "stats of another" "$XPU" stats "x$ID"
says "it names those that are there" "$OUTPUT" "no container 'x$ID' holds a device" "${ID::12}"
ok "monitor --gpu-usage" "$XPU" monitor --once --gpu-usage
says "it has engines by container" "$OUTPUT" "compute" "all" "45%" "25%"
ok "monitor --memory-breakdown" "$XPU" monitor --once --memory-breakdown
says "it has memory by process" "$OUTPUT" "$(cat "$SCRATCH/pid") sleep" "4.0G"
refused "not both" "$XPU" monitor --gpu-usage --memory-breakdown
refused "a column that is none" "$XPU" monitor --once --sort memroy
says "the nearest is named" "$OUTPUT" "did you mean 'memory'"

# --- ASCII, and no screen -----------------------------------------------------------------------------
says "bars without UTF-8" "$(LC_ALL=C "$XPU" monitor --once)" "#" "..."
silent "nothing but ASCII" "$(LC_ALL=C "$XPU" monitor --once | LC_ALL=C grep -P '[^\x00-\x7f]')" "."
says "bars with UTF-8" "$(LC_ALL=C.UTF-8 "$XPU" monitor --once)" "█" "░"
OUTPUT=$("$XPU" monitor 2>&1 </dev/null)
says "without a terminal it is one look" "$OUTPUT" "not both a terminal; this is one look" "acme:0"
for TERM in dumb nonsense; do
  OUTPUT=$(TERM=$TERM "$screen" 24x80 -- "$XPU" monitor)
  says "TERM=$TERM is one look" "$OUTPUT" "the terminal '$TERM'" "this is one look" "acme:0" "status 0"
done

# --- a screen -----------------------------------------------------------------------------------------
export TERM=xterm-256color LC_ALL=C.UTF-8
enter=$'\e[?1049h' leave=$'\e[?1049l'
OUTPUT=$("$screen" 24x80 wait="acme:0" wait="sleep" keys=s keys=h wait="the next table" keys=x \
  keys=g wait="UTILISATION" keys=m wait="PROCESS" keys=o wait="CONTAINER" keys='\t' keys=p \
  wait=PAUSED keys=p keys=/ wait="show only rows with" keys=$'sleep\r' wait="only 'sleep'" \
  size=40x120 wait="NAME" size=10x40 keys=q -- "$XPU" monitor)
says "keys, sizes and the end" "$OUTPUT" "$enter" "$leave" "status 0" "terminal as before"
OUTPUT=$("$screen" 24x80 wait="acme:0" signal=TERM -- "$XPU" monitor)
says "SIGTERM leaves the terminal as it was" "$OUTPUT" "$enter" "$leave" "status 0" "terminal as before"
OUTPUT=$("$screen" 24x80 wait="acme:0" keys=$'\x03' -- "$XPU" monitor)
says "so does Ctrl-C" "$OUTPUT" "$leave" "status 0" "terminal as before"
OUTPUT=$(NO_COLOR=1 "$screen" 24x80 wait="acme:0" wait=FAILED keys=q -- "$XPU" monitor)
silent "no colour with NO_COLOR" "$OUTPUT" $'\e[31m'
OUTPUT=$("$screen" 24x80 wait="acme:0" wait=FAILED keys=q -- "$XPU" monitor)
says "colour otherwise" "$OUTPUT" $'\e[31m'
OUTPUT=$(TERM=vt100 LC_ALL=C "$screen" 24x80 wait="acme:0" wait="#" keys=q -- "$XPU" monitor)
says "a vt100 in the C locale" "$OUTPUT" "status 0" "terminal as before"
OUTPUT=$("$screen" 24x80 wait="acme:0" wait="sleep" idle=4 keys=q -- "$XPU" monitor)
cpu=$(sed -n 's/^cpu //p' <<<"$OUTPUT" | tr -d '\r')
echo "count - the screen took $cpu s of CPU in 4 s"
ok "no busy loop" awk "BEGIN { exit !($cpu < 1) }"
same "no process is left" "" "$(pgrep -f "xpu-backend-host --watch")"

# A backend that takes its time: keys work, and what is shown is said to be old.
printf '[faults]\nsample-delay-ms = 20000\n' >>"$HOST/sim.toml"
OUTPUT=$("$screen" 24x80 wait="not measured its devices yet" keys=q -- "$XPU" monitor)
says "a slow backend does not block the screen" "$OUTPUT" "status 0" "terminal as before"
hardware 0 1

# --- events ------------------------------------------------------------------------------------------
ok "events --no-follow without xpud" "$XPU" events --no-follow
says "it says that nothing new comes" "$OUTPUT" "xpud does not run for $STATE" "systemctl start xpud"
event() {
  printf '{"time_ns":%s,"kind":"%s","backend":"sim","device":"acme:0","reason":"%s"}\n' "$(date +%s%N)" "$1" "$2"
}
event health "first words" >>"$STATE/events"
chmod 640 "$STATE/events"
"$XPU" events >"$SCRATCH/events.out" 2>"$SCRATCH/events.err" &
follower=$!
later kill -KILL "$follower"
wait_for 5 grep -q "first words" "$SCRATCH/events.out" && pass "events shows what is kept" || fail "events shows what is kept"
event lost "second words" >>"$STATE/events"
wait_for 5 grep -q "second words" "$SCRATCH/events.out" && pass "events follows" || fail "events follows"
mv "$STATE/events" "$STATE/events.1"
event added "third words" >>"$STATE/events"
chmod 640 "$STATE/events"
wait_for 5 grep -q "third words" "$SCRATCH/events.out" && pass "over a change of files" || fail "over a change of files"
kill -INT "$follower"
wait "$follower"
same "it ends when it is told to" 0 $?
same "each was shown once" 3 "$(grep -c words "$SCRATCH/events.out")"
same "only some kinds" "lost added" "$("$XPU" events --no-follow --json --kind lost,added 2>/dev/null | jq -r .kind | xargs)"
same "only since then" "3 0" "$("$XPU" events --no-follow --since 1h 2>/dev/null | grep -c words) $("$XPU" events --no-follow --since @4102444800 2>/dev/null | grep -c words)"
same "only of a device" "" "$("$XPU" events --no-follow --device acme:1 2>/dev/null)"
refused "a kind that is none" "$XPU" events --kind helth
says "the nearest is named, too" "$OUTPUT" "did you mean 'health'"
same "a reader that has enough" 1 "$("$XPU" events 2>"$SCRATCH/pipe.err" | head -n 1 | wc -l)"
silent "is no error" "$(cat "$SCRATCH/pipe.err")" "cannot write"
chmod 666 "$STATE/events"
refused "a journal that others can write" "$XPU" events --no-follow
says "it is not believed" "$OUTPUT" "cannot believe $STATE/events: others can write it"
finish
