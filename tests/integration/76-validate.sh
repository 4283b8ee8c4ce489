# SPDX-License-Identifier: Apache-2.0
# xpu-runtime validate against runc and crun: what it calls valid starts, what it refuses does not.
. "$(dirname "$0")/lib.sh"

new_tree busybox
tree=$REPLY
mkdir -p "$SCRATCH/config"
config=/etc/xpu-container-runtime/config.toml
cp "$config" "$SCRATCH/config.before"
later cp "$SCRATCH/config.before" "$config"
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
    [ -z "${compare_limits:-}" ] || sed -i "s/\"@HARD\"/$compare_limits/; s/\"@SOFT\"/$compare_soft/" "$BUNDLE/config.json"
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
compare "a newer version" '.ociVersion = "1.2.0"' "ociVersion: "
compare "a time namespace" '.linux.namespaces += [{type: "time"}]' "linux.namespaces[5]: "
compare "a flag of the filter" \
  '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", flags: ["SECCOMP_FILTER_FLAG_LOG"]}' "linux.seccomp.flags[0]: "
compare "no version" 'del(.ociVersion)' "ociVersion: "
compare "a strange version" '.ociVersion = "one"' "ociVersion: "
compare "a key that nobody knows" '.colour = "red" | .linux.colour = "red"'

# What runc and crun make of more unusual things.
compare "a bare name without PATH" '.process.env = ["A=b"] | .process.args = ["busybox", "true"]' "process.args[0]: "
compare "a bare name without an environment" '.process.env = null | .process.args = ["busybox", "true"]' \
  "process.args[0]: "
compare "no environment" '.process.env = null'
compare "a variable that is null" '.process.env += [null]' "process.env[1]: "
compare "a folder in PATH that is not absolute" \
  '.process.env = ["PATH=."] | .process.cwd = "/bin" | .process.args = ["busybox", "true"]' "process.args[0]: "
compare "an empty folder in PATH" \
  '.process.env = ["PATH=:/nothing"] | .process.cwd = "/bin" | .process.args = ["busybox", "true"]' "process.args[0]: "
tools=$SCRATCH/tools
mkdir -p "$tools"
cp "$tree/bin/busybox" "$tools/"
brought='.mounts += [{destination: "/mnt/../tools/", source: "'$tools'", options: ["bind"]}]'
compare "a program in a mount" "$brought"' | .process.args = ["/tools/busybox", "true"]'
compare "a program that is not in a mount" "$brought"' | .process.args = ["/tools/nothing"]' "process.args[0]: "
compare "a hook of the container in a mount" \
  "$brought"' | .hooks = {startContainer: [{path: "/tools/busybox", args: ["busybox", "true"]}]}'
compare "a hook of the container that is not in a mount" \
  "$brought"' | .hooks = {startContainer: [{path: "/tools/nothing"}]}' "hooks.startContainer[0].path: "
compare "a setting of the network of the host" \
  '.linux.namespaces |= map(if .type == "network" then .path = "/proc/self/ns/net" else . end) | .linux.sysctl = {"net.ipv4.ip_forward": "1"} | .mounts |= map(select(.destination | startswith("/sys") | not))' \
  'linux.sysctl["net.ipv4.ip_forward"]: '
compare "a setting of the network without one" \
  '.linux.namespaces |= map(select(.type != "network")) | .linux.sysctl = {"net.ipv4.ip_forward": "1"}' \
  'linux.sysctl["net.ipv4.ip_forward"]: '
for option in rro rnosuid rnoatime nosymfollow size=0x10000 size=1p size=0x nr_inodes=50% uid=0x0 gid=abc huge=never huge=often idmap copy-symlink; do
  compare "tmpfs with $option" \
    '.mounts += [{destination: "/mnt", type: "tmpfs", source: "t", options: ["'$option'"]}]' "mounts[7].options[0]: "
done
for option in rro rnosuid rnoatime nosymfollow; do
  compare "a bind mount with $option" \
    '.mounts += [{destination: "/mnt", source: "/etc", options: ["rbind", "'$option'"]}]' "mounts[7].options[1]: "
done
ln -s /nowhere "$SCRATCH/dangling"
compare "a link that leads nowhere" \
  '.mounts += [{destination: "/mnt", source: "'$SCRATCH/dangling'", options: ["bind"]}]' "mounts[7].source: "
compare "a destination behind /proc" '.mounts += [{destination: "/proc/../data", source: "/etc", options: ["bind"]}]'
compare "a destination in /proc after all" \
  '.mounts += [{destination: "/mnt/../proc/sys", source: "/etc", options: ["bind"]}]' "mounts[7].destination: "
new_tree busybox
tree=$REPLY
compare "no /proc" '.mounts |= map(select(.destination != "/proc"))' "mounts: "
compare "a key in other letters" '.Process = .process | del(.process)' "process: "
compare "a list in other letters" '.process.Args = .process.args | del(.process.args)' "process.args: "
ln -s "$(dirname "$tree")" "$SCRATCH/way"
compare "a link on the way to the root" '.root.path = "'$SCRATCH/way/$(basename "$tree")'"' "root.path: "
for name in MIPS S390X PARISC RISCV64 LOONGARCH64 M68K SH MIPSEL64; do
  compare "the architecture $name" \
    '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", architectures: ["SCMP_ARCH_'$name'"]}' \
    "linux.seccomp.architectures[0]: "
done
compare "a listener that is not there" \
  '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", listenerPath: "/nothing", syscalls: [{names: ["getcwd"], action: "SCMP_ACT_NOTIFY"}]}' \
  "linux.seccomp.listenerPath: "
compare "a notice of write" \
  '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["write"], action: "SCMP_ACT_NOTIFY"}]}' \
  "linux.seccomp.syscalls[0].names[0]: "
for limits in "18446744073709551615 18446744073709551615" "10 18446744073709551615" "-1 -1" "9223372036854775808 10"; do
  # jq would round the numbers.
  compare_limits=${limits% *} compare_soft=${limits#* }
  compare "the limits $limits" '.process.rlimits = [{type: "RLIMIT_CORE", hard: "@HARD", soft: "@SOFT"}]' \
    "process.rlimits[0]."
done
compare_limits=

# --- a bundle as the start leaves it ---------------------------------------------------------------
# What the start brings is there, and what it takes out is not looked for.
new_bundle "$tree" XPU_VISIBLE_DEVICES=acme:0 -- /bin/busybox true
bundle_edit '.hooks.prestart = [{path: "/gone/first"}, {path: "/gone/xpu-container-runtime-hook", args: ["x", "prestart"]}, {path: "/gone/last"}]'
refused "hooks that are not there" "$XPU" validate "$BUNDLE"
says "those that stay are named by their places" "$OUTPUT" "error    hooks.prestart[0].path: \"/gone/first\"" \
  "error    hooks.prestart[2].path: \"/gone/last\""
case $OUTPUT in
  *'prestart[1]'*) fail "the one that the start takes out is not looked for" "$OUTPUT" ;;
  *) pass "the one that the start takes out is not looked for" ;;
esac
bundle_edit '.hooks.prestart |= [.[1]]'
ok "a bundle with nothing but that hook" "$XPU" validate "$BUNDLE"
run_bundle
same "it starts" 0 "$STATUS"
ok "and is valid still, with what that start left in it" "$XPU" validate "$BUNDLE"
if [ -d "$XPU_FIXTURES/driver-listings" ]; then
  driver=$SCRATCH/driver numbers=()
  for number in $NODES; do
    numbers+=(--numbers "$number")
  done
  "$XPU_BUILD/tests/fakes/make_driver_tree" --listing "$XPU_FIXTURES/driver-listings/debian-bookworm-backports-nvidia-535" \
    --root "$driver" --gpus 2 "${numbers[@]}" >/dev/null 2>&1
  printf '[backends.nvidia]\ndriver-root = "%s"\ndev-root = "%s"\nsys-root = "%s"\n' "$driver" "$driver" "$driver" >>"$config"
  new_bundle "$tree" NVIDIA_VISIBLE_DEVICES=0 -- nvidia-smi
  ok "a program that the start brings" "$XPU" validate "$BUNDLE"
  says "the start brings it" "$("$XPU" explain --bundle "$BUNDLE")" nvidia-smi
  new_bundle "$tree" NVIDIA_VISIBLE_DEVICES=0 NVIDIA_DRIVER_CAPABILITIES=compute -- nvidia-smi
  refused "one that it does not bring" "$XPU" validate "$BUNDLE"
  says "it is named" "$OUTPUT" 'error    process.args[0]: "nvidia-smi" is in none of the folders that PATH names'
else
  skip "programs that the start brings" "no $XPU_FIXTURES/driver-listings"
fi

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
