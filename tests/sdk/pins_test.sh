#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# pins_test.sh BUILD_DIR: the manifests of our own backends, as installed, state the hash of the
# library beside them: at once, again, stripped and in a staging folder.
set -euo pipefail
build_dir=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
  echo "FAIL: $*" >&2
  exit 1
}

# check PREFIX: one line of the hash, before the first section, and the rest as it was.
check() {
  local name dir=$1/lib/xpu/backends lines
  for name in sim nvidia intel; do
    lines=$(sed '/^\[/,$d' "$dir/$name.toml" | grep '^sha256' || true)
    [[ $lines == "sha256 = \"$(sha256sum <"$dir/libxpu-$name.so" | cut -d' ' -f1)\"" ]] ||
      fail "$dir/$name.toml: $lines"
    [[ $(stat -c %a "$dir/$name.toml") == 644 ]] || fail "$dir/$name.toml: mode"
  done
}

put() {
  local component
  for component in libxpu-sim libxpu-nvidia libxpu-intel; do
    cmake --install "$build_dir" --component $component "$@" >"$work/log" || fail "$(cat "$work/log")"
  done
}

umask 077
put --prefix "$work/a"
check "$work/a"
put --prefix "$work/a"
check "$work/a"
put --prefix "$work/b" --strip
check "$work/b"
cmp -s "$work/a/lib/xpu/backends/libxpu-sim.so" "$work/b/lib/xpu/backends/libxpu-sim.so" &&
  fail "nothing was stripped"
DESTDIR=$work/stage put --prefix /usr
check "$work/stage/usr"
diff <(grep -v '^sha256' "$work/a/lib/xpu/backends/sim.toml") "$build_dir/sdk/sim/sim.toml" ||
  fail "the installed manifest differs otherwise"

# A manifest without the line of the library would be left without a hash.
echo 'name = "bad"' >"$work/a/lib/xpu/backends/bad.toml"
pin=$(dirname "$(readlink -f "$0")")/../../sdk/cmake/XpuBackendPin.cmake
if cmake -DCMAKE_INSTALL_PREFIX="$work/a" -DXPU_LIBRARY=libxpu-sim.so -DXPU_MANIFEST=bad.toml \
  -P "$pin" >"$work/log" 2>&1; then
  fail "a manifest without a library was accepted"
fi
tr -s ' \n' ' ' <"$work/log" | grep -q 'bad.toml has no line that begins with "library =", below which the hash of libxpu-sim.so could stand' ||
  fail "$(cat "$work/log")"
echo "ok"
