# SPDX-License-Identifier: Apache-2.0
# Running containers get back the devices that their cgroup lost, and nothing else.
. "$(dirname "$0")/lib.sh"

etc=$SCRATCH/etc/xpu-container-runtime
root=$SCRATCH/runtime
heal=$XPU_BUILD/bin/heal_once
mkdir -p "$etc"
# Numbers that a real driver answers: /dev/zero and /dev/full behind names of a vendor.
mknod "$SCRATCH/acme0" c 1 5
mknod "$SCRATCH/acme1" c 1 7
for n in 0 1; do
  printf '[[devices]]\nvendor = "acme"\nindex = "%d"\nname = "Acme One"\nuuid = "ACME-%d"\nmemory = "24GiB"\nnodes = [{ host = "%s/acme%d", container = "/dev/acme%d" }]\n' \
    $n $n "$SCRATCH" $n $n
done >"$etc/sim.toml"
cat >"$etc/config.toml" <<TOML
[state]
directory = "$SCRATCH/state"
[cost]
directory = "$SCRATCH/usage"
[backends]
directories = ["$XPU_IT/prefix/lib/xpu/backends"]
[backends.sim]
enabled = true
hardware = "$etc/sim.toml"
TOML
export XDG_CONFIG_HOME=$SCRATCH/etc
"$XPU" detect --refresh >/dev/null
new_tree busybox
tree=$REPLY

devices=$(awk '$4 ~ /(^|,)devices(,|$)/ || $9 == "cgroup" && $0 ~ /devices/ {print $5; exit}' /proc/self/mountinfo)
if [ -z "$devices" ]; then
  skip "healing on cgroup v1" "this host has no v1 hierarchy of devices"
  finish
fi

# start [VARIABLE=VALUE...]: a container that waits. ID, and its cgroup in FOLDER.
start() {
  new_bundle "$tree" "$@" -- sleep 600
  [ -z "${EDIT:-}" ] || bundle_edit "$EDIT"
  XPU_CONTAINER_RUNTIME_PATH=$RUNTIME "$SHIM" --root "$root" run --detach --bundle "$BUNDLE" "$ID" >/dev/null 2>&1 </dev/null
  same "the container starts" 0 $?
  later "$SHIM" --root "$root" delete --force "$ID"
  FOLDER=$devices$CGROUP/$ID
}
# opens NODE: what the container says when it reads it.
opens() {
  OUTPUT=$(XPU_CONTAINER_RUNTIME_PATH=$RUNTIME "$SHIM" --root "$root" exec "$ID" \
    sh -c ": <$1 && echo yes || echo no" 2>&1 </dev/null)
  if [ "$OUTPUT" = yes ]; then echo yes; else echo no; fi
}

for RUNTIME in $(command -v runc crun); do
  name=$(basename "$RUNTIME")
  start XPU_VISIBLE_DEVICES=all
  same "$name: the container opens its device" yes "$(opens /dev/acme0)"
  same "$name: nothing is healed that is well" "" "$("$heal")"
  echo "c 1:5 rw" >"$FOLDER/devices.deny"
  same "$name: the device is taken away" no "$(opens /dev/acme0)"
  ok "$name: heal" "$heal"
  has "$name: heal says what it did" "$OUTPUT" \
    "healed $ID gave $SCRATCH/acme0 (c 1:5) back to the container $ID, whose cgroup denied it: written to devices.allow of $FOLDER"
  same "$name: the container opens it again" yes "$(opens /dev/acme0)"
  same "$name: healed once" "" "$("$heal")"
  # As systemd does: everything is taken away, and what it knows comes back.
  before=$(grep -v '^c 1:[57] ' "$FOLDER/devices.list" | sort)
  echo a >"$FOLDER/devices.deny"
  echo "c 1:3 rwm" >"$FOLDER/devices.allow"
  ok "$name: heal after a reload" "$heal"
  says "$name: both devices come back" "$OUTPUT" "$SCRATCH/acme0 (c 1:5), $SCRATCH/acme1 (c 1:7)"
  same "$name: nothing but the devices comes back" "c 1:3 rwm c 1:5 rw c 1:7 rw" \
    "$(sort "$FOLDER/devices.list" | tr '\n' ' ' | sed 's/ $//')"
  "$SHIM" --root "$root" delete --force "$ID" >/dev/null 2>&1
done
RUNTIME=$(command -v runc)

# --- what config.json denies stays denied --------------------------------------------------------
start XPU_VISIBLE_DEVICES=all
jq '.linux.resources.devices += [{allow: false, type: "c", major: 1, minor: 5, access: "rwm"}]' \
  "$BUNDLE/config.json" >"$BUNDLE/new.json" && mv "$BUNDLE/new.json" "$BUNDLE/config.json"
echo a >"$FOLDER/devices.deny"
ok "heal where a rule denies one" "$heal"
says "the other one comes back" "$OUTPUT" "gave $SCRATCH/acme1 (c 1:7) back"
silent "what config.json denies does not come back" "$OUTPUT" "acme0"
same "what config.json denies is denied" "c 1:7 rw" "$(cat "$FOLDER/devices.list")"

# --- a container that is allowed everything ------------------------------------------------------
EDIT='.linux.resources.devices = [{allow: true, access: "rwm"}]' start XPU_VISIBLE_DEVICES=acme:0
if [ "$(cat "$FOLDER/devices.list")" = "a *:* rwm" ]; then
  same "nothing is healed of a privileged container" "" "$("$heal" | grep "$ID")"
  echo "c 1:5 rw" >"$FOLDER/devices.deny"
  same "the kernel does not show what it denies" "a *:* rwm" "$(cat "$FOLDER/devices.list")"
  says "heal finds out all the same" "$("$heal" | grep "$ID")" "healed $ID gave $SCRATCH/acme0 (c 1:5) back"
  same "a privileged container opens it again" yes "$(opens /dev/acme0)"
fi

# --- what cannot be healed -----------------------------------------------------------------------
start XPU_VISIBLE_DEVICES=acme:1
echo "c 1:7 rw" >"$devices$CGROUP/devices.deny"
same "a cgroup above takes it away" no "$(opens /dev/acme1)"
says "what a cgroup above denies is left to others" "$("$heal" | grep "$ID")" \
  "failed $ID the container $ID may no longer open $SCRATCH/acme1 (c 1:7), and cannot be given it back: the cgroup above $FOLDER may not open $SCRATCH/acme1 either; end the container and start it again"
echo "c 1:7 rw" >"$devices$CGROUP/devices.allow"
says "once the cgroup above allows it, it is given back" "$("$heal" | grep "$ID")" "healed $ID gave"
rm "$SCRATCH/acme1"
mknod "$SCRATCH/acme1" c 1 9
"$XPU" detect --refresh >/dev/null
says "a driver that has other numbers now is said" "$("$heal" | grep "$ID")" \
  "failed $ID the driver has other numbers for $SCRATCH/acme1 (c 1:9) now than the container $ID was given; end the container and start it again"

# --- who uses what: the processes of real containers ---------------------------------------------
start XPU_VISIBLE_DEVICES=acme:0
"$SHIM" --root "$root" exec --detach "$ID" sh -c 'exec 5</dev/acme0; exec sleep 600' >/dev/null 2>&1 </dev/null
wait_for 5 sh -c "'$heal' --uses 2>/dev/null | grep -qx 'container $ID 1'" &&
  pass "a process with the device open is the container's" ||
  fail "a process with the device open is the container's" "$("$heal" --uses 2>&1)"
says "it is told by name" "$("$heal" --uses 2>/dev/null)" "sleep $ID"

finish
