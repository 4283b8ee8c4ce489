# SPDX-License-Identifier: Apache-2.0
# `xpu-runtime cdi`: what is generated, where it is written and when not, what is said of files.
. "$(dirname "$0")/lib.sh"

use_config cdi
config=$XDG_CONFIG_HOME/xpu-container-runtime
static=$SCRATCH/etc/cdi dynamic=$SCRATCH/run/cdi generated=$SCRATCH/state-cdi
mkdir -p "$config" "$static" "$SCRATCH/run"
echo '{}' >"$SCRATCH/acme.json"
cat >"$config/config.toml" <<TOML
[state]
directory = "$SCRATCH/state"
[cdi]
spec-dirs = ["$static", "$dynamic"]
[policy]
privileged-capabilities = ["graphics"]
[backends.sim]
enabled = true
hardware = "$SCRATCH/sim.toml"
TOML
# hardware [TEXT]: devices of the vendor acme, and TEXT.
hardware() {
  cat >"$SCRATCH/sim.toml" <<TOML
capabilities = ["compute", "utility", "graphics", "channels"]
[[devices]]
vendor = "acme"
index = "0"
name = "Acme One"
uuid = "ACME-5f0c2a10"
pci = "0000:65:00.0"
nodes = [{ host = "$XPU_IT/dev/acme0", container = "/dev/acme0" }]
links = [{ path = "/dev/acme/by-path/first", target = "../../acme0" }]
values = [{ name = "mask", combine = "bits", value = "0" }]
[[devices]]
vendor = "acme"
index = "1"
name = "Acme One"
uuid = "ACME-5f0c2a11"
pci = "0000:66:00.0"
nodes = [{ host = "$XPU_IT/dev/acme1", container = "/dev/acme1" }]
values = [{ name = "mask", combine = "bits", value = "1" }]
[[devices]]
vendor = "acme"
index = "1:0"
parent = "1"
name = "Half an Acme"
uuid = "ACME/half"
pci = "0000:66:00.0"
nodes = [{ host = "/dev/full", container = "/dev/acme1.0" }]
[[devices]]
vendor = "acme"
index = "2"
name = "Acme Two"
available = false
reason = "the firmware did not load"
[[env]]
name = "ACME_MASK"
value = "\${mask}"
expand = true
[[files]]
kind = "library"
host = "$XPU_IT/host/libacme.so.1.0"
links = ["libacme.so"]
capability = "compute"
[[files]]
kind = "data"
host = "$SCRATCH/acme.json"
container = "/etc/acme/graphics.json"
capability = "graphics"
[[files]]
kind = "data"
host = "$SCRATCH/acme.json"
container = "/etc/acme/utility.json"
capability = "utility"
[[files]]
kind = "data"
host = "$SCRATCH/acme.json"
container = "/etc/acme/bare.json"
image-lacks = "libacme.so.*"
[[texts]]
path = "/etc/acme/channel7.conf"
content = "channel = 7\n"
capability = "channels"
item = "7"
${1:-}
TOML
}
globex='[[devices]]
vendor = "globex"
index = "0"
name = "Globex G1"
kind = "npu"
nodes = [{ host = "/dev/zero", container = "/dev/globex0" }]'
hardware

cdi() { "$XPU" cdi "$@" 2>"$SCRATCH/notes"; }
# Streams apart: the file in OUTPUT, what is said in NOTES.
generate() {
  OUTPUT=$(cdi generate --backend sim "$@")
  STATUS=$?
  NOTES=$(cat "$SCRATCH/notes")
}
# part FILTER: of OUTPUT, which is JSON.
part() { jq -c "$1" <<<"$OUTPUT"; }

# ---- what is generated
generate --format json
same "names: index, UUID where it is a name, all" '["0","ACME-5f0c2a10","1","ACME-5f0c2a11","1:0","all"]' \
  "$(part '[.devices[].name]')"
same "kind and version" '["xpu.dev/acme","0.5.0"]' "$(part '[.kind,.cdiVersion]')"
same "a node by its path, for everybody in the container" \
  "[{\"path\":\"/dev/acme0\",\"hostPath\":\"$XPU_IT/dev/acme0\",\"fileMode\":438,\"permissions\":\"rw\"}]" \
  "$(part '.devices[0].containerEdits.deviceNodes')"
same "a node that everybody may open keeps its mode" '[{"path":"/dev/acme1.0","hostPath":"/dev/full","permissions":"rw"}]' \
  "$(part '.devices[4].containerEdits.deviceNodes')"
same "what depends on the selection is in all only" '[null,["ACME_MASK=0x1"]]' \
  "$(part '[.devices[0].containerEdits.env,.devices[5].containerEdits.env]')"
same "all holds what is in all: parts in place of the whole" '["/dev/acme0","/dev/acme1.0"]' \
  "$(part '[.devices[5].containerEdits.deviceNodes[].path]')"
same "libraries where the usual loaders look, under each name" \
  "/usr/lib/x86_64-linux-gnu/libacme.so /usr/lib/x86_64-linux-gnu/libacme.so.1 /usr/lib64/libacme.so /usr/lib64/libacme.so.1" \
  "$(part '.containerEdits.mounts[].containerPath' | tr -d '"' | grep '\.so' | sort | xargs)"
same "no hooks" null "$(part '[.containerEdits.hooks,.devices[].containerEdits.hooks] | add')"
silent "what policy keeps for the privileged is left out" "$OUTPUT" graphics.json
has "what is left out is said" "$NOTES" "xpu.dev/acme: acme:2 is left out: the firmware did not load" \
  "xpu.dev/acme: what only images without libacme.so.* get is left out" \
  "xpu.dev/acme: the variable ACME_MASK depends on all the devices that a container has, and is only in the device all" \
  "xpu.dev/acme: the links in /dev/acme/by-path are left out: there is no folder to generate them in"

cdi generate --backend sim >"$SCRATCH/a.yaml"
ok "YAML without --format" grep -qx 'kind: xpu.dev/acme' "$SCRATCH/a.yaml"
same "YAML that the runtime reads" "$SCRATCH/a.yaml: valid, 6 devices of xpu.dev/acme" \
  "$("$XPU" cdi validate "$SCRATCH/a.yaml")"
generate --format json --device-name-strategy pci
same "names by PCI address, parts behind their device" '["0000:65:00.0","0000:66:00.0","0000:66:00.0:0","all"]' \
  "$(part '[.devices[].name]')"
generate --format json --device-name-strategy uuid
same "names by UUID alone" '["ACME-5f0c2a10","ACME-5f0c2a11","all"]' "$(part '[.devices[].name]')"
has "one without a name is said" "$NOTES" \
  "xpu.dev/acme: acme:1:0 is left out: it has nothing that it could be named by"
generate --format json --capabilities utility,graphics
same "capabilities that are named" "/etc/acme/graphics.json /etc/acme/utility.json" \
  "$(part '.containerEdits.mounts[].containerPath' | tr -d '"' | sort | xargs)"
generate --format json --capabilities none
same "no capabilities" null "$(part '.containerEdits.mounts')"
generate --format json --library-folder /opt/lib/ --capabilities compute
same "libraries where they are wanted" '["/opt/lib/libacme.so.1","/opt/lib/libacme.so"]' \
  "$(part '[.containerEdits.mounts[].containerPath]')"
generate --format json --for-bare-images --capabilities none
same "what only some images get, for all" '["/etc/acme/bare.json"]' "$(part '[.containerEdits.mounts[].containerPath]')"
generate --format json --generated-dir "$SCRATCH/gen" --capabilities none --feature channels=7
same "a feature and what is generated" '["/etc/acme/channel7.conf","/dev/acme/by-path"]' \
  "$(part '[.containerEdits.mounts[].containerPath]')"
same "which is there" "channel = 7" "$(cat "$SCRATCH"/gen/text-*)"
generate --format json --kind vendor
same "the kind that the manifest names" '"sim.example/device"' "$(part .kind)"
generate --format json --kind sim.example/device
same "the same by its name" '"sim.example/device"' "$(part .kind)"
generate --format json --kind my.example/anvil
same "any other kind" '"my.example/anvil"' "$(part .kind)"

# says_error NAME TEXT ARGUMENT...
says_error() {
  local name=$1 text=$2
  shift 2
  refused "$name" "$XPU" cdi "$@"
  says "$name: why" "$OUTPUT" "$text"
}
says_error "an unknown backend" 'no backend is called "sin"; installed: ' generate --backend sin
says_error "a backend without hardware" "backend nvidia" generate --backend nvidia
says_error "a wrong kind" '--kind: "acme" is neither "vendor" nor of the form VENDOR/CLASS' \
  generate --backend sim --kind acme
says_error "a kind that nobody has" "there is no device to describe; the backend sim has no device for xpu.dev/other" \
  generate --backend sim --kind xpu.dev/other
says_error "an unknown capability" 'there is no capability "gaming"; there are: compute, graphics, utility' \
  generate --backend sim --capabilities gaming
says_error "an unknown feature" 'there is no feature "rdma"; there are: channels' generate --backend sim --feature rdma
says_error "an unknown element" 'the feature channels has no element "8"; there are: 7' \
  generate --backend sim --feature channels=8
says_error "a wrong option" "--option hot is not of the form NAME=VALUE" generate --backend sim --option hot
says_error "an unknown option" "the option heat is not one of: sim" generate --backend sim --option heat=1
says_error "a backend without a root" "the option driver-root is not one of: sim" generate --backend sim --root /srv
says_error "a relative folder" "--library-folder lib is not an absolute path without . and .." \
  generate --backend sim --library-folder lib
says_error "simulated devices only by name" "there is no device to describe" generate
says_error "the format of another ending" "$SCRATCH/a.json is the name of a JSON file, and --format says yaml" \
  generate --backend sim --format yaml --output "$SCRATCH/a.json"
says_error "a folder that is not there" "cannot open the folder $SCRATCH/nowhere" \
  generate --backend sim --output "$SCRATCH/nowhere/a.json"
before=$(find "$SCRATCH/state" -type f -exec stat -c '%n %Y %i' {} + | sort)
sed 's/Acme/Other/; s/acme"/other"/' "$SCRATCH/sim.toml" >"$SCRATCH/other.toml"
generate --format json --option "hardware=$SCRATCH/other.toml"
same "an option for this once" '"xpu.dev/other"' "$(part .kind)"
same "it leaves the cached description alone" "$before" \
  "$(find "$SCRATCH/state" -type f -exec stat -c '%n %Y %i' {} + | sort)"


# ---- several kinds, and files
hardware "$globex"
says_error "one file for two kinds" \
  "a CDI file is about one kind, and there are devices for xpu.dev/acme, xpu.dev/globex; choose one with --kind, or give --output a folder" \
  generate --backend sim
says_error "two devices of one name" \
  "acme:0 and globex:0 would both be my.example/anvil=0; give the devices of each vendor a kind of their own" \
  generate --backend sim --kind my.example/anvil
generate --format json --kind xpu.dev/globex
same "one of two kinds" '["0","all"]' "$(part '[.devices[].name]')"
mkdir "$SCRATCH/out"
generate --output "$SCRATCH/out"
same "a folder gets a file for each kind" "xpu-sim-acme.yaml xpu-sim-globex.yaml" "$(ls "$SCRATCH/out" | xargs)"
generate --output "$SCRATCH/out/mine.json" --kind xpu.dev/globex --device-name-strategy uuid
same "nothing to name: nothing is written" "1 no" "$STATUS $([ -e "$SCRATCH/out/mine.json" ] || echo no)"
says_error "a device that another file of the folder has" \
  "$SCRATCH/out/xpu-sim-globex.yaml defines xpu.dev/globex=0 already, and so would $SCRATCH/out/mine.json: readers of CDI give neither then; remove the former, or choose another --kind" \
  generate --backend sim --kind xpu.dev/globex --output "$SCRATCH/out/mine.json"
same "it is not written" no "$([ -e "$SCRATCH/out/mine.json" ] || echo no)"
rm -f "$SCRATCH/out"/*
(cd "$SCRATCH/out" && umask 077 && "$XPU" cdi generate --backend sim --kind xpu.dev/globex --output here.json)
same "written where one is, for all to read" "644" "$(stat -c %a "$SCRATCH/out/here.json")"
inode=$(stat -c %i "$SCRATCH/out/here.json")
generate --kind xpu.dev/globex --output "$SCRATCH/out/here.json"
same "what is the same is not written again" "$inode" "$(stat -c %i "$SCRATCH/out/here.json")"
echo '{' >"$SCRATCH/out/here.json"
generate --kind xpu.dev/globex --output "$SCRATCH/out/here.json"
ok "what is not is" jq -e .kind "$SCRATCH/out/here.json"
cp "$SCRATCH/out/here.json" "$SCRATCH/here.before"
mount -t tmpfs -o size=4k,mode=755 tmpfs "$SCRATCH/out" && {
  cp "$SCRATCH/here.before" "$SCRATCH/out/here.json" && echo >>"$SCRATCH/out/here.json"
  later umount "$SCRATCH/out"
  refused "a folder that is full" "$XPU" cdi generate --backend sim --kind xpu.dev/acme --output "$SCRATCH/out/here.json"
  same "the old file stays, and nothing else" "here.json" "$(ls -A "$SCRATCH/out")"
  ok "as it was" jq -e .kind "$SCRATCH/out/here.json"
}

# ---- refresh
refresh() { OUTPUT=$(umask 077 && cdi refresh --backend sim "$@"); STATUS=$?; NOTES=$(cat "$SCRATCH/notes"); }
hardware
refresh --check
same "--check says what is to be done" "1 $dynamic/xpu-sim.json: is not current, 6 names of xpu.dev/acme" "$STATUS $OUTPUT"
same "and does nothing" no "$([ -e "$dynamic" ] || echo no)"
refresh
same "refresh writes" "0 $dynamic/xpu-sim.json: written, 6 names of xpu.dev/acme" "$STATUS $OUTPUT"
same "for all to read" "644 755 755" "$(stat -c %a "$dynamic/xpu-sim.json" "$dynamic" "$generated" | xargs)"
ok "what it mounts is there" test -L "$(jq -r '.containerEdits.mounts[] | select(.containerPath == "/dev/acme/by-path") | .hostPath' "$dynamic/xpu-sim.json")/first"
before=$(stat -c '%i %Y' "$dynamic/xpu-sim.json")
refresh
same "refresh again does nothing" "0 $before" "$STATUS$OUTPUT $(stat -c '%i %Y' "$dynamic/xpu-sim.json")"
refresh --check
same "nor does --check find anything" "0" "$STATUS$OUTPUT"
rm -r "$generated"
refresh
same "what is mounted is made again" "0 $dynamic/xpu-sim.json: written, 6 names of xpu.dev/acme" "$STATUS $OUTPUT"
ok "and is there" test -L "$generated"/links-*/first
sed -i 's/index = "1:0"/index = "1:7"/' "$SCRATCH/sim.toml"
refresh
ok "a change of the hardware is written" jq -e '.devices[] | select(.name == "1:7")' "$dynamic/xpu-sim.json"
same "and nothing else is left but the note of how" ".xpu-refresh xpu-sim.json" "$(ls -A "$dynamic" | xargs)"
hardware "$globex"
refresh
same "a second vendor: files are renamed" "$dynamic/xpu-sim-acme.json: written, 6 names of xpu.dev/acme
$dynamic/xpu-sim-globex.json: written, 2 names of xpu.dev/globex
$dynamic/xpu-sim.json: removed, its devices are gone" "$OUTPUT"
refresh --kind vendor
says_error "two vendors of one kind" "would both be sim.example/device=0" refresh --backend sim --kind vendor
hardware
refresh --kind vendor
same "kinds of vendors have files of their own" "$dynamic/xpu-sim-sim.example-device.json: written, 6 names of sim.example/device" "$OUTPUT"
refresh
same "and stay beside the runtime's own" "xpu-sim-sim.example-device.json xpu-sim.json" "$(ls "$dynamic" | xargs)"
OUTPUT=$(cdi refresh)
same "refresh of all leaves simulated devices alone" "0 xpu-sim-sim.example-device.json xpu-sim.json" "$?$OUTPUT $(ls "$dynamic" | xargs)"
echo '{"cdiVersion":"0.5.0","kind":"xpu.dev/acme","devices":[{"name":"9","containerEdits":{"env":["A=b"]}}]}' \
  >"$dynamic/xpu-other.json"
echo 'capabilities = []' >"$SCRATCH/sim.toml"
refresh --check
same "gone devices, checked" "$dynamic/xpu-sim.json: is for devices that are gone" "$OUTPUT"
refresh
same "gone devices, and only this backend's file" "$dynamic/xpu-sim.json: removed, its devices are gone
xpu-other.json xpu-sim-sim.example-device.json" "$OUTPUT
$(ls "$dynamic" | xargs)"
rm -f "$dynamic"/*
hardware
echo 'oops' >>"$SCRATCH/sim.toml"
refresh
refresh_status=$STATUS
hardware
refresh
same "a backend that fails is an error" "1" "$refresh_status"

# ---- files of others
mkdir -p "$static"
rm -f "$dynamic"/* "$dynamic/.xpu-refresh"
cat >"$dynamic/theirs.yaml" <<YAML
cdiVersion: 0.3.0
kind: xpu.dev/acme
devices:
- {name: ACME-5f0c2a11, containerEdits: {env: [A=b]}}
YAML
says_error "a device of somebody else's file" \
  "$dynamic/theirs.yaml defines xpu.dev/acme=ACME-5f0c2a11 already, and so would $dynamic/xpu-sim.json: readers of CDI give neither then; remove the former, or choose another --kind" \
  refresh --backend sim
same "nothing is written" "theirs.yaml" "$(ls -A "$dynamic")"
mv "$dynamic/theirs.yaml" "$static/"
says_error "the same in another spec folder" \
  "$static/theirs.yaml defines xpu.dev/acme=ACME-5f0c2a11 already, and so would $dynamic/xpu-sim.json: readers of CDI then pass over one of them; remove the former, or choose another --kind" \
  refresh --backend sim
refresh --device-name-strategy index
same "other names are no conflict" 0 "$STATUS"
chmod 777 "$dynamic"
rm "$dynamic"/*
says_error "a folder that others can write" "$dynamic" refresh --backend sim --device-name-strategy index
chmod 755 "$dynamic"

# ---- list and validate
refresh --device-name-strategy index
cp "$static/theirs.yaml" "$static/twin.yaml"
sed 's/ACME-5f0c2a11/"1"/; s/0.3.0/0.5.0/' "$static/theirs.yaml" >"$static/early.yaml"
echo 'kind: 7' >"$static/bad.yaml"
OUTPUT=$("$XPU" cdi list | tr -s ' ')
has "list" "$OUTPUT" "DEVICE FILE STATE" "xpu.dev/acme=0 $dynamic/xpu-sim.json used" \
  "xpu.dev/acme=1 $static/early.yaml hidden by $dynamic/xpu-sim.json" "xpu.dev/acme=1 $dynamic/xpu-sim.json used" \
  "xpu.dev/acme=ACME-5f0c2a11 $static/theirs.yaml conflict with $static/twin.yaml" \
  "xpu.dev/acme=ACME-5f0c2a11 $static/twin.yaml conflict with $static/theirs.yaml"
says "list of a bad file" "$OUTPUT" "unusable: $static/bad.yaml: "
OUTPUT=$("$XPU" cdi list --json)
same "list --json" "$dynamic/xpu-sim.json used null" \
  "$(jq -r '.devices[] | select(.name == "xpu.dev/acme=0") | "\(.file) \(.state) \(.by)"' <<<"$OUTPUT")"
same "list --json: bad files" "$static/bad.yaml" "$(jq -r '.unusable[].path' <<<"$OUTPUT")"
rm "$static"/* "$dynamic"/*
same "list without files" "no CDI file in $static and $dynamic" "$("$XPU" cdi list)"
mkdir -m 777 "$SCRATCH/open"
sed "s|\"$static\"|\"$SCRATCH/open\"|" "$config/config.toml" >"$SCRATCH/new" && cp "$config/config.toml" "$SCRATCH/old" && cp "$SCRATCH/new" "$config/config.toml"
says "list of a folder that others can write" "$("$XPU" cdi list)" "unusable: refusing $SCRATCH/open: it can be written by group or others"
cp "$SCRATCH/old" "$config/config.toml"

# file NAME EDITS [VERSION]: a CDI file with one device.
file() {
  echo "{\"cdiVersion\":\"${3:-1.0.0}\",\"kind\":\"a.example/b\",\"devices\":[{\"name\":\"x\",\"containerEdits\":$2}]}" \
    >"$SCRATCH/$1"
}
validate() { OUTPUT=$(cd "$SCRATCH" && "$XPU" cdi validate "$@" 2>&1); STATUS=$?; }
file good.json '{"env":["A=b"]}' 0.3.0
validate good.json
same "a good file" "0 good.json: valid, 1 device of a.example/b" "$STATUS $OUTPUT"
file new.json '{"env":["A=b"]}'
validate good.json new.json
same "a file that says it is newer than it is" "0 good.json: valid, 1 device of a.example/b
new.json: warning: cdiVersion is 1.0.0, and 0.3.0 has everything that is used: older readers refuse the file without need
new.json: valid, 1 device of a.example/b" "$STATUS $OUTPUT"
file old.json '{"env":["A=b"],"additionalGids":[7]}' 0.3.0
validate old.json good.json
same "a file that is newer than it says" "1 old.json: error: cdiVersion: 0.3.0 does not have everything that is used; it must be at least 0.7.0
good.json: valid, 1 device of a.example/b" "$STATUS $OUTPUT"
mkfifo "$SCRATCH/pipe"
file gone.json "{\"deviceNodes\":[{\"path\":\"/dev/not-here\"},{\"path\":\"/dev/a\",\"hostPath\":\"$SCRATCH/acme.json\"},
  {\"path\":\"/dev/null\",\"type\":\"b\"},{\"path\":\"/dev/zero\",\"type\":\"c\",\"major\":9,\"minor\":8},
  {\"path\":\"/dev/p\",\"hostPath\":\"$SCRATCH/pipe\",\"type\":\"p\"},{\"path\":\"/dev/not-here\",\"type\":\"c\",\"major\":9,\"minor\":8}],
  \"mounts\":[{\"hostPath\":\"/not/here\",\"containerPath\":\"/here\"}]}" 0.5.0
validate gone.json
same "what is not here" "0 gone.json: warning: the device node /dev/not-here is not here: no container with it would start
gone.json: warning: $SCRATCH/acme.json is no device node
gone.json: warning: the device node /dev/null is of type c, not b
gone.json: warning: the device node /dev/zero is 1:5, not 9:8
gone.json: warning: /not/here is not here: no container with it would start
gone.json: valid, 1 device of a.example/b" "$STATUS $OUTPUT"
cp /bin/true "$SCRATCH/hook"
chmod 777 "$SCRATCH/hook"
file hook.json "{\"hooks\":[{\"hookName\":\"poststop\",\"path\":\"$SCRATCH/hook\"}]}" 0.3.0
validate hook.json
says "a hook that others can write" "$STATUS $OUTPUT" "1 hook.json: error: the hook poststop cannot be run: refusing $SCRATCH/hook: it can be written by group or others"
file loose.json '{"env":["A=b"]}' 0.3.0
chmod 666 "$SCRATCH/loose.json"
validate loose.json
says "a file that others can write" "$STATUS $OUTPUT" "1 loose.json: error: refusing $SCRATCH/loose.json: it can be written by group or others"
sed -i '/^\[cdi\]/a allow-untrusted = true' "$config/config.toml"
validate loose.json
says "the same where that is allowed" "$STATUS $OUTPUT" "0 loose.json: warning: " "loose.json: valid"
cp "$SCRATCH/old" "$config/config.toml"
cp "$SCRATCH/good.json" "$SCRATCH/good.txt"
validate good.txt
says "a name that nobody looks at" "$STATUS $OUTPUT" "0 good.txt: warning: readers of CDI look at *.json and *.yaml only"
validate nothing.json
same "no file" "1 nothing.json: error: there is no such file" "$STATUS $OUTPUT"
refresh --directory "$SCRATCH/elsewhere"
same "elsewhere" "$SCRATCH/elsewhere/xpu-sim.json: written, 6 names of xpu.dev/acme" "$OUTPUT"
finish
