# SPDX-License-Identifier: Apache-2.0
# Containers start and stop by the thousand while devices come and go and xpud runs: nothing is left
# over. XPU_SOAK is their number (300; the long form is 10000).
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/xpud.sh"

total=${XPU_SOAK:-300} workers=2
mkdir -p "$SCRATCH/etc/xpu-container-runtime"
config=$SCRATCH/etc/xpu-container-runtime
# soak_hardware COUNT: so many devices, replaced at once as an editor would.
soak_hardware() {
  local n
  for ((n = 0; n < $1; n++)); do
    printf '[[devices]]\nvendor = "acme"\nindex = "%d"\nname = "Acme One"\nuuid = "ACME-%d"\nmemory = "24GiB"\nnodes = [{ host = "%s", container = "/dev/acme%d" }]\n' \
      "$n" "$n" "$XPU_IT/dev/acme0" "$n"
    printf '[[devices.metrics]]\nkey = "memory-used"\nvalue = %d\n' $((n * 1048576))
  done >"$config/sim.new"
  mv "$config/sim.new" "$config/sim.toml"
}
soak_hardware 2
cat >"$config/config.toml" <<TOML
[state]
directory = "$SCRATCH/state"
[cost]
directory = "$SCRATCH/usage"
[xpud]
metrics-address = "unix:$SCRATCH/metrics"
sample-seconds = 1
[backends.sim]
enabled = true
hardware = "$config/sim.toml"
TOML
export XDG_CONFIG_HOME=$SCRATCH/etc
root=$SCRATCH/runtime

"$XPUD" 2>"$SCRATCH/xpud.log" &
xpud=$!
later kill "$xpud"
scrape() { curl -sf --unix-socket "$SCRATCH/metrics" http://localhost/metrics; }
wait_for 10 scrape || { fail "xpud serves metrics" "$(cat "$SCRATCH/xpud.log")"; finish; }

new_tree busybox
tree=$REPLY
new_bundle "$tree" XPU_VISIBLE_DEVICES=acme:0 -- sh -c true
bundle=$BUNDLE

# starts WORKER COUNT: containers one after the other, each with an id and a bundle of its own.
starts() {
  local w=$1 count=$2 i id
  for ((i = 0; i < count; i++)); do
    id=soak-$w-$RANDOM-$i
    mkdir "$SCRATCH/$id"
    jq --arg cgroup "$CGROUP/$id" '.linux.cgroupsPath = $cgroup' "$bundle/config.json" >"$SCRATCH/$id/config.json"
    "$SHIM" --root "$root" run --bundle "$SCRATCH/$id" "$id" >>"$SCRATCH/worker$w.out" 2>&1 </dev/null ||
      echo "$id" >>"$SCRATCH/worker$w.failed"
    rm -r "${SCRATCH:?}/$id"
  done
}
# hotplug PID...: devices come and go for as long as these live.
hotplug() {
  local n=2
  changes=0
  while kill -0 "$@" 2>/dev/null; do
    n=$((n == 2 ? 4 : 2))
    soak_hardware $n
    changes=$((changes + 1))
    sleep 0.7
  done
  soak_hardware 2
}
soak() {
  local w pids=()
  for ((w = 0; w < workers; w++)); do
    starts "$w" $(($1 / workers)) &
    pids+=($!)
  done
  hotplug "${pids[@]}"
  wait "${pids[@]}"
  # What was told last has been taken in.
  sleep 3
}

family() { pgrep -P "$xpud"; echo "$xpud"; }
descriptors() { for p in $(family); do ls "/proc/$p/fd"; done | wc -l; }
memory() { for p in $(family); do awk '/^Pss_Anon/ {print $2}' "/proc/$p/smaps_rollup"; done | awk '{n += $1} END {print n}'; }
processes() { ls -d /proc/[0-9]* | wc -l; }
state() { find "$SCRATCH/state" "$root" -mindepth 1 ! -name 'events*' | sort; }
cgroups() { find /sys/fs/cgroup -type d -path "*$CGROUP/soak-*" | wc -l; }

# What grows once (caches, pools of memory) has grown after these.
soak $((total / 10))
before_fd=$(descriptors) before_memory=$(memory) before_processes=$(processes) before_state=$(state)
begun=$SECONDS
soak "$total"
took=$((SECONDS - begun))
after_memory=$(memory)

if [ ! -e "$SCRATCH/worker0.failed" ] && [ ! -e "$SCRATCH/worker1.failed" ]; then
  pass "$total starts and stops, none failed"
else
  fail "$total starts and stops, none failed" "$(cat "$SCRATCH"/worker?.failed | wc -l) failed: $(cat "$SCRATCH"/worker?.out | sort | uniq -c | sort -rn)"
fi
ok "no file descriptor more than $before_fd" test "$(descriptors)" -le "$before_fd"
ok "no process more than $before_processes" test "$(processes)" -le "$before_processes"
same "no file of state more: no record, no lease, no temporary" "$before_state" "$(state)"
same "no cgroup is left" 0 "$(cgroups)"
same "nobody holds anything" 0 "$("$XPU" ps --json | jq '.containers | length')"
if [ $((after_memory - before_memory)) -le 256 ]; then
  pass "no memory more"
else
  fail "no memory more" "$before_memory KiB before, $after_memory KiB after"
fi
if [ "$(stat -c %s "$SCRATCH"/state/events* | awk '{n += $1} END {print n + 0}')" -le $((2 * 1048576 + 65536)) ]; then
  pass "the journal of events keeps its bounds"
else
  fail "the journal of events keeps its bounds" "$(ls -l "$SCRATCH"/state/events*)"
fi
says "every start was counted" "$(scrape)" xpu_starts_total
echo "count - $total starts in $took s with $changes changes of the hardware; xpud and its children: $(descriptors) descriptors, $before_memory KiB of private memory before, $after_memory KiB after"
finish
