# SPDX-License-Identifier: Apache-2.0
# xpu-runtime explain: every source of a request and the rule that counts, candidates with scores,
# images, and containers of docker, podman and containerd.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/engines.sh"
. "$(dirname "$0")/devices.sh"

explain() {
  OUTPUT=$("$XPU" explain "$@" 2>&1)
  STATUS=$?
}
new_tree debian
tree=$REPLY

# --- sources -----------------------------------------------------------------------------------
new_bundle "$tree" XPU_VISIBLE_DEVICES=acme:0 SIM_VISIBLE_DEVICES=acme:1 -- /probe id
bundle_edit '.annotations["xpu.dev/visible-devices"] = "acme:1"
  | .mounts += [{destination: "/var/run/xpu-container-devices/acme/0", type: "bind", source: "/dev/null", options: ["bind"]}]'
explain --bundle "$BUNDLE"
same "explain succeeds" 0 "$STATUS"
has "the request in force, its source and its rule" "$OUTPUT" \
  "Request:   annotation xpu.dev/visible-devices=acme:1" "Source:    annotations; shared" \
  "Policy:    annotations = always  (profile single-user)" "Mode:      spec (detected)"
sources=$("$XPU" explain --json --bundle "$BUNDLE" | jq -r '.sources[] | "\(.kind)|\(.says)|\(.in_force)|\(.rule)|\(.verdict)"')
has "every source, and what becomes of it" "$sources" \
  "annotation|annotation xpu.dev/visible-devices=acme:1|true||in force" \
  "volume mount|mount /var/run/xpu-container-devices/acme/0|false||annotation xpu.dev/visible-devices goes before it" \
  "variable|XPU_VISIBLE_DEVICES=acme:0|false||annotation xpu.dev/visible-devices goes before it" \
  "vendor's variable|SIM_VISIBLE_DEVICES=acme:1|false||annotation xpu.dev/visible-devices goes before it"
bundle_edit 'del(.annotations)'
sources=$("$XPU" explain --json --bundle "$BUNDLE" | jq -r '.sources[] | "\(.kind)|\(.says)|\(.in_force)|\(.rule)|\(.verdict)"')
has "the rule that keeps a source back" "$sources" \
  'volume mount|mount /var/run/xpu-container-devices/acme/0|false|volume-mounts|does not count: [policy] volume-mounts = "never" (profile single-user)' \
  "variable|XPU_VISIBLE_DEVICES=acme:0|true||in force"
bundle_edit '.annotations["xpu.dev/visible-devices"] = "acme:1"'
says "candidates" "$OUTPUT" "DEVICE  MODEL" "SCORE" "*  acme:1  Acme One" "   acme:0  Acme One"
same "candidates as JSON" "acme:0 false, acme:1 true" \
  "$("$XPU" explain --json --bundle "$BUNDLE" | jq -r '[.candidates[] | "\(.id) \(.chosen)"] | join(", ")')"
says "the diff" "$OUTPUT" "+ /dev/acme1 c $NODE1 mode 0666"
new_bundle "$tree" XPU_VISIBLE_DEVICES=void SIM_VISIBLE_DEVICES=acme:1 -- /probe id
explain --bundle "$BUNDLE"
says "nothing wanted: who says so, and what does not count" "$OUTPUT" "asks for no accelerator" \
  "XPU_VISIBLE_DEVICES=void" "says that nothing is wanted" "does not count: another says that nothing is wanted"
new_bundle "$tree" XPU_VISIBLE_DEVICES=acme:9 -- /probe id
explain --bundle "$BUNDLE"
same "a request that cannot be served: exit code" 1 "$STATUS"
says "it is shown how far it comes, and the line of the start" "$OUTPUT" "Request:   XPU_VISIBLE_DEVICES=acme:9" \
  "acme:0" "xpu-runtime: error: "
same "as JSON too" "true" "$("$XPU" explain --json --bundle "$BUNDLE" 2>/dev/null | jq -r '.error | contains("acme:9")')"

# --- images ------------------------------------------------------------------------------------
printf 'PATH=/bin\nXPU_VISIBLE_DEVICES=acme:1\n' >"$SCRATCH/env"
explain --image-env "$SCRATCH/env"
has "the variables of an image" "$OUTPUT" "Request:   XPU_VISIBLE_DEVICES=acme:1" \
  "Note: without a root file system nothing can be said about mounts and files"
silent "no edits are shown" "$OUTPUT" "linux.devices"
OUTPUT=$("$XPU" explain --image-env - <"$SCRATCH/env")
says "from standard input" "$OUTPUT" "Selected:  acme:1"
echo '[{"Id":"sha256:1","Config":{"Env":["PATH=/bin","XPU_VISIBLE_DEVICES=acme:0"]}}]' >"$SCRATCH/image.json"
explain --image-env "$SCRATCH/image.json"
says "what docker image inspect prints" "$OUTPUT" "Selected:  acme:0"
echo '{"config":{"Env":["XPU_VISIBLE_DEVICES=acme:0"]}}' >"$SCRATCH/oci.json"
explain --image-env "$SCRATCH/oci.json"
says "the configuration of an OCI image" "$OUTPUT" "Selected:  acme:0"
printf 'PATH=/bin\nnonsense\n' >"$SCRATCH/env"
explain --image-env "$SCRATCH/env"
same "a line that is none" "1 xpu-runtime: error: $SCRATCH/env:2: nonsense is not of the form NAME=value" "$STATUS $OUTPUT"
explain --image-env "$SCRATCH/nothing"
says "a file that is not there" "$OUTPUT" "$SCRATCH/nothing" "No such file"
explain
same "without anything to explain" "2 xpu-runtime: error: --bundle is required, or --image-env FILE, or an engine (docker, podman or containerd) and a container" "$STATUS $OUTPUT"
explain --bundle "$BUNDLE" docker x
same "with too much to explain" "2 xpu-runtime: error: explain takes one of --bundle, --image-env, and an engine and a container" "$STATUS $OUTPUT"
explain rocket x
same "an engine that is none" "1 xpu-runtime: error: rocket is no engine that can be asked; docker, podman or containerd can" "$STATUS $OUTPUT"

# --- docker ------------------------------------------------------------------------------------
explain docker nothing
same "docker does not run: exit code" 1 "$STATUS"
says "docker does not run: its own words" "$OUTPUT" "xpu-runtime: error: docker: " "docker daemon"
start_dockerd
explain docker nothing
same "docker does not have it" "1 xpu-runtime: error: docker: Error response from daemon: No such container: nothing" "$STATUS $OUTPUT"
docker run --detach --name held --runtime xpu --network none --env XPU_VISIBLE_DEVICES=acme:0 \
  --env XPU_SHARING=exclusive debian:test /probe ready >/dev/null 2>&1
explain docker held
same "a container of docker: exit code" 0 "$STATUS"
says "a container of docker: what it is, was given and would be given now" "$OUTPUT" \
  "Container: held " "Engine:    docker, running" "Given:     acme:0  (XPU_VISIBLE_DEVICES=acme:0; since " \
  "Bundle:    /" "Request:   XPU_VISIBLE_DEVICES=acme:0" "Source:    environment; exclusive" "Selected:  acme:0" \
  "+ /dev/acme0 c $NODE0 mode 0666"
explain docker "$(docker inspect -f '{{.Id}}' held)"
says "by its id" "$OUTPUT" "Container: held "
explain --json docker held
same "as JSON" "docker, running acme:0" "$(jq -r '"\(.subject.engine) \(.devices[0])"' <<<"$OUTPUT")"
docker stop -t 1 held >/dev/null 2>&1
explain docker held
says "a stopped one: what it would be given" "$OUTPUT" "Engine:    docker, exited" \
  "Bundle:    none: what the engine knows of the container counts" "Selected:  acme:0"
docker rm --force held >/dev/null 2>&1
docker run --detach --name plain --network none debian:test /probe ready >/dev/null 2>&1
explain docker plain
says "one that does not use the runtime" "$OUTPUT" "Given:     nothing by this runtime" "asks for no accelerator"
docker rm --force plain >/dev/null 2>&1
docker image inspect debian:test >"$SCRATCH/debian.json"
explain --image-env "$SCRATCH/debian.json"
says "an image of docker" "$OUTPUT" "asks for no accelerator"

# --- podman ------------------------------------------------------------------------------------
cat >"$SCRATCH/storage.conf" <<CONF
[storage]
driver = "vfs"
graphroot = "$XPU_IT/podman"
runroot = "/run/podman"
CONF
export CONTAINERS_STORAGE_CONF=$SCRATCH/storage.conf
explain podman nothing
same "podman does not have it: exit code" 1 "$STATUS"
says "podman does not have it: its own words" "$OUTPUT" "xpu-runtime: error: podman: " nothing
podman_root run --detach --name held "${podman_run[@]}" --env XPU_VISIBLE_DEVICES=acme:1 --rootfs "$tree" \
  /probe ready >/dev/null 2>&1
explain podman held
same "a container of podman: exit code" 0 "$STATUS"
says "a container of podman" "$OUTPUT" "Container: held " "Engine:    podman, running" "Given:     acme:1  (" \
  "Bundle:    $XPU_IT/podman/" "Selected:  acme:1" "+ /dev/acme1 c $NODE1 mode 0666"
podman_root stop --time 1 held >/dev/null 2>&1
explain podman held
says "a stopped one" "$OUTPUT" "Engine:    podman, exited" "Selected:  acme:1"
podman_root rm --force held >/dev/null 2>&1

# --- containerd --------------------------------------------------------------------------------
explain containerd nothing
same "containerd does not have it" \
  "1 xpu-runtime: error: containerd: no task nothing in /run/containerd/io.containerd.runtime.v2.task/NAMESPACE; only a container that runs can be found there" \
  "$STATUS $OUTPUT"
start_containerd
ctr run --detach --runc-binary "$SHIM" --cgroup "$CGROUP/ctr77" --env XPU_VISIBLE_DEVICES=acme:0 \
  --rootfs "$tree" task77 /probe ready >/dev/null 2>&1
explain containerd task77
same "a task of containerd: exit code" 0 "$STATUS"
says "a task of containerd that is found by its record" "$OUTPUT" "Container: task77" "Engine:    containerd, running" \
  "Given:     acme:0  (" "/io.containerd.runtime.v2.task/default/task77" "Selected:  acme:0"
mkdir -p /run/containerd && mount --bind "$XPU_IT/containerd/state" /run/containerd
later umount -l /run/containerd
for name in task77 default/task77; do
  explain containerd $name
  says "in containerd's own folder: $name" "$OUTPUT" \
    "Bundle:    /run/containerd/io.containerd.runtime.v2.task/default/task77" "Selected:  acme:0"
done
ctr task kill --signal SIGKILL task77 >/dev/null 2>&1
finish
