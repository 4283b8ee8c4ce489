# SPDX-License-Identifier: Apache-2.0
# NVIDIA's variables on a host made of stubs: a fake NVML, and driver files with the names and
# SONAMEs of a recorded package listing.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/engines.sh"

# host LISTING: the tree, and a configuration for it in /etc, where every engine finds it.
host() {
  local listing=$XPU_FIXTURES/driver-listings/$1 numbers=() number
  root=$SCRATCH/$1
  for number in $NODES; do
    numbers+=(--numbers "$number")
  done
  if ! OUTPUT=$("$XPU_BUILD/tests/fakes/make_driver_tree" --listing "$listing" --root "$root" --gpus 2 \
    --other-version 999.99.99 "${numbers[@]}" 2>&1); then
    fail "$1: make_driver_tree" "$OUTPUT"
    finish
  fi
  gpu0=$(sed -n 's|.*/dev/nvidia0 ||p' <<<"$OUTPUT")
  gpu1=$(sed -n 's|.*/dev/nvidia1 ||p' <<<"$OUTPUT")
  cat >/etc/xpu-container-runtime/config.toml <<TOML
[backends.nvidia]
driver-root = "$root"
dev-root = "$root"
sys-root = "$root"
TOML
  OUTPUT=$("$XPU" detect --json 2>&1)
  if ! version=$(jq -er '.devices[0].driver' <<<"$OUTPUT"); then
    fail "$1: the GPUs are detected" "$OUTPUT"
    finish
  fi
}
cp /etc/xpu-container-runtime/config.toml "$SCRATCH/config.before"
later cp "$SCRATCH/config.before" /etc/xpu-container-runtime/config.toml

# file_of NAME: DEVICE:INODE of the host's 64-bit driver file of the version in use.
file_of() { stat -c %d:%i "$(find "$root" -type f -name "$1.$version" -not -path '*i386*' | head -n 1)"; }

nvidia_suite() {
  local engine=$1 uuid ask
  ask=(/probe open /dev/nvidia0 open /dev/nvidia1 open /dev/nvidiactl node "$gpu0" node "$gpu1")
  first=("open /dev/nvidia0 ok" "open /dev/nvidia1 ENOENT" "open /dev/nvidiactl ok" "node $gpu0 ok" "node $gpu1 EPERM")
  second=("open /dev/nvidia0 ENOENT" "open /dev/nvidia1 ok" "open /dev/nvidiactl ok" "node $gpu0 EPERM" "node $gpu1 ok")
  both=("open /dev/nvidia0 ok" "open /dev/nvidia1 ok" "open /dev/nvidiactl ok" "node $gpu0 ok" "node $gpu1 ok")
  neither=("open /dev/nvidia0 ENOENT" "open /dev/nvidia1 ENOENT" "node $gpu0 EPERM" "node $gpu1 EPERM")

  launch NVIDIA_VISIBLE_DEVICES=0 -- "${ask[@]}"
  has "$engine: one GPU" "$OUTPUT" "${first[@]}"
  launch NVIDIA_VISIBLE_DEVICES=0 -- /probe open /dev/nvidia-uvm open /dev/nvidia-modeset ls /dev/dri
  has "$engine: compute and utility" "$OUTPUT" "open /dev/nvidia-uvm ok" \
    "open /dev/nvidia-modeset ENOENT" "ls /dev/dri ENOENT"
  launch NVIDIA_VISIBLE_DEVICES=0,1 -- "${ask[@]}"
  has "$engine: two GPUs" "$OUTPUT" "${both[@]}"
  launch NVIDIA_VISIBLE_DEVICES=all -- "${ask[@]}"
  has "$engine: all" "$OUTPUT" "${both[@]}"
  uuid=$("$XPU" detect --json | jq -r '.devices[1].uuid')
  launch "NVIDIA_VISIBLE_DEVICES=$uuid" -- "${ask[@]}"
  has "$engine: by UUID" "$OUTPUT" "${second[@]}"
  launch NVIDIA_VISIBLE_DEVICES=0 XPU_VISIBLE_DEVICES=nvidia:1 -- "${ask[@]}"
  has "$engine: the vendor-neutral variable is in force" "$OUTPUT" "${second[@]}"
  launch CUDA_VERSION=11.0 -- "${ask[@]}"
  has "$engine: an old image that does not ask gets nothing" "$OUTPUT" "${neither[@]}"
  launch NVIDIA_VISIBLE_DEVICES=void -- "${ask[@]}"
  has "$engine: void" "$OUTPUT" "${neither[@]}"
  launch NVIDIA_VISIBLE_DEVICES=none -- "${ask[@]}"
  has "$engine: none gives no GPU" "$OUTPUT" "${neither[@]}"
  launch NVIDIA_VISIBLE_DEVICES=5 -- /probe id
  says "$engine: an unknown GPU is named, with what exists" "$OUTPUT" 5 nvidia:0 nvidia:1

  launch NVIDIA_VISIBLE_DEVICES=0 -- /ldprobe libcuda.so.1 libnvidia-ml.so.1 libGLX_nvidia.so.0
  says "$engine: the loader finds compute and utility of this version" "$OUTPUT" \
    " $(file_of libcuda.so)" " $(file_of libnvidia-ml.so)" "lib libGLX_nvidia.so.0 none"
  launch NVIDIA_VISIBLE_DEVICES=0 -- /usr/bin/env -i /ldprobe libcuda.so.1
  says "$engine: also with an empty environment" "$OUTPUT" " $(file_of libcuda.so)"
  launch NVIDIA_VISIBLE_DEVICES=0 NVIDIA_DRIVER_CAPABILITIES=utility -- /ldprobe libcuda.so.1 libnvidia-ml.so.1
  says "$engine: utility alone" "$OUTPUT" "lib libcuda.so.1 none" " $(file_of libnvidia-ml.so)"
  launch NVIDIA_VISIBLE_DEVICES=0 NVIDIA_DRIVER_CAPABILITIES=all -- /ldprobe libGLX_nvidia.so.0
  says "$engine: all capabilities" "$OUTPUT" " $(file_of libGLX_nvidia.so)"
  launch NVIDIA_VISIBLE_DEVICES=0 -- /bin/sh -c 'ldconfig -p | grep -c "libcuda.so.1 "; nvidia-smi'
  has "$engine: ldconfig -p lists it once, nvidia-smi runs" "$OUTPUT" 1 "nvidia-smi $version (stub)"
  silent "$engine: nvidia-smi is there" "$OUTPUT" "not found"
  launch NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=all -- \
    /bin/sh -c 'find / -xdev -name "*999.99*"; grep -c 999.99 /proc/self/mountinfo; ldconfig -p | grep 999.99'
  same "$engine: nothing of another driver version" 0 "$OUTPUT"
}

if [ ! -d "$XPU_FIXTURES/driver-listings" ]; then
  skip "nvidia" "no $XPU_FIXTURES/driver-listings"
  finish
fi

# options ENV... -- COMMAND...: as the options of engines, in `env` and `command`.
options() {
  env=()
  while [ "$1" != -- ]; do
    env+=(--env "$1")
    shift
  done
  shift
  command=("$@")
}
new_tree debian
tree=$REPLY

launch() { new_bundle "$tree" "$@" && run_bundle; }
for listing in debian-bookworm-backports-nvidia-535 debian-trixie-nvidia-550; do
  host $listing
  for name in runc crun; do
    RUNTIME=$(command -v $name)
    nvidia_suite "$name, driver $version"
  done
done

start_dockerd
launch() { options "$@"; in_docker debian "${env[@]}" -- "${command[@]}"; }
nvidia_suite "docker, driver $version"
start_containerd
launch() { options "$@"; in_containerd "$tree" "${env[@]}" -- "${command[@]}"; }
nvidia_suite "containerd, driver $version"
launch() { options "$@"; in_podman "$tree" "${env[@]}" -- "${command[@]}"; }
nvidia_suite "podman, driver $version"
finish
