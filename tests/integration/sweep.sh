# SPDX-License-Identifier: Apache-2.0
# What the sweeps over the system calls of a start share: a bundle that asks, a state folder and a
# low-level runtime of their own, and one undisturbed start. Sets $shim, $pristine and $edited.
# shellcheck shell=bash
. "$(dirname "$0")/lib.sh"

if [ "${XPU_QUICK:-0}" = 1 ]; then
  skip "sweep" "--quick"
  finish
fi

gcc -static -o "$SCRATCH/done" -x c - <<<'int main(void) { return 0; }'
new_tree debian
new_bundle "$REPLY" XPU_VISIBLE_DEVICES=acme:0 -- /probe id
pristine=$SCRATCH/pristine.json
cp "$BUNDLE/config.json" "$pristine"
mkdir -p "$SCRATCH/config/xpu-container-runtime"
{
  printf '[state]\ndirectory = "%s"\n' "$SCRATCH/state"
  cat /etc/xpu-container-runtime/config.toml
} >"$SCRATCH/config/xpu-container-runtime/config.toml"
export XDG_CONFIG_HOME=$SCRATCH/config XPU_CONTAINER_RUNTIME_PATH=$SCRATCH/done
shim=("$SHIM" --root "$SCRATCH/runtime" create --bundle "$BUNDLE" swept)
ok "an undisturbed start" "${shim[@]}"
[ "$failed" -eq 0 ] || finish
edited=$SCRATCH/edited.json
cp "$BUNDLE/config.json" "$edited"
