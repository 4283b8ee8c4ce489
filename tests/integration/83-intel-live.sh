# SPDX-License-Identifier: Apache-2.0
# A process that watches and measures Intel devices: what it says of a host that is sysfs and a fake
# Level Zero. Uevents are tested by test_intel.
. "$(dirname "$0")/lib.sh"

host=$XPU_IT/prefix/libexec/xpu/xpu-backend-host
manifest=$(find "$XPU_IT/prefix" -name intel.toml | head -n 1)
root=$SCRATCH/host
if ! OUTPUT=$("$XPU_BUILD/tests/fakes/make_intel_tree" --machine mixed --root "$root" 2>&1); then
  fail "make_intel_tree" "$OUTPUT"
  finish
fi
roots=(--option "driver-root=$root" --option "dev-root=$root" --option "sys-root=$root")
npu=$root/sys/bus/pci/devices/0000:00:0b.0
echo 1000000 >"$npu/npu_busy_time_us"
mkdir -p "$root/usr/lib/x86_64-linux-gnu"
cp "$XPU_BUILD/tests/fakes/libfake_ze_full.so" "$root/usr/lib/x86_64-linux-gnu/libze_loader.so.1"
printf '%s\n' "device 0000:03:00.0" "memory 1000 1 400" "engine 1 -1 2000000 9" "ras 1 0 0 0 0 0 7 0" \
  >"$root/usr/lib/x86_64-linux-gnu/fake-ze.conf"
gaudi=$root/sys/bus/pci/devices/0000:10:00.0

# until_said PATTERN FILE: waits for it, 15 s at most.
until_said() {
  local i
  for ((i = 0; i < 150; i++)); do
    ! grep -q -- "$1" "$2" 2>/dev/null || return 0
    sleep 0.1
  done
  return 1
}

"$host" --watch --manifest "$manifest" --interval-ms 300 "${roots[@]}" \
  >"$SCRATCH/said" 2>"$SCRATCH/log" &
watcher=$!
later kill $watcher
until_said '"sample"' "$SCRATCH/said"
has "it watches and measures" "$(head -n 1 "$SCRATCH/said" | jq -c .ready)" '{"hotplug":true,"metrics":true}'
has "a sample has what sysfs says" "$(jq -c 'select(.sample) | .sample.values[]' "$SCRATCH/said" | sort -u)" \
  '["0000:00:0b.0","engine-time","compute",1]'
has "and what Level Zero says" "$(jq -c 'select(.sample) | .sample.values[]' "$SCRATCH/said" | sort -u)" \
  '["0000:03:00.0","memory-total","",1000]' '["0000:03:00.0","memory-used","",600]' \
  '["0000:03:00.0","engine-time","compute",2]' '["0000:03:00.0","errors","cache-uncorrected",7]'
same "no process: the kernel's own accounts are read" 0 \
  "$(jq -s '[.[] | select(.sample) | .sample.processes[]] | length' "$SCRATCH/said")"
echo "In reset" >"$gaudi/status"
until_said gaudi-in-reset "$SCRATCH/said"
says "a Gaudi's state is told" "$(jq -c 'select(.event) | .event' "$SCRATCH/said")" \
  '"device":"0000:10:00.0"' '"health":"degraded"' 'gaudi-in-reset: its driver says \"In reset\"'
echo Operational >"$gaudi/status"
until_said '"health":"ok"' "$SCRATCH/said"
says "and when it works again" "$(jq -c 'select(.event) | .event' "$SCRATCH/said")" '"health":"ok"'
kill $watcher
wait $watcher
same "it ends when it is told to" 0 $?

mkdir -p "$SCRATCH/empty"
"$host" --watch --manifest "$manifest" --option "driver-root=$SCRATCH/empty" \
  --option "dev-root=$SCRATCH/empty" --option "sys-root=$SCRATCH/empty" >"$SCRATCH/said" 2>"$SCRATCH/log"
says "nothing to watch" "$(cat "$SCRATCH/said")" '{"absent":"' \
  "no Intel GPU, NPU or Gaudi is on the PCI bus, and no driver for one is loaded"
OUTPUT=$("$host" --watch --events --manifest "$manifest" "${roots[@]}" --option health-failed=stuck 2>&1)
says "an option that is wrong" "$OUTPUT" 'option health-failed has "stuck"; it takes wedged, '
finish
