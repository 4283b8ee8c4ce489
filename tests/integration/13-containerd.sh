# SPDX-License-Identifier: Apache-2.0
# containerd: `ctr run --runc-binary`.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/engines.sh"
. "$(dirname "$0")/devices.sh"

launch() {
  local env=()
  while [ "$1" != -- ]; do
    env+=(--env "$1")
    shift
  done
  shift
  in_containerd "$tree" ${env[@]+"${env[@]}"} -- "$@"
}

start_containerd
new_tree debian
tree=$REPLY
device_suite containerd
library_suite containerd

in_containerd "$tree" --env XPU_VISIBLE_DEVICES=acme:0 --read-only -- /probe "${device_questions[@]}"
gives "--read-only" 0
finish
