# SPDX-License-Identifier: Apache-2.0
# Devices of CDI files, in every way that they can be asked for, beside those of a backend.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/engines.sh"

mkdir -p /etc/cdi /var/run/cdi "$SCRATCH/other/lib"
later rm -rf /etc/cdi /var/run/cdi
mknod -m 600 "$SCRATCH/other/card0" c "${NODE_OTHER%%:*}" "${NODE_OTHER##*:}"
echo fast >"$SCRATCH/other/lib/mode"
cat >"$SCRATCH/other/hook" <<SH
#!/bin/sh
cat >/dev/null
env | sort | grep -v -e ^_= -e ^PWD= -e ^SHLVL= >"$SCRATCH/hook.env"
SH
chmod 755 "$SCRATCH/other/hook"
cat >/etc/cdi/other.yaml <<YAML
# A smart NIC of another vendor.
cdiVersion: 0.7.0
kind: other.com/nic
devices:
- name: card0
  containerEdits:
    deviceNodes:
    - path: /dev/other/card0
      hostPath: $SCRATCH/other/card0
      permissions: rw
    env: [OTHER_CARD=0]
- name: virtual
  containerEdits:
    env: [OTHER_CARD=virtual]
containerEdits:
  env: [OTHER=yes]
  additionalGids: [4242]
  mounts:
  - hostPath: $SCRATCH/other/lib
    containerPath: /usr/lib/other
    options: [ro, nosuid, nodev, bind]
  hooks:
  - hookName: createRuntime
    path: $SCRATCH/other/hook
    args: [hook, --once]
YAML
sleep 0.1

new_tree debian
tree=$REPLY
asks=(/probe open /dev/other/card0 node "$NODE_OTHER" open /dev/acme0 env OTHER env OTHER_CARD ls /usr/lib/other)
card=("open /dev/other/card0 ok" "node $NODE_OTHER ok" "env OTHER=yes" "env OTHER_CARD=0" "ls /usr/lib/other mode")
launch() { new_bundle "$tree" "$@" && run_bundle; }
# annotated NAME VALUE COMMAND...: a container with that annotation.
annotated() {
  local name=$1 value=$2
  shift 2
  new_bundle "$tree" -- "$@"
  bundle_edit --arg name "$name" --arg value "$value" '.annotations = {($name): $value}'
  run_bundle
}
# mounted PATH COMMAND...: with a mount of /dev/null there.
mounted() {
  local path=$1
  shift
  new_bundle "$tree" -- "$@"
  bundle_edit --arg path "$path" \
    '.mounts += [{destination: $path, type: "bind", source: "/dev/null", options: ["bind"]}]'
  run_bundle
}

for engine in runc crun; do
  RUNTIME=$(command -v $engine)
  rm -f "$SCRATCH/hook.env"
  launch XPU_VISIBLE_DEVICES=other.com/nic=card0 LD_PRELOAD=/evil.so -- "${asks[@]}"
  has "$engine: by a qualified name" "$OUTPUT" "${card[@]}" "open /dev/acme0 ENOENT"
  same "$engine: its hook ran, with an environment of its own" \
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" "$(cat "$SCRATCH/hook.env")"
  launch XPU_VISIBLE_DEVICES=other.com/nic=card0 -- /usr/bin/id -G
  says "$engine: with the group of the file" " $OUTPUT " " 4242 "
  launch XPU_VISIBLE_DEVICES=other.com/nic=card0,acme:0 -- "${asks[@]}"
  has "$engine: beside a backend's device" "$OUTPUT" "${card[@]}" "open /dev/acme0 ok"
  launch SIM_VISIBLE_DEVICES=other.com/nic=card0,xpu.dev/acme=0 -- "${asks[@]}"
  has "$engine: in a vendor's variable, and a backend's device by such a name" "$OUTPUT" \
    "${card[@]}" "open /dev/acme0 ok"
  annotated cdi.k8s.io/other_nic0 other.com/nic=card0,xpu.dev/acme=0 "${asks[@]}"
  has "$engine: by an annotation" "$OUTPUT" "${card[@]}" "open /dev/acme0 ok"
  launch XPU_VISIBLE_DEVICES=other.com/nic=virtual -- "${asks[@]}"
  has "$engine: another device of the file" "$OUTPUT" "open /dev/other/card0 ENOENT" \
    "node $NODE_OTHER EPERM" "env OTHER_CARD=virtual" "env OTHER=yes"
done
RUNTIME=$(command -v runc)

mkdir -p "$XPU_IT/etc/mounts/xpu-container-runtime"
{
  cat /etc/xpu-container-runtime/config.toml
  printf '[policy]\nvolume-mounts = "always"\n'
} >"$XPU_IT/etc/mounts/xpu-container-runtime/config.toml"
use_config mounts
for path in other.com/nic/card0 other.com/nic=card0; do
  mounted "/var/run/xpu-container-devices/cdi/$path" "${asks[@]}"
  has "by a mount of cdi/$path" "$OUTPUT" "${card[@]}"
done
mounted /var/run/xpu-container-devices/cdi/card0 "${asks[@]}"
says "by a mount of no such name" "$OUTPUT" \
  "what stands below cdi/ is no CDI device; such as vendor.com/class/name is wanted"
unset XDG_CONFIG_HOME

# --- what one file brings beside another, and beside the container's own --------------------------
mkdir -p "$SCRATCH/deep/own" "$SCRATCH/volume"
touch "$SCRATCH/deep/tool" "$SCRATCH/deep/own/theirs" "$SCRATCH/volume/mine"
for node in reads:444 nobody:0; do
  mknod -m "${node#*:}" "$SCRATCH/other/${node%:*}" c "${NODE_OTHER%%:*}" "${NODE_OTHER##*:}"
done
cat >/etc/cdi/more.yaml <<YAML
cdiVersion: 0.5.0
kind: other.com/more
devices:
- name: folder
  containerEdits:
    mounts: [{hostPath: $SCRATCH/deep, containerPath: /opt/other, options: [ro, bind]}]
- name: reads
  containerEdits:
    deviceNodes: [{path: /dev/other/reads, hostPath: $SCRATCH/other/reads, permissions: r}]
- name: nobody
  containerEdits:
    deviceNodes: [{path: /dev/other/nobody, hostPath: $SCRATCH/other/nobody, permissions: none}]
- name: writes
  containerEdits:
    deviceNodes: [{path: /dev/other/reads, hostPath: $SCRATCH/other/reads}]
- name: system
  containerEdits:
    mounts: [{hostPath: /sys/devices/system, containerPath: /sys/devices/system, options: [ro, rbind]}]
- name: version
  containerEdits:
    mounts: [{hostPath: $SCRATCH/deep/tool, containerPath: /proc/version, options: [bind]}]
- name: first
  containerEdits: {env: [SAME=1]}
- name: second
  containerEdits: {env: [SAME=2]}
containerEdits: {env: [SAME=0, MORE=yes]}
YAML
sleep 0.1
owned=$SCRATCH/owned
cp -a "$XPU_TREES/distroless" "$owned"
chown -R 100000:100000 "$owned"
# mapped LIST COMMAND...: in a user namespace whose root is user 100000 of the host.
mapped() {
  local list=$1
  shift
  new_bundle "$owned" "XPU_VISIBLE_DEVICES=$list" -- "$@"
  bundle_edit '.linux.namespaces += [{type: "user"}]
    | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}]
    | .linux.gidMappings = .linux.uidMappings'
  run_bundle
}
for engine in runc crun; do
  RUNTIME=$(command -v $engine)
  new_bundle "$tree" XPU_VISIBLE_DEVICES=other.com/more=folder -- /probe ls /opt/other ls /opt/other/own
  bundle_edit --arg volume "$SCRATCH/volume" \
    '.mounts += [{destination: "/opt/other/own", type: "bind", source: $volume, options: ["bind"]}]'
  run_bundle
  has "$engine: a folder does not hide the container's own mount in it" "$OUTPUT" \
    "ls /opt/other own tool" "ls /opt/other/own mine"
  before=$(jq -S . "$BUNDLE/config.json")
  ID=$ID-again
  run_bundle
  same "$engine: nor at the second start" "$before" "$(jq -S . "$BUNDLE/config.json")"
  has "$engine: which shows the same" "$OUTPUT" "ls /opt/other own tool" "ls /opt/other/own mine"
  new_bundle "$tree" XPU_VISIBLE_DEVICES=other.com/more=folder -- /probe id
  bundle_edit '.mounts += [{destination: "/opt/other/none", type: "tmpfs", source: "tmpfs"}]'
  run_bundle
  says "$engine: a read-only folder without a place for it is an error" "$OUTPUT" \
    "cannot mount $SCRATCH/deep at /opt/other: the container's own mount at /opt/other/none lies in it"

  mapped other.com/more=reads,other.com/more=nobody /probe stat /dev/other/reads stat /dev/other/nobody
  has "$engine: user namespace: nodes for reading, and for nobody" "$OUTPUT" \
    "stat /dev/other/reads node" "stat /dev/other/nobody node"
  mapped other.com/more=writes /probe id
  says "$engine: user namespace: a node that is for writing too" "$OUTPUT" \
    "cannot open the device node $SCRATCH/other/reads (mode 0444, owner 0:0)"

  launch XPU_VISIBLE_DEVICES=other.com/more=system -- /probe stat /sys/devices/system/cpu/online
  has "$engine: a part of sysfs in its own place" "$OUTPUT" "stat /sys/devices/system/cpu/online file"
  launch XPU_VISIBLE_DEVICES=other.com/more=version -- /probe id
  says "$engine: but not of procfs" "$OUTPUT" \
    "cannot mount $SCRATCH/deep/tool at /proc/version: nothing can be mounted in the proc mount at /proc"

  for order in first,second:2 second,first:1 nobody:0; do
    IFS=, read -ra names <<<"${order%:*}"
    list=$(printf ',other.com/more=%s' "${names[@]}")
    launch "XPU_VISIBLE_DEVICES=${list#,}" -- /probe env SAME env MORE
    has "$engine: a variable of several devices (${order%:*})" "$OUTPUT" "env SAME=${order#*:}" "env MORE=yes"
  done
done
RUNTIME=$(command -v runc)
rm /etc/cdi/more.yaml

# --- beside a backend ------------------------------------------------------------------------------
launch XPU_VISIBLE_DEVICES=0,other.com/nic=card0 -- "${asks[@]}"
has "a bare index is that of a backend's device" "$OUTPUT" "${card[@]}" "open /dev/acme0 ok"
cat >/etc/cdi/own.json <<JSON
{"cdiVersion": "0.6.0", "kind": "xpu.dev/acme", "devices": [
  {"name": "0", "containerEdits": {"env": ["FROM=file"]}},
  {"name": "more", "containerEdits": {"env": ["FROM=file"]}}]}
JSON
for variable in XPU_VISIBLE_DEVICES NVIDIA_VISIBLE_DEVICES; do
  launch $variable=xpu.dev/acme=0 -- /probe open /dev/acme0 env FROM
  has "no file stands for a backend's device, by $variable" "$OUTPUT" "open /dev/acme0 ok" "env FROM unset"
done
launch XPU_VISIBLE_DEVICES=xpu.dev/acme=more -- /probe id
says "nor adds to them" "$OUTPUT" "'xpu.dev/acme=more' is not a device of this host"
rm /etc/cdi/own.json


# A file about hardware that a backend has: policy and leases are about the hardware.
cat >/etc/cdi/sim.json <<JSON
{"cdiVersion": "0.6.0", "kind": "sim.example/device", "devices": [
  {"name": "0", "containerEdits": {"deviceNodes": [{"path": "/dev/acme0", "hostPath": "$XPU_IT/dev/acme0"}]}},
  {"name": "custom", "containerEdits": {"env": ["FROM=file"]}}]}
JSON
sleep 0.1
# with_lines NAME LINE...: the sandbox's configuration, these lines first.
with_lines() {
  mkdir -p "$XPU_IT/etc/$1/xpu-container-runtime"
  {
    printf '%s\n' "${@:2}"
    cat /etc/xpu-container-runtime/config.toml
  } >"$XPU_IT/etc/$1/xpu-container-runtime/config.toml"
  use_config "$1"
}
launch XPU_VISIBLE_DEVICES=sim.example/device=custom -- /probe env FROM
has "a device that the backend lacks is the file's" "$OUTPUT" "env FROM=file"
with_lines denied '[policy]' 'deny-devices = ["acme"]'
launch XPU_VISIBLE_DEVICES=sim.example/device=custom -- /probe env FROM
says "which is judged like the backend's" "$OUTPUT" \
  "the device sim.example/device=custom is kept from containers; [policy] deny-devices says so"
with_lines files '[xpu-container-runtime]' 'mode = "cdi"'
launch XPU_VISIBLE_DEVICES=sim.example/device=0 -- /probe open /dev/acme0
has "mode cdi: the file's device" "$OUTPUT" "open /dev/acme0 ok"
unset XDG_CONFIG_HOME
new_bundle "$tree" XPU_VISIBLE_DEVICES=acme:0 XPU_SHARING=exclusive -- /bin/sleep 60
"$SHIM" --root "$SCRATCH/runtime" run --detach --bundle "$BUNDLE" "$ID" </dev/null >/dev/null 2>&1
held=$ID
use_config files
launch XPU_VISIBLE_DEVICES=sim.example/device=0 -- /probe open /dev/acme0
says "mode cdi: not what another container holds by the backend" "$OUTPUT" \
  "the device sim.example/device=0 is acme:0, which is held exclusively by container $held"
unset XDG_CONFIG_HOME
"$SHIM" --root "$SCRATCH/runtime" delete --force "$held" >/dev/null 2>&1
rm /etc/cdi/sim.json

# --- through engines -------------------------------------------------------------------------------
in_podman "$tree" --env XPU_VISIBLE_DEVICES=other.com/nic=card0,acme:0 --user 1000:1000 -- "${asks[@]}" id
has "podman: an ordinary user has both" "$OUTPUT" "open /dev/other/card0 ok" "open /dev/acme0 ok" \
  "env OTHER=yes" "id 1000 1000"
in_podman "$tree" --annotation cdi.k8s.io/nic=other.com/nic=card0 -- "${asks[@]}"
has "podman: by an annotation" "$OUTPUT" "${card[@]}" "open /dev/acme0 ENOENT"
start_containerd
in_containerd "$tree" --env XPU_VISIBLE_DEVICES=other.com/nic=card0 -- "${asks[@]}"
has "containerd: by a qualified name" "$OUTPUT" "${card[@]}"
start_dockerd
in_docker debian --env XPU_VISIBLE_DEVICES=other.com/nic=card0 -- "${asks[@]}"
has "docker: by a qualified name" "$OUTPUT" "${card[@]}"
in_docker debian --env XPU_VISIBLE_DEVICES=other.com/nic=card7 -- /probe id
says "docker: what is not there" "$OUTPUT" "defines other.com/nic=card7"

# --- what is wrong ---------------------------------------------------------------------------------
# errs NAME LIST TEXT...: a start fails and says so.
errs() {
  local name=$1 list=$2
  shift 2
  launch "XPU_VISIBLE_DEVICES=$list" -- /probe id
  if [ "$STATUS" -eq 0 ]; then fail "$name" "$OUTPUT"; else says "$name" "$OUTPUT" "$@"; fi
}
errs "a device that no file defines" other.com/nic=card7 \
  "no CDI file in /etc/cdi and /var/run/cdi defines other.com/nic=card7; of other.com/nic there are card0, virtual"
errs "a name that is none" other.com/nic= "'other.com/nic=' is no qualified name of a CDI device"
annotated cdi.k8s.io/other card0 /probe id
says "an annotation without a qualified name" "$OUTPUT" \
  "annotation cdi.k8s.io/other: 'card0' is no qualified name of a CDI device"
cp /etc/cdi/other.yaml /etc/cdi/twice.yaml
errs "two files of one folder" other.com/nic=card0 \
  "the CDI device other.com/nic=card0 is defined twice, in /etc/cdi/other.yaml and in /etc/cdi/twice.yaml; remove one of the two"
mv /etc/cdi/twice.yaml /var/run/cdi/
sed -i 's/OTHER=yes/OTHER=dynamic/' /var/run/cdi/twice.yaml
launch XPU_VISIBLE_DEVICES=other.com/nic=card0 -- "${asks[@]}"
has "a later folder goes before" "$OUTPUT" "env OTHER=dynamic" "open /dev/other/card0 ok"
rm /var/run/cdi/twice.yaml
echo '{' >/etc/cdi/bad.json
launch XPU_VISIBLE_DEVICES=other.com/nic=card0 -- "${asks[@]}"
has "a bad file hides no good one" "$OUTPUT" "${card[@]}"
errs "and is named where something is missing" other.com/nic=card7 "; /etc/cdi/bad.json: "
rm /etc/cdi/bad.json
chmod 666 /etc/cdi/other.yaml
errs "a file that others can write" other.com/nic=card0 \
  "refusing /etc/cdi/other.yaml: it can be written by group or others (owner root, mode 0666); run: chmod go-w /etc/cdi/other.yaml"
chmod 644 /etc/cdi/other.yaml
chmod 777 "$SCRATCH/other/hook"
errs "a hook that others can write" other.com/nic=card0 \
  "/etc/cdi/other.yaml: the hook createRuntime cannot be run: refusing $SCRATCH/other/hook"
chmod 755 "$SCRATCH/other/hook"
mv "$SCRATCH/other/card0" "$SCRATCH/other/gone"
errs "a node that is gone" other.com/nic=card0 \
  "/etc/cdi/other.yaml: device card0: cannot look up the device node $SCRATCH/other/card0: No such file or directory"
launch XPU_VISIBLE_DEVICES=other.com/nic=virtual -- "${asks[@]}"
has "which the other device does not need" "$OUTPUT" "env OTHER_CARD=virtual"
mv "$SCRATCH/other/gone" "$SCRATCH/other/card0"
mv "$SCRATCH/other/lib" "$SCRATCH/other/away"
errs "a mount whose source is gone" other.com/nic=card0 \
  "cannot mount $SCRATCH/other/lib at /usr/lib/other: No such file or directory"
mv "$SCRATCH/other/away" "$SCRATCH/other/lib"

# --- leases and undo -------------------------------------------------------------------------------
sleep 0.1
new_bundle "$tree" XPU_VISIBLE_DEVICES=other.com/nic=card0 XPU_SHARING=exclusive -- /bin/sleep 60
"$SHIM" --root "$SCRATCH/runtime" run --detach --bundle "$BUNDLE" "$ID" </dev/null >/dev/null 2>&1
held=$ID
has "ps knows the device" "$("$XPU" ps --json | jq -r '.containers[]? // .[]? | .devices[]? | .id? // .')" \
  other.com/nic=card0
errs "an exclusive device is not given twice" other.com/nic=card0 \
  "the device other.com/nic=card0 is held exclusively by container $held"
"$SHIM" --root "$SCRATCH/runtime" delete --force "$held" >/dev/null 2>&1
launch XPU_VISIBLE_DEVICES=other.com/nic=card0 XPU_SHARING=exclusive -- "${asks[@]}"
has "and is free after its end" "$OUTPUT" "${card[@]}"
before=$(jq -S . "$BUNDLE/config.json")
ID=$ID-again
run_bundle
same "a second start of the bundle changes nothing more" "$before" "$(jq -S . "$BUNDLE/config.json")"
OUTPUT=$("$XPU" explain --bundle "$BUNDLE" 2>&1)
says "explain names hook, mount and group" "$OUTPUT" "$SCRATCH/other/hook" "/usr/lib/other" 4242

finish
