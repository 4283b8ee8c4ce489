# SPDX-License-Identifier: Apache-2.0
# Parts of NVIDIA GPUs, what a container gets only when it asks, and what no container gets: on a
# host made of stubs, with a fake NVML.
. "$(dirname "$0")/lib.sh"

if [ ! -d "$XPU_FIXTURES/driver-listings" ]; then
  skip "nvidia" "no $XPU_FIXTURES/driver-listings"
  finish
fi

# GPU 0 whole; GPU 1 divided in two; GPU 2 in MIG mode, not divided. Instances 7 and 8 of GPU 1:
# 3 + 135 + 9 * 7, and each one's compute instance has the next number.
caps=/dev/nvidia-caps/nvidia-cap
first=(201 202) second=(210 211)
read -ra spare <<<"$NODES"
root=$SCRATCH/host
# Numbers that open where there are enough of them; with others an allowed node says ENXIO.
numbers=()
for cap in "${first[@]}" "${second[@]}"; do
  [ ${#spare[@]} -gt 0 ] || break
  numbers+=(--number-of "$caps$cap=${spare[0]}")
  spare=("${spare[@]:1}")
done
if ! made=$("$XPU_BUILD/tests/fakes/make_driver_tree" \
  --listing "$XPU_FIXTURES/driver-listings/debian-trixie-nvidia-550" --root "$root" --gpus 3 \
  --mig 1=2 --mig 2=0 --numbers 240:100 "${numbers[@]}" 2>&1); then
  fail "make_driver_tree" "$made"
  finish
fi
mkdir -p "$root/dev/infiniband" "$root/run/udev/data" "$root/etc"
mknod "$root/dev/gdrdrv" c 240 90
mknod "$root/dev/infiniband/rdma_cm" c 240 91
mknod "$root/dev/infiniband/uverbs0" c 240 92
echo E:ID_MODEL=acme >"$root/run/udev/data/b259:0"
echo '{}' >"$root/etc/cufile.json"

# number_of NODE
number_of() { sed -n "s|^$1 ||p" <<<"$made"; }
# opens NODE...: lines by which a probe says that it may use them.
opens() {
  local node number
  for node in "$@"; do
    number=$(number_of "$node")
    case " $NODES " in
      *" $number "*) echo "open $node ok" ;;
      *) echo "open $node ENXIO" ;;
    esac
  done
}

cat >/etc/xpu-container-runtime/config.toml.new <<TOML
[backends.nvidia]
driver-root = "$root"
dev-root = "$root"
sys-root = "$root"
TOML
cp /etc/xpu-container-runtime/config.toml "$SCRATCH/config.before"
later cp "$SCRATCH/config.before" /etc/xpu-container-runtime/config.toml
mv /etc/xpu-container-runtime/config.toml.new /etc/xpu-container-runtime/config.toml

new_tree debian
tree=$REPLY
launch() { new_bundle "$tree" "$@" && run_bundle; }
# launch_as_admin: the same, with CAP_SYS_ADMIN.
launch_as_admin() {
  local env=()
  while [ "$1" != -- ]; do
    env+=("$1")
    shift
  done
  shift
  new_bundle "$tree" ${env[@]+"${env[@]}"} -- "$@"
  bundle_edit '.process.capabilities |= map_values(. + ["CAP_SYS_ADMIN"])'
  run_bundle
}

nodes=(/dev/nvidia0 /dev/nvidia1 /dev/nvidia2)
for cap in 1 2 "${first[@]}" "${second[@]}"; do
  nodes+=("$caps$cap")
done
ask=(/probe)
for node in "${nodes[@]}"; do
  ask+=(open "$node" node "$(number_of "$node")")
done
# shows NAME NODE...: OUTPUT shows exactly these of all `nodes`; others can neither be seen nor,
# though the container may make nodes, be used.
shows() {
  local name=$1 node lines=()
  shift
  for node in "${nodes[@]}"; do
    if [[ " $* " == *" $node "* ]]; then
      lines+=("$(opens "$node")")
    else
      lines+=("open $node ENOENT" "node $(number_of "$node") EPERM")
    fi
  done
  has "$name" "$OUTPUT" "${lines[@]}"
}
of_first=(/dev/nvidia1 "$caps${first[0]}" "$caps${first[1]}")
of_second=(/dev/nvidia1 "$caps${second[0]}" "$caps${second[1]}")

mig_suite() {
  local with=$1 gpu part
  gpu=$("$XPU" detect --json | jq -r '.devices[] | select(.index == "1") | .uuid')
  part=$("$XPU" detect --json | jq -r '.devices[] | select(.index == "1:1") | .uuid')
  launch NVIDIA_VISIBLE_DEVICES=1:0 -- "${ask[@]}"
  shows "$with: a partition by its place" "${of_first[@]}"
  launch "NVIDIA_VISIBLE_DEVICES=$part" -- "${ask[@]}"
  shows "$with: a partition by its UUID" "${of_second[@]}"
  launch "NVIDIA_VISIBLE_DEVICES=MIG-$gpu/7/0" -- "${ask[@]}"
  shows "$with: a partition by its instances" "${of_first[@]}"
  launch "NVIDIA_VISIBLE_DEVICES=0,1:1" -- "${ask[@]}"
  shows "$with: a GPU and a partition of another" /dev/nvidia0 "${of_second[@]}"
  launch NVIDIA_VISIBLE_DEVICES=all -- "${ask[@]}"
  shows "$with: all is whole GPUs and partitions" /dev/nvidia0 "${of_first[@]}" "${of_second[@]}"
  launch NVIDIA_VISIBLE_DEVICES=1 -- /probe id
  says "$with: a divided GPU is not given whole" "$OUTPUT" "in MIG mode: ask for its partitions 1:0, 1:1"
  launch NVIDIA_VISIBLE_DEVICES=2 -- /probe id
  says "$with: nor one that could be divided" "$OUTPUT" "in MIG mode without partitions"
  launch NVIDIA_VISIBLE_DEVICES=MIG-nonsense -- /probe id
  says "$with: an unknown partition is named" "$OUTPUT" MIG-nonsense nvidia:1:0 nvidia:1:1
  # The driver's own word that nodes may be made is there to read; the cgroup is what counts.
  launch -- "${ask[@]}"
  shows "$with: who asks for nothing can use nothing, also not a node made by itself"
}

graphics_suite() {
  local with=$1 dri=(/dev/dri/card1 /dev/dri/renderD128) path=/dev/dri/by-path/pci-0000:01:00.0
  local question=(/probe open /dev/nvidia-modeset open "${dri[0]}" open "${dri[1]}"
    link $path-card link $path-render open $path-render open /dev/dri/card2 node "$(number_of /dev/dri/card2)")
  for capability in graphics display; do
    launch NVIDIA_VISIBLE_DEVICES=0 NVIDIA_DRIVER_CAPABILITIES=$capability -- "${question[@]}"
    mapfile -t lines < <(opens /dev/nvidia-modeset "${dri[@]}")
    has "$with: $capability brings the GPU's DRM nodes and modeset" "$OUTPUT" "${lines[@]}" \
      "link $path-card ../card1" "link $path-render ../renderD128" "open /dev/dri/card2 ENOENT" \
      "node $(number_of /dev/dri/card2) EPERM" "open $path-render ENXIO"
  done
  launch NVIDIA_VISIBLE_DEVICES=1:0 NVIDIA_DRIVER_CAPABILITIES=all -- /probe ls /dev/dri
  has "$with: a partition that cannot draw has none" "$OUTPUT" "ls /dev/dri ENOENT"
}

feature_suite() {
  local with=$1 all=(/probe open /dev/nvidia-fs0 open /dev/infiniband/uverbs0 open /dev/infiniband/rdma_cm
    open /dev/gdrdrv open /dev/nvidia-nvswitchctl open /dev/nvidia-nvswitch0
    open /dev/nvidia-caps-imex-channels/channel0 ls /run/udev ls /etc/cufile.json)
  launch NVIDIA_VISIBLE_DEVICES=0 NVIDIA_DRIVER_CAPABILITIES=all -- "${all[@]}"
  silent "$with: all capabilities are no feature" "$OUTPUT" ENXIO
  launch NVIDIA_VISIBLE_DEVICES=0 NVIDIA_GDS=enabled -- "${all[@]}" ls /run/udev/data
  has "$with: GDS" "$OUTPUT" "open /dev/nvidia-fs0 ENXIO" "ls /run/udev/data b259:0" \
    "ls /etc/cufile.json ENOTDIR" "open /dev/gdrdrv ENOENT" "open /dev/nvidia-nvswitchctl ENOENT"
  launch NVIDIA_VISIBLE_DEVICES=0 NVIDIA_MOFED=enabled -- "${all[@]}"
  has "$with: MOFED" "$OUTPUT" "open /dev/infiniband/uverbs0 ENXIO" \
    "open /dev/infiniband/rdma_cm ENXIO" "open /dev/nvidia-fs0 ENOENT"
  launch NVIDIA_VISIBLE_DEVICES=0 NVIDIA_GDRCOPY=enabled NVIDIA_NVSWITCH=enabled -- "${all[@]}"
  has "$with: GDRCOPY and NVSWITCH" "$OUTPUT" "open /dev/gdrdrv ENXIO" \
    "open /dev/nvidia-nvswitchctl ENXIO" "open /dev/nvidia-nvswitch0 ENXIO"
  silent "$with: and nothing of GDS" "$OUTPUT" "ls /run/udev data"
  launch NVIDIA_VISIBLE_DEVICES=0 NVIDIA_IMEX_CHANNELS=channel0 -- "${all[@]}"
  has "$with: an IMEX channel" "$OUTPUT" "open /dev/nvidia-caps-imex-channels/channel0 ENXIO"
  launch NVIDIA_VISIBLE_DEVICES=0 NVIDIA_IMEX_CHANNELS=5 -- /probe id
  [ "$STATUS" -ne 0 ] || fail "$with: a channel that is not there" "$OUTPUT"
  says "$with: a channel that is not there fails the start" "$OUTPUT" NVIDIA_IMEX_CHANNELS 5

  local monitor=(/probe open "${caps}1" open "${caps}2" open "$caps${second[0]}" open /dev/nvidia2)
  launch NVIDIA_VISIBLE_DEVICES=1:0 NVIDIA_MIG_CONFIG_DEVICES=all -- /probe id
  [ "$STATUS" -ne 0 ] || fail "$with: rights over MIG need privilege" "$OUTPUT"
  says "$with: rights over MIG need privilege" "$OUTPUT" NVIDIA_MIG_CONFIG_DEVICES CAP_SYS_ADMIN
  launch_as_admin NVIDIA_VISIBLE_DEVICES=all NVIDIA_MIG_CONFIG_DEVICES=all -- "${monitor[@]}"
  mapfile -t lines < <(opens "${caps}1" "$caps${second[0]}" /dev/nvidia2)
  has "$with: mig-config" "$OUTPUT" "${lines[@]}" "open ${caps}2 ENOENT"
  launch_as_admin NVIDIA_VISIBLE_DEVICES=1:0 NVIDIA_MIG_MONITOR_DEVICES=all -- "${monitor[@]}"
  mapfile -t lines < <(opens "${caps}2" "$caps${second[0]}")
  has "$with: mig-monitor is over the whole GPU" "$OUTPUT" "${lines[@]}" "open ${caps}1 ENOENT"
}

# required CUDA DRIVER...: the text of CUDA's own images.
required() {
  local text="cuda>=$1" driver brand
  shift
  for driver in "$@"; do
    for brand in unknown grid tesla nvidia quadro quadrortx nvidiartx vapps vpc vcs vws cloudgaming; do
      text+=" brand=$brand,driver>=$driver,driver<$((driver + 1))"
    done
  done
  echo "$text"
}

requirement_suite() {
  local with=$1 cuda=NVIDIA_REQUIRE_CUDA
  launch NVIDIA_VISIBLE_DEVICES=0 "$cuda=cuda>=12.4 brand=tesla,driver>=470,driver<471" -- /probe id
  has "$with: a requirement that is met" "$OUTPUT" "id 0 0"
  launch NVIDIA_VISIBLE_DEVICES=0 \
    "$cuda=cuda>=13.0 brand=tesla,driver>=535,driver<536 brand=nvidia,driver>=550,driver<551" -- /probe id
  has "$with: met by the brand and an older driver" "$OUTPUT" "id 0 0"
  launch NVIDIA_VISIBLE_DEVICES=0 \
    "$cuda=cuda>=13.0 brand=tesla,driver>=550,driver<551 brand=nvidia,driver>=570,driver<571" -- /probe id
  says "$with: one that is not met names it and the host's" "$OUTPUT" $cuda "cuda>=13.0" 12.4
  # As the images of CUDA 12.8 and 13.2 have it.
  launch NVIDIA_VISIBLE_DEVICES=0 "$cuda=$(required 12.8 470 535 550 560 565)" -- /probe id
  has "$with: an image that takes this driver's branch" "$OUTPUT" "id 0 0"
  launch NVIDIA_VISIBLE_DEVICES=0 "$cuda=$(required 13.2 535 570 580 590)" -- /probe id
  says "$with: an image that takes another" "$OUTPUT" $cuda "cuda>=13.2"
  launch NVIDIA_VISIBLE_DEVICES=0 "$cuda=cuda>=13.0" NVIDIA_DISABLE_REQUIRE=true -- /probe id
  has "$with: the check can be switched off" "$OUTPUT" "id 0 0"
  launch NVIDIA_VISIBLE_DEVICES=1:0 "NVIDIA_REQUIRE_ARCH=arch>=9.0" -- /probe id
  says "$with: a partition has its GPU's architecture" "$OUTPUT" NVIDIA_REQUIRE_ARCH "arch>=9.0" 8.0
  launch NVIDIA_VISIBLE_DEVICES=0 NVIDIA_REQUIRE_JETPACK=csv-mounts=all -- /probe id
  has "$with: that of Tegra images is none" "$OUTPUT" "id 0 0"
  launch NVIDIA_VISIBLE_DEVICES=0 CUDA_VERSION=12.4.131 -- /probe id
  has "$with: an old image says CUDA_VERSION" "$OUTPUT" "id 0 0"
  launch NVIDIA_VISIBLE_DEVICES=0 CUDA_VERSION=13.1.0 -- /probe id
  says "$with: and needs what it says" "$OUTPUT" CUDA_VERSION "cuda>=13.1"
}

for name in runc crun; do
  RUNTIME=$(command -v $name)
  mig_suite $name
done
graphics_suite crun
feature_suite crun
requirement_suite crun
finish
