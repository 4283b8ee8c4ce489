# SPDX-License-Identifier: Apache-2.0
# A container that asks for nothing: its config.json is not touched, whatever else is broken.
. "$(dirname "$0")/lib.sh"

# Stands in for the low-level runtime and writes down its arguments, one a line: the shim has done
# its work when this starts.
gcc -static -DARGUMENTS="\"$SCRATCH/arguments\"" -o "$SCRATCH/done" -x c - <<'C'
#include <stdio.h>
int main(int argc, char** argv) {
  FILE* file = fopen(ARGUMENTS, "w");
  for (int i = 1; i < argc; i++) fprintf(file, "%s\n", argv[i]);
  return fclose(file);
}
C
RUNTIME=$SCRATCH/done

# create_only [CONFIG-HOME]: `create` of the present bundle.
create_only() {
  rm -f "$SCRATCH/arguments"
  OUTPUT=$(cd / && env ${1:+XDG_CONFIG_HOME=$1} XPU_CONTAINER_RUNTIME_PATH="$RUNTIME" \
    "$SHIM" create --bundle "$BUNDLE" "$ID" 2>&1)
  STATUS=$?
}
untouched() {
  if [ "$STATUS" -ne 0 ]; then
    fail "$1" "exit $STATUS: $OUTPUT"
  elif ! cmp "$SCRATCH/arguments" <(printf '%s\n' create --bundle "$BUNDLE" "$ID") >/dev/null 2>&1; then
    fail "$1" "the low-level runtime got: $(cat "$SCRATCH/arguments" 2>&1)"
  elif ! cmp -s "$2" "$BUNDLE/config.json"; then
    fail "$1" "$(diff "$2" "$BUNDLE/config.json" | head)"
  else
    same "$1" config.json "$(ls -A "$BUNDLE")"
  fi
}

if [ -d "$XPU_FIXTURES/oci/good" ]; then
  BUNDLE=$SCRATCH/fixture ID=fixture
  for spec in "$XPU_FIXTURES"/oci/good/*.json; do
    rm -rf "$BUNDLE" && mkdir "$BUNDLE" && cp "$spec" "$BUNDLE/config.json"
    create_only
    untouched "byte-identical: $(basename "$spec")" "$spec"
  done
else
  skip "recorded specs" "no $XPU_FIXTURES/oci/good"
fi

new_tree busybox
BUNDLE_TREE=$REPLY
new_bundle "$BUNDLE_TREE" -- /probe id
cp "$BUNDLE/config.json" "$SCRATCH/asks-nothing.json"
create_only
untouched "no request" "$SCRATCH/asks-nothing.json"

broken=$SCRATCH/broken/xpu-container-runtime
mkdir -p "$broken"
echo '[xpu-container-runtime' >"$broken/config.toml"
create_only "$SCRATCH/broken"
untouched "no request, broken configuration" "$SCRATCH/asks-nothing.json"
# What asks by an alias of the shipped configuration asks all the same.
new_bundle "$BUNDLE_TREE" LIGHTOS_DEVICE_TYPE=any -- /probe id
create_only "$SCRATCH/broken"
same "an alias, broken configuration: refused" 1 "$STATUS"
says "an alias, broken configuration: why" "$OUTPUT" "asks for accelerators (LIGHTOS_DEVICE_TYPE)" \
  "$broken/config.toml:1:"
cp "$SCRATCH/asks-nothing.json" "$BUNDLE/config.json"

mkdir -p "$SCRATCH/backends"
echo 'name = ' >"$SCRATCH/backends/bad.toml"
printf '[backends]\ndirectories = ["%s"]\n' "$SCRATCH/backends" >"$broken/config.toml"
create_only "$SCRATCH/broken"
untouched "no request, broken backend" "$SCRATCH/asks-nothing.json"

# Two starts of the same bundle, and a third after the request is gone.
new_tree debian
new_bundle "$REPLY" XPU_VISIBLE_DEVICES=acme:0 -- /probe id
cp "$BUNDLE/config.json" "$SCRATCH/pristine.json"
create_only
cp "$BUNDLE/config.json" "$SCRATCH/once.json"
create_only
same "a second start of the same bundle changes nothing" \
  "$(md5sum <"$SCRATCH/once.json")" "$(md5sum <"$BUNDLE/config.json")"
if cmp -s "$SCRATCH/pristine.json" "$SCRATCH/once.json"; then
  fail "a request edits the bundle"
else
  pass "a request edits the bundle"
fi

for verb in state start kill delete "delete --force" ps; do
  cp "$SCRATCH/asks-nothing.json" "$BUNDLE/config.json"
  rm -f "$SCRATCH/arguments"
  # shellcheck disable=SC2206
  arguments=(--root "$SCRATCH/runtime" $verb "$ID" "two words" --unknown=1)
  ok "$verb succeeds as the low-level runtime does" \
    env XPU_CONTAINER_RUNTIME_PATH="$RUNTIME" "$SHIM" "${arguments[@]}"
  same "$verb reaches the low-level runtime" "$(printf '%s\n' "${arguments[@]}")" \
    "$(cat "$SCRATCH/arguments" 2>&1)"
done
finish
