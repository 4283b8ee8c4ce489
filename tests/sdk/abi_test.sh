#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# abi_test.sh SOURCE_DIR BUILD_DIR: the header keeps to the versions that are frozen, and sdk/abi/check would
# notice if it did not.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
check=$1/sdk/abi/check
quietly "$check"
[ -d "$1/sdk/abi/1.0" ] || fail "1.0 is not frozen"

# changed NAME EXPECTED SED...: a copy of the header, changed; check says EXPECTED. $header: which one.
header=backend.h
changed() {
  local name=$1 expected=$2 folder=$work/$1
  shift 2
  cp -r "$1/sdk/include" "$folder"
  shift
  sed -i "$@" "$folder/xpu/$header"
  cmp -s "$folder/xpu/$header" "$source_dir/sdk/include/xpu/$header" && fail "$name: nothing was changed"
  if "$check" "$folder" >"$work/log" 2>&1; then
    [ "$expected" = ok ] || fail "$name was not noticed"
  else
    grep -qF -- "$expected" "$work/log" || fail "$name: $(cat "$work/log")"
  fi
}
source_dir=$1
frozen="1.0 is frozen, and"
broken="breaks what 1.0 promised"
next=(-e 's/^#define XPU_ABI_MINOR 0u/#define XPU_ABI_MINOR 1u/')
grow=(-e 's/^} xpu_note;/  uint64_t more;\n} xpu_note;/')

changed comment ok "$1" -e 's/Severity of xpu_host.log/How bad a line of xpu_host.log is/'
changed grown "$frozen" "$1" "${grow[@]}"
changed grown-later ok "$1" "${next[@]}" "${grow[@]}"
changed constant "$broken" "$1" -e 's/^#define XPU_KIND_NPU 3u/#define XPU_KIND_NPU 9u/'
changed more-constants "$frozen" "$1" -e 's/^#define XPU_KIND_NPU 3u/&\n#define XPU_KIND_OTHER 5u/'
changed more-constants-later ok "$1" "${next[@]}" -e 's/^#define XPU_KIND_NPU 3u/&\n#define XPU_KIND_OTHER 5u/'
for when in now later; do
  more=()
  [ $when = now ] || more=("${next[@]}")
  changed inserted-$when "$broken" "$1" "${more[@]}" -e 's/^  const char\* uuid; /  const char* extra;\n&/'
  changed removed-$when "$broken" "$1" "${more[@]}" -e '/^  const char\* architecture; /d'
  changed widened-$when "$broken" "$1" "${more[@]}" -e 's/^  int32_t numa_node; /  int64_t numa_node; /'
done
changed signature "$frozen" "$1" -e 's/void (\*close)(void\* self)/int32_t (*close)(void* self)/'
changed signature-later "$broken" "$1" "${next[@]}" -e 's/void (\*close)(void\* self)/int32_t (*close)(void* self)/'
changed parameter-later "$broken" "$1" "${next[@]}" \
  -e 's/xpu_status (\*emit_capability)(void\* ctx, const char\* name)/xpu_status (*emit_capability)(void* ctx, const char* name, int32_t flags)/'
changed older "1.0 is frozen, but the header states 0.9" "$1" \
  -e 's/^#define XPU_ABI_MAJOR 1u/#define XPU_ABI_MAJOR 0u/' -e 's/^#define XPU_ABI_MINOR 0u/#define XPU_ABI_MINOR 9u/'

# The extensions, whose versions are in their names.
header=hotplug.h
changed event-inserted "$broken" "$1" -e 's/^  const char\* device;$/  const char* extra;\n&/'
changed event-constant "$broken" "$1" -e 's/^#define XPU_EVENT_LOST 5u/#define XPU_EVENT_LOST 6u/'
header=metrics.h
changed metrics-signature "$frozen" "$1" -e 's/xpu_status (\*sample)(void\* self)/xpu_status (*sample)(void* self, int32_t flags)/'
header=backend.h

# What is compared with must be there, whole and of a piece.
refused() {
  if "$check" "$1/sdk/include" "$work/abi" >"$work/log" 2>&1; then
    fail "$2 was not noticed"
  fi
  grep -qF -- "$2" "$work/log" || fail "$(cat "$work/log")"
}
mkdir "$work/abi"
refused "$1" "there is nothing to compare with"
cp -r "$1/sdk/abi/1.0" "$work/abi/"
: >"$work/abi/1.0/abi.xml"
refused "$1" "1.0: abi.xml is missing or empty"
cp "$1/sdk/abi/1.0/abi.xml" "$work/abi/1.0/"
sed -i 's/^#define XPU_ABI_MINOR 0u/#define XPU_ABI_MINOR 3u/' "$work/abi/1.0/xpu/backend.h"
refused "$1" "1.0: its header states 1.3"
cp "$1/sdk/abi/1.0/xpu/backend.h" "$work/abi/1.0/xpu/"
sed -i '50,$d' "$work/abi/1.0/layout.c"
refused "$1" "1.0: layout.c asserts next to nothing"

# The template, compiled with the frozen header, is loaded by this runtime.
build_dir=$2
PATH=$build_dir/bin:$PATH
mkdir "$work/kept"
cp "$1/sdk/template/c/example.toml" "$work/kept/"
quietly cc -std=c11 -O2 -fPIC -shared -fvisibility=hidden -I "$1/sdk/abi/1.0" "$1/sdk/template/c/example.c" \
  -o "$work/kept/libxpu-example.so" -Wl,-z,relro,-z,now
quietly xpu-runtime backends verify --option node=/dev/null "$work/kept/example.toml"
grep -q '^state: ready, 1 device$' "$work/log" || fail "$(cat "$work/log")"
echo ok
