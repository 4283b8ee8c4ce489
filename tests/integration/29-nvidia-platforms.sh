# SPDX-License-Identifier: Apache-2.0
# Hosts whose NVIDIA driver is of another kind, made of stubs: WSL2 with the driver of Windows, Tegra
# with mount specifications, a package store; and images with CUDA libraries newer than the driver.
. "$(dirname "$0")/lib.sh"

cp /etc/xpu-container-runtime/config.toml "$SCRATCH/config.before"
later cp "$SCRATCH/config.before" /etc/xpu-container-runtime/config.toml

# configure ROOT [LINE...]: the backend looks at ROOT.
configure() {
  local root=$1
  shift
  cat >/etc/xpu-container-runtime/config.toml <<TOML
[backends.nvidia]
driver-root = "$root"
dev-root = "$root"
sys-root = "$root"
TOML
  [ $# -eq 0 ] || printf '%s\n' "$@" >>/etc/xpu-container-runtime/config.toml
}

# stub PATH SONAME: a library without content.
stub() {
  mkdir -p "$(dirname "$1")"
  gcc -shared -nostdlib -Wl,-soname,"$2" -o "$1" -x c /dev/null
}
# node PATH MAJOR:MINOR
node() {
  mkdir -p "$(dirname "$1")"
  mknod -m 666 "$1" c "${2%:*}" "${2#*:}"
}
file_of() { stat -c %d:%i "$1"; }

launch() { new_bundle "$tree" "$@" && run_bundle; }
# fresh: a tree that no start has left anything in.
fresh() {
  new_tree debian
  tree=$REPLY
}
fresh

# --- WSL2 ------------------------------------------------------------------------------------------
root=$SCRATCH/wsl
lib=$root/usr/lib/wsl/lib
store=/usr/lib/wsl/drivers/nv_dispi.inf_amd64_0123
node "$root/dev/dxg" "$NODE0"
for name in libdxcore.so libcuda.so.1; do
  stub "$lib/$name" "$name"
done
stub "$root$store/libcuda.so.1.1" libcuda.so.1
echo code >"$root$store/nvcubins.bin"
printf '#!/bin/sh\necho smi of Windows\n' >"$lib/nvidia-smi"
chmod 755 "$lib/nvidia-smi"
cp "$XPU_BUILD/tests/fakes/libfake_nvml_full.so" "$lib/libnvidia-ml.so.1"
cat >"$lib/fake-nvml.conf" <<'CONF'
driver 551.86
cuda 12040
gpu 00000000:01:00.0
uuid GPU-aaaa
name NVIDIA GeForce RTX 4090
gpu 00000000:02:00.0
uuid GPU-bbbb
name NVIDIA GeForce RTX 4090
CONF
configure "$root"
ask=(/probe open /dev/dxg node "$NODE0" env CUDA_VISIBLE_DEVICES)
warning="WSL2 has one node for all GPUs, /dev/dxg"
launch NVIDIA_VISIBLE_DEVICES=1 -- "${ask[@]}"
has "WSL2: one GPU of two is masked" "$OUTPUT" "open /dev/dxg ok" "node $NODE0 ok" \
  "env CUDA_VISIBLE_DEVICES=GPU-bbbb"
says "WSL2: and it is said that this is a mask" "$OUTPUT" "$warning"
launch NVIDIA_VISIBLE_DEVICES=all -- "${ask[@]}"
has "WSL2: all" "$OUTPUT" "env CUDA_VISIBLE_DEVICES=GPU-aaaa,GPU-bbbb"
same "WSL2: the warning is said once" 1 "$(grep -c "$warning" <<<"$OUTPUT")"
launch NVIDIA_VISIBLE_DEVICES=none -- "${ask[@]}"
has "WSL2: none" "$OUTPUT" "open /dev/dxg ENOENT" "node $NODE0 EPERM"
silent "WSL2: none needs no warning" "$OUTPUT" "$warning"
launch NVIDIA_VISIBLE_DEVICES=0 -- /ldprobe libcuda.so.1 libdxcore.so
says "WSL2: the loader finds the driver's libraries" "$OUTPUT" \
  " $(file_of "$lib/libcuda.so.1")" " $(file_of "$lib/libdxcore.so")"
launch NVIDIA_VISIBLE_DEVICES=0 -- /bin/sh -c "cat $store/nvcubins.bin; nvidia-smi; touch $store/x"
has "WSL2: the store is where it was, and cannot be written" "$OUTPUT" code "smi of Windows" \
  "touch: cannot touch '$store/x': Read-only file system"
# A single GPU is given as it is.
cat >"$lib/fake-nvml.conf" <<'CONF'
driver 551.86
gpu 00000000:01:00.0
uuid GPU-aaaa
name NVIDIA GeForce RTX 4090
CONF
touch "$lib/changed" # as an update of the driver would
launch NVIDIA_VISIBLE_DEVICES=0 -- "${ask[@]}"
has "WSL2: one GPU" "$OUTPUT" "open /dev/dxg ok"
silent "WSL2: one GPU needs no mask" "$OUTPUT" GPU-aaaa

# --- Tegra -----------------------------------------------------------------------------------------
root=$SCRATCH/tegra
lib=$root/usr/lib/aarch64-linux-gnu
csv=$root/etc/nvidia-container-runtime/host-files-for-container.d
mkdir -p "$csv" "$lib/gstreamer-1.0"
echo "# R36 (release), REVISION: 4.0, GCID: 1, BOARD: generic" >"$root/etc/nv_tegra_release"
node "$root/dev/nvmap" "$NODE0"
node "$root/dev/nvgpu/igpu0/ctrl" "$NODE1"
stub "$lib/nvidia/libcuda.so.1.1" libcuda.so.1
ln -s libcuda.so.1.1 "$lib/nvidia/libcuda.so.1"
ln -s nvidia/libcuda.so.1.1 "$lib/libcuda.so"
stub "$lib/gstreamer-1.0/libgstnv.so" libgstnv.so
stub "$lib/libnvinfer.so.8" libnvinfer.so.8
cat >"$csv/devices.csv" <<'CSV'
dev, /dev/nvmap
dev, /dev/nvgpu/igpu0/*
dev, /dev/nvhost-gpu
CSV
cat >"$csv/drivers.csv" <<'CSV'
lib, /usr/lib/aarch64-linux-gnu/nvidia/libcuda.so.1.1
sym, /usr/lib/aarch64-linux-gnu/nvidia/libcuda.so.1
sym, /usr/lib/aarch64-linux-gnu/libcuda.so
lib, /usr/lib/aarch64-linux-gnu/gstreamer-1.0/libgstnv.so
CSV
echo "lib, /usr/lib/aarch64-linux-gnu/libnvinfer.so.8" >"$csv/tensorrt.csv"
configure "$root"
ask=(/probe open /dev/nvmap open /dev/nvgpu/igpu0/ctrl open /dev/nvhost-gpu node "$NODE1" node "$NODE_OTHER")
launch NVIDIA_VISIBLE_DEVICES=0 -- "${ask[@]}"
has "Tegra: the nodes that are specified and there" "$OUTPUT" "open /dev/nvmap ok" \
  "open /dev/nvgpu/igpu0/ctrl ok" "open /dev/nvhost-gpu ENOENT" "node $NODE1 ok" "node $NODE_OTHER EPERM"
launch NVIDIA_VISIBLE_DEVICES=all -- /ldprobe libcuda.so.1 libcuda.so \
  /usr/lib/aarch64-linux-gnu/gstreamer-1.0/libgstnv.so libnvinfer.so.8
says "Tegra: libraries, links, and plugins at their paths" "$OUTPUT" \
  "lib libcuda.so.1 /usr/lib/" " $(file_of "$lib/nvidia/libcuda.so.1.1")" \
  " $(file_of "$lib/gstreamer-1.0/libgstnv.so")" "lib libnvinfer.so.8 none"
same "Tegra: libcuda.so is libcuda.so.1" 2 "$(grep -c "$(file_of "$lib/nvidia/libcuda.so.1.1")" <<<"$OUTPUT")"
launch NVIDIA_VISIBLE_DEVICES=all NVIDIA_REQUIRE_JETPACK=csv-mounts=all -- /ldprobe libnvinfer.so.8
says "Tegra: every specification for who asks" "$OUTPUT" " $(file_of "$lib/libnvinfer.so.8")"
launch NVIDIA_VISIBLE_DEVICES=none -- "${ask[@]}"
has "Tegra: none" "$OUTPUT" "open /dev/nvmap ENOENT" "node $NODE1 EPERM"
launch NVIDIA_VISIBLE_DEVICES=1 -- /probe id
says "Tegra: there is one GPU" "$OUTPUT" nvidia:0
same "Tegra: the GPU is part of the processor" true "$("$XPU" detect --json | jq -r '.devices[0].properties.integrated')"

# --- libraries of the image that are newer than the driver's ----------------------------------------
listing=$XPU_FIXTURES/driver-listings/debian-bookworm-backports-nvidia-535
if [ ! -d "$listing" ]; then
  skip "newer libraries of images" "no $listing"
  finish
fi
root=$SCRATCH/driver
ok "a host with driver 535" "$XPU_BUILD/tests/fakes/make_driver_tree" --listing "$listing" --root "$root"
configure "$root"
own=$(file_of "$(find "$root" -type f -name 'libcuda.so.535*' -not -path '*i386*' | head -n 1)")
# image VERSION: an image that brings this libcuda.
image() {
  fresh
  compat=$tree/usr/local/cuda/compat
  stub "$compat/libcuda.so.$1" libcuda.so.1
  ln -s "libcuda.so.$1" "$compat/libcuda.so.1"
}
image 550.54.15
launch NVIDIA_VISIBLE_DEVICES=0 -- /ldprobe libcuda.so.1 libnvidia-ml.so.1
says "a newer libcuda of the image is used" "$OUTPUT" \
  "lib libcuda.so.1 /usr/local/cuda/compat/libcuda.so.1 $(file_of "$compat/libcuda.so.550.54.15")" \
  "lib libnvidia-ml.so.1 /usr/lib/"
launch NVIDIA_VISIBLE_DEVICES=0 -- /usr/bin/env -i /ldprobe libcuda.so.1
says "also with an empty environment" "$OUTPUT" /usr/local/cuda/compat/
image 550.54.15
launch NVIDIA_VISIBLE_DEVICES=0 NVIDIA_DRIVER_CAPABILITIES=utility -- /ldprobe libcuda.so.1
silent "not without compute" "$OUTPUT" /usr/local/cuda/compat/
configure "$root" 'cuda-compat = "never"'
launch NVIDIA_VISIBLE_DEVICES=0 -- /ldprobe libcuda.so.1
says "not where configuration says never" "$OUTPUT" " $own"
configure "$root"
for older in 535.999.99 470.57.02; do
  image $older
  launch NVIDIA_VISIBLE_DEVICES=0 -- /ldprobe libcuda.so.1
  says "not when it is $older" "$OUTPUT" " $own"
done

# --- files that configuration keeps out ---------------------------------------------------------------
fresh
configure "$root" 'inject-drivers = "never"'
launch NVIDIA_VISIBLE_DEVICES=0 -- /ldprobe libcuda.so.1
says "no driver files with inject-drivers = never" "$OUTPUT" "lib libcuda.so.1 none"
configure "$root" 'inject-drivers = "missing"'
launch NVIDIA_VISIBLE_DEVICES=0 -- /ldprobe libcuda.so.1
says "an image without a driver gets the host's" "$OUTPUT" " $own"
launch NVIDIA_VISIBLE_DEVICES=0 -- /ldprobe libcuda.so.1
says "also at its next start" "$OUTPUT" " $own"
fresh
stub "$tree/usr/lib/x86_64-linux-gnu/libcuda.so.1" libcuda.so.1
launch NVIDIA_VISIBLE_DEVICES=0 -- /ldprobe libcuda.so.1 libnvidia-ml.so.1
says "an image with one keeps its own, whole" "$OUTPUT" \
  " $(file_of "$tree/usr/lib/x86_64-linux-gnu/libcuda.so.1")" "lib libnvidia-ml.so.1 none"
finish
