# SPDX-License-Identifier: Apache-2.0
# Containers in a user namespace get their device or a clear error, never a silent start.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/devices.sh"

# A tree that belongs to the container's root, as engines make them.
owned_tree() {
  serial=$((serial + 1))
  REPLY=$SCRATCH/owned$serial
  cp -a "$XPU_TREES/distroless" "$REPLY"
  chown -R "$1:$1" "$REPLY"
}

# mapped_bundle ENV... -- COMMAND...: container ids 0 to 65535 are host ids from 100000.
mapped_bundle() {
  owned_tree 100000
  new_bundle "$REPLY" "$@"
  bundle_edit '.linux.namespaces += [{type: "user"}]
    | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}]
    | .linux.gidMappings = .linux.uidMappings'
}

ours=" $(stat -c %d:%i "$XPU_IT/host/libacme.so.1.0")"
for name in runc crun; do
  RUNTIME=$(command -v $name)
  # Every user of the host may open this one.
  chmod 666 "$XPU_IT/dev/acme0"
  mapped_bundle XPU_VISIBLE_DEVICES=acme:0 -- /probe open /dev/acme0 open /dev/acme1
  run_bundle
  has "$name, mapped root: the device opens, the other is not there" "$OUTPUT" \
    "open /dev/acme0 ok" "open /dev/acme1 ENOENT"
  mapped_bundle XPU_VISIBLE_DEVICES=acme:0 -- /ldprobe libacme.so.1
  run_bundle
  says "$name, mapped root: the loader finds the driver library" "$OUTPUT" "$ours"
  mapped_bundle -- /probe open /dev/acme0
  run_bundle
  has "$name, mapped root: no request, no device" "$OUTPUT" "open /dev/acme0 ENOENT"

  # Only the host's root may open this one, and the container's root is somebody else.
  chmod 600 "$XPU_IT/dev/acme0"
  mapped_bundle XPU_VISIBLE_DEVICES=acme:0 -- /probe open /dev/acme0
  run_bundle
  if [ "$STATUS" -eq 0 ]; then
    has "$name, mapped root, node of mode 600: the device opens" "$OUTPUT" "open /dev/acme0 ok"
  else
    says "$name, mapped root, node of mode 600: a clear error" "$OUTPUT" xpu-container-runtime acme0
  fi

  # The container's root may open this one, its user is somebody else.
  chown 100000:100000 "$XPU_IT/dev/acme0"
  mapped_bundle XPU_VISIBLE_DEVICES=acme:0 -- /probe open /dev/acme0
  bundle_edit '.process.user = {uid: 1000, gid: 1000}'
  run_bundle
  says "$name, mapped user, node of its root: a clear error" "$OUTPUT" xpu-container-runtime \
    acme0 "user 1000:1000"
  chown 0:0 "$XPU_IT/dev/acme0"
done
finish
