# SPDX-License-Identifier: Apache-2.0
# Devices that come and go under containers, in a virtual machine with systemd, udev and cgroup v2: a
# virtio-gpu by PCI remove and rescan, a vgem by its module. First without xpud, then with it, as the
# service that is installed.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/vm.sh"

vm_kernel
vm_debian
tree=$REPLY
vm_modules "$tree" virtio-gpu vgem
vm_install "$tree"

# Bundles for runc with a busybox tree. One asks for the device on PCI by its address, which a rescan
# keeps.
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
bundle holder VDRM_VISIBLE_DEVICES=$pci -- sleep 600

vm_runs "$tree" <<'RUN'
pci=0000:00:02.0
# said WORD COMMAND...: one line of the console.
said() { local word=$1; shift; echo "@$word $("$@" 2>&1 </dev/null | grep -v 'msg="*skipping device' | tr '\n' ' ')"; }
run() { xpu-container-runtime --systemd-cgroup run --bundle "/test/$1" "$1-$2"; }
remove() { echo 1 >/sys/bus/pci/devices/$pci/remove; udevadm settle; }
rescan() { echo 1 >/sys/bus/pci/rescan; udevadm settle; }
opens() { xpu-container-runtime exec holder sh -c '(exec 3<>/dev/dri/renderD128) && echo opens'; }
told() { cat /run/xpu/events | grep "\"kind\":\"$1\""; }
wait_for() { local i; for ((i = 0; i < 100; i++)); do "$@" >/dev/null 2>&1 && return; sleep 0.2; done; return 1; }

# --- without xpud
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

# systemd sets the rules of the unit anew, and knows nothing of the devices.
xpu-container-runtime --systemd-cgroup run --detach --bundle /test/holder holder </dev/null >/dev/null 2>&1
said before opens
lose() {
  systemctl set-property --runtime xpu-holder.scope DeviceAllow= 'DeviceAllow=/dev/null rw'
  systemctl daemon-reload
}
lose
said lost opens

# --- with xpud
said start systemctl start xpud
said active systemctl is-active xpud
wait_for told healed
said healed opens
said healed-how told healed
lose
opened() { [ "$(opens 2>/dev/null)" = opens ]; }
wait_for opened
said healed-again opens

wait_for told added
remove
wait_for told removed
said removed-event told removed
# From the event to the description on disk, in milliseconds.
event=$(told removed | tail -n 1 | grep -o '"time_ns":[0-9]*' | cut -d: -f2)
catalog=$(date -r /run/xpu/catalog/vdrm.json +%s%N)
echo "@latency $(((catalog - event) / 1000000))"
begin=$(date +%s%N); xpu-runtime detect --refresh >/dev/null 2>&1
echo "@describe $((($(date +%s%N) - begin) / 1000000))"
wait_for told lost
said lost-event told lost
said ps xpu-runtime ps
rescan
back() { told added | grep -q 'uevent add'; }
wait_for back
said with-again run once with-again
modprobe vgem; udevadm settle
both() { told added | grep -q 'vdrm:1'; }
wait_for both
said module told added
modprobe -r vgem; udevadm settle
gone() { told removed | grep -q 'vdrm:1'; }
wait_for gone
said module-gone told removed

# Killed, it is started again, and tells nothing twice.
before=$(told removed | wc -l; told added | wc -l)
kill -9 "$(systemctl show -p MainPID --value xpud)"
sleep 4
said after-kill systemctl is-active xpud
after=$(told removed | wc -l; told added | wc -l)
[ "$before" = "$after" ] && echo "@doubled no" || echo "@doubled $before, $after"
said reload systemctl reload xpud
said reloaded systemctl is-active xpud
xpu-container-runtime delete --force holder
said stop systemctl stop xpud
said result systemctl show -p Result --value xpud
said errors journalctl -u xpud -o cat --no-pager -p warning
said log journalctl -u xpud -o cat --no-pager
RUN
vm_boot_debian "$tree" 400 -device virtio-gpu-pci,addr=02.0

opens="by-path card0 renderD128 opens /dev/dri/card0 opens /dev/dri/renderD128 "
same "a device of the machine, from udev, in a container on cgroup v2" "$opens" "$(vm_says there)"
says "removed from PCI: the next container is told" "$(vm_says removed)" \
  "VDRM_VISIBLE_DEVICES: '$pci' is not a device of this host"
same "found again on PCI: the next container has it" "$opens" "$(vm_says again)"
same "all of one device" "by-path card0 renderD128 " "$(vm_says one)"
same "all, with one more by a module" "by-path card0 card1 renderD128 renderD129 " "$(vm_says two)"
same "all, without that module" "by-path card0 renderD128 " "$(vm_says three)"

same "a running container opens its device" "opens " "$(vm_says before)"
says "systemd takes it away" "$(vm_says lost)" "Operation not permitted"
same "the service starts" "active " "$(vm_says active)"
same "what was lost before it started is given back" "opens " "$(vm_says healed)"
says "and it says what it did" "$(vm_says healed-how)" '"id":"holder"' "c 226:"
same "and again after the next daemon-reload" "opens " "$(vm_says healed-again)"
says "a removal is told, from udev" "$(vm_says removed-event)" '"device":"vdrm:0"' "uevent remove of"
says "with the container that lost it" "$(vm_says lost-event)" '"id":"holder"'
says "which ps shows" "$(vm_says ps)" "Lost:" holder
same "found again: the next container has it" "$opens" "$(vm_says with-again)"
says "a module's device is told" "$(vm_says module)" '"device":"vdrm:1"'
says "and that it went" "$(vm_says module-gone)" '"device":"vdrm:1"'
same "killed, it is there again" "active " "$(vm_says after-kill)"
same "and nothing was told twice" no "$(vm_says doubled)"
same "a reload" "active " "$(vm_says reloaded)"
same "a clean stop" "success " "$(vm_says result)"
latency=$(vm_says latency) describe=$(vm_says describe)
if [ "${latency:-9999}" -le $((2 * describe + 500)) ]; then
  pass "the description is renewed at once"
else
  fail "the description is renewed at once" "$latency ms after the event; to describe takes $describe ms"
fi
echo "count - $latency ms from the event to the new description, on an emulated processor that takes $describe ms to describe its devices"
finish
