# SPDX-License-Identifier: Apache-2.0
# xpu-runtime doctor on a host whose complaints are made one by one, and mended by what it says.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/engines.sh"

# ask [OPTION...] CHECK: STATUS, and the check's findings in JSON in OUTPUT.
ask() {
  OUTPUT=$("$XPU" doctor --json "$@" 2>"$SCRATCH/errors")
  STATUS=$?
}
# finds NAME STATE FOUND REMEDY: the check said exactly one thing; FOUND is a part of it.
finds() {
  local state found remedy
  state=$(jq -r '.checks[] | .state' <<<"$OUTPUT")
  found=$(jq -r '.checks[] | .found' <<<"$OUTPUT")
  remedy=$(jq -r '.checks[] | .remedy' <<<"$OUTPUT")
  if [ "$state" = "$2" ] && [[ $found == *"$3"* ]] && [ "$remedy" = "$4" ]; then
    pass "$1"
  else
    fail "$1" "$OUTPUT $(cat "$SCRATCH/errors")"
  fi
}

# A /dev of our own, for links in it.
cover_dev

# --- what it prints ------------------------------------------------------------------------------
OUTPUT=$("$XPU" doctor)
same "lines are of 80 columns at most, but for commands" "" "$(grep -v '^ *> ' <<<"$OUTPUT" | grep -E '^.{81}')"
says "the last line sums up" "$(tail -n 1 <<<"$OUTPUT")" " passes, " " failure"
silent "checks that do not apply are left out" "$OUTPUT" "skipped"
OUTPUT=$("$XPU" doctor --all)
says "unless they are wanted" "$OUTPUT" "skipped  wsl                   no Linux on Windows"
OUTPUT=$("$XPU" doctor --list)
same "every check that --list names is one" "$("$XPU" doctor --json | jq -r '[.checks[].check] | unique | length')" \
  "$(tail -n +2 <<<"$OUTPUT" | wc -l)"
refused "a check that is none" "$XPU" doctor dev-char-link
says "is answered with the nearest" "$OUTPUT" "there is no check 'dev-char-link'; did you mean 'dev-char-links'?"
"$XPU" doctor dev-char-link >/dev/null 2>&1
same "and counts as wrong usage" 2 $?
ask cgroup-layout low-level-runtime
same "what is worst decides the exit code" \
  "$(jq -r '{pass: 0, warning: 3, failure: 1}[.worst]' <<<"$OUTPUT")" "$STATUS"

# --- configuration -------------------------------------------------------------------------------
cp /etc/xpu-container-runtime/config.toml "$SCRATCH/config.before"
later cp "$SCRATCH/config.before" /etc/xpu-container-runtime/config.toml
echo 'mod = "spec"' >/etc/xpu-container-runtime/config.toml
ask configuration
finds "a configuration that cannot be used" failure "/etc/xpu-container-runtime/config.toml:1: " \
  "correct that line; xpu-runtime config show prints what is in force"
same "fails" 1 "$STATUS"
cp "$SCRATCH/config.before" /etc/xpu-container-runtime/config.toml
ask configuration
finds "and passes when it is corrected" pass /etc/xpu-container-runtime/config.toml ""
same "with exit code 0" 0 "$STATUS"
ask devices
finds "devices that can be used" pass "acme:0, acme:1" ""

# --- engines -------------------------------------------------------------------------------------
docker_line() { jq -c '[.checks[] | select(.found | startswith("docker"))][0] | [.state, .remedy]' <<<"$OUTPUT"; }
rm -f /etc/docker/daemon.json
ask runtime-registered
same "docker does not know the runtime" '["failure","xpu-runtime configure docker"]' "$(docker_line)"
mkdir -p /etc/docker /etc/containers/containers.conf.d
printf '[engine.runtimes]\nxpu = ["%s"]\n' "$SHIM" >/etc/containers/containers.conf.d/xpu.conf
ask runtime-registered
same "that is a warning where podman does" '["warning","xpu-runtime configure docker"]' "$(docker_line)"
echo '{"runtimes": {"xpu": {"path": "'"$SHIM"'"}}}' >/etc/docker/daemon.json
ask runtime-registered
same "until its file says so" '["pass",""]' "$(docker_line)"
rm /etc/docker/daemon.json

# A daemon in a container says nothing of the host's.
if unshare --pid --fork --kill-child --mount-proc true 2>/dev/null; then
  printf '#!/bin/sh\nsleep 60\n' >"$SCRATCH/dockerd"
  chmod 755 "$SCRATCH/dockerd"
  unshare --pid --fork --kill-child --mount-proc "$SCRATCH/dockerd" --config-file /inner.json >/dev/null 2>&1 &
  inner=$!
  sleep 0.5
  ask runtime-registered
  says "a dockerd in a container is not asked" "$OUTPUT" "nothing in /etc/docker/daemon.json leads"
  kill "$inner"
  "$SCRATCH/dockerd" --config-file /inner.json >/dev/null 2>&1 &
  inner=$!
  sleep 0.5
  ask runtime-registered
  says "one of the host is" "$OUTPUT" "nothing in /inner.json leads"
  kill "$inner"
else
  skip "a dockerd in a container" "no pid namespaces here"
fi

start_dockerd
ask runtime-registered
same "or the command line of its daemon" '["pass",""]' "$(docker_line)"
ask docker-gpus
finds "simulated devices are no vendor's" skipped "no real devices" ""

ask image-requirements
finds "images that ask for nothing" pass "2 images, 0 requirements" ""
tar -C "$XPU_TREES/busybox" -c . | docker import -c 'ENV SIM_REQUIRE_DRIVER=driver>=6' - needy:test >/dev/null
ask image-requirements
finds "an image that asks for more than the driver has" warning \
  "needy:test asks for more than the host has: SIM_REQUIRE_DRIVER: driver>=6 (it has 5.2.1)" \
  "install a newer driver or an older image; -e SIM_DISABLE_REQUIRE=true starts it all the same"
docker image inspect needy:test >"$SCRATCH/needy.json"
docker rmi needy:test >/dev/null
ask image-requirements
finds "and is gone" pass "2 images, 0 requirements" ""
ask --image "$SCRATCH/needy.json" image-requirements
finds "one by file" failure "$SCRATCH/needy.json asks for more" \
  "install a newer driver or an older image; -e SIM_DISABLE_REQUIRE=true starts it all the same"
echo 'SIM_REQUIRE_DRIVER=driver>=5' >"$SCRATCH/easy.env"
ask --image "$SCRATCH/easy.env" image-requirements
finds "and one that the driver serves" pass "3 images, 1 requirement" ""
jq '.[0].Config' "$SCRATCH/needy.json" >"$SCRATCH/config-alone.json"
jq '{architecture: "amd64", config: .[0].Config}' "$SCRATCH/needy.json" >"$SCRATCH/oci.json"
for file in config-alone oci; do
  ask --image "$SCRATCH/$file.json" image-requirements
  finds "one in another form: $file" failure "$SCRATCH/$file.json asks for more" \
    "install a newer driver or an older image; -e SIM_DISABLE_REQUIRE=true starts it all the same"
done
jq '[{Config: {Env: []}}] + .' "$SCRATCH/needy.json" >"$SCRATCH/two.json"
ask --image "$SCRATCH/two.json" image-requirements
finds "the second of a list" failure "$SCRATCH/two.json[1] asks for more" \
  "install a newer driver or an older image; -e SIM_DISABLE_REQUIRE=true starts it all the same"
for file in nothing.json broken.json; do
  echo '{"colour": "red"}' >"$SCRATCH/broken.json"
  OUTPUT=$("$XPU" doctor --image "$SCRATCH/$file" 2>&1)
  same "$file: exit code" 1 $?
  same "$file: one line" 1 "$(wc -l <<<"$OUTPUT")"
  says "$file: it names the file" "$OUTPUT" "xpu-runtime: error: " "$SCRATCH/$file: "
done

# --- /dev/char -----------------------------------------------------------------------------------
ask dev-char-links
finds "without systemd nobody needs links" skipped "systemd does not run here" ""
mkdir -p /run/systemd/system
later rm -rf /run/systemd
ask dev-char-links
finds "links are missing" warning "2 of 2 device nodes have no link in /dev/char" "xpu-runtime doctor --fix"
same "a warning alone has exit code 3" 3 "$STATUS"
OUTPUT=$(setpriv --reuid=65534 --regid=65534 --clear-groups "$XPU" doctor --fix 2>&1)
says "not everybody may mend" "$OUTPUT" "which only root may; sudo xpu-runtime doctor --fix"
OUTPUT=$("$XPU" doctor --fix dev-char-links)
STATUS=$?
has "doctor --fix says what it made" "$OUTPUT" "mended: made the link /dev/char/$NODE0 to $XPU_IT/dev/acme0" \
  "mended: made the link /dev/char/$NODE1 to $XPU_IT/dev/acme1" \
  "pass     dev-char-links        all 2 device nodes have theirs"
same "and passes" 0 "$STATUS"
same "they lead to the devices" "$(stat -c %t:%T "$XPU_IT/dev/acme0")" "$(stat -L -c %t:%T "/dev/char/$NODE0")"
same "nothing else was made" 2 "$(find /dev/char -mindepth 1 | wc -l)"
ask --fix dev-char-links
same "a second time there is nothing to mend" "[]" "$(jq -c .mended <<<"$OUTPUT")"

# --- running containers --------------------------------------------------------------------------
new_tree debian
new_bundle "$REPLY" XPU_VISIBLE_DEVICES=acme:0 -- /bin/sleep 120
XPU_CONTAINER_RUNTIME_PATH=$RUNTIME "$SHIM" --root "$SCRATCH/runtime" run --detach --bundle "$BUNDLE" "$ID" \
  >"$SCRATCH/run" 2>&1 </dev/null
later "$RUNTIME" --root "$SCRATCH/runtime" delete --force "$ID"
rules=/sys/fs/cgroup/devices$CGROUP/$ID
if [ -f "$rules/devices.list" ]; then
  ask container-devices
  finds "a container that has its device" pass "1 container looked at" ""
  echo "c $NODE0 rwm" >"$rules/devices.deny"
  ask container-devices
  finds "and lost it" failure "the container $(cut -c -12 <<<"$ID") may no longer open $XPU_IT/dev/acme0" \
    "end the container and start it again"
  "$SHIM" --root "$SCRATCH/runtime" delete --force "$ID" >/dev/null 2>&1
  XPU_CONTAINER_RUNTIME_PATH=$RUNTIME "$SHIM" --root "$SCRATCH/runtime" run --detach --bundle "$BUNDLE" "$ID" \
    >"$SCRATCH/run" 2>&1 </dev/null
  ask container-devices
  finds "and has it again" pass "1 container looked at" ""
else
  ask container-devices
  finds "cgroup v2 does not show its rules" skipped "the kernel does not show device rules of cgroup v2" ""
fi
"$RUNTIME" --root "$SCRATCH/runtime" delete --force "$ID"
ask container-devices
finds "no container" skipped "no container with devices runs" ""

# --- CDI -----------------------------------------------------------------------------------------
ask cdi-stale
finds "no CDI file" skipped "no CDI file in /etc/cdi and /var/run/cdi" ""
mkdir -p /etc/cdi
later rm -rf /etc/cdi
cdi() {
  cat >"/etc/cdi/$1.yaml" <<YAML
cdiVersion: "0.6.0"
kind: example.com/anvil
devices:
- name: "0"
  containerEdits:
    deviceNodes:
    - path: /dev/acme0
      hostPath: $2
YAML
}
cdi old "$XPU_IT/dev/acme7"
ask cdi-stale
finds "a CDI file of another tool, and what it names is gone" failure \
  "/etc/cdi/old.yaml names $XPU_IT/dev/acme7, which does not exist" \
  "rm /etc/cdi/old.yaml, or write it anew with the tool that made it"
cdi old "$XPU_IT/dev/acme0"
ask cdi-stale
finds "written anew" pass "1 file, all that they name is there" ""
cdi new "$XPU_IT/dev/acme0"
ask cdi-conflicts
finds "two files that spoil each other" failure "example.com/anvil=0 is in /etc/cdi/new.yaml and in" \
  "rm /etc/cdi/old.yaml, or /etc/cdi/new.yaml"
rm /etc/cdi/old.yaml
ask cdi-conflicts
finds "one of them alone" pass "no device is defined twice" ""
rm -r /etc/cdi

# --- a vendor's driver ---------------------------------------------------------------------------
if [ ! -d "$XPU_FIXTURES/driver-listings" ]; then
  skip "nvidia" "no $XPU_FIXTURES/driver-listings"
  finish
fi
root=$SCRATCH/nvidia
if ! OUTPUT=$("$XPU_BUILD/tests/fakes/make_driver_tree" \
  --listing "$XPU_FIXTURES/driver-listings/debian-trixie-nvidia-550" --root "$root" --gpus 1 \
  --kernel-numbers 2>&1); then
  fail "make_driver_tree" "$OUTPUT"
  finish
fi
driver() {
  printf '%s\n' "[backends.nvidia]" "driver-root = \"$root\"" "dev-root = \"$root\"" \
    "sys-root = \"$root\"" "$@" >/etc/xpu-container-runtime/config.toml
}
driver
ask devices
finds "a GPU" pass "nvidia:0" ""
for check in device-nodes driver-versions; do
  ask $check
  same "$check passes on a whole driver" pass "$(jq -r .worst <<<"$OUTPUT")"
done
ask docker-gpus
finds "docker refuses --gpus without the vendor's toolkit" warning \
  "docker refuses --gpus for devices of nvidia before it calls any runtime: nvidia-container-runtime-hook is not installed" \
  "docker run --runtime=xpu -e XPU_VISIBLE_DEVICES=all IMAGE; or by CDI: --device nvidia.com/gpu=all"

rm "$root/dev/nvidia-uvm"
ask device-nodes
finds "a node is missing" failure "$root/dev/nvidia-uvm is missing; containers need it" "nvidia-modprobe -u -c 0"
ask devices
finds "and so the GPU cannot be used" failure "nvidia:0: $root/dev/nvidia-uvm does not exist" \
  "nvidia-modprobe -u -c 0 makes it"
mkdir -p "$root/sys/module/nvidia_uvm" # the module is loaded
driver 'make-nodes = true'
OUTPUT=$("$XPU" doctor --fix device-nodes)
has "doctor --fix has the backend make it, and says so" "$OUTPUT" "mended: made the device node $root/dev/nvidia-uvm"
ask device-nodes
same "then it passes" pass "$(jq -r .worst <<<"$OUTPUT")"

version=$(awk '/NVRM/ {for (i = 1; i <= NF; i++) if ($i ~ /^[0-9]+\.[0-9.]+$/) {print $i; exit}}' "$root/proc/driver/nvidia/version")
cp "$root/proc/driver/nvidia/version" "$SCRATCH/version"
sed -i "s/$version/999.1.2/" "$root/proc/driver/nvidia/version"
ask driver-versions
finds "a driver that was upgraded and not loaded anew" failure \
  "nvidia: the driver that runs is 999.1.2, its libraries are $version" \
  "modprobe -r nvidia-uvm nvidia-drm nvidia-modeset nvidia && modprobe nvidia, or reboot"
cp "$SCRATCH/version" "$root/proc/driver/nvidia/version"
ask driver-versions
finds "loaded anew" pass "nvidia $version" ""

vulkan() { jq -c '[.checks[] | select(.found | test("Vulkan"))][0] | [.state, .remedy]' <<<"$OUTPUT"; }
icd=$(find "$root" -name 'nvidia_icd*.json' | head -n 1)
if [ -z "$icd" ]; then
  mkdir -p "$root/usr/share/vulkan/icd.d"
  icd=$root/usr/share/vulkan/icd.d/nvidia_icd.json
  echo '{}' >"$icd"
fi
"$XPU" detect --refresh >/dev/null
ask capability-libraries
same "Vulkan is whole" pass "$(vulkan | jq -r '.[0]')"
mv "$icd" "$SCRATCH/icd"
ask capability-libraries
same "without its ICD it is not" \
  '["warning","install the rest of the driver: apt-get install nvidia-vulkan-icd"]' "$(vulkan)"
mv "$SCRATCH/icd" "$icd"
ask capability-libraries
same "with it it is" pass "$(vulkan | jq -r '.[0]')"

mkdir -p /etc/cdi
cat >/etc/cdi/nvidia.yaml <<YAML
cdiVersion: "0.5.0"
kind: nvidia.com/gpu
devices:
- name: all
  containerEdits:
    mounts:
    - hostPath: $root/usr/lib/x86_64-linux-gnu/libcuda.so.470.1.2
      containerPath: /usr/lib/libcuda.so.470.1.2
YAML
ask cdi-stale
finds "the vendor's file of an older driver" failure "libcuda.so.470.1.2, which does not exist" \
  "nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml"
finish
