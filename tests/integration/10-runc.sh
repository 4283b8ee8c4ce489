# SPDX-License-Identifier: Apache-2.0
# Plain runc and plain crun, `run` through the shim.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/devices.sh"

launch() {
  local env=()
  while [ "$1" != -- ]; do
    env+=("$1")
    shift
  done
  shift
  new_bundle "$tree" ${env[@]+"${env[@]}"} -- "$@"
  run_bundle
}

for name in runc crun; do
  RUNTIME=$(command -v "$name")
  new_tree debian
  tree=$REPLY
  device_suite "$name"
  library_suite "$name"
done
finish
