# SPDX-License-Identifier: Apache-2.0
# Plain runc and plain crun, `run` through the shim.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/devices.sh"

launch() { new_bundle "$tree" "$@" && run_bundle; }

for name in runc crun; do
  RUNTIME=$(command -v "$name")
  new_tree debian
  tree=$REPLY
  device_suite "$name"
  library_suite "$name"

  new_bundle "$tree" XPU_VISIBLE_DEVICES=acme:0 -- /probe open /dev/acme0 node "$NODE1"
  bundle_edit '.linux.resources.devices = [{allow: true, access: "rwm"}]
    | .process.capabilities |= map_values(. + ["CAP_SYS_ADMIN"])'
  run_bundle
  has "$name: a privileged container has the device, as it may have any" "$OUTPUT" \
    "open /dev/acme0 ok" "node $NODE1 ok"
done
finish
