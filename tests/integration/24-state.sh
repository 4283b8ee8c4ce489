# SPDX-License-Identifier: Apache-2.0
# Caches and records: kept when they can be, done without when they cannot.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/devices.sh"

# with_state FOLDER: a configuration whose state is there.
with_state() {
  mkdir -p "$SCRATCH/config/xpu-container-runtime"
  {
    printf '[state]\ndirectory = "%s"\n' "$1"
    cat /etc/xpu-container-runtime/config.toml
  } >"$SCRATCH/config/xpu-container-runtime/config.toml"
  export XDG_CONFIG_HOME=$SCRATCH/config
}
records() { find "$1/containers" -name '*.json' 2>/dev/null | wc -l; }

new_tree debian
tree=$REPLY
ask() { new_bundle "$tree" XPU_VISIBLE_DEVICES=acme:1 -- /probe "${device_questions[@]}"; }

with_state "$SCRATCH/state"
ask
run_bundle
gives "a state folder that does not exist yet" 1

new_bundle "$tree" XPU_VISIBLE_DEVICES=acme:1 -- /probe ready
runtime=("$SHIM" --root "$SCRATCH/runtime")
"${runtime[@]}" run --detach --bundle "$BUNDLE" "$ID" >"$SCRATCH/out" 2>&1 </dev/null
later "${runtime[@]}" delete --force "$ID"
if [ "$(records "$SCRATCH/state")" -ge 1 ]; then
  pass "a running container has a record"
else
  fail "a running container has a record" "$(cat "$SCRATCH/out"; ls -R "$SCRATCH/state")"
fi
refused "its id cannot be taken again" "${runtime[@]}" create --bundle "$BUNDLE" "$ID"
says "the error names it" "$OUTPUT" "$ID"
ok "runc delete --force" "${runtime[@]}" delete --force "$ID"
same "it holds nothing then" 0 "$("$XPU" ps --json | jq '.containers | length')"
same "and its record is gone" 0 "$(records "$SCRATCH/state")"

mkdir "$SCRATCH/full" "$SCRATCH/readonly"
mount -t tmpfs -o size=64k,mode=755 tmpfs "$SCRATCH/full" && later umount "$SCRATCH/full"
head -c 1M /dev/zero >"$SCRATCH/full/filler" 2>/dev/null
with_state "$SCRATCH/full/xpu"
ask
run_bundle
gives "a full state file system" 1
mount -t tmpfs -o ro,mode=755 tmpfs "$SCRATCH/readonly" && later umount "$SCRATCH/readonly"
with_state "$SCRATCH/readonly/xpu"
ask
run_bundle
gives "a read-only state file system" 1

with_state "$SCRATCH/state"
for file in "$SCRATCH"/state/catalog/*; do
  echo '{"broken' >"$file"
done
ask
run_bundle
gives "a broken cache" 1
finish
