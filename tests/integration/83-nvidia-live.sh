# SPDX-License-Identifier: Apache-2.0
# NVIDIA GPUs that are watched and measured: a host made of stubs with a fake NVML, through the
# program that runs the backend for xpud.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/live.sh"

root=$SCRATCH/host
lib=$root/usr/lib64
manifest=$(find "$XPU_IT/prefix" -name nvidia.toml | head -n 1)
uuid=GPU-11111111-0000-0000-0000-000000000000

mkdir -p "$lib" "$root/dev"
cp "$XPU_BUILD/tests/fakes/libfake_nvml_full.so" "$lib/libnvidia-ml.so.1"
cat >"$lib/fake-nvml.conf" <<CONF
driver 550.163.01
gpu 00000000:65:00.0
uuid $uuid
name Acme
memory 40000000000
CONF
cat >"$lib/fake-nvml.values" <<VALUES
0 supported-events 0x10b
0 temperature-0 41
0 process compute $$ 4096 - -
VALUES
load_driver() {
  mkdir -p "$root/proc/driver/nvidia/gpus/0000:65:00.0"
  echo "Device Minor: 0" >"$root/proc/driver/nvidia/gpus/0000:65:00.0/information"
  echo "NVRM version: NVIDIA UNIX  550.163.01  now" >"$root/proc/driver/nvidia/version"
}
load_driver

watch
line_comes "it watches and measures" '.ready == {hotplug: true, metrics: true}'
line_comes "a sample has values" "any(.sample.values[]?; . == [\"$uuid\", \"temperature\", \"core\", 41])"
line_comes "and processes" "any(.sample.processes[]?; . == [\"$uuid\", $$, \"memory\", \"\", 4096])"
echo "0 8 79 - -" >>"$lib/fake-nvml.events"
line_comes "an Xid fails the GPU" \
  ".event | .kind == \"health\" and .device == \"$uuid\" and .health == \"failed\" and .reason == \"Xid 79: GPU has fallen off the bus\""
touch "$root/dev/nvidia0"
line_comes "a node appears" '.event | .kind == "changed" and .reason == "/dev/nvidia0 appeared"'

rm -rf "$root/proc/driver/nvidia" "$root/dev/nvidia0"
line_comes "the driver goes" '.event | .kind == "removed" and .reason == "the NVIDIA driver is gone"'
same "NVML is let go" 0 "$(cat "$lib/fake-nvml.open")"
load_driver
touch "$root/dev/nvidia0"
line_comes "and comes again" '.event | .kind == "added" and .reason == "the NVIDIA driver is loaded"'
sed -i 's/temperature-0 41/temperature-0 42/' "$lib/fake-nvml.values"
line_comes "and is measured again" "any(.sample.values[]?; . == [\"$uuid\", \"temperature\", \"core\", 42])"

kill "$watcher"
wait "$watcher"
same "it ends when it is told to" 0 $?
same "and lets go of NVML" 0 "$(cat "$lib/fake-nvml.open")"

# An NVML that hangs ends with its process, which says why.
echo "all slow 600000" >>"$lib/fake-nvml.values"
watch --deadline 2
wait "$watcher"
same "one that hangs is ended" 4 $?
says "and it is said which call" "$(cat "$SCRATCH/err")" "did not return within 2 s"

finish
