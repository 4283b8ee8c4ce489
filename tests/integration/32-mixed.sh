# SPDX-License-Identifier: Apache-2.0
# One host with devices of three vendors: a container gets any mix of them, and sees exactly those.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/engines.sh"

if [ ! -d "$XPU_FIXTURES/driver-listings" ]; then
  skip "mixed" "no $XPU_FIXTURES/driver-listings"
  finish
fi

# Each vendor's tree is a root of its own. nvidia0, the second AMD GPU and the first Intel GPU have
# the numbers that open here.
made() {
  local what=$1
  shift
  if ! OUTPUT=$("$@" 2>&1); then
    fail "$what" "$OUTPUT"
    finish
  fi
}
made "two NVIDIA GPUs" "$XPU_BUILD/tests/fakes/make_driver_tree" --root "$SCRATCH/nvidia" --gpus 2 \
  --listing "$XPU_FIXTURES/driver-listings/debian-trixie-nvidia-550" --no-drm --number-of "/dev/nvidia0=$NODE0"
made "two AMD GPUs" "$XPU_BUILD/tests/fakes/make_amd_machine" --root "$SCRATCH/amd" --gpus 2 --divided 0 \
  --first-minor 8 --numbers 240:0 226:8 226:136 "$NODE1" "$NODE1"
made "Intel GPUs, an NPU and Gaudis" "$XPU_BUILD/tests/fakes/make_intel_tree" --machine mixed \
  --root "$SCRATCH/intel" --number /dev/dri/card0="$NODE_OTHER" --number /dev/dri/renderD128="$NODE_OTHER"

cp /etc/xpu-container-runtime/config.toml "$SCRATCH/config.before"
later cp "$SCRATCH/config.before" /etc/xpu-container-runtime/config.toml
for vendor in nvidia amd intel; do
  printf '[backends.%s]\n%s-root = "%s"\n%s-root = "%s"\n%s-root = "%s"\n' "$vendor" \
    driver "$SCRATCH/$vendor" dev "$SCRATCH/$vendor" sys "$SCRATCH/$vendor"
done >/etc/xpu-container-runtime/config.toml
OUTPUT=$("$XPU" detect --json 2>&1)
same "all are detected" "amd 2, habana 11, intel 3, nvidia 2" \
  "$(jq -r '[.devices | group_by(.vendor)[] | "\(.[0].vendor) \(length)"] | join(", ")' <<<"$OUTPUT")"

declare -A paths=([nvidia:0]="/dev/nvidia0" [nvidia:1]="/dev/nvidia1"
  [amd:0]="/dev/dri/card8 /dev/dri/renderD136" [amd:1]="/dev/dri/card9 /dev/dri/renderD137"
  [intel:0]="/dev/dri/card0 /dev/dri/renderD128" [intel:1]="/dev/dri/card1 /dev/dri/renderD129"
  [intel:2]="/dev/accel/accel0" [habana:3]="/dev/accel/accel3")
declare -A openable=([nvidia:0]=$NODE0 [amd:1]=$NODE1 [intel:0]=$NODE_OTHER)
questions=()
for device in "${!paths[@]}"; do
  for path in ${paths[$device]}; do
    questions+=(stat "$path")
  done
done
for device in "${!openable[@]}"; do
  questions+=(node "${openable[$device]}")
done

# sees NAME DEVICE...: exactly these, of every vendor.
sees() {
  local name=$1 device path lines=()
  shift
  for device in "${!paths[@]}"; do
    for path in ${paths[$device]}; do
      lines+=("stat $path $(if [[ " $* " == *" $device "* ]]; then echo node; else echo ENOENT; fi)")
    done
  done
  for device in "${!openable[@]}"; do
    lines+=("node ${openable[$device]} $(if [[ " $* " == *" $device "* ]]; then echo ok; else echo EPERM; fi)")
  done
  has "$name" "$OUTPUT" "${lines[@]}"
}

new_tree debian
tree=$REPLY
launch() { new_bundle "$tree" "$@" && run_bundle; }
for engine in runc crun; do
  RUNTIME=$(command -v $engine)
  launch XPU_VISIBLE_DEVICES=nvidia:0,amd:1,intel:all -- /probe "${questions[@]}" open /dev/kfd
  sees "$engine: one of each, and all of the third" nvidia:0 amd:1 intel:0 intel:1 intel:2 habana:3
  launch XPU_VISIBLE_DEVICES=nvidia:0,amd:1,intel:all -- /ldprobe libcuda.so.1
  says "$engine: with the driver's library" "$OUTPUT" "lib libcuda.so.1 /"
  launch XPU_VISIBLE_DEVICES=amd:all,intel:0 -- /probe "${questions[@]}"
  sees "$engine: two vendors" amd:0 amd:1 intel:0
  launch XPU_VISIBLE_DEVICES=amd:all,intel:0 -- /ldprobe libcuda.so.1
  has "$engine: and nothing of the vendor that was not asked" "$OUTPUT" "lib libcuda.so.1 none"
  launch NVIDIA_VISIBLE_DEVICES=1 AMD_VISIBLE_DEVICES=0-1 HABANA_VISIBLE_DEVICES=3 -- /probe "${questions[@]}"
  sees "$engine: by the vendors' own variables, side by side" nvidia:1 amd:0 amd:1 habana:3
  launch XPU_VISIBLE_DEVICES=all -- /probe "${questions[@]}"
  sees "$engine: everything" "${!paths[@]}"
  launch XPU_VISIBLE_DEVICES=0 -- /probe id
  says "$engine: a bare index says nothing here" "$OUTPUT" "XPU_VISIBLE_DEVICES" "nvidia:0" "amd:0" "intel:0"
done

printf '[xpu-container-runtime]\npreferred-vendor = "amd"\n' |
  cat - /etc/xpu-container-runtime/config.toml >"$SCRATCH/preferred"
cp "$SCRATCH/preferred" /etc/xpu-container-runtime/config.toml
launch XPU_VISIBLE_DEVICES=1 -- /probe "${questions[@]}"
sees "with a preferred vendor a bare index is its device" amd:1
finish
