# SPDX-License-Identifier: Apache-2.0
# The machine that the tests see: private folders over those of the host, the installed product,
# hardware that does not exist. Sourced by tests/integration/run only.

# Character nodes that open for root on an ordinary kernel and that no engine allows by default, so
# that both "allowed" and "denied" can be proved: loop-control, btrfs-control, autofs, cpuid,
# userfaultfd, cpu_dma_latency, vga_arbiter.
node_candidates="10:237 10:234 10:235 203:0 10:257 10:259 10:256"

sandbox_enter() {
  local folder
  for folder in /etc /var/lib /var/log; do
    mkdir -p "$XPU_IT/over$folder/upper" "$XPU_IT/over$folder/work"
    mount -t overlay overlay "$folder" \
      -o "lowerdir=$folder,upperdir=$XPU_IT/over$folder/upper,workdir=$XPU_IT/over$folder/work" || return 1
  done
  # Nothing of a product that the host has: gone in these overlays, and there only.
  rm -rf /etc/xpu-container-runtime /etc/cdi /var/lib/xpu /var/log/xpu || return 1
  mount -t tmpfs -o mode=755 tmpfs /run && mkdir -p /run/lock || return 1
  for folder in /var/lib/docker /var/lib/containerd /var/lib/containers /opt/containerd; do
    if [ -d "$folder" ]; then
      mount -t tmpfs tmpfs "$folder" || return 1
    fi
  done
  mount -t tmpfs -o mode=1777 tmpfs /dev/shm || return 1
  # crun 1.8 gives up on a cgroup2 mount beside the cgroup1 hierarchies.
  if mountpoint -q /sys/fs/cgroup/unified; then
    umount /sys/fs/cgroup/unified || return 1
  fi
}

sandbox_nodes() {
  local candidate found=() path
  mkdir -p "$XPU_IT/dev"
  for candidate in $node_candidates; do
    path=$XPU_IT/dev/try
    mknod "$path" c "${candidate%:*}" "${candidate#*:}" || return 1
    if (exec 3<>"$path") 2>/dev/null; then
      found+=("$candidate")
    fi
    rm -f "$path"
  done
  if [ ${#found[@]} -lt 3 ]; then
    echo "fewer than 3 of these device numbers open on this kernel: $node_candidates"
    return 1
  fi
  # The two that sim devices have, and one that nobody is ever given.
  export NODE0=${found[0]} NODE1=${found[1]} NODE_OTHER=${found[2]} NODES="${found[*]}"
  mknod "$XPU_IT/dev/acme0" c "${NODE0%:*}" "${NODE0#*:}"
  mknod "$XPU_IT/dev/acme1" c "${NODE1%:*}" "${NODE1#*:}"
  chmod 600 "$XPU_IT"/dev/*
}

# The driver files of the sim host; the library is nothing but its name.
sandbox_driver() {
  mkdir -p "$XPU_IT/host"
  echo '{}' >"$XPU_IT/host/graphics.json"
  gcc -shared -o "$XPU_IT/host/libacme.so.1.0" -Wl,-soname,libacme.so.1 -x c - <<<'int acme_one;'
}

# Two devices of a vendor that does not exist.
sandbox_config() {
  mkdir -p /etc/xpu-container-runtime
  cat >/etc/xpu-container-runtime/sim.toml <<TOML
capabilities = ["compute", "utility", "graphics"]

[[devices]]
vendor = "acme"
index = "0"
name = "Acme One"
uuid = "ACME-5f0c2a10"
memory = "24GiB"
architecture = "a1"
driver = "5.2.1"
pci = "0000:65:00.0"
nodes = [{ host = "$XPU_IT/dev/acme0", container = "/dev/acme0" }]
links = [{ path = "/dev/acme/by-path/first", target = "../../acme0" }]

[[devices]]
vendor = "acme"
index = "1"
name = "Acme One"
uuid = "ACME-5f0c2a11"
memory = "24GiB"
nodes = [{ host = "$XPU_IT/dev/acme1", container = "/dev/acme1" }]

[[files]]
kind = "library"
host = "$XPU_IT/host/libacme.so.1.0"
links = ["libacme.so"]

[[files]]
kind = "data"
host = "$XPU_IT/host/graphics.json"
container = "/etc/acme/graphics.json"
capability = "graphics"

[[env]]
name = "ACME_DRIVER"
value = "5.2.1"
TOML
  cat >/etc/xpu-container-runtime/config.toml <<TOML
[backends.sim]
enabled = true
hardware = "/etc/xpu-container-runtime/sim.toml"
TOML
}

sandbox_install() {
  set -x
  cmake --install "$1" --prefix "$XPU_IT/prefix" || return 1
  sandbox_nodes || return 1
  sandbox_driver || return 1
  sandbox_config || return 1
  set +x
}
