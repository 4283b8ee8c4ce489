# SPDX-License-Identifier: Apache-2.0
# An ordinary user with rootless runc and rootless podman. The user exists in the sandbox only.
. "$(dirname "$0")/lib.sh"

new_user tree
chmod 666 "$XPU_IT/dev/acme0"
later chmod 600 "$XPU_IT/dev/acme0"

# What the machine lets a user do is found out with the low-level runtime alone.
bundle=$home/bundle
as_user mkdir "$bundle"
as_user sh -c "cd $bundle && runc spec --rootless && mv config.json plain.json"
spec() {
  jq --argjson env "$(json_list PATH=/bin "$@")" --arg tree "$home/tree" '.process.terminal = false
    | .root = {path: $tree, readonly: false} | .process.env = $env | del(.process.rlimits)
    | .process.args = ["/probe", "open", "/dev/acme0", "open", "/dev/acme1"]' \
    "$bundle/plain.json" >"$bundle/config.json"
  chown $user:$user "$bundle/config.json"
}
spec
OUTPUT=$(as_user runc --root "/run/user/$user/runc" run --bundle "$bundle" bare)
if [[ $OUTPUT != *"open /dev/acme0 ENOENT"* ]]; then
  skip "rootless runc" "runc alone cannot start here: ${OUTPUT:0:200}"
else
  spec XPU_VISIBLE_DEVICES=acme:0
  OUTPUT=$(as_user "$SHIM" --root "/run/user/$user/runc" run --bundle "$bundle" one)
  has "rootless runc: the device opens" "$OUTPUT" "open /dev/acme0 ok" "open /dev/acme1 ENOENT"
  spec XPU_VISIBLE_DEVICES=acme:7
  OUTPUT=$(as_user "$SHIM" --root "/run/user/$user/runc" run --bundle "$bundle" two)
  says "rootless runc: an unknown device is named" "$OUTPUT" acme:7 acme:0
  # CDI files of the user's own.
  as_user mkdir -p "$home/.config/cdi"
  printf '%s\n' 'cdiVersion: 0.5.0' 'kind: own.example/thing' 'devices: [{name: one, containerEdits: {env: [OWN=1]}}]' \
    >"$home/.config/cdi/own.yaml"
  chown $user:$user "$home/.config/cdi/own.yaml"
  spec XPU_VISIBLE_DEVICES=own.example/thing=one
  as_user sh -c "jq '.process.args = [\"/probe\", \"env\", \"OWN\"]' $bundle/config.json >$bundle/new && mv $bundle/new $bundle/config.json"
  OUTPUT=$(as_user "$SHIM" --root "/run/user/$user/runc" run --bundle "$bundle" three)
  has "rootless runc: a CDI file of the user's own" "$OUTPUT" "env OWN=1"
fi

podman=(podman --cgroup-manager=cgroupfs --events-backend=file --storage-driver=vfs)
podman_run=(run --rm --network=none --ulimit "nofile=1024:1024" --ulimit "nproc=1024:1024")
chown -R $user:$user "$home"
OUTPUT=$(as_user "${podman[@]}" --runtime runc "${podman_run[@]}" --rootfs "$home/tree" /probe open /dev/acme0)
if [[ $OUTPUT != *"open /dev/acme0 ENOENT"* ]]; then
  skip "rootless podman" "podman alone cannot start here: ${OUTPUT:0:200}"
else
  OUTPUT=$(as_user "${podman[@]}" --runtime "$SHIM" "${podman_run[@]}" --env XPU_VISIBLE_DEVICES=acme:0 \
    --rootfs "$home/tree" /probe open /dev/acme0 open /dev/acme1)
  has "rootless podman: the device opens" "$OUTPUT" "open /dev/acme0 ok" "open /dev/acme1 ENOENT"
  OUTPUT=$(as_user "${podman[@]}" --runtime "$SHIM" "${podman_run[@]}" --env XPU_VISIBLE_DEVICES=acme:0 \
    --rootfs "$home/tree" /ldprobe libacme.so.1)
  says "rootless podman: the loader finds the driver library" "$OUTPUT" \
    " $(stat -c %d:%i "$XPU_IT/host/libacme.so.1.0")"
  OUTPUT=$(as_user "${podman[@]}" --runtime "$SHIM" "${podman_run[@]}" --rootfs "$home/tree" /probe open /dev/acme0)
  has "rootless podman: no request, no device" "$OUTPUT" "open /dev/acme0 ENOENT"
fi
finish
