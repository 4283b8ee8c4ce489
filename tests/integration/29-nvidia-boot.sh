# SPDX-License-Identifier: Apache-2.0
# A host right after boot: the NVIDIA driver is there, and nobody has made its device nodes or loaded
# its modules yet. The host's own /dev, /proc/driver and /sys/module are covered for it.
. "$(dirname "$0")/lib.sh"

if [ ! -d "$XPU_FIXTURES/driver-listings" ]; then
  skip "nvidia" "no $XPU_FIXTURES/driver-listings"
  finish
fi
root=$SCRATCH/host
if ! OUTPUT=$("$XPU_BUILD/tests/fakes/make_driver_tree" \
  --listing "$XPU_FIXTURES/driver-listings/debian-trixie-nvidia-550" --root "$root" --gpus 2 \
  --mig 1=1 --no-nodes --kernel-numbers 2>&1); then
  fail "make_driver_tree" "$OUTPUT"
  finish
fi

# What the driver of the tree shows, once it is loaded.
cover_dev
mount -t tmpfs tmpfs /proc/driver && mount -t tmpfs tmpfs /sys/module || {
  fail "covering /proc/driver and /sys/module"
  finish
}
later umount -l /proc/driver /sys/module
cp /proc/devices "$SCRATCH/devices.host"
cp "$SCRATCH/devices.host" "$SCRATCH/devices"
mount --bind "$SCRATCH/devices" /proc/devices
later umount -l /proc/devices

nvml=$(find "$root" -name fake-nvml.conf)
cat >"$SCRATCH/loads" <<SH
#!/bin/sh
# Loads the driver, as modprobe would.
mkdir -p /sys/module/nvidia /sys/module/nvidia_uvm /sys/module/nvidia_modeset
cp -r "$root/proc/driver/nvidia" /proc/driver/
cat "$root/proc/devices" >"$SCRATCH/devices"
sed -i 's/^init .*/init 0/' "$nvml"
SH
chmod 755 "$SCRATCH/loads"
# unload: as the host is at boot.
unload() {
  rm -rf /proc/driver/nvidia /sys/module/nvidia*
  cat "$SCRATCH/devices.host" >"$SCRATCH/devices"
  find /dev -xdev -name 'nvidia*' -prune -exec rm -rf {} +
  rm -f "$SCRATCH/asked"
  sed -i 's/^init .*/init 9/' "$nvml"
}

# configure LINE...: options of the backend besides where the driver's files are.
cp /etc/xpu-container-runtime/config.toml "$SCRATCH/config.before"
later cp "$SCRATCH/config.before" /etc/xpu-container-runtime/config.toml
configure() {
  printf '%s\n' "[backends.nvidia]" "driver-root = \"$root\"" "$@" >/etc/xpu-container-runtime/config.toml
}
new_tree debian
tree=$REPLY
launch() {
  new_bundle "$tree" "$1" -- "${@:2}"
  run_bundle
}
# node PATH: "MAJOR:MINOR MODE".
node() { stat -c '%Hr:%Lr %a' "$1" 2>/dev/null || echo missing; }

unload
"$SCRATCH/loads"
configure
launch NVIDIA_VISIBLE_DEVICES=0 /probe open /dev/nvidia0 open /dev/nvidiactl open /dev/nvidia-uvm open /dev/nvidia1
has "nodes that are missing are made, and are the container's" "$OUTPUT" "open /dev/nvidia0 ENXIO" \
  "open /dev/nvidiactl ENXIO" "open /dev/nvidia-uvm ENXIO" "open /dev/nvidia1 ENOENT"
same "with the kernel's numbers" "195:0 666" "$(node /dev/nvidia0)"
same "and those of partitions" "511:201 444" "$(node /dev/nvidia-caps/nvidia-cap201)"
same "and of rights over partitions" "511:1 444" "$(node /dev/nvidia-caps/nvidia-cap1)"
same "and none for a module that is not there" missing "$(node /dev/nvidia2)"
launch NVIDIA_VISIBLE_DEVICES=1:0 /probe open /dev/nvidia-caps/nvidia-cap201
has "a partition can be used at once" "$OUTPUT" "open /dev/nvidia-caps/nvidia-cap201 ENXIO"

unload
"$SCRATCH/loads"
sed -i 's/^ModifyDeviceFiles: 1/ModifyDeviceFiles: 0/' /proc/driver/nvidia/params
launch NVIDIA_VISIBLE_DEVICES=0 /probe id
says "a module that leaves nodes to udev is obeyed" "$OUTPUT" \
  "/dev/nvidiactl does not exist or is no device; nvidia-modprobe -c 255 makes it"
configure 'make-nodes = false'
unload
"$SCRATCH/loads"
launch NVIDIA_VISIBLE_DEVICES=0 /probe id
says "and so is the configuration" "$OUTPUT" "/dev/nvidiactl does not exist"
same "nothing was made" missing "$(node /dev/nvidiactl)"

# A driver that brings nvidia-modprobe.
cat >"$root/usr/bin/nvidia-modprobe" <<SH
#!/bin/sh
echo "\$*" >>"$SCRATCH/asked"
[ -d /sys/module/nvidia ] || "$SCRATCH/loads"
case "\$*" in
"-c 255") mknod -m 640 /dev/nvidiactl c 195 255 ;;
"-c 0") exit 1 ;;
esac
SH
chmod 755 "$root/usr/bin/nvidia-modprobe"
configure
unload
"$SCRATCH/loads"
launch NVIDIA_VISIBLE_DEVICES=0 /probe open /dev/nvidia0
has "nvidia-modprobe is asked first, and what it does not make is made without it" "$OUTPUT" \
  "open /dev/nvidia0 ENXIO"
same "its nodes stay as it made them" "195:255 640" "$(node /dev/nvidiactl)"
has "it is asked for each kind of node" "$(cat "$SCRATCH/asked")" "-c 255" "-c 0" "-c 1" \
  "-u -c 0" "-m" "-f /proc/driver/nvidia/capabilities/gpu1/mig/gi7/access"

unload
launch NVIDIA_VISIBLE_DEVICES=0 /probe id
says "a driver that is not loaded is not loaded unasked" "$OUTPUT" "the NVIDIA driver is not loaded"
same "and nothing was started for it" "" "$(cat "$SCRATCH/asked" 2>/dev/null)"
configure 'load-modules = true'
launch NVIDIA_VISIBLE_DEVICES=0 /probe open /dev/nvidia0
has "where configuration says so it is loaded" "$OUTPUT" "open /dev/nvidia0 ENXIO"
finish
