# SPDX-License-Identifier: Apache-2.0
# Devices that come and go under containers, in a virtual machine with systemd, udev and cgroup v2: a
# virtio-gpu by PCI remove and rescan, a vgem by its module. First without xpud, then with it.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/vm.sh"

vm_kernel
vm_debian
tree=$REPLY
vm_modules "$tree" virtio-gpu vgem
vm_install "$tree"

# Bundles for runc with a busybox tree: one asks for the device on PCI by its address, which a rescan
# keeps, one for all.
cp -a "$XPU_TREES/busybox" "$tree/test-root"
bundle() {
  local id=$1
  shift
  new_bundle /test-root "$@"
  bundle_edit --arg path "xpu.slice:xpu:$id" '.linux.cgroupsPath = $path'
  mkdir -p "$tree/test/$id"
  cp "$BUNDLE/config.json" "$tree/test/$id/"
}
pci=0000:00:02.0
bundle once VDRM_VISIBLE_DEVICES=$pci -- sh -c 'ls /dev/dri; for n in /dev/dri/*[0-9]; do (exec 3<>$n) && echo opens $n; done'
bundle all VDRM_VISIBLE_DEVICES=all -- ls /dev/dri

vm_runs "$tree" <<'RUN'
pci=0000:00:02.0
# said WORD COMMAND...: one line of the console.
said() { local word=$1; shift; echo "@$word $("$@" 2>&1 </dev/null | grep -v 'msg="*skipping device' | tr '\n' ' ')"; }
run() { xpu-container-runtime --systemd-cgroup run --bundle "/test/$1" "$1-$2"; }
remove() { echo 1 >/sys/bus/pci/devices/$pci/remove; udevadm settle; }
rescan() { echo 1 >/sys/bus/pci/rescan; udevadm settle; }

said there run once there
remove
said removed run once removed
rescan
said again run once again
said one run all one
modprobe vgem; udevadm settle
said two run all two
modprobe -r vgem; udevadm settle
said three run all three
RUN
vm_boot_debian "$tree" 300 -device virtio-gpu-pci,addr=02.0

opens="by-path card0 renderD128 opens /dev/dri/card0 opens /dev/dri/renderD128 "
same "a device of the machine, from udev, in a container on cgroup v2" "$opens" "$(vm_says there)"
says "removed from PCI: the next container is told" "$(vm_says removed)" \
  "VDRM_VISIBLE_DEVICES: '$pci' is not a device of this host"
same "found again on PCI: the next container has it" "$opens" "$(vm_says again)"
same "all of one device" "by-path card0 renderD128 " "$(vm_says one)"
same "all, with one more by a module" "by-path card0 card1 renderD128 renderD129 " "$(vm_says two)"
same "all, without that module" "by-path card0 renderD128 " "$(vm_says three)"
finish
