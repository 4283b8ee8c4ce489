# SPDX-License-Identifier: Apache-2.0
# The engines of newer Debians, in a root of their own that sees the sandbox's hardware and programs.
# shellcheck shell=bash

# newer_root: makes it, as $newer, or ends the script where none can be had.
newer_root() {
  local folder
  if ! OUTPUT=$("$(dirname "$0")/newer_engines" "$XPU_TREES" 2>&1); then
    skip "newer engines" "no Debian 13 from this mirror: $OUTPUT"
    finish
  fi
  new_tree engines
  newer=$REPLY
  for folder in /proc /sys /dev "$XPU_IT"; do
    mkdir -p "$newer$folder"
    mount --rbind "$folder" "$newer$folder"
  done
  mount -t tmpfs -o mode=755 tmpfs "$newer/run"
  # CDI files, and the folders of links that they name.
  for folder in /run/cdi /run/xpu-cdi; do
    mkdir -p "$folder" "$newer$folder"
    mount --bind "$folder" "$newer$folder"
  done
}

# in_newer COMMAND...: in it; `newer_path` is its PATH, `newer_env` has variables that engines want.
newer_path=/usr/sbin:/usr/bin:/sbin:/bin
newer_env=()
in_newer() {
  timeout 120 chroot "$newer" /usr/bin/env -i PATH="$newer_path" HOME=/root \
    ${newer_env[@]+"${newer_env[@]}"} "$@" 2>&1 </dev/null
}

# with_containerd_2: from here on in_newer means the containerd of Debian's testing; fails where it
# could not be had.
with_containerd_2() {
  if [ ! -x "$newer/opt/containerd/usr/bin/ctr" ]; then
    skip "containerd 2" "Debian's testing could not be had when build/rootfs/engines was made"
    return 1
  fi
  newer_path=/opt/containerd/usr/bin:/usr/sbin:/usr/bin:/sbin:/bin
}
