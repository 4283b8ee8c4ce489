# SPDX-License-Identifier: Apache-2.0
# A third party: the templates, built in an empty folder against the installed libxpu-dev, without
# this source tree, dropped in beside the others.
. "$(dirname "$0")/lib.sh"

sdk=$SCRATCH/sdk
ok "libxpu-dev installs alone" cmake --install "$XPU_BUILD" --prefix "$sdk" --component libxpu-dev
work=$SCRATCH/work
for language in c cpp; do
  cp -r "$sdk/share/xpu/template/$language" "$work"
  ok "the template in $language configures with find_package" cmake -S "$work" -B "$work/build" -G Ninja \
    -DCMAKE_PREFIX_PATH="$sdk" -DCMAKE_BUILD_TYPE=Release
  ok "the template in $language builds" cmake --build "$work/build"
  [ "$language" = cpp ] || mv "$work" "$work-$language"
done
same "it refers to nothing of this source tree" "" "$(grep -rlF "$XPU_SOURCE" "$work" "$sdk" 2>/dev/null)"

# Dropped in: library and manifest, nothing else, and a device node by configuration.
prefix=$XPU_IT/prefix
ok "the backend installs" cmake --install "$work/build" --prefix "$prefix"
ok "and meets every obligation" "$XPU" backends verify --option node="$XPU_IT/dev/acme1" \
  "$prefix/lib/xpu/backends/example.toml"
later rm -f "$prefix/lib/xpu/backends/libxpu-example.so" "$prefix/lib/xpu/backends/example.toml"
cp /etc/xpu-container-runtime/config.toml "$SCRATCH/config.before"
later cp "$SCRATCH/config.before" /etc/xpu-container-runtime/config.toml
printf '[backends.example]\nnode = "%s"\n' "$XPU_IT/dev/acme1" >>/etc/xpu-container-runtime/config.toml
same "backends list shows it" ready \
  "$("$XPU" backends list --json | jq -r '.backends[] | select(.name == "example") | .state')"
new_tree debian
new_bundle "$REPLY" EXAMPLE_VISIBLE_DEVICES=0 -- \
  /probe open /dev/example0 node "$NODE0" node "$NODE1" env EXAMPLE_COMPUTE
run_bundle
has "it serves a container" "$OUTPUT" "open /dev/example0 ok" "node $NODE0 EPERM" "node $NODE1 ok" \
  "env EXAMPLE_COMPUTE=1"

pkg() { PKG_CONFIG_PATH=$(dirname "$(find "$sdk" -name xpu-backend.pc)") pkg-config "$@" xpu-backend; }
ok "pkg-config finds it too" pkg --exists
ok "a C file compiles with what pkg-config says" sh -c \
  "echo '#include <xpu/backend.h>' | gcc -std=c11 -Wall -Werror $(pkg --cflags) -fsyntax-only -x c -"
finish
