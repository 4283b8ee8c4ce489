# SPDX-License-Identifier: Apache-2.0
# For tests of the installed SDK. shellcheck shell=bash
set -euo pipefail
umask 022

fail() {
  echo "FAIL: $*" >&2
  exit 1
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# install_sdk BUILD_DIR: libxpu-dev in a folder of its own, as a later move leaves it, in `prefix`,
# and the runtime's programs in PATH.
install_sdk() {
  cmake --install "$1" --component libxpu-dev --prefix "$work/installed" >"$work/log"
  mv "$work/installed" "$work/moved"
  prefix=$work/moved
  PATH=$1/bin:$PATH
  PKG_CONFIG_PATH=$(dirname "$(find "$prefix" -name xpu-backend.pc)")
  export PATH PKG_CONFIG_PATH
}
quietly() { "$@" >"$work/log" 2>&1 || fail "$*: $(cat "$work/log")"; }
