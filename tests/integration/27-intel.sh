# SPDX-License-Identifier: Apache-2.0
# Intel's and Habana's variables on a host of two GPUs, an NPU and eleven Gaudis that is sysfs and
# device nodes only.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/engines.sh"

root=$SCRATCH/host
# GPU 0 has the first number that opens here, GPU 1 the second, the NPU the third; two of the
# Gaudis have them too. All others have the kernel's, of which no driver is loaded here.
numbers=(/dev/dri/card0="$NODE0" /dev/dri/renderD128="$NODE0"
  /dev/dri/card1="$NODE1" /dev/dri/renderD129="$NODE1" /dev/accel/accel0="$NODE_OTHER"
  /dev/accel/accel10="$NODE0" /dev/accel/accel_controlD10="$NODE0" /dev/infiniband/uverbs9="$NODE_OTHER"
  /dev/accel/accel1="$NODE1" /dev/accel/accel_controlD1="$NODE1")
options=()
for number in "${numbers[@]}"; do
  options+=(--number "$number")
done
if ! OUTPUT=$("$XPU_BUILD/tests/fakes/make_intel_tree" --machine mixed --root "$root" "${options[@]}" 2>&1); then
  fail "make_intel_tree" "$OUTPUT"
  finish
fi
cp /etc/xpu-container-runtime/config.toml "$SCRATCH/config.before"
later cp "$SCRATCH/config.before" /etc/xpu-container-runtime/config.toml
cat >/etc/xpu-container-runtime/config.toml <<TOML
[backends.intel]
driver-root = "$root"
dev-root = "$root"
sys-root = "$root"
TOML
same "everything is detected" "2 gpu, 1 npu, 11 accelerator" \
  "$("$XPU" detect --json | jq -r '[.devices[].kind] | [(map(select(. == "gpu")) | length), (map(select(. == "npu")) | length), (map(select(. == "accelerator")) | length)]
    | "\(.[0]) gpu, \(.[1]) npu, \(.[2]) accelerator"')"

gpus=(open /dev/dri/card0 open /dev/dri/renderD128 open /dev/dri/card1 open /dev/dri/renderD129
  open /dev/accel/accel0 node "$NODE0" node "$NODE1" node "$NODE_OTHER")
first=("open /dev/dri/card0 ok" "open /dev/dri/renderD128 ok" "node $NODE0 ok")
no_first=("open /dev/dri/card0 ENOENT" "open /dev/dri/renderD128 ENOENT" "node $NODE0 EPERM")
second=("open /dev/dri/card1 ok" "open /dev/dri/renderD129 ok" "node $NODE1 ok")
no_second=("open /dev/dri/card1 ENOENT" "open /dev/dri/renderD129 ENOENT" "node $NODE1 EPERM")
npu=("open /dev/accel/accel0 ok" "node $NODE_OTHER ok")
no_npu=("open /dev/accel/accel0 ENOENT" "node $NODE_OTHER EPERM")
gaudis=(open /dev/accel/accel10 open /dev/accel/accel_controlD10 open /dev/infiniband/uverbs9
  open /dev/accel/accel1 open /dev/accel/accel_controlD1 open /dev/accel/accel11
  node "$NODE0" node "$NODE1" node "$NODE_OTHER")
tenth=("open /dev/accel/accel10 ok" "open /dev/accel/accel_controlD10 ok" "node $NODE0 ok")
no_other=("open /dev/accel/accel1 ENOENT" "open /dev/accel/accel_controlD1 ENOENT"
  "open /dev/accel/accel11 ENOENT" "node $NODE1 EPERM")

intel_suite() {
  local engine=$1 name
  launch INTEL_VISIBLE_DEVICES=0 -- /probe "${gpus[@]}" link /dev/dri/by-path/pci-0000:03:00.0-render \
    link /dev/dri/by-path/pci-0000:03:00.0-card ls /dev/dri/by-path ls /dev/dri
  has "$engine: one GPU, with its links" "$OUTPUT" "${first[@]}" "${no_second[@]}" "${no_npu[@]}" \
    "link /dev/dri/by-path/pci-0000:03:00.0-render ../renderD128" \
    "link /dev/dri/by-path/pci-0000:03:00.0-card ../card0" \
    "ls /dev/dri/by-path pci-0000:03:00.0-card pci-0000:03:00.0-render" \
    "ls /dev/dri by-path card0 renderD128"
  for name in 1 gpu1 0000:04:00.0 04:00.0; do
    launch INTEL_VISIBLE_DEVICES=$name -- /probe "${gpus[@]}"
    has "$engine: the other GPU as $name" "$OUTPUT" "${no_first[@]}" "${second[@]}" "${no_npu[@]}"
  done
  for name in npu0 2 0000:00:0b.0; do
    launch INTEL_VISIBLE_DEVICES=$name -- /probe "${gpus[@]}"
    has "$engine: the NPU as $name" "$OUTPUT" "${no_first[@]}" "${no_second[@]}" "${npu[@]}"
  done
  launch INTEL_VISIBLE_DEVICES=all -- /probe "${gpus[@]}" open /dev/accel/accel10
  has "$engine: all GPUs and NPUs, no Gaudi" "$OUTPUT" "${first[@]}" "${second[@]}" "${npu[@]}" \
    "open /dev/accel/accel10 ENOENT"
  launch INTEL_VISIBLE_DEVICES=void -- /probe "${gpus[@]}"
  has "$engine: void" "$OUTPUT" "${no_first[@]}" "${no_second[@]}" "${no_npu[@]}"
  launch INTEL_VISIBLE_DEVICES=7 -- /probe id
  says "$engine: an unknown device is named, with what exists" "$OUTPUT" INTEL_VISIBLE_DEVICES 7 intel:0 intel:1

  launch HABANA_VISIBLE_DEVICES=10 -- /probe "${gaudis[@]}"
  has "$engine: Gaudi 10, and not 1" "$OUTPUT" "${tenth[@]}" "${no_other[@]}" \
    "open /dev/infiniband/uverbs9 ENOENT" "node $NODE_OTHER EPERM"
  launch HABANA_VISIBLE_DEVICES=10 HABANA_RDMA=enabled -- /probe "${gaudis[@]}"
  has "$engine: with its RDMA port" "$OUTPUT" "${tenth[@]}" "${no_other[@]}" \
    "open /dev/infiniband/uverbs9 ok" "node $NODE_OTHER ok"
  launch HABANA_VISIBLE_DEVICES=all -- /probe "${gaudis[@]}" ls /dev/dri
  has "$engine: all Gaudis, no GPU" "$OUTPUT" "${tenth[@]}" "open /dev/accel/accel1 ok" "ls /dev/dri ENOENT"
  silent "$engine: also those without a driver here" "$OUTPUT" "open /dev/accel/accel11 ENOENT"
  launch INTEL_VISIBLE_DEVICES=1 HABANA_VISIBLE_DEVICES=10 -- /probe open /dev/dri/renderD129 \
    open /dev/dri/renderD128 open /dev/accel/accel10 open /dev/accel/accel1
  has "$engine: both variables" "$OUTPUT" "open /dev/dri/renderD129 ok" "open /dev/dri/renderD128 ENOENT" \
    "open /dev/accel/accel10 ok" "open /dev/accel/accel1 ENOENT"
  launch XPU_VISIBLE_DEVICES=intel:npu0,habana:10 INTEL_VISIBLE_DEVICES=all -- /probe \
    open /dev/dri/renderD128 open /dev/accel/accel0 open /dev/accel/accel10
  has "$engine: the vendor-neutral variable is in force" "$OUTPUT" "open /dev/dri/renderD128 ENOENT" \
    "open /dev/accel/accel0 ok" "open /dev/accel/accel10 ok"
}

new_tree debian
tree=$REPLY
launch() { new_bundle "$tree" "$@" && run_bundle; }
for name in runc crun; do
  RUNTIME=$(command -v $name)
  intel_suite $name
  new_bundle "$tree" INTEL_VISIBLE_DEVICES=0,npu0 HABANA_VISIBLE_DEVICES=10 -- /probe id \
    open /dev/dri/renderD128 open /dev/dri/renderD129 open /dev/accel/accel0 open /dev/accel/accel10
  bundle_edit '.process.user = {uid: 1000, gid: 1000}'
  run_bundle
  has "$name: an ordinary user opens what was asked for" "$OUTPUT" "id 1000 1000" \
    "open /dev/dri/renderD128 ok" "open /dev/dri/renderD129 ENOENT" "open /dev/accel/accel0 ok" \
    "open /dev/accel/accel10 ok"
done

# What changes on the host is seen by the next container, without a daemon.
RUNTIME=$(command -v runc)
launch INTEL_VISIBLE_DEVICES=1 -- /probe open /dev/dri/renderD129
has "before: two GPUs" "$OUTPUT" "open /dev/dri/renderD129 ok"
card1=$(readlink -f "$root/sys/class/drm/card1/device")
mv "$root/sys/class/drm" "$root/sys/class/drm.before"
cp -a "$root/sys/class/drm.before" "$root/sys/class/drm"
rm "$root"/sys/class/drm/{card1,renderD129}
launch INTEL_VISIBLE_DEVICES=gpu1 -- /probe id
says "unplugged: an error" "$OUTPUT" gpu1 intel:0
rm -r "$root/sys/class/drm"
mv "$root/sys/class/drm.before" "$root/sys/class/drm"
launch INTEL_VISIBLE_DEVICES=gpu1 -- /probe open /dev/dri/renderD129
has "plugged again" "$OUTPUT" "open /dev/dri/renderD129 ok"
ln -sfn ../../../bus/pci/drivers/vfio-pci "$card1/driver"
rm "$root/sys/bus/pci/drivers/xe/0000:04:00.0"
launch INTEL_VISIBLE_DEVICES=gpu1 -- /probe id
says "bound to another driver: an error" "$OUTPUT" gpu1 intel:0
ln -sfn ../../../bus/pci/drivers/xe "$card1/driver"
ln -s "../../../../devices/pci0000:04/0000:04:00.0" "$root/sys/bus/pci/drivers/xe/0000:04:00.0"
card0=$(readlink -f "$root/sys/class/drm/card0/device")
ln -s "$card1" "$card0/virtfn0"
ln -s "$card0" "$card1/physfn"
launch INTEL_VISIBLE_DEVICES=0:0 -- /probe open /dev/dri/renderD129 open /dev/dri/renderD128
has "a virtual function" "$OUTPUT" "open /dev/dri/renderD129 ok" "open /dev/dri/renderD128 ENOENT"
launch INTEL_VISIBLE_DEVICES=all -- /probe open /dev/dri/renderD129 open /dev/dri/renderD128
has "all are the functions in place of their GPU" "$OUTPUT" "open /dev/dri/renderD129 ok" \
  "open /dev/dri/renderD128 ENOENT"
finish
