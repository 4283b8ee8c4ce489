# SPDX-License-Identifier: Apache-2.0
# `xpu-runtime configure podman`: podman reads the drop-in, and containers run through it, as root
# and as an ordinary user.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/engines.sh"
. "$(dirname "$0")/devices.sh"

conf=/etc/containers/containers.conf.d/99-xpu.conf
configure() { OUTPUT=$("$XPU" configure podman "$@" 2>&1 </dev/null); STATUS=$?; }
pod() {
  timeout 120 podman --cgroup-manager=cgroupfs --events-backend=file --storage-driver=vfs \
    --root "$XPU_IT/configured-podman" --runroot /run/configured-podman "$@" </dev/null
}
tree_run() {  # tree_run [PODMAN-OPTION...] -- COMMAND...
  local options=()
  while [ "$1" != -- ]; do options+=("$1"); shift; done
  shift
  OUTPUT=$(pod run --rm "${podman_run[@]}" ${options[@]+"${options[@]}"} --rootfs "$tree" "$@" 2>&1)
  STATUS=$?
}
runtime_of_podman() { pod info --format '{{.Host.OCIRuntime.Name}} {{.Host.OCIRuntime.Path}}' "$@" 2>&1; }
ask=(--env XPU_VISIBLE_DEVICES=acme:0)
new_tree debian
tree=$REPLY
usual=$(runtime_of_podman)

configure
same "configure podman" 0 "$STATUS"
says "it says what it did" "$OUTPUT" "podman: wrote $conf, which is new" \
  "podman run --runtime=xpu" "nothing to restart"
same "podman's default is what it was" "$usual" "$(runtime_of_podman)"
tree_run --runtime xpu "${ask[@]}" -- /probe "${device_questions[@]}"
if [[ $OUTPUT != *"open /dev/acme0 ok"* ]] && (podman --runtime xpu info 2>&1 | grep -q 'invalid argument'); then
  pod --runtime xpu info 2>&1 | tail -n 3
fi
OUTPUT=$(pod --runtime xpu run --rm "${podman_run[@]}" "${ask[@]}" --rootfs "$tree" /probe "${device_questions[@]}" 2>&1)
gives "a container with --runtime xpu" 0
OUTPUT=$(pod run --rm "${podman_run[@]}" "${ask[@]}" --rootfs "$tree" /probe "${device_questions[@]}" 2>&1)
gives "a container without: podman's default is another" ""

configure --set-as-default
same "podman info: the default" "xpu $SHIM" "$(runtime_of_podman)"
OUTPUT=$(pod run --rm "${podman_run[@]}" "${ask[@]}" --rootfs "$tree" /probe "${device_questions[@]}" 2>&1)
gives "a container that names no runtime" 0
OUTPUT=$(pod --runtime crun run --rm "${podman_run[@]}" "${ask[@]}" --rootfs "$tree" /probe "${device_questions[@]}" 2>&1)
gives "the runtimes that podman knows by itself are still there" ""
cp "$conf" "$SCRATCH/once"
configure --set-as-default
same "twice is once" "$(cat "$SCRATCH/once")" "$(cat "$conf")"
configure --remove
same "configure --remove" 0 "$STATUS"
same "the drop-in is gone" "" "$(ls /etc/containers/containers.conf.d)"
same "and podman as it was" "$usual" "$(runtime_of_podman)"

printf '[engine\n' >"$conf"
configure
same "a file that is no TOML: exit code" 1 "$STATUS"
says "is named with its line" "$OUTPUT" "$conf:1: not TOML"
same "and left as it was" "[engine" "$(cat "$conf")"
rm "$conf"

# In a file that others write to.
printf '# site\n[engine]\nruntime = "crun"\nnum_locks = 2048\n' >/etc/containers/containers.conf
cp /etc/containers/containers.conf "$SCRATCH/site"
configure --config /etc/containers/containers.conf --set-as-default
same "podman info with a file of the site" "xpu $SHIM" "$(runtime_of_podman)"
configure --config /etc/containers/containers.conf --remove
same "which is as it was" "$(cat "$SCRATCH/site")" "$(cat /etc/containers/containers.conf)"
rm -f /etc/containers/containers.conf
configure --cdi
says "--cdi" "$OUTPUT" "podman has its CDI support switched on always"
configure --remove

# --- an ordinary user ------------------------------------------------------------------------------
new_user tree
chmod 666 "$XPU_IT/dev/acme0"
later chmod 600 "$XPU_IT/dev/acme0"
mine=(podman --cgroup-manager=cgroupfs --events-backend=file --storage-driver=vfs)
mine_run=(run --rm --network=none --ulimit "nofile=1024:1024" --ulimit "nproc=1024:1024")
OUTPUT=$(as_user "${mine[@]}" --runtime runc "${mine_run[@]}" --rootfs "$home/tree" /probe open /dev/acme0)
if [[ $OUTPUT != *"open /dev/acme0 ENOENT"* ]]; then
  skip "rootless podman" "podman alone cannot start here: ${OUTPUT:0:200}"
else
  OUTPUT=$(as_user "$XPU" configure podman --set-as-default)
  says "rootless: the user's own drop-in" "$OUTPUT" \
    "$home/.config/containers/containers.conf.d/99-xpu.conf"
  OUTPUT=$(as_user "${mine[@]}" "${mine_run[@]}" --env XPU_VISIBLE_DEVICES=acme:0 \
    --rootfs "$home/tree" /probe open /dev/acme0 open /dev/acme1)
  has "rootless: the device opens" "$OUTPUT" "open /dev/acme0 ok" "open /dev/acme1 ENOENT"
  as_user "$XPU" configure podman --remove >/dev/null
  same "rootless: gone again" "" "$(ls "$home/.config/containers/containers.conf.d")"
fi
same "nothing of the system was touched" "" "$(ls /etc/containers/containers.conf.d)"
finish
