#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# template_test.sh SOURCE_DIR BUILD_DIR DESCRIBE: the template projects, in C and in C++, built in an
# empty folder against an installed and then moved libxpu-dev, by CMake and by pkg-config, with
# nothing of the source tree.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
source_dir=$1 build_dir=$2 describe=$3
install_sdk "$build_dir"
if grep -rlF -e "$source_dir" -e "$build_dir" "$prefix"; then
  fail "an installed file names the source or build tree"
fi

# check LIBRARY: exports, needs, behaviour and every obligation. Its manifest is beside it.
check() {
  local exports needed out
  exports=$(nm -D --defined-only --format=posix "$1" | cut -d' ' -f1,2)
  [[ $exports == "xpu_backend_entry T" ]] || fail "$1 exports: $exports"
  needed=$(objdump -p "$1" | awk '$1 == "NEEDED" { print $2 }')
  [[ $needed == *libc.so.6* && $needed != *libstdc++* && $needed != *libgcc_s* ]] ||
    fail "$1 needs: $needed"
  out=$("$describe" "$1" node=/dev/null)
  diff -u - <(echo "$out") <<'END' || fail "$1 describes something else"
condition 24 2 /dev 0
capability compute
device 96 4 0 -1 0 example:0 |Example Accelerator|||||
node 24 48[example:0+] /dev/null /dev/example0
env 24 48[example:0+compute] EXAMPLE_COMPUTE=1
status 0
END
  out=$("$describe" "$1" node=/dev/none-such)
  [[ $out == *$'status 1\nerror 1 no device node /dev/none-such' ]] || fail "absent: $out"
  out=$("$describe" "$1" node=/etc/passwd)
  [[ $out == *$'status 3\nerror 3 option node: /etc/passwd is not a character device' ]] ||
    fail "invalid: $out"
  out=$(xpu-runtime backends verify --option node=/dev/null "$1") || fail "$out"
  [[ $out == *"state: ready, 1 device"* && $out == *" 0 failed, "* ]] || fail "verify: $out"
}

# by_cmake LANGUAGE
by_cmake() {
  cp -r "$prefix/share/xpu/template/$1" "$work/$1"
  cd "$work/$1"
  quietly cmake -G Ninja -B build -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_EXPORT_COMPILE_COMMANDS=ON \
    -DCMAKE_C_FLAGS="-Wall -Wextra -Werror" -DCMAKE_CXX_FLAGS="-Wall -Wextra -Werror"
  quietly cmake --build build
  cp example.toml build/
  check "$PWD/build/libxpu-example.so"
  if grep -q "$source_dir" build/compile_commands.json; then
    fail "compiled with the source tree"
  fi
  if ninja -C build -t deps | grep "$source_dir/"; then
    fail "includes the source tree"
  fi
  rm -rf "$work/host"
  quietly cmake --install build --prefix "$work/host"
  local installed=$work/host/lib/xpu/backends line
  line=$(grep -x 'sha256 = "[0-9a-f]*"' "$installed/example.toml")
  [[ $line == "sha256 = \"$(sha256sum <"$installed/libxpu-example.so" | cut -d' ' -f1)\"" ]] ||
    fail "the installed manifest states another hash: $line"
  check "$installed/libxpu-example.so"
  abi=$(pkg-config --variable=abi xpu-backend)
  grep -qx "abi = \"$abi\"" example.toml || fail "the manifest is not for ABI $abi"
  (cd build && quietly cpack)
  [[ $(dpkg-deb -c build/libxpu-example_*.deb | awk '$1 !~ /^d/ {print $6}' | sort | xargs) == \
    "./usr/lib/xpu/backends/example.toml ./usr/lib/xpu/backends/libxpu-example.so" ]] ||
    fail "the package holds $(dpkg-deb -c build/libxpu-example_*.deb)"
}
# by_pkg_config COMPILER STANDARD SOURCE: as the README says.
by_pkg_config() {
  # shellcheck disable=SC2046 # words are wanted
  quietly "$1" -std="$2" -O2 -Wall -Wextra -Werror -fPIC -shared $(pkg-config --cflags xpu-backend) \
    "$3" -o libxpu-example.so $(pkg-config --libs xpu-backend)
  check "$PWD/libxpu-example.so"
}

echo "C++"
by_cmake cpp
by_pkg_config c++ c++17 example.cc
by_pkg_config c++ c++20 example.cc
echo "C"
by_cmake c
by_pkg_config cc c11 example.c
[[ $(realpath -m "$(pkg-config --variable=backenddir xpu-backend)") == "$prefix/lib/xpu/backends" ]] ||
  fail "backenddir: $(pkg-config --variable=backenddir xpu-backend)"

echo "with the helpers"
mkdir "$work/helpers"
cd "$work/helpers"
cat >CMakeLists.txt <<'END'
cmake_minimum_required(VERSION 3.20)
project(helpers LANGUAGES CXX)
find_package(XpuBackend REQUIRED)
add_executable(uses uses.cc)
target_compile_features(uses PRIVATE cxx_std_17)
target_link_libraries(uses PRIVATE XpuBackend::helpers)
target_link_options(uses PRIVATE $ENV{XPU_TEST_LINK_OPTIONS})
END
cat >uses.cc <<'END'
#include <cstdio>
#include <xpu/helpers/elf.h>
#include <xpu/helpers/ld_cache.h>
#include <xpu/helpers/path.h>
#include <xpu/helpers/pci.h>
int main() {
  const xpu::sdk::Root root("/");
  const auto paths = xpu::sdk::LdCache::load(root).find("libc.so.6", "");
  const auto elf = xpu::sdk::read_elf(root, paths.empty() ? "/proc/self/exe" : paths[0]);
  std::puts(elf && xpu::sdk::clean("/a/..") == "/" ? elf->architecture.c_str() : "none");
}
END
cmake -G Ninja -B build2 -DCMAKE_PREFIX_PATH="$prefix" >"$work/log" || fail "$(cat "$work/log")"
cmake --build build2 >"$work/log" || fail "$(cat "$work/log")"
[[ $(build2/uses) == "$(uname -m)" ]] || fail "helpers say $(build2/uses)"
echo "ok"
