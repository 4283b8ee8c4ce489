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
