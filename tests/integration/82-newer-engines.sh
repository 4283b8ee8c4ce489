# SPDX-License-Identifier: Apache-2.0
# `xpu-runtime configure` for the docker and containerd of newer Debians: files of version 3, dockerd's
# own check, and devices through the CRI, by our runtime and by its field for CDI devices.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/engines.sh"
. "$(dirname "$0")/devices.sh"
. "$(dirname "$0")/newer.sh"

newer_root
mkdir -p "$newer/etc/xpu-container-runtime"
mount --bind /etc/xpu-container-runtime "$newer/etc/xpu-container-runtime"
later rm -rf /run/cdi /run/xpu-cdi
configure() { OUTPUT=$(in_newer "$XPU" configure "$@"); STATUS=$?; }

# ---- docker
json=$newer/etc/docker/daemon.json
dir=$XPU_IT/docker-newer
mkdir -p "$dir"
newer_env=(DOCKER_HOST="unix://$dir/sock")
configure docker --cdi
same "configure docker" 0 "$STATUS"
says "it says what it did" "$OUTPUT" "docker: wrote /etc/docker/daemon.json, which is new"
ok "dockerd --validate" in_newer dockerd --validate --config-file /etc/docker/daemon.json
says "dockerd is content" "$OUTPUT" "configuration OK"
chroot "$newer" dockerd --data-root "$dir/data" --exec-root "$dir/exec" --pidfile "$dir/pid" \
  -H "unix://$dir/sock" --iptables=false --ip6tables=false --ip-forward=false --bridge=none \
  --cgroup-parent "$CGROUP" >"$dir/log" 2>&1 &
docker=$!
later stop_pid "$docker"
if wait_for 60 in_newer docker info; then
  tar -C "$XPU_TREES/debian" -cf "$XPU_IT/debian.tar" .
  in_newer docker import "$XPU_IT/debian.tar" debian:test >/dev/null
  rm "$XPU_IT/debian.tar"
  version=$(in_newer docker version --format '{{.Server.Version}}')
  OUTPUT=$(in_newer docker run --rm --network none --cap-add MKNOD --runtime xpu -e XPU_VISIBLE_DEVICES=acme:0 \
    debian:test /probe "${device_questions[@]}")
  gives "docker $version --runtime=xpu" 0
  says "docker $version reads CDI files" "$(in_newer docker info --format '{{json .}}')" '"CDISpecDirs":["'
else
  fail "the newer dockerd starts" "$(tail -n 5 "$dir/log")"
fi
stop_pid "$docker"
configure docker --remove
same "--remove takes the file away again" "" "$(ls "$json" 2>/dev/null)"

# ---- containerd, with a file of version 3
with_containerd_2 || finish
dir=$XPU_IT/containerd-newer
conf=$newer/etc/containerd/config.toml
mkdir -p "$dir/cni" "$newer/etc/containerd"
newer_env=(CONTAINERD_ADDRESS="$dir/sock")
containerd_head "$dir" 3 >"$conf"
cat >>"$conf" <<TOML

[plugins.'io.containerd.cri.v1.images']
  snapshotter = "native"
  [plugins.'io.containerd.cri.v1.images'.pinned_images]
    sandbox = "xpu.test/pause:1"

[plugins.'io.containerd.cri.v1.runtime']
  disable_apparmor = true
  restrict_oom_score_adj = true
  [plugins.'io.containerd.cri.v1.runtime'.cni]
    conf_dir = "$dir/cni"
TOML
cp "$conf" "$dir/pristine"
configure containerd --cdi
same "configure containerd" 0 "$STATUS"
says "it says what it did" "$OUTPUT" "containerd: wrote /etc/containerd/config.toml"
says "containerd 2 sees it" "$(in_newer containerd --config /etc/containerd/config.toml config dump)" \
  "runtimes.xpu]" "BinaryName = '$SHIM'" "container_annotations = ['xpu.dev/*', 'cdi.k8s.io/*']" "enable_cdi = true"
cp "$conf" "$dir/once"
configure containerd --cdi
same "twice is once" "$(cat "$dir/once")" "$(cat "$conf")"

containerd_up() {
  chroot "$newer" /usr/bin/env PATH="$newer_path" containerd >"$dir/log" 2>&1 &
  containerd=$!
  later stop_pid "$containerd"
  wait_for 60 in_newer ctr version || {
    fail "containerd 2 starts with it" "$(tail -n 5 "$dir/log")"
    finish
  }
}
containerd_up
pass "containerd 2 starts with it"
export CONTAINERD_ADDRESS=$dir/sock
ctr() { in_newer ctr "$@"; }
. "$(dirname "$0")/cri.sh"
ctr_import=(--local)  # the service's own way takes no snapshotter
cri_image debian "$XPU_TREES/debian"
cri_image pause "$XPU_TREES/busybox"
cri_suite "the CRI of containerd $(in_newer containerd --version | awk '{print $3}')"

# What the kubelet does with devices of a device plugin or of DRA: names in a field of their own.
ok "refresh" "$XPU" cdi refresh --backend sim
cri_devices='CDI_devices { name: "xpu.dev/acme=0" }'
cri_run "" -- /probe "${device_questions[@]}"
gives "CDI devices of the CRI, without our runtime" 0
cri_run xpu -- /probe "${device_questions[@]}"
gives "CDI devices of the CRI, given by containerd, with our runtime" 0
cri_devices='CDI_devices { name: "xpu.dev/acme=7" }'
cri_run "" -- /probe id
says "one that does not exist" "$OUTPUT" "xpu.dev/acme=7"
cri_devices=
stop_pid "$containerd"

configure containerd --remove
same "--remove gives the bytes back" "$(cat "$dir/pristine")" "$(cat "$conf")"
finish
