# SPDX-License-Identifier: Apache-2.0
# Devices that failed: who is not given them, who is told, and who holds one.
. "$(dirname "$0")/lib.sh"

etc=$SCRATCH/etc/xpu-container-runtime
state=$SCRATCH/state
mkdir -p "$etc"
for n in 0 1 2; do mknod "$SCRATCH/acme$n" c "${NODE0%:*}" "${NODE0#*:}"; done
# hardware N PROPERTIES...: the device N, with properties such as health = "failed".
hardware() {
  local n=$1
  shift
  printf '[[devices]]\nvendor = "acme"\nindex = "%d"\nname = "Acme One"\nuuid = "ACME-%d"\nmemory = "24GiB"\nproperties = { %s }\nnodes = [{ host = "%s/acme%d", container = "/dev/acme%d" }]\n' \
    "$n" "$n" "$*" "$SCRATCH" "$n" "$n"
}
# host FIRST SECOND [CONFIG]: two devices with those properties, and lines of [selection].
host() {
  { hardware 0 "$1"; hardware 1 "$2"; } >"$etc/sim.toml"
  cat >"$etc/config.toml" <<TOML
[state]
directory = "$state"
[cost]
directory = "$SCRATCH/usage"
[selection]
${3:-}
[backends.sim]
enabled = true
hardware = "$etc/sim.toml"
TOML
  "$XPU" detect --refresh >/dev/null
}
# mark KEY ID HEALTH REASON: as xpud does when an event tells.
mark() {
  mkdir -p -m 700 "$state"
  (umask 077 && printf 'xpu-health 1 %s\n%s\t%s\tsim\t%s\t1700000000\t%s\n' \
    "$(cat /proc/sys/kernel/random/boot_id)" "$1" "$2" "$3" "$4" >"$state/health")
}
export XDG_CONFIG_HOME=$SCRATCH/etc
new_tree busybox
tree=$REPLY

# run VARIABLE=VALUE...: a container that asks so; OUTPUT, STATUS.
run() {
  new_bundle "$tree" "$@" -- sh -c 'ls /dev'
  run_bundle
}

# --- what a backend says -------------------------------------------------------------------------
host 'health = "failed"' 'health = "ok"'
says "detect shows health" "$("$XPU" detect)" "Health:     failed (its driver says so)" "Health:     ok"
same "detect shows health to scripts" "failed its driver says so" \
  "$("$XPU" detect --json | jq -r '.devices[0] | "\(.health) \(.health_reason)"')"
run XPU_VISIBLE_DEVICES=all
says "of all a device that failed is left out" "$OUTPUT" "acme1"
silent "of all a device that failed is not given" "$OUTPUT" "acme0"$'\n'
says "of all it is said" "$OUTPUT" "left out acme:0, which has failed: its driver says so"
run XPU_COUNT=1
says "a wish gets the device that works" "$OUTPUT" "acme1"
run XPU_COUNT=2
says "a wish for more than work says why" "$OUTPUT" "acme:0 has failed: its driver says so"
same "a wish for more than work fails" 1 "$STATUS"
run XPU_VISIBLE_DEVICES=acme:0
same "one that failed is not given by name" 1 "$STATUS"
says "one that failed says so by name" "$OUTPUT" \
  "the device acme:0 has failed: its driver says so; allow-unhealthy = true in [selection] of $etc/config.toml gives it all the same"
says "select says why" "$("$XPU" select count=1)" "has failed: its driver says so"
new_bundle "$tree" XPU_VISIBLE_DEVICES=all -- true
says "explain says why" "$("$XPU" explain --bundle "$BUNDLE" 2>&1)" "has failed: its driver says so"
says "health is one line for each device" "$("$XPU" health)" "acme:0  failed" "its driver says so"
refused "what a backend says cannot be cleared" "$XPU" health --clear acme:0
says "what a backend says cannot be cleared, and why" "$OUTPUT" \
  "there is no mark of acme:0, and its backend says: its driver says so"
refused "a device that nobody knows has no mark" "$XPU" health --clear acme:9
says "a device that nobody knows is named" "$OUTPUT" "there is no mark of 'acme:9'; xpu-runtime health shows all marks"
says "the doctor fails" "$("$XPU" doctor device-health)" \
  "failure  device-health" "acme:0 has failed and goes to no container: its"

host 'health = "failed"' 'health = "ok"' 'allow-unhealthy = true'
run XPU_VISIBLE_DEVICES=acme:0
says "allow-unhealthy gives it" "$OUTPUT" "acme0"
says "allow-unhealthy warns" "$OUTPUT" "the device acme:0 is given, and it has failed: its driver says so"

host 'health = "degraded"' 'health = "ok"'
run XPU_VISIBLE_DEVICES=all
says "a degraded device is given with a warning" "$OUTPUT" "acme0" \
  "the device acme:0 is given, and it is degraded: its driver says so"
says "ps tells of it" "$("$XPU" ps)" "Unhealthy: acme:0 is degraded: its driver says so"
says "the doctor warns" "$("$XPU" doctor device-health)" "acme:0 is degraded"

# --- what an event told --------------------------------------------------------------------------
host 'health = "ok"' 'health = "ok"'
mark ACME-0 acme:0 failed "fell off the bus"
run XPU_VISIBLE_DEVICES=0
says "a marked device is not given" "$OUTPUT" \
  "acme:0 has failed: fell off the bus (since 2023-11-14T22:13:20Z); if it works again: xpu-runtime health --clear acme:0; "
same "health tells scripts" 'acme:0 failed true 1700000000' \
  "$("$XPU" health --json | jq -r '.devices[0] | "\(.device) \(.health) \(.marked) \(.since_unix)"')"
says "the doctor says what to do" "$("$XPU" doctor device-health)" \
  "> reset or replace the device, and then: xpu-runtime health --clear acme:0"
chmod 666 "$state/health"
run XPU_VISIBLE_DEVICES=0
same "what others could have written counts for nothing" 0 "$STATUS"
chmod 600 "$state/health"
ok "clear" "$XPU" health --clear ACME-0
says "clear says what it did" "$OUTPUT" "Forgot that acme:0 failed: fell off the bus"
run XPU_VISIBLE_DEVICES=0
says "a cleared device is given" "$OUTPUT" "acme0"

# --- a device that is held -----------------------------------------------------------------------
host 'health = "ok"' 'health = "ok"'
new_bundle "$tree" XPU_VISIBLE_DEVICES=acme:0 -- sleep 600
"$SHIM" --root "$SCRATCH/runtime" run --detach --bundle "$BUNDLE" "$ID" >/dev/null 2>&1 </dev/null
same "a container holds it" 0 $?
later "$SHIM" --root "$SCRATCH/runtime" delete --force "$ID"
silent "nothing is lost" "$("$XPU" ps)" "Lost:"
says "the doctor finds nothing lost" "$("$XPU" doctor lost-devices)" "pass     lost-devices"
hardware 1 'health = "ok"' >"$etc/sim.toml"
"$XPU" detect --refresh >/dev/null
says "ps says who lost it" "$("$XPU" ps)" "Lost: the container $ID holds acme:0, which is not there any more"
same "ps tells scripts" "acme:0" "$("$XPU" ps --json | jq -r '.lost[0].device')"
says "health says who lost it" "$("$XPU" health)" "Lost: the container"
says "the doctor fails for it" "$("$XPU" doctor lost-devices | tr -s ' \n' ' ')" \
  "failure lost-devices the container $ID holds acme:0, which is not there any more" \
  "> end the container and start it again"
sed -i 's/^enabled = true/enabled = false/' "$etc/config.toml"
silent "a backend that is off says nothing of its devices" "$("$XPU" ps)" "Lost:"
host 'health = "failed"' 'health = "ok"'
says "one that failed is lost" "$("$XPU" ps)" "holds acme:0, which has failed: its driver says so"
"$SHIM" --root "$SCRATCH/runtime" delete --force "$ID" >/dev/null 2>&1
silent "the lease ends with the container" "$("$XPU" ps)" "Lost:"

finish
