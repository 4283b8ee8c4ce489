# SPDX-License-Identifier: Apache-2.0
# AMD_VISIBLE_DEVICES on a host made of a sysfs tree and nodes that open: GPU 0 whole, GPU 1 divided
# into two parts, and a neighbour of another vendor.
. "$(dirname "$0")/lib.sh"

root=$SCRATCH/host
numbers=()
for number in $NODES; do
  numbers+=(--numbers "$number")
done
if ! OUTPUT=$("$XPU_BUILD/tests/fakes/make_amd_machine" --root "$root" --gpus 2 --divided 1 \
  --parts 2 "${numbers[@]}" 2>&1); then
  fail "make_amd_machine" "$OUTPUT"
  finish
fi
number_of() { sed -n "s|^$1 ||p" <<<"$MACHINE"; }
MACHINE=$OUTPUT
kfd=$(number_of /dev/kfd)
cp /etc/xpu-container-runtime/config.toml "$SCRATCH/config.before"
later cp "$SCRATCH/config.before" /etc/xpu-container-runtime/config.toml
cat >>/etc/xpu-container-runtime/config.toml <<TOML
[backends.amd]
sys-root = "$root"
dev-root = "$root"
driver-root = "$root"
TOML

new_tree debian
tree=$REPLY
launch() { new_bundle "$tree" "$@" && run_bundle; }

# sees NAME NODE...: of all nodes of the host exactly these are in the container; each opens if the
# kernel of this machine has a device behind its number, and the numbers of the others are denied.
opens=" $NODES "
sees() {
  local name=$1 path number lines=()
  shift
  while read -r path number; do
    if [[ " $* " != *" $path "* ]]; then
      lines+=("open $path ENOENT")
    elif [[ $opens == *" $number "* ]]; then
      lines+=("open $path ok")
    fi
    if [[ $opens == *" $number "* ]]; then
      lines+=("node $number $(if [[ " $* " == *" $path "* ]]; then echo ok; else echo EPERM; fi)")
    fi
  done <<<"$MACHINE"
  has "$name" "$OUTPUT" "${lines[@]}"
}
questions=()
while read -r path number; do
  questions+=(open "$path")
  if [[ $opens == *" $number "* ]]; then
    questions+=(node "$number")
  fi
done <<<"$MACHINE"

whole=(/dev/kfd /dev/dri/card0 /dev/dri/renderD128)
first=(/dev/kfd /dev/dri/card1 /dev/dri/renderD129)
second=(/dev/kfd /dev/dri/card2 /dev/dri/renderD130)
everything=("${whole[@]}" "${first[@]}" "${second[@]}")

for name in runc crun; do
  RUNTIME=$(command -v $name)
  launch AMD_VISIBLE_DEVICES=0 -- /probe "${questions[@]}"
  sees "$name: one GPU" "${whole[@]}"
  launch AMD_VISIBLE_DEVICES=0 -- /probe ls /dev/dri/by-path \
    link /dev/dri/by-path/pci-0000:10:00.0-render
  says "$name: links by path" "$OUTPUT" pci-0000:10:00.0-card \
    "link /dev/dri/by-path/pci-0000:10:00.0-render ../renderD128"
  silent "$name: no link to another GPU" "$OUTPUT" 0000:11:00.0
  launch AMD_VISIBLE_DEVICES=1:0 -- /probe "${questions[@]}"
  sees "$name: one partition" "${first[@]}"
  launch AMD_VISIBLE_DEVICES=1:1 -- /probe "${questions[@]}"
  sees "$name: the other partition" "${second[@]}"
  for value in all All ALL 0,1:0,1:1; do
    launch AMD_VISIBLE_DEVICES=$value -- /probe "${questions[@]}"
    sees "$name: $value" "${everything[@]}"
  done
  for value in 0-0 0x5eed000000000000 0X5EED000000000000 5eed000000000000 0000:10:00.0; do
    launch "AMD_VISIBLE_DEVICES=$value" -- /probe "${questions[@]}"
    sees "$name: $value" "${whole[@]}"
  done
  for value in none void ""; do
    launch "AMD_VISIBLE_DEVICES=$value" -- /probe "${questions[@]}"
    sees "$name: '$value' gives no node, not even the one of all GPUs"
  done
  launch -- /probe "${questions[@]}"
  sees "$name: no request"

  launch AMD_VISIBLE_DEVICES=7 -- /probe id
  says "$name: an unknown GPU is named, with what exists" "$OUTPUT" "'7'" amd:0 amd:1:0 amd:1:1
  launch AMD_VISIBLE_DEVICES=0,7 -- /probe id
  says "$name: also beside one that is there" "$OUTPUT" "'7'"
  [ "$STATUS" -ne 0 ] && pass "$name: and the container does not start" ||
    fail "$name: and the container does not start" "$OUTPUT"
  launch AMD_VISIBLE_DEVICES=1 -- /probe id
  says "$name: a divided GPU is handed out in parts" "$OUTPUT" "amd:1 is not available" \
    "divided (cpx_nps1): ask for its partitions 1:0, 1:1"

  # The nodes of the host are root's own, mode 600.
  new_bundle "$tree" AMD_VISIBLE_DEVICES=0 -- /probe id open /dev/kfd open /dev/dri/renderD128 \
    open /dev/dri/renderD129
  bundle_edit '.process.user = {uid: 1234, gid: 5678} | del(.process.capabilities)'
  run_bundle
  has "$name: the container's own user can use them" "$OUTPUT" "id 1234 5678" "open /dev/kfd ok" \
    "open /dev/dri/renderD129 ENOENT"
  launch XPU_VISIBLE_DEVICES=amd:0,acme:1 -- /probe "${questions[@]}" open /dev/acme0 open /dev/acme1
  sees "$name: beside a device of another vendor" "${whole[@]}"
  has "$name: which is there too" "$OUTPUT" "open /dev/acme0 ENOENT" "open /dev/acme1 ok"
done

# A GPU that changes its mode: the next container knows.
echo SPX >"$root/sys/bus/pci/devices/0000:11:00.0/current_compute_partition"
echo NPS1 >"$root/sys/bus/pci/devices/0000:11:00.0/current_memory_partition"
rm -r "$root"/sys/devices/virtual/kfd/kfd/topology/nodes/3
launch AMD_VISIBLE_DEVICES=1 -- /probe "${questions[@]}"
sees "a GPU that is whole again" "${first[@]}"
same "node number of KFD" "$kfd" "$(stat -c %Hr:%Lr "$root/dev/kfd")"
finish
