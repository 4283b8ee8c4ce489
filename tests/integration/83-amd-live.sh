# SPDX-License-Identifier: Apache-2.0
# AMD GPUs that are watched and measured: a host made of a sysfs tree and nodes that open, through
# the program that runs the backend for xpud. Uevents are those of this machine, which has no such
# GPU; what they lead to is tested in tests/unit/amd_live.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/live.sh"

manifest=$(find "$XPU_IT/prefix" -name amd.toml | head -n 1)
root=$SCRATCH/host
pci=$root/sys/bus/pci/devices
kfd=$root/sys/devices/virtual/kfd/kfd
# GPU 1 is divided into two parts; what stands for KFD's node is /dev/null.
if ! OUTPUT=$("$XPU_BUILD/tests/fakes/make_amd_machine" --root "$root" --gpus 2 --divided 1 \
  --parts 2 --sensors --numbers 1:3 2>&1); then
  fail "make_amd_machine" "$OUTPUT"
  finish
fi
whole=0x5eed000000000000
divided=0x5eed000000000001
mkdir "$pci/0000:10:00.0/ras"
printf 'ue: 0\nce: 4\n' >"$pci/0000:10:00.0/ras/umc_err_count"

# The last sample, as lines "DEVICE KEY LABEL VALUE".
last='map(.sample // empty) | last'
event() {
  comes "$1" "any(.[].event | values; .kind == \"$2\" and .device == \"$3\" and .reason == \"$4\")"
}

watch --option look-seconds=1
comes "it watches and measures" 'any(.[]; .ready == {hotplug: true, metrics: true})'
comes "a sample has values" "$last | any(.values[]; . == [\"amd:0\", \"temperature\", \"core\", 45])"
comes "of parts too" "$last | any(.values[]; .[0:3] == [\"amd:1:1\", \"memory-total\", \"\"])"

# A process that computes.
gpu=$(cat "$kfd/topology/nodes/1/gpu_id")
mkdir -p "$kfd/proc/$$"
echo 4096 >"$kfd/proc/$$/vram_$gpu"
comes "and processes" "$last | any(.processes[]; . == [\"amd:0\", $$, \"memory\", \"\", 4096])"
refused="$root/dev/kfd: Inappropriate ioctl for device; resets are known by uevents only"
for ((second = 0; second < 10; ++second)); do
  grep -qF "$refused" "$SCRATCH/err" && break
  sleep 1
done
says "a driver that tells no resets is named" "$(cat "$SCRATCH/err")" "no events of GPU $gpu" "$refused"
sleep 2
same "once" 1 "$(grep -cF "$refused" "$SCRATCH/err")"
silent "nothing holds its node" "$(ls -l "/proc/$watcher/fd")" /dev/kfd
same "and no child is left" "" "$(grep -lxE "PPid:\s*$watcher" /proc/[0-9]*/status 2>/dev/null)"

echo SPX >"$pci/0000:11:00.0/current_compute_partition"
rm -r "$kfd/topology/nodes/3"
echo 3 >"$kfd/topology/generation_id"
event "a GPU that becomes whole again" changed "$divided" \
  "the GPU at 0000:11:00.0 is divided anew: cpx_nps1, now spx_nps1"
comes "its parts are not measured any more" \
  "$last | any(.values[]; .[0] == \"amd:1\") and all(.values[]; .[0] | startswith(\"amd:1:\") | not)"
kill "$watcher"
wait "$watcher"
same "it ends when it is told to" 0 $?

# Without samples, counters of RAS are looked at one by one.
watch --option look-seconds=1 --events
comes "it only watches" 'any(.[]; .ready == {hotplug: true, metrics: false})'
printf 'ue: 3\nce: 4\n' >"$pci/0000:10:00.0/ras/umc_err_count"
event "errors of memory" health "$whole" \
  "the GPU at 0000:10:00.0: uncorrected errors since the driver was loaded: 3"
comes "which degrade it" 'any(.[].event | values; .health == "degraded")'
kill "$watcher"
wait "$watcher"
watch --option look-seconds=1 --events --option health-uncorrected=failed
comes "unless the administrator says otherwise" 'any(.[].event | values; .health == "failed")'
kill "$watcher"
wait "$watcher"

watch --option look-seconds=1 --events --option health-uncorrected=bad
wait "$watcher"
same "an option that cannot be" 2 $?
says "is named, with what it can be" "$(cat "$SCRATCH/out" "$SCRATCH/err")" health-uncorrected \
  "\"bad\"; it is one of \"ok\", \"degraded\" and \"failed\""

rm -rf "$root/sys"
watch --option look-seconds=1
wait "$watcher"
same "a host without such GPUs is no error" 0 $?
comes "and it is said why" \
  "any(.[]; .absent == \"the amdgpu driver is not loaded: $root/sys/bus/pci/drivers/amdgpu does not exist\")"
finish
