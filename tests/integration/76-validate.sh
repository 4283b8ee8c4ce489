# SPDX-License-Identifier: Apache-2.0
# xpu-runtime validate against runc and crun: what it calls valid starts, what it refuses does not.
. "$(dirname "$0")/lib.sh"

new_tree busybox
tree=$REPLY
mkdir -p "$SCRATCH/config"
# validates RUNTIME: OUTPUT is what validate says, STATUS its exit status.
validates() {
  OUTPUT=$(XPU_CONTAINER_RUNTIME_PATH=$1 "$XPU" validate "$BUNDLE" 2>&1)
  STATUS=$?
}
starts() {
  RUN=$(timeout 60 "$1" --root "$SCRATCH/root-$(basename "$1")" run --bundle "$BUNDLE" "$2" 2>&1 </dev/null)
}

serial_of_case=0
# compare NAME FILTER [PART]: the bundle changed by FILTER. For each low-level runtime, validate and a
# start say the same; where validate finds an error it names PART.
compare() {
  local name=$1 filter=$2 part=${3:-} runtime kind ran
  for kind in runc crun; do
    runtime=$(command -v $kind)
    serial_of_case=$((serial_of_case + 1))
    new_bundle "$tree" -- /bin/busybox true
    bundle_edit "$filter"
    validates "$runtime"
    ran=0
    starts "$runtime" "v$serial_of_case" || ran=1
    [ "$ran" -eq 0 ] || "$runtime" --root "$SCRATCH/root-$kind" delete --force "v$serial_of_case" >/dev/null 2>&1
    if [ "$ran" != "$STATUS" ]; then
      fail "$kind, $name: as validate says" "validate: $STATUS, $kind: $ran"$'\n'"$OUTPUT"$'\n'"$RUN"
    elif [ "$STATUS" -ne 0 ] && [ -n "$part" ]; then
      says "$kind, $name: refused, and validate names the place" "$OUTPUT" "error    $part"
    else
      pass "$kind, $name: as validate says"
    fi
  done
}

compare "a good bundle" .
compare "a relative root" '.root.path = "nowhere"' "root.path: "
compare "no root" 'del(.root)' "root: "
compare "a root that is a file" '.root.path = "/etc/passwd"' "root.path: "
compare "a link as root" '.root.path = "link"' "root.path: "
compare "no process" 'del(.process)' "process: "
compare "no arguments" '.process.args = []' "process.args: "
compare "a program that is not there" '.process.args = ["/bin/nothing"]' "process.args[0]: "
compare "a program that is not in PATH" '.process.args = ["nothing"]' "process.args[0]: "
compare "a program in PATH" '.process.args = ["busybox", "true"]'
compare "a program that is a folder" '.process.args = ["/etc"]' "process.args[0]: "
compare "a relative folder to work in" '.process.cwd = "tmp"' "process.cwd: "
compare "no folder to work in" 'del(.process.cwd)' "process.cwd: "
compare "a variable without value" '.process.env += ["FOO"]' "process.env[1]: "
compare "a variable without name" '.process.env += ["=x"]' "process.env[1]: "
compare "a variable that is a number" '.process.env += [5]' "process.env[1]: "
compare "a negative user" '.process.user.uid = -1' "process.user.uid: "
compare "a fraction of a user" '.process.user.uid = 1.5' "process.user.uid: "
compare "a large user" '.process.user.uid = 4294967295' "process.user.uid: "
compare "an unknown capability" '.process.capabilities.bounding += ["CAP_FLY"]'
compare "an effective capability that is not permitted" \
  '.process.capabilities.effective += ["CAP_SYS_ADMIN"]' "process.capabilities.effective["
compare "a limit" '.process.rlimits = [{type: "RLIMIT_NOFILE", hard: 100, soft: 100}]'
compare "an unknown limit" '.process.rlimits = [{type: "RLIMIT_FLY", hard: 1, soft: 1}]' "process.rlimits[0].type: "
compare "a soft limit above the hard one" \
  '.process.rlimits = [{type: "RLIMIT_NOFILE", hard: 10, soft: 20}]' "process.rlimits[0].soft: "
compare "an adjustment out of range" '.process.oomScoreAdj = 2000' "process.oomScoreAdj: "
compare "a text for a truth" '.process.terminal = "no"' "process.terminal: "
compare "a long hostname" '.hostname = ("x" * 65)' "hostname: "
compare "a hostname without its namespace" '.linux.namespaces |= map(select(.type != "uts"))' "hostname: "
compare "an unknown namespace" '.linux.namespaces += [{type: "moon"}]' "linux.namespaces[5].type: "
compare "a namespace twice" '.linux.namespaces += [{type: "pid"}]' "linux.namespaces[5]: "
compare "a namespace that is not there" \
  '.linux.namespaces |= map(if .type == "network" then .path = "/nothing" else . end)' "linux.namespaces["
compare "a namespace that is none" \
  '.linux.namespaces |= map(if .type == "network" then .path = "/etc/passwd" else . end)' "linux.namespaces["
compare "a user namespace without mappings" '.linux.namespaces += [{type: "user"}]' "linux.uidMappings: "
compare "no linux" 'del(.linux) | del(.hostname)' "linux: "
compare "a source that is not there" \
  '.mounts += [{destination: "/mnt", source: "/nothing", options: ["bind"]}]' "mounts[7].source: "
compare "a bind mount without the option" \
  '.mounts += [{destination: "/mnt", type: "bind", source: "/etc"}]' "mounts[7].options: "
compare "a mount without destination" '.mounts += [{type: "tmpfs", source: "t"}]' "mounts[7].destination: "
compare "a mount without type" '.mounts += [{destination: "/mnt", source: "t"}]' "mounts[7].type: "
compare "a file over a folder" \
  '.mounts += [{destination: "/etc", source: "/etc/passwd", options: ["bind"]}]' "mounts[7].source: "
compare "a mount over a file of /proc" \
  '.mounts += [{destination: "/proc/sys", source: "/etc", options: ["bind"]}]' "mounts[7].destination: "
compare "an option that tmpfs does not have" \
  '.mounts += [{destination: "/mnt", type: "tmpfs", source: "t", options: ["nonsense"]}]' "mounts[7].options[0]: "
compare "options that it has" \
  '.mounts += [{destination: "/mnt", type: "tmpfs", source: "t", options: ["size=50%", "mode=1777", "rprivate"]}]'
compare "a device" '.linux.devices = [{path: "/dev/x", type: "c", major: 1, minor: 3}]'
compare "a device without type" '.linux.devices = [{path: "/dev/x", major: 1, minor: 3}]' "linux.devices[0].type: "
compare "a device of an unknown type" \
  '.linux.devices = [{path: "/dev/x", type: "x", major: 1, minor: 3}]' "linux.devices[0].type: "
compare "a device with a negative number" \
  '.linux.devices = [{path: "/dev/x", type: "c", major: -1, minor: 3}]' "linux.devices[0].major: "
compare "a rule without access" \
  '.linux.resources.devices = [{allow: true, type: "c", major: 1, minor: 3}]' "linux.resources.devices[0].access: "
compare "memory and less swap" '.linux.resources.memory = {limit: 268435456, swap: 1048576}' \
  "linux.resources.memory.swap: "
compare "no list of CPUs" '.linux.resources.cpu = {cpus: "x"}' "linux.resources.cpu.cpus: "
compare "a CPU that is not there" '.linux.resources.cpu = {cpus: "4000"}' "linux.resources.cpu.cpus: "
compare "a short quota" '.linux.resources.cpu = {quota: 5}' "linux.resources.cpu.quota: "
compare "pages of no size" '.linux.resources.hugepageLimits = [{pageSize: "64kB", limit: 5}]' \
  "linux.resources.hugepageLimits[0].pageSize: "
compare "a setting of the host" '.linux.sysctl = {"vm.swappiness": "1"}' 'linux.sysctl["vm.swappiness"]: '
compare "a setting that is not there" '.linux.sysctl = {"net.nothing": "1"}' 'linux.sysctl["net.nothing"]: '
compare "a setting of the network" '.linux.sysctl = {"net.ipv4.ip_forward": "1"}'
compare "a propagation" '.linux.rootfsPropagation = "sideways"' "linux.rootfsPropagation: "
compare "a filter" '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW"}'
compare "an unknown action" '.linux.seccomp = {defaultAction: "NO"}' "linux.seccomp.defaultAction: "
compare "an unknown architecture" \
  '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", architectures: ["X"]}' "linux.seccomp.architectures[0]: "
compare "a number among annotations" '.annotations = {a: 1}' "annotations.a: "
compare "a hook" '.hooks = {prestart: [{path: "/bin/true"}]}'
compare "a hook that is not there" '.hooks = {prestart: [{path: "/nothing"}]}' "hooks.prestart[0].path: "
compare "a hook that cannot be run" '.hooks = {createContainer: [{path: "/etc/passwd"}]}' \
  "hooks.createContainer[0].path: "
compare "a hook after the start that is not there" '.hooks = {poststart: [{path: "/nothing"}]}' \
  "hooks.poststart[0].path: "
compare "a hook after the end that is not there" '.hooks = {poststop: [{path: "/nothing"}]}'
compare "no version" 'del(.ociVersion)' "ociVersion: "
compare "a strange version" '.ociVersion = "one"' "ociVersion: "
compare "a key that nobody knows" '.colour = "red" | .linux.colour = "red"'

# What has nothing to do with a low-level runtime.
new_bundle "$tree" -- /bin/busybox true
bundle_edit 'del(.process.capabilities.ambient)'
ok "validate of a good bundle" "$XPU" validate "$BUNDLE"
same "it says so, and what a start would do" \
  "$BUNDLE: a bundle that $(command -v runc) takes (0 errors, 0 warnings)"$'\n\n'"What a start would do:"$'\n'"This container asks for no accelerator; config.json stays as it is." \
  "$OUTPUT"
new_bundle "$tree" XPU_VISIBLE_DEVICES=acme:0 -- /bin/busybox true
before=$(md5sum "$BUNDLE"/*)
ok "validate of one that asks" "$XPU" validate "$BUNDLE"
says "it says what the container would get" "$OUTPUT" "Request:   XPU_VISIBLE_DEVICES=acme:0" "Selected:  acme:0"
same "it changes nothing" "$before" "$(md5sum "$BUNDLE"/*)"
OUTPUT=$("$XPU" validate --json "$BUNDLE")
same "validate --json" "true acme:0 true" "$(jq -r '"\(.valid) \(.start.devices[0]) \(.start.asks)"' <<<"$OUTPUT")"
new_bundle "$tree" XPU_VISIBLE_DEVICES=acme:9 -- /bin/busybox true
refused "a request that cannot be served" "$XPU" validate "$BUNDLE"
says "it is an error with the line of the start" "$OUTPUT" "error    " acme:9
bundle_edit '.process.cwd = "tmp" | .Hostname = "x"'
OUTPUT=$("$XPU" validate --json "$BUNDLE")
same "every finding has severity, path and text" "" \
  "$(jq -r '.findings[] | select((.severity | IN("error", "warning", "note") | not) or .text == "") | .path' <<<"$OUTPUT")"
same "findings by path" "error process.cwd" \
  "$(jq -r '.findings[] | select(.path == "process.cwd") | "\(.severity) \(.path)"' <<<"$OUTPUT")"
printf '{"ociVersion": "1.0.2",\n  "process": }\n' >"$BUNDLE/config.json"
refused "what is no JSON" "$XPU" validate "$BUNDLE"
says "it is named with line and column" "$OUTPUT" "error    line 2, column 14: not JSON: "
refused "a folder that is not there" "$XPU" validate "$SCRATCH/nothing"
says "it is named" "$OUTPUT" "\"$SCRATCH/nothing\" does not exist; a bundle is a folder with config.json"
refused "a folder without config.json" "$XPU" validate "$SCRATCH/config"
says "it is named" "$OUTPUT" "\"$SCRATCH/config\" has no config.json"
finish
