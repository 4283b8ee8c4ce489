#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# test.sh LIBRARY: the backend on made-up hosts: a folder with the files of sysfs and of /dev that
# it reads. Needs xpu-runtime in PATH, jq, and root (for device nodes).
set -euo pipefail
umask 022
library=$(readlink -f "$1")
here=$(dirname "$(readlink -f "$0")")
host=$(dirname "$(readlink -f "$(command -v xpu-runtime)")")/../libexec/xpu/xpu-backend-host

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$library" "$work/libxpu-hailo.so"
cp "$here/hailo.toml" "$work/"

fail() {
  echo "FAIL: $*" >&2
  exit 1
}

# new_host NAME: an empty host with the driver's version.
new_host() {
  root=$work/$1
  mkdir -p "$root"/{dev,sys/module/hailo_pci,sys/class/hailo_chardev,sys/bus/pci/devices,usr/lib}
  echo 4.17.0 >"$root/sys/module/hailo_pci/version"
}
# add NUMBER LOCATION ID: a device. Its node has the number of /dev/null.
add() {
  local folder=$root/sys/class/hailo_chardev/hailo$1
  mkdir -p "$folder"
  printf %s "$2" >"$folder/board_location"
  printf %s "$3" >"$folder/device_id"
  echo 1:3 >"$folder/dev"
  mknod "$root/dev/hailo$1" c 1 3
}
# add_pci ADDRESS NUMA-NODE
add_pci() {
  local folder=$root/sys/bus/pci/devices/$1
  mkdir -p "$folder"
  echo 0x1e60 >"$folder/vendor"
  echo 0x2864 >"$folder/device"
  echo 0x0b4000 >"$folder/class"
  echo "$2" >"$folder/numa_node"
}
options() { echo "--option=sys-root=$root --option=dev-root=$root --option=driver-root=$root"; }
# describe [OPTION...]: the description, in `described`; what is logged, in `messages`.
describe() {
  # shellcheck disable=SC2046 # words are wanted
  described=$("$host" --manifest "$work/hailo.toml" $(options) "$@" 2>"$work/messages") || true
  messages=$(cat "$work/messages")
}
# same NAME EXPECTED FILTER: what jq finds in the description.
same() {
  local found
  found=$(jq -r "$3" <<<"$described")
  [ "$found" = "$2" ] || fail "$1: expected '$2', found '$found' in $described"
}
verify() {
  # shellcheck disable=SC2046
  xpu-runtime backends verify $(options) "$@" "$work/libxpu-hailo.so" >"$work/verdict" ||
    fail "$(cat "$work/verdict")"
}

new_host two
add 0 0000:03:00.0 1e60:2864
add 1 0000:84:00.0 1e60:45c4
add_pci 0000:03:00.0 0
add_pci 0000:84:00.0 1
mkdir "$root/sys/class/hailo_chardev/other"
describe
same "two: state" ready .state
same "two: devices" "hailo:0 Hailo-8 hailo8 0000:03:00.0 0, hailo:1 Hailo-10H hailo10h 0000:84:00.0 1" \
  '[.devices[] | "\(.id) \(.name) \(.architecture) \(.pci) \(.numa_node)"] | join(", ")'
same "two: kind and driver" "npu 4.17.0" '.devices[0] | "\(.kind) \(.driver)"'
same "two: nodes" "/dev/hailo0 /dev/hailo1" '[.edits[]?.nodes[]?.container_path] | join(" ")'
same "two: capability" compute '.capabilities | join(" ")'
verify
grep -q '^state: ready, 2 devices$' "$work/verdict" || fail "$(cat "$work/verdict")"

new_host many
for number in 10 2 0 11; do
  add $number 0000:0$((number % 7)):00.0 1e60:2864
done
describe
same "many: by number" "hailo:0 hailo:2 hailo:10 hailo:11" '[.devices[].id] | join(" ")'
verify

new_host broken
add 0 '[integrated]' ''
rm "$root/dev/hailo0"
describe
same "broken: what is known" "Hailo accelerator,false,$root/dev/hailo0 does not exist or is no device" \
  '.devices[0] | "\(.name)\(.pci // ""),\(.available),\(.reason)"'
same "broken: no node" "" '[.edits[]?.nodes[]?.container_path] | join(" ")'
verify

new_host library
add 0 0000:03:00.0 1e60:2864
gcc -shared -o "$root/usr/lib/libhailort.so.4.16.0" -Wl,-soname,libhailort.so.4.16.0 -x c /dev/null
describe --option=inject-drivers=missing
same "library" "libhailort.so.4.16.0 $root/usr/lib/libhailort.so.4.16.0" \
  '[.edits[]?.files[]? | "\(.soname) \(.host_path)"] | join(", ")'
[[ $messages == *"/usr/lib/libhailort.so.4.16.0 is not of the driver's version 4.17.0"* ]] ||
  fail "library: no warning in $messages"
verify --option=inject-drivers=always
describe
same "library: not asked for" "" '[.edits[]?.files[]?.soname] | join(", ")'

new_host empty
describe
same "empty" "absent backend hailo: the Hailo driver is loaded, but has found no device" \
  '"\(.state) \(.reason)"'
verify
rm -r "$root/sys/class/hailo_chardev"
describe
same "no driver" \
  "absent backend hailo: no Hailo driver is loaded: $root/sys/class/hailo_chardev does not exist" \
  '"\(.state) \(.reason)"'
verify
describe --option=inject-drivers=perhaps
same "a wrong option" failed .state

echo ok
