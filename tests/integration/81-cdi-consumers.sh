# SPDX-License-Identifier: Apache-2.0
# What `xpu-runtime cdi` writes, in the hands of engines that know nothing of this runtime: podman of
# Debian 12, and docker, podman and containerd of newer ones. The low-level runtimes are their own.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/engines.sh"
. "$(dirname "$0")/devices.sh"
. "$(dirname "$0")/newer.sh"

cp /etc/xpu-container-runtime/config.toml "$SCRATCH/config.before"
later cp "$SCRATCH/config.before" /etc/xpu-container-runtime/config.toml
later rm -rf /run/cdi /run/xpu-cdi
new_tree debian
tree=$REPLY
library=$(stat -c %d:%i "$XPU_IT/host/libacme.so.1.0")
first=$NODE0 second=$NODE1

# launch [--user USER] DEVICE... -- COMMAND...: defined for each engine.
devices() {
  options=()
  while [ "$1" != -- ]; do
    case $1 in
      --user) options+=(--user "$2") && shift ;;
      *) options+=(--device "$1") ;;
    esac
    shift
  done
  shift
  command=("$@")
}

# The two devices of the sim host.
sim_suite() {
  local engine=$1 kind=$2
  launch "$kind=0" -- /probe "${device_questions[@]}"
  gives "$engine: one device" 0
  launch "$kind=ACME-5f0c2a11" -- /probe "${device_questions[@]}"
  gives "$engine: a device by UUID" 1
  launch "$kind=0" "$kind=1" -- /probe "${device_questions[@]}"
  gives "$engine: two devices" 01
  launch "$kind=all" -- /probe "${device_questions[@]}"
  gives "$engine: all" 01
  launch "$kind=0" -- /probe env ACME_DRIVER link /dev/acme/by-path/first ls /etc/acme
  has "$engine: environment, links, data" "$OUTPUT" "env ACME_DRIVER=5.2.1" \
    "link /dev/acme/by-path/first ../../acme0" "ls /etc/acme graphics.json"
  launch "$kind=0" -- /ldprobe libacme.so.1 libacme.so
  says "$engine: the loader finds the driver library" "$OUTPUT" "lib libacme.so.1 /" "lib libacme.so /" " $library"
  launch --user 1000:1000 "$kind=0" -- /probe id open /dev/acme0
  has "$engine: an ordinary user opens the device" "$OUTPUT" "id 1000 1000" "open /dev/acme0 ok"
  launch "$kind=7" -- /probe id
  says "$engine: an unknown device is an error" "$OUTPUT" "$kind=7"
  silent "$engine: and starts nothing" "$OUTPUT" "id 0 0"
}

# ---- podman 4.3
bare_podman() {
  timeout 120 podman --cgroup-manager=cgroupfs --events-backend=file --storage-driver=vfs \
    --root "$XPU_IT/podman-cdi" --runroot /run/podman-cdi --runtime "$RUNTIME" run --rm "${podman_run[@]}" "$@" 2>&1 </dev/null
}
launch() {
  devices "$@"
  OUTPUT=$(bare_podman "${options[@]}" --rootfs "$tree" "${command[@]}")
}
ok "refresh" "$XPU" cdi refresh --backend sim
ok "refresh of the vendor's kind" "$XPU" cdi refresh --backend sim --kind vendor
for name in runc crun; do
  RUNTIME=$(command -v $name)
  sim_suite "podman 4, $name" xpu.dev/acme
done
launch sim.example/device=0 -- /probe "${device_questions[@]}"
gives "podman 4: a kind of the vendor's" 0

# ---- images with a copy of the library
new_tree debian
image=$REPLY
gcc -shared -o "$image/usr/lib/x86_64-linux-gnu/libacme.so.1" -Wl,-soname,libacme.so.1 -x c - <<<'int image_one;'
chroot "$image" ldconfig
OUTPUT=$(bare_podman --device xpu.dev/acme=0 --rootfs "$image" /ldprobe libacme.so.1)
says "an image's own copy in the loader's folder is covered" "$OUTPUT" " $library"
mkdir -p "$image/opt/lib"
mv "$image/usr/lib/x86_64-linux-gnu/libacme.so.1" "$image/opt/lib/"
echo /opt/lib >"$image/etc/ld.so.conf.d/opt.conf"
chroot "$image" ldconfig
OUTPUT=$(bare_podman --device xpu.dev/acme=0 --rootfs "$image" /ldprobe libacme.so.1)
says "one that the image's cache names wins, since no file can change the cache" "$OUTPUT" "lib libacme.so.1 /opt/lib/"
rm /run/cdi/*
mkdir -p /etc/cdi
later rm -rf /etc/cdi
ok "generate to the static folder" "$XPU" cdi generate --backend sim --output /etc/cdi/sim.yaml
launch xpu.dev/acme=1 -- /probe "${device_questions[@]}"
gives "podman 4: YAML of the static folder" 1
rm /etc/cdi/sim.yaml

# ---- a file of others, where the library would look for it twice: what refresh refuses
"$XPU" cdi refresh --backend sim >/dev/null
sed 's/"sim"/"twin"/' /run/cdi/xpu-sim.json >/run/cdi/twin.json
launch xpu.dev/acme=0 -- /probe id
silent "podman 4: a device that two files have is in neither (which refresh prevents)" "$OUTPUT" "id 0 0"
refused "refresh says so" "$XPU" cdi refresh --backend sim --device-name-strategy index
rm /run/cdi/twin.json

# ---- rootless podman
new_user tree
# podman has a device of an ordinary user from where the container will see it, so that here /dev
# itself must have it.
mkdir -p "$home/dev/pts" "$home/dev/shm"
for number in null zero full random urandom tty ptmx fuse; do
  [ ! -e "/dev/$number" ] || cp -a "/dev/$number" "$home/dev/"
done
mknod -m 666 "$home/dev/acme0" c "${NODE0%:*}" "${NODE0#*:}"
mknod -m 600 "$home/dev/acme1" c "${NODE1%:*}" "${NODE1#*:}"
mkdir -p "$SCRATCH/rootless/xpu-container-runtime"
sed "s|$XPU_IT/dev/|/dev/|" /etc/xpu-container-runtime/sim.toml >"$SCRATCH/rootless/sim.toml"
printf '[state]\ndirectory = "%s"\n[backends.sim]\nenabled = true\nhardware = "%s"\n' "$SCRATCH/rootless/state" \
  "$SCRATCH/rootless/sim.toml" >"$SCRATCH/rootless/xpu-container-runtime/config.toml"
# with_dev COMMAND...
with_dev() {
  unshare --mount bash -c 'mount --bind "$0/dev" /dev && mount -t tmpfs tmpfs /dev/shm && exec "$@"' "$home" "$@"
}
rootless() {
  OUTPUT=$(cd "$home" && with_dev timeout 120 setpriv --reuid=$user --regid=$user --clear-groups \
    env -i HOME="$home" USER="user$user" PATH="$PATH" XDG_RUNTIME_DIR=/run/user/$user \
    podman --cgroup-manager=cgroupfs --events-backend=file --storage-driver=vfs --runtime crun run --rm \
    --network=none --ulimit nofile=1024:1024 --ulimit nproc=1024:1024 "$@" 2>&1 </dev/null)
}
ok "refresh" with_dev env "XDG_CONFIG_HOME=$SCRATCH/rootless" "$XPU" cdi refresh --backend sim \
  --generated-dir /run/xpu-cdi
rootless --rootfs "$home/tree" /probe open /dev/acme0
if [[ $OUTPUT != *"open /dev/acme0 ENOENT"* ]]; then
  skip "rootless podman" "podman alone cannot start here: ${OUTPUT:0:200}"
else
  rootless --device xpu.dev/acme=0 --rootfs "$home/tree" /probe open /dev/acme0 open /dev/acme1 \
    link /dev/acme/by-path/first
  has "rootless podman: the device that the host opens to all" "$OUTPUT" "open /dev/acme0 ok" \
    "open /dev/acme1 ENOENT" "link /dev/acme/by-path/first ../../acme0"
  rootless --device xpu.dev/acme=0 --rootfs "$home/tree" /ldprobe libacme.so.1
  says "rootless podman: the loader finds the driver library" "$OUTPUT" " $library"
  rootless --device xpu.dev/acme=1 --rootfs "$home/tree" /probe open /dev/acme1
  silent "rootless podman: no right that the user does not have" "$OUTPUT" "open /dev/acme1 ok"
fi

# ---- kinds of vendors, on hosts made of stubs
nvidia_host() {
  local numbers=() number
  root=$SCRATCH/nvidia
  for number in $NODES; do
    numbers+=(--numbers "$number")
  done
  if ! OUTPUT=$("$XPU_BUILD/tests/fakes/make_driver_tree" \
    --listing "$XPU_FIXTURES/driver-listings/debian-trixie-nvidia-550" --root "$root" --gpus 2 "${numbers[@]}" 2>&1); then
    fail "make_driver_tree" "$OUTPUT"
    return 1
  fi
  cat >/etc/xpu-container-runtime/config.toml <<TOML
[backends.nvidia]
driver-root = "$root"
dev-root = "$root"
sys-root = "$root"
TOML
}
nvidia_suite() {
  local engine=$1
  launch nvidia.com/gpu=0 -- /probe open /dev/nvidia0 open /dev/nvidia1 open /dev/nvidiactl open /dev/nvidia-uvm
  has "$engine: one GPU" "$OUTPUT" "open /dev/nvidia0 ok" "open /dev/nvidia1 ENOENT" "open /dev/nvidiactl ok" \
    "open /dev/nvidia-uvm ok"
  launch nvidia.com/gpu=all -- /probe open /dev/nvidia0 open /dev/nvidia1
  has "$engine: all GPUs" "$OUTPUT" "open /dev/nvidia0 ok" "open /dev/nvidia1 ok"
  launch nvidia.com/gpu=0 -- /ldprobe libcuda.so.1 libnvidia-ml.so.1 libGLX_nvidia.so.0
  says "$engine: the loader finds the driver" "$OUTPUT" " $(file_of libcuda.so)" " $(file_of libnvidia-ml.so)" \
    " $(file_of libGLX_nvidia.so)"
  launch nvidia.com/gpu=0 -- /bin/sh -c nvidia-smi
  has "$engine: nvidia-smi runs" "$OUTPUT" "nvidia-smi $version (stub)"
}
file_of() { stat -c %d:%i "$(find "$root" -type f -name "$1.$version" -not -path '*i386*' | head -n 1)"; }

rm -f /run/cdi/*
if [ ! -d "$XPU_FIXTURES/driver-listings" ]; then
  skip "nvidia" "no $XPU_FIXTURES/driver-listings"
elif nvidia_host; then
  version=$("$XPU" detect --json | jq -r '.devices[0].driver')
  ok "refresh of NVIDIA's kind" "$XPU" cdi refresh --backend nvidia --kind vendor
  same "its kind" nvidia.com/gpu "$(jq -r .kind /run/cdi/xpu-nvidia-nvidia.com-gpu.json)"
  same "of the version that old readers know" 0.5.0 "$(jq -r .cdiVersion /run/cdi/xpu-nvidia-nvidia.com-gpu.json)"
  nvidia_suite "podman 4"
  # Below another root: the driver's files of a driver container.
  mv "$root" "$root.moved"
  ok "the driver's root is elsewhere" "$XPU" cdi generate --backend nvidia --root "$root.moved" \
    --option "dev-root=$root.moved" --option "sys-root=$root.moved" --format json --output "$SCRATCH/moved.json"
  says "host paths are there, container paths as ever" \
    "$(jq -r '.containerEdits.mounts[] | select(.containerPath == "/usr/bin/nvidia-smi") | .hostPath' "$SCRATCH/moved.json")" \
    "$root.moved/usr/"
  mv "$root.moved" "$root"
fi

amd=$SCRATCH/amd
numbers=()
for number in $NODES; do
  numbers+=(--numbers "$number")
done
ok "an AMD host" "$XPU_BUILD/tests/fakes/make_amd_machine" --root "$amd" --gpus 2 --divided 1 --parts 2 "${numbers[@]}"
printf '[backends.amd]\nsys-root = "%s"\ndev-root = "%s"\ndriver-root = "%s"\n' "$amd" "$amd" "$amd" \
  >>/etc/xpu-container-runtime/config.toml
ok "refresh of AMD's kind" "$XPU" cdi refresh --backend amd --kind vendor --device-name-strategy index
same "names of whole GPUs and parts" "amd.com/gpu 0 1:0 1:1 all" \
  "$(jq -r '[.kind, .devices[].name] | join(" ")' /run/cdi/xpu-amd-amd.com-gpu.json)"
launch amd.com/gpu=0 -- /probe ls /dev/dri ls /dev
says "podman 4: one AMD GPU" "$OUTPUT" "ls /dev/dri by-path card0 renderD128" " kfd "
launch amd.com/gpu=1:1 -- /probe ls /dev/dri
has "podman 4: a part of an AMD GPU" "$OUTPUT" "ls /dev/dri by-path card2 renderD130"

intel=$SCRATCH/intel
ok "an Intel host" "$XPU_BUILD/tests/fakes/make_intel_tree" --machine mixed --root "$intel" \
  --number /dev/dri/card0="$first" --number /dev/dri/renderD128="$first" --number /dev/accel/accel0="$second"
printf '[backends.intel]\nsys-root = "%s"\ndev-root = "%s"\ndriver-root = "%s"\n' "$intel" "$intel" "$intel" \
  >>/etc/xpu-container-runtime/config.toml
ok "refresh of Intel's kinds" "$XPU" cdi refresh --backend intel --kind vendor --device-name-strategy index
same "three kinds" "intel.com/gaudi intel.com/gpu intel.com/npu" "$(jq -r .kind /run/cdi/xpu-intel-*.json | sort | xargs)"
launch intel.com/gpu=0 -- /probe open /dev/dri/card0 open /dev/dri/renderD128 open /dev/dri/card1 open /dev/accel/accel0
has "podman 4: one Intel GPU" "$OUTPUT" "open /dev/dri/card0 ok" "open /dev/dri/renderD128 ok" \
  "open /dev/dri/card1 ENOENT" "open /dev/accel/accel0 ENOENT"
launch intel.com/gpu=0 -- /probe link /dev/dri/by-path/pci-0000:03:00.0-render
has "podman 4: its link" "$OUTPUT" "link /dev/dri/by-path/pci-0000:03:00.0-render ../renderD128"
launch intel.com/npu=2 -- /probe open /dev/dri/card0 open /dev/accel/accel0
has "podman 4: an NPU" "$OUTPUT" "open /dev/dri/card0 ENOENT" "open /dev/accel/accel0 ok"
launch nvidia.com/gpu=0 amd.com/gpu=0 intel.com/npu=2 -- /probe open /dev/accel/accel0 ls /dev/dri ls /dev
says "podman 4: devices of several vendors" "$OUTPUT" "open /dev/accel/accel0 ok" " renderD128" " kfd " "nvidiactl"

if [ -n "${version:-}" ]; then
  refused "one kind for what two backends have" "$XPU" cdi generate --backend amd,nvidia --kind my.example/gpu
  says "it names both" "$OUTPUT" \
    "the backends amd and nvidia both have devices for my.example/gpu; choose one with --backend"
fi

# ---- newer engines
newer_root
newer_env=(DOCKER_HOST="unix://$XPU_IT/docker-cdi/sock" CONTAINERD_ADDRESS="$XPU_IT/containerd-cdi/sock"
  PODMAN_IGNORE_CGROUPSV1_WARNING=1)
# The sim host beside NVIDIA's.
rm -f /run/cdi/xpu-amd-* /run/cdi/xpu-intel-*
cp "$SCRATCH/config.before" /etc/xpu-container-runtime/config.toml
"$XPU" cdi refresh --backend sim >/dev/null

launch() {
  devices "$@"
  OUTPUT=$(in_newer podman --cgroup-manager=cgroupfs --events-backend=file --storage-driver=vfs \
    --root "$XPU_IT/podman5-cdi" --runroot /run/podman --runtime "$RUNTIME" run --rm "${podman_run[@]}" \
    "${options[@]}" --rootfs "$tree" "${command[@]}")
}
for RUNTIME in runc crun; do
  sim_suite "$(in_newer podman --version), $RUNTIME" xpu.dev/acme
done
[ -z "${version:-}" ] || nvidia_suite "podman 5"

docker=$XPU_IT/docker-cdi
mkdir -p "$docker"
echo '{"features":{"cdi":true}}' >"$docker/daemon.json"
chroot "$newer" dockerd --config-file "$docker/daemon.json" --data-root "$docker/data" --exec-root "$docker/exec" \
  --pidfile "$docker/pid" -H "unix://$docker/sock" --iptables=false --ip6tables=false --ip-forward=false \
  --bridge=none --cgroup-parent "$CGROUP" >"$docker/log" 2>&1 &
later stop_pid $!
if ! wait_for 60 in_newer docker info; then
  fail "the newer dockerd starts" "$(tail -n 5 "$docker/log")"
else
  tar -C "$XPU_TREES/debian" -cf "$XPU_IT/debian.tar" .
  in_newer docker import "$XPU_IT/debian.tar" debian:test >/dev/null
  rm "$XPU_IT/debian.tar"
  launch() {
    devices "$@"
    OUTPUT=$(in_newer docker run --rm --network none --cap-add MKNOD "${options[@]}" debian:test "${command[@]}")
  }
  sim_suite "docker $(in_newer docker version --format '{{.Server.Version}}')" xpu.dev/acme
  [ -z "${version:-}" ] || nvidia_suite "docker"
  rm -f /run/cdi/xpu-sim.json
  launch xpu.dev/acme=0 -- /probe id
  says "docker notices that the file went" "$OUTPUT" "unresolvable CDI devices xpu.dev/acme=0"
  "$XPU" cdi refresh --backend sim >/dev/null
  launch xpu.dev/acme=0 -- /probe "${device_questions[@]}"
  gives "docker notices that it came back, without a restart" 0
fi

with_containerd_2 || finish
containerd=$XPU_IT/containerd-cdi
mkdir -p "$containerd"
containerd_head "$containerd" 2 "$no_cri" >"$containerd/config.toml"
chroot "$newer" /usr/bin/env PATH="$newer_path" containerd -c "$containerd/config.toml" >"$containerd/log" 2>&1 &
later stop_pid $!
if ! wait_for 60 in_newer ctr version; then
  fail "the newer containerd starts" "$(tail -n 5 "$containerd/log")"
  finish
fi
launch() {
  devices "$@"
  serial=$((serial + 1))
  OUTPUT=$(in_newer ctr run --rm --cgroup "$CGROUP/ctr$serial" --cap-add CAP_MKNOD "${options[@]}" \
    --rootfs "$tree" "cdi$serial" "${command[@]}")
}
sim_suite "containerd $(in_newer containerd --version | awk '{print $3}')" xpu.dev/acme
[ -z "${version:-}" ] || nvidia_suite "containerd"
finish
