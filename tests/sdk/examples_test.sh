#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# examples_test.sh SOURCE_DIR BUILD_DIR: each example, built from the installed SDK alone, with its
# own tests.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
install_sdk "$2"
if grep -rlF -e "$1" -e "$2" "$prefix/share"; then
  fail "an installed file names the source or build tree"
fi
count=0
for example in "$prefix"/share/xpu/examples/*/; do
  name=$(basename "$example")
  cp -r "$example" "$work/$name"
  quietly cmake -G Ninja -S "$work/$name" -B "$work/$name/build" -DCMAKE_PREFIX_PATH="$prefix" \
    -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_FLAGS="-Wall -Wextra -Werror"
  quietly cmake --build "$work/$name/build"
  if ! ctest --test-dir "$work/$name/build" --no-tests=error --output-on-failure >"$work/log"; then
    fail "$name: $(cat "$work/log")"
  fi
  count=$((count + 1))
done
[ "$count" -ge 1 ] || fail "no example is installed"
echo "ok: $count"
