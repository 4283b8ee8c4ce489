# SPDX-License-Identifier: Apache-2.0
# Starts the engines of Debian in the sandbox, each with folders of its own. What they start ends
# with the sandbox at the latest; a test that is done stops its engine.
# shellcheck shell=bash

stop_pid() {
  kill "$1" 2>/dev/null || return 0
  wait_for 20 eval "! kill -0 $1" || kill -9 "$1"
}

# --- docker --------------------------------------------------------------------------------------
# start_dockerd: a daemon with the runtimes xpu (low-level runtime by configuration) and the images
# debian:test and busybox:test.
start_dockerd() {
  local dir=$XPU_IT/docker tree
  rm -rf "$dir" && mkdir -p "$dir"
  DOCKER_HOST=unix://$dir/sock
  export DOCKER_HOST
  dockerd --data-root "$dir/data" --exec-root "$dir/exec" --pidfile "$dir/pid" -H "$DOCKER_HOST" \
    --iptables=false --ip-forward=false --bridge=none --cgroup-parent "$CGROUP" \
    --add-runtime "xpu=$SHIM" >"$dir/log" 2>&1 &
  later stop_pid $!
  if ! wait_for 60 docker info; then
    fail "dockerd starts" "$(tail -n 5 "$dir/log")"
    finish
  fi
  for tree in debian busybox; do
    tar -C "$XPU_TREES/$tree" -c . | docker import - "$tree:test" >/dev/null || {
      fail "docker import $tree"
      finish
    }
  done
}

# in_docker IMAGE [DOCKER-OPTION...] -- COMMAND...
in_docker() {
  local image=$1 options=()
  shift
  while [ "$1" != -- ]; do
    options+=("$1")
    shift
  done
  shift
  OUTPUT=$(timeout 120 docker run --rm --runtime xpu --network none ${options[@]+"${options[@]}"} \
    "$image:test" "$@" 2>&1 </dev/null)
  STATUS=$?
}

# --- containerd ----------------------------------------------------------------------------------
# containerd_head DIR VERSION [LINE]: how a configuration begins for a daemon with folders of its own.
containerd_head() {
  cat <<TOML
version = $2
root = "$1/root"
state = "$1/state"
${3:-}
[grpc]
address = "$1/sock"
[plugins."io.containerd.internal.v1.opt"]
path = "$1/opt"
TOML
}
no_cri='disabled_plugins = ["io.containerd.grpc.v1.cri"]'
start_containerd() {
  local dir=$XPU_IT/containerd
  rm -rf "$dir" && mkdir -p "$dir"
  containerd_head "$dir" 2 "$no_cri" >"$dir/config.toml"
  CONTAINERD_ADDRESS=$dir/sock
  export CONTAINERD_ADDRESS
  containerd -c "$dir/config.toml" >"$dir/log" 2>&1 &
  later stop_pid $!
  if ! wait_for 60 ctr version; then
    fail "containerd starts" "$(tail -n 5 "$dir/log")"
    finish
  fi
}

# in_containerd TREE [CTR-OPTION...] -- COMMAND...
in_containerd() {
  local tree=$1 options=()
  shift
  while [ "$1" != -- ]; do
    options+=("$1")
    shift
  done
  shift
  serial=$((serial + 1))
  OUTPUT=$(timeout 120 ctr run --rm --runc-binary "$SHIM" --cgroup "$CGROUP/ctr$serial" \
    ${options[@]+"${options[@]}"} --rootfs "$tree" "ctr$serial" "$@" 2>&1 </dev/null)
  STATUS=$?
}

# --- podman --------------------------------------------------------------------------------------
podman_root() {
  timeout 120 podman --cgroup-manager=cgroupfs --events-backend=file --storage-driver=vfs \
    --root "$XPU_IT/podman" --runroot /run/podman --runtime "$SHIM" "$@" </dev/null
}
# What every container gets: limits that a root without CAP_SYS_RESOURCE may set.
podman_run=(--network=none --cgroup-parent "$CGROUP" --cap-add=MKNOD
  --ulimit nofile=1024:1024 --ulimit nproc=1024:1024)

# in_podman TREE [PODMAN-OPTION...] -- COMMAND...   as root
in_podman() {
  local tree=$1 options=()
  shift
  while [ "$1" != -- ]; do
    options+=("$1")
    shift
  done
  shift
  OUTPUT=$(podman_root run --rm "${podman_run[@]}" ${options[@]+"${options[@]}"} --rootfs "$tree" \
    "$@" 2>&1)
  STATUS=$?
}
