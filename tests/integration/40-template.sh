# SPDX-License-Identifier: Apache-2.0
# A third party: the template, built in an empty folder against the installed libxpu-dev, without
# this source tree, dropped in beside the others.
. "$(dirname "$0")/lib.sh"

sdk=$SCRATCH/sdk
ok "libxpu-dev installs alone" cmake --install "$XPU_BUILD" --prefix "$sdk" --component libxpu-dev
template=$(dirname "$(find "$sdk" -path '*template*' -name CMakeLists.txt | head -n 1)")
work=$SCRATCH/work
cp -r "$template" "$work"
ok "the template configures with find_package" cmake -S "$work" -B "$work/build" -G Ninja \
  -DCMAKE_PREFIX_PATH="$sdk" -DCMAKE_BUILD_TYPE=Release
ok "the template builds" cmake --build "$work/build"
same "it refers to nothing of this source tree" "" "$(grep -rlF "$XPU_SOURCE" "$work" "$sdk" 2>/dev/null)"
pkg() { PKG_CONFIG_PATH=$(dirname "$(find "$sdk" -name xpu-backend.pc)") pkg-config "$@" xpu-backend; }
ok "pkg-config finds it too" pkg --exists
ok "a C file compiles with what pkg-config says" sh -c \
  "echo '#include <xpu/backend.h>' | gcc -std=c11 -Wall -Werror $(pkg --cflags) -fsyntax-only -x c -"
finish
