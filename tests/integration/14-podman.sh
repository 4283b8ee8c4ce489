# SPDX-License-Identifier: Apache-2.0
# podman as root.
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
  in_podman "$tree" ${env[@]+"${env[@]}"} -- "$@"
}

new_tree debian
tree=$REPLY
device_suite podman
library_suite podman

in_podman "$tree" --env XPU_VISIBLE_DEVICES=acme:0 --user 1000:1000 -- /probe id open /dev/acme0
has "an ordinary user opens the device" "$OUTPUT" "id 1000 1000" "open /dev/acme0 ok"

ok "a detached container starts" podman_root run --detach --name held "${podman_run[@]}" \
  --env XPU_VISIBLE_DEVICES=acme:0 --rootfs "$tree" /probe ready
OUTPUT=$(podman_root exec --user 1000:1000 held /probe id open /dev/acme0 open /dev/acme1 2>&1)
has "podman exec as an ordinary user opens the device" "$OUTPUT" \
  "id 1000 1000" "open /dev/acme0 ok" "open /dev/acme1 ENOENT"
ok "podman rm --force" podman_root rm --force --time 1 held
finish
