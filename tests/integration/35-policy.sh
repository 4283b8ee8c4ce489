# SPDX-License-Identifier: Apache-2.0
# Who may ask for what, in real containers, and what stands in the audit log and in the accounts.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/devices.sh"

new_tree debian
tree=$REPLY
audit=$SCRATCH/audit.log
# with_policy LINE...: a configuration with these lines in [policy].
with_policy() {
  mkdir -p "$SCRATCH/config/xpu-container-runtime/config.d"
  cp /etc/xpu-container-runtime/config.toml "$SCRATCH/config/xpu-container-runtime/config.toml"
  {
    printf '[state]\ndirectory = "%s"\n[cost]\ndirectory = "%s"\n[policy]\naudit-log = "%s"\n' \
      "$SCRATCH/state" "$SCRATCH/usage" "$audit"
    printf '%s\n' "$@"
  } >"$SCRATCH/config/xpu-container-runtime/config.d/10-policy.toml"
  export XDG_CONFIG_HOME=$SCRATCH/config
}
ask() {
  new_bundle "$tree" "$@" -- /probe "${device_questions[@]}"
}
privileged() { bundle_edit '.process.capabilities |= map_values(. + ["CAP_SYS_ADMIN"])'; }
annotate() { bundle_edit --arg key "$1" --arg value "$2" '.annotations[$key] = $value'; }

with_policy 'profile = "multi-tenant"'
ask XPU_VISIBLE_DEVICES=acme:0
run_bundle
gives "tenants: a variable is passed over" ""
says "tenants: a warning says so" "$OUTPUT" XPU_VISIBLE_DEVICES "environment"
says "tenants: the audit log too" "$(tail -n 1 "$audit")" '"event":"passed-over"' "\"container\":\"$ID\"" \
  '"rule":"environment"' '"name":"XPU_VISIBLE_DEVICES"'
silent "tenants: without the value" "$(cat "$audit")" "acme:0"
ask XPU_VISIBLE_DEVICES=acme:0
privileged
run_bundle
gives "tenants: that of a privileged container counts" 0
ask XPU_VISIBLE_DEVICES=acme:0
annotate xpu.dev/visible-devices acme:1
run_bundle
gives "tenants: so does an annotation" 1
ask SIM_VISIBLE_DEVICES=acme:0
annotate io.kubernetes.cri.container-name trainer
annotate xpu.dev/visible-devices.trainer acme:1
annotate xpu.dev/visible-devices.sidecar acme:0
run_bundle
gives "tenants: the annotation of this container of a pod" 1
ask
annotate xpu.dev/visible-devices.sidecar acme:0
annotate io.kubernetes.cri.container-name trainer
run_bundle
gives "tenants: not that of another one" ""
ask
annotate io.kubernetes.cri.container-type sandbox
annotate xpu.dev/visible-devices all
run_bundle
gives "a sandbox gets nothing" ""
ask
bundle_edit '.mounts += [{destination: "/var/run/xpu-container-devices/acme:1", type: "bind", source: "/dev/null", options: ["bind"]}]'
run_bundle
gives "tenants: a mount of /dev/null asks" 1
ask
annotate xpu.dev/visible-devices acme:0
annotate xpu.dev/sharing shared
run_bundle
says "tenants: nobody asks for less than exclusive" "$OUTPUT" "xpu.dev/sharing" "sharing-choice"
says "tenants: a denial stands in the audit log" "$(tail -n 1 "$audit")" '"event":"denied"' '"rule":"sharing-choice"' "\"container\":\"$ID\""

with_policy 'default-sharing = "exclusive"' 'deny-devices = ["ACME-5f0c2a11"]' 'max-devices-per-container = 1'
ask XPU_VISIBLE_DEVICES=acme:1
run_bundle
says "a device on the deny list" "$OUTPUT" "acme:1 is kept from containers" "[policy] deny-devices"
says "the rule stands in the audit log" "$(tail -n 1 "$audit")" '"rule":"deny-devices"'
ask XPU_VISIBLE_DEVICES=acme:0,acme:1
run_bundle
says "more than a container may have" "$OUTPUT" "deny-devices"
ask XPU_VISIBLE_DEVICES=all
run_bundle
gives "all is what policy leaves" 0
says "policy show" "$("$XPU" policy show)" "deny-devices" "10-policy.toml" "single-user"
ok "policy show --json" jq -e . <<<"$("$XPU" policy show --json)"

with_policy
printf '[request]\ndefault-request = "auto"\n' >"$SCRATCH/config/xpu-container-runtime/config.d/20-auto.toml"
ask
run_bundle
gives "the default request" 0
ask XPU_VISIBLE_DEVICES=void
run_bundle
gives "void beats it" ""
with_policy 'profile = "multi-tenant"'
ask
run_bundle
gives "a configuration that contradicts itself: who asks for nothing starts" ""
ask XPU_VISIBLE_DEVICES=acme:0
run_bundle
says "who asks does not" "$OUTPUT" "20-auto.toml" "default-request" "multi-tenant"
rm "$SCRATCH/config/xpu-container-runtime/config.d/20-auto.toml"

# --- Slurm and other systems' words ------------------------------------------------------------------
with_policy
ask SIM_VISIBLE_DEVICES=all
SLURM_JOB_ID=7 SLURM_STEP_GPUS=1 run_bundle
gives "what Slurm gave to the step" 1
ask SLURM_JOB_ID=7 SLURM_STEP_GPUS=0,1
run_bundle
gives "the container's own word for it is none" ""
sed -n '/^\[aliases\]/,/^$/p' "$XPU_SOURCE/config/config.toml" >"$SCRATCH/config/xpu-container-runtime/config.d/30-aliases.toml"
ask LIGHTOS_DEVICE_TYPE=acme LIGHTOS_MIN_VRAM=8GB LIGHTOS_STRATEGY=first
run_bundle
gives "LightOS variables" 0
ask LIGHTOS_DEVICE_TYPE=any LIGHTOS_ENABLE_MULTI_GPU=true LIGHTOS_MAX_GPU=2
run_bundle
gives "LightOS multi-GPU" 01

# --- accounts --------------------------------------------------------------------------------------
printf '[[price]]\nmodel = "Acme*"\nper-hour = 3.60\ncurrency = "EUR"\nsource = "ours"\ndate = 2026-11-01\n' \
  >"$SCRATCH/config/xpu-container-runtime/prices.toml"
# A setting that is denied is named in the audit log, and its value is not.
with_policy 'max-wait-seconds = 5'
ask XPU_COUNT=1 XPU_WAIT=1h
run_bundle
same "waiting too long is refused" 1 "$STATUS"
says "it says the rule" "$OUTPUT" "XPU_WAIT=1h is longer than the 5 s" "[policy] max-wait-seconds says so"
says "and so does the audit log" "$(tail -n 1 "$audit")" '"event":"denied"' '"rule":"max-wait-seconds"' \
  '"source":"environment"' '"name":"XPU_WAIT"'

rm -rf "$SCRATCH/usage"
new_bundle "$tree" XPU_VISIBLE_DEVICES=acme:0 XPU_LABEL=team-a -- sleep 3
run_bundle
same "a container that runs for 3 s" 0 "$STATUS"
"$SHIM" --root "$SCRATCH/runtime" delete "$ID" >/dev/null 2>&1
report=$("$XPU" cost report --since 1h --by label --json)
says "its cost by label" "$report" '"team-a"' '"EUR"'
seconds=$(jq '[.. | .held_seconds? | numbers] | max' <<<"$report")
if [ "$seconds" -ge 3 ] && [ "$seconds" -le 6 ]; then pass "to the second"; else fail "to the second" "$report"; fi
says "for people" "$("$XPU" cost report --since 1h)" "$ID" "EUR"
says "as CSV" "$("$XPU" cost report --since 1h --by device --csv)" "EUR"
refused "a time that is none" "$XPU" cost report --since yesteryear
says "it names it" "$OUTPUT" yesteryear
refused "a grouping that is none" "$XPU" cost report --by colour
says "it names those that are" "$OUTPUT" container label

# A full disk costs a warning, not a container.
mkdir -p "$SCRATCH/full"
mount -t tmpfs -o size=16k,mode=755 tmpfs "$SCRATCH/full" && later umount "$SCRATCH/full"
head -c 1M /dev/zero >"$SCRATCH/full/filler" 2>/dev/null
sed -i "s|$SCRATCH/usage|$SCRATCH/full/usage|" "$SCRATCH/config/xpu-container-runtime/config.d/10-policy.toml"
ask XPU_VISIBLE_DEVICES=acme:0
run_bundle
gives "with the journal on a full disk" 0
says "a warning" "$OUTPUT" "not accounted for" "$SCRATCH/full/usage"
printf 'accounting = false\n' | sed -i '/^\[cost\]/r /dev/stdin' "$SCRATCH/config/xpu-container-runtime/config.d/10-policy.toml"
ask XPU_VISIBLE_DEVICES=acme:0
run_bundle
silent "switched off, there is none" "$OUTPUT" "accounted"
finish
