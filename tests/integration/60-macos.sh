# SPDX-License-Identifier: Apache-2.0
# What is cross-built for macOS: that it is what a Mac can load, and brings nothing that it cannot
# find there. It is not run.
. "$(dirname "$0")/lib.sh"

built=$XPU_SOURCE/build/macos/build
"$XPU_SOURCE/packaging/macos/build" >"$SCRATCH/build.log" 2>&1
case $? in
  0) pass "the programs and the backend are cross-built" ;;
  3)
    skip "macOS" "$(tail -n 1 "$SCRATCH/build.log")"
    finish
    ;;
  *)
    fail "the programs and the backend are cross-built" "$(tail -n 20 "$SCRATCH/build.log")"
    finish
    ;;
esac

dump() { llvm-objdump-14 --macho "$1" "$built/$2" | tail -n +2; }
# magic, processor, and type of a file, from its first sixteen bytes.
head_of() { od -An -tx4 -N16 "$built/$1" | xargs; }
# Libraries that it needs, without its own name.
needed() { dump --dylibs-used "$1" | awk '{print $1}' | grep -v '^@rpath/libxpu-apple.dylib$'; }

# MH_MAGIC_64, CPU_TYPE_ARM64, MH_EXECUTE or MH_DYLIB
for program in xpu-runtime xpu-backend-host; do
  same "$program is a 64-bit Mach-O program for arm64" "feedfacf 0100000c 00000000 00000002" "$(head_of $program)"
  same "$program needs libSystem only" /usr/lib/libSystem.B.dylib "$(needed $program)"
done
same "the backend is a 64-bit Mach-O library for arm64" "feedfacf 0100000c 00000000 00000006" \
  "$(head_of backends/libxpu-apple.dylib)"
same "the backend needs libSystem only" /usr/lib/libSystem.B.dylib "$(needed backends/libxpu-apple.dylib)"
same "the backend exports one symbol" _xpu_backend_entry \
  "$(dump --exports-trie backends/libxpu-apple.dylib | awk '/^0x/ {print $2}')"

for file in xpu-runtime xpu-backend-host backends/libxpu-apple.dylib; do
  headers=$(llvm-objdump-14 --macho --private-headers "$built/$file")
  has "$file is signed, which arm64 asks for" "$(awk '/ cmd /{print $2}' <<<"$headers")" LC_CODE_SIGNATURE
  silent "$file has no search path of its own" "$headers" LC_RPATH
  silent "$file names no folder of this machine" "$(strings "$built/$file")" "$XPU_SOURCE"
done

# What is looked up at run time, by the names that macOS gives it.
names=$(strings "$built/backends/libxpu-apple.dylib")
has "the backend looks for Metal and IOKit itself" "$names" MTLCopyAllDevices objc_msgSend \
  IOServiceGetMatchingServices /System/Library/Frameworks/Metal.framework/Metal \
  /System/Library/Frameworks/IOKit.framework/IOKit
same "its manifest names it" 'library = "libxpu-apple.dylib"' "$(grep ^library "$built/backends/apple.toml")"
finish
