# SPDX-License-Identifier: Apache-2.0
# Each mode of the configuration; the hook that docker adds for --gpus, taken out by the runtime; and
# what the runtime's own hook says.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/engines.sh"
. "$(dirname "$0")/devices.sh"

HOOK=$SHIM-hook
config=/etc/xpu-container-runtime/config.toml
cp "$config" "$SCRATCH/config.before"
later cp "$SCRATCH/config.before" "$config"
# with_mode MODE: the configuration of the sandbox with this mode.
with_mode() {
  printf '[xpu-container-runtime]\nmode = "%s"\ndebug = "%s"\nlog-level = "debug"\n' "$1" "$SCRATCH/debug" >"$config"
  cat "$SCRATCH/config.before" >>"$config"
  rm -f "$SCRATCH/debug"
}
new_tree debian
tree=$REPLY
ask=(XPU_VISIBLE_DEVICES=acme:0)

# --- what each mode does -------------------------------------------------------------------------
for mode in auto spec; do
  with_mode $mode
  new_bundle "$tree" "${ask[@]}" -- /probe "${device_questions[@]}"
  [ $mode = auto ] && kind="detected" || kind="as configured"
  has "$mode: explain says it" "$("$XPU" explain --bundle "$BUNDLE")" "Mode:      spec ($kind)"
  run_bundle
  gives "$mode: one device" 0
  says "$mode: a debug line says it" "$(cat "$SCRATCH/debug")" "mode spec ($kind)"
done
with_mode auto
says "info shows what auto means here" "$("$XPU" info)" "Mode:       auto (spec on this host)"
same "info --json too" "auto spec" "$("$XPU" info --json | jq -r '"\(.mode) \(.mode_in_force)"')"

with_mode legacy
new_bundle "$tree" "${ask[@]}" -- /probe id
line="this container asks for accelerators (XPU_VISIBLE_DEVICES), and mode = \"legacy\" in [xpu-container-runtime] of $config gives them by a hook, which this version does not have; set mode = \"auto\""
before=$(md5sum "$BUNDLE/config.json")
run_bundle
same "legacy: a container that asks fails" 1 "$STATUS"
has "legacy: with one line" "$OUTPUT" "xpu-container-runtime: error: $line"
same "legacy: config.json stays as it is" "$before" "$(md5sum "$BUNDLE/config.json")"
refused "legacy: explain says so too" "$XPU" explain --bundle "$BUNDLE"
says "legacy: with the same line" "$OUTPUT" "$line"
new_bundle "$tree" -- /probe id
run_bundle
has "legacy: one that asks for nothing starts" "$OUTPUT" "id 0 0"

with_mode csv
new_bundle "$tree" "${ask[@]}" -- /probe id
run_bundle
same "csv on a host without it: a container that asks fails" 1 "$STATUS"
has "csv on a host without it: with one line" "$OUTPUT" \
  "xpu-container-runtime: error: mode = \"csv\" in [xpu-container-runtime] of $config is for platforms with mount specifications (CSV files), and the backend sim found none on this host; set mode = \"auto\""
new_bundle "$tree" -- /probe id
run_bundle
has "csv on a host without it: one that asks for nothing starts" "$OUTPUT" "id 0 0"

with_mode magic
new_bundle "$tree" "${ask[@]}" -- /probe id
run_bundle
says "an unknown mode is named with those that there are" "$OUTPUT" \
  "key 'mode' in [xpu-container-runtime] must be auto, spec, cdi, csv or legacy, not 'magic'"

# --- the runtime's own hook ------------------------------------------------------------------------
direct="invoking the XPU Container Runtime Hook directly (e.g. specifying the docker --gpus flag) is not supported. Please use the XPU Container Runtime instead."
# hook PHASE [STATE]: STATUS, OUTPUT (both streams).
hook() {
  OUTPUT=$("$HOOK" "$1" 2>&1 <<<"${2:-}")
  STATUS=$?
}
with_mode auto
hook prestart
same "the hook, auto: exit code" 1 "$STATUS"
same "the hook, auto: two lines" "Auto-detected mode as 'spec'"$'\n'"$direct" "$OUTPUT"
for mode in spec cdi csv; do
  with_mode $mode
  hook prestart
  same "the hook, $mode: exit code and lines" "1 Using requested mode '$mode'"$'\n'"$direct" "$STATUS $OUTPUT"
done
with_mode legacy
hook prestart
same "the hook, legacy: exit code and lines" \
  "1 Using requested mode 'legacy'"$'\n'"the XPU Container Runtime Hook of this version cannot give devices to a container yet. Please set mode = \"auto\" and use the XPU Container Runtime instead." \
  "$STATUS $OUTPUT"
with_mode auto
for phase in poststart poststop createContainer startContainer; do
  hook $phase
  same "the hook does nothing in the phase $phase" "0 " "$STATUS $OUTPUT"
done
hook nonsense
same "the hook: an unknown phase is wrong usage" 2 "$STATUS"
says "the hook: it says what there is" "$OUTPUT" "Usage: xpu-container-runtime-hook"
hook prestart "{broken"
same "the hook: a state that is no JSON" 1 "$STATUS"
says "the hook: it is named" "$OUTPUT" "xpu-container-runtime-hook: error: the state of the container on standard input: not JSON"
new_bundle "$tree" -- /probe id
hook prestart "{\"ociVersion\":\"1.0.2\",\"id\":\"a\",\"status\":\"creating\",\"pid\":1,\"bundle\":\"$BUNDLE\"}"
same "the hook: a container that asks for nothing is none of its business" "0 " "$STATUS $OUTPUT"
new_bundle "$tree" "${ask[@]}" -- /probe id
hook createRuntime "{\"bundle\":\"$BUNDLE\"}"
same "the hook: one that asks" "1 Auto-detected mode as 'spec'"$'\n'"$direct" "$STATUS $OUTPUT"
says "the hook has a version" "$("$HOOK" --version)" "xpu-container-runtime-hook 0.1.0"

# --- the hook of a vendor -----------------------------------------------------------------------
if [ ! -d "$XPU_FIXTURES/driver-listings" ]; then
  skip "hooks of vendors" "no $XPU_FIXTURES/driver-listings"
  finish
fi
root=$SCRATCH/driver numbers=()
for number in $NODES; do
  numbers+=(--numbers "$number")
done
OUTPUT=$("$XPU_BUILD/tests/fakes/make_driver_tree" --listing "$XPU_FIXTURES/driver-listings/debian-bookworm-backports-nvidia-535" \
  --root "$root" --gpus 2 "${numbers[@]}" 2>&1) || {
  fail "make_driver_tree" "$OUTPUT"
  finish
}
cat >>"$config" <<TOML
[backends.nvidia]
driver-root = "$root"
dev-root = "$root"
sys-root = "$root"
TOML
cp "$config" "$SCRATCH/config.nvidia"

# A hook that leaves a trace and fails, in the place of the vendor's.
mkdir -p "$SCRATCH/bin"
vendor=$SCRATCH/bin/nvidia-container-runtime-hook
printf '#!/bin/sh\necho "$@" >>%s\nexit 1\n' "$SCRATCH/trace" >"$vendor"
chmod 755 "$vendor"
no_trace() { same "$1" "" "$(cat "$SCRATCH/trace" 2>/dev/null)"; }

# hooked ENV... -- FILTER: a bundle with the hook as docker writes it, changed by FILTER.
hooked() {
  local env=()
  while [ "$1" != -- ]; do
    env+=("$1")
    shift
  done
  rm -f "$SCRATCH/trace"
  new_bundle "$tree" ${env[@]+"${env[@]}"} -- /probe open /dev/nvidia0 open /dev/nvidia1
  bundle_edit --arg path "$vendor" \
    '.hooks.prestart = [{path: $path, args: ["nvidia-container-runtime-hook", "prestart"], env: ["A=1"]}]'
  bundle_edit "${2:-.}"
}
for RUNTIME in "$(command -v runc)" "$(command -v crun)"; do
  name=$(basename "$RUNTIME")
  hooked NVIDIA_VISIBLE_DEVICES=0 -- .
  cp "$BUNDLE/config.json" "$SCRATCH/pristine"
  says "$name: explain shows that the hook goes" "$("$XPU" explain --bundle "$BUNDLE")" \
    "- prestart[0] $vendor    # its request is served"
  run_bundle
  has "$name: its request is served" "$OUTPUT" "open /dev/nvidia0 ok" "open /dev/nvidia1 ENOENT"
  no_trace "$name: the hook does not run"
  same "$name: no hook is left" "[]" "$(jq -c .hooks.prestart "$BUNDLE/config.json")"
  once=$(md5sum <"$BUNDLE/config.json")
  run_bundle
  has "$name: a second start serves it too" "$OUTPUT" "open /dev/nvidia0 ok"
  same "$name: twice equals once" "$once" "$(md5sum <"$BUNDLE/config.json")"
  says "$name: a debug line says it" "$(cat "$SCRATCH/debug")" "(hooks.prestart[0]) is taken out: its request is served"
  # Without a request everything is as it was before any start.
  bundle_edit '.process.env |= map(select(startswith("NVIDIA_") | not))'
  hooked NVIDIA_VISIBLE_DEVICES=9 -- .
  run_bundle
  same "$name: a request that cannot be served fails" 1 "$STATUS"
  says "$name: as it does without the hook" "$OUTPUT" nvidia:0 nvidia:1
  no_trace "$name: and the hook does not run"
done
RUNTIME=$(command -v runc)
hooked NVIDIA_VISIBLE_DEVICES=all -- '.hooks.prestart += [{path: "/bin/true", args: ["true", "nvidia-container-runtime-hook"]}] | .hooks.poststop = [{path: "/bin/true"}]'
run_bundle
has "all devices" "$OUTPUT" "open /dev/nvidia0 ok" "open /dev/nvidia1 ok"
same "hooks of others stay" '["/bin/true"] ["/bin/true"]' \
  "$(jq -c '[.hooks.prestart[].path], [.hooks.poststop[].path]' "$BUNDLE/config.json" | xargs -d '\n')"
hooked XPU_VISIBLE_DEVICES=acme:0 -- .
refuses=$("$XPU" explain --bundle "$BUNDLE")
case $refuses in
  *"$vendor"*) fail "explain: the hook of a vendor that serves nothing stays" "$refuses" ;;
  *) pass "explain: the hook of a vendor that serves nothing stays" ;;
esac
run_bundle
same "the hook of a vendor that serves nothing stays" "$vendor" "$(jq -r '.hooks.prestart[0].path' "$BUNDLE/config.json")"
same "and does what it does" prestart "$(cat "$SCRATCH/trace")"
for own in acme:0 none void; do
  hooked XPU_VISIBLE_DEVICES=$own NVIDIA_VISIBLE_DEVICES=all -- .
  says "XPU_VISIBLE_DEVICES=$own: explain shows that the hook goes" "$("$XPU" explain --bundle "$BUNDLE")" \
    "- prestart[0] $vendor    # its request "
  run_bundle
  has "XPU_VISIBLE_DEVICES=$own: a vendor's variable that does not count is not served" "$OUTPUT" \
    "open /dev/nvidia0 ENOENT" "open /dev/nvidia1 ENOENT"
  no_trace "XPU_VISIBLE_DEVICES=$own: by its hook neither"
done
says "explain says so of one that is given nothing" "$("$XPU" explain --bundle "$BUNDLE")" \
  "config.json only loses hooks of vendors."
hooked XPU_VISIBLE_DEVICES=nvidia:0 -- .
run_bundle
has "who asks by our own variable is served" "$OUTPUT" "open /dev/nvidia0 ok" "open /dev/nvidia1 ENOENT"
no_trace "and not once more by the vendor's hook"
hooked XPU_VISIBLE_DEVICES=acme:0 -- '.hooks.prestart[0] = {path: "/gone/xpu-container-runtime-hook", args: ["xpu-container-runtime-hook", "prestart"]}'
says "explain shows that our own hook goes" "$("$XPU" explain --bundle "$BUNDLE")" \
  "- prestart[0] /gone/xpu-container-runtime-hook    # the runtime itself does what it is for"
run_bundle
same "our own hook goes whoever serves" "0 []" "$STATUS $(jq -c .hooks.prestart "$BUNDLE/config.json")"
hooked -- .
before=$(md5sum "$BUNDLE/config.json")
run_bundle
same "the hook alone asks for nothing, and stays" "$before" "$(md5sum "$BUNDLE/config.json")"
same "it does what it does" prestart "$(cat "$SCRATCH/trace")"
for path in "$vendor.sh" "$SCRATCH/nvidia-container-runtime-hook/run"; do
  mkdir -p "$(dirname "$path")" && cp "$vendor" "$path"
  hooked NVIDIA_VISIBLE_DEVICES=0 -- '.hooks.prestart[0].path = "'"$path"'"'
  run_bundle
  same "what only looks like the hook stays: ${path##*/}" "$path" "$(jq -r '.hooks.prestart[0].path' "$BUNDLE/config.json")"
done
printf '[policy]\nenvironment = "never"\n' >>"$config"
hooked NVIDIA_VISIBLE_DEVICES=0 -- .
run_bundle
has "what policy does not accept is not served by the hook either" "$OUTPUT" "open /dev/nvidia0 ENOENT"
no_trace "the hook does not run"
hooked NVIDIA_VISIBLE_DEVICES=0 -- '.annotations["xpu.dev/visible-devices"] = "acme:0"'
says "explain shows why the hook goes" "$("$XPU" explain --bundle "$BUNDLE")" \
  "- prestart[0] $vendor    # policy does not accept its request"
run_bundle
no_trace "nor where something else is served"
cp "$SCRATCH/config.nvidia" "$config"

# --- the mode csv ------------------------------------------------------------------------------
tegra=$SCRATCH/tegra
csv=$tegra/etc/nvidia-container-runtime/host-files-for-container.d
mkdir -p "$csv" "$tegra/dev" "$tegra/usr/lib"
echo "# R36 (release), REVISION: 4.0, GCID: 1, BOARD: generic" >"$tegra/etc/nv_tegra_release"
mknod -m 666 "$tegra/dev/nvhost-gpu" c "${NODE0%:*}" "${NODE0#*:}"
echo data >"$tegra/usr/lib/data"
printf 'dev, /dev/nvhost-gpu\ndir, /usr/lib/data\n' >"$csv/devices.csv"
for mode in auto csv; do
  with_mode $mode
  printf '[backends.nvidia]\ndriver-root = "%s"\ndev-root = "%s"\nsys-root = "%s"\n' "$tegra" "$tegra" "$tegra" >>"$config"
  [ $mode = auto ] && kind="detected" || kind="as configured"
  new_bundle "$tree" NVIDIA_VISIBLE_DEVICES=all -- /probe open /dev/nvhost-gpu
  has "$mode on a platform with mount specifications: explain says csv" \
    "$("$XPU" explain --bundle "$BUNDLE" 2>&1)" "Mode:      csv ($kind)"
  run_bundle
  has "$mode on a platform with mount specifications: the device is there" "$OUTPUT" "open /dev/nvhost-gpu ok"
done
with_mode auto
printf '[backends.nvidia]\ndriver-root = "%s"\ndev-root = "%s"\nsys-root = "%s"\n' "$tegra" "$tegra" "$tegra" >>"$config"
says "info says csv" "$("$XPU" info)" "Mode:       auto (csv on this host)"
new_bundle "$tree" NVIDIA_VISIBLE_DEVICES=all -- /probe id
hook prestart "{\"bundle\":\"$BUNDLE\"}"
same "the hook on such a platform" "1 Auto-detected mode as 'csv'"$'\n'"$direct" "$STATUS $OUTPUT"

# --- docker --gpus -------------------------------------------------------------------------------
cp "$SCRATCH/config.nvidia" "$config"
PATH=$SCRATCH/bin:$PATH start_dockerd
rm -f "$SCRATCH/trace"
in_docker debian --gpus all -- /probe open /dev/nvidia0 open /dev/nvidia1
has "docker --gpus all --runtime=xpu" "$OUTPUT" "open /dev/nvidia0 ok" "open /dev/nvidia1 ok"
in_docker debian --gpus device=1 -- /probe open /dev/nvidia0 open /dev/nvidia1
has "docker --gpus device=1 --runtime=xpu" "$OUTPUT" "open /dev/nvidia0 ENOENT" "open /dev/nvidia1 ok"
no_trace "docker's hook does not run"
# As docker's hook, of a container that does not use the runtime.
ln -sf "$HOOK" "$vendor"
OUTPUT=$(timeout 60 docker run --rm --network none --gpus all debian:test /probe id 2>&1 </dev/null)
STATUS=$?
same "docker --gpus without the runtime fails" 125 "$STATUS"
says "docker shows what our hook says" "$OUTPUT" "Auto-detected mode as 'spec'" "$direct"
finish
