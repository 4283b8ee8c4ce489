# SPDX-License-Identifier: Apache-2.0
# What the installed programs and libraries need and export.
. "$(dirname "$0")/lib.sh"

needed() { readelf -dW "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | sort; }
# only NAME FILE ALLOWED...: NEEDED holds nothing else.
only() {
  local name=$1 file=$2
  shift 2
  same "$name" "" "$(needed "$file" | grep -vxF "$(printf '%s\n' "$@")")"
}
loader=ld-linux-x86-64.so.2

says "the shim is static-pie" "$(file "$SHIM")" "static-pie linked"
same "the shim needs no library" "" "$(needed "$SHIM")"
says "the hook is static-pie" "$(file "$SHIM-hook")" "static-pie linked"
only "xpu-runtime needs the C and C++ libraries only" "$XPU" \
  libstdc++.so.6 libgcc_s.so.1 libc.so.6 libm.so.6 $loader
only "xpu-backend-host needs the C and C++ libraries only" \
  "$XPU_IT/prefix/libexec/xpu/xpu-backend-host" \
  libstdc++.so.6 libgcc_s.so.1 libc.so.6 libm.so.6 $loader
only "xpu-metrics-server needs an HTTP library besides" \
  "$XPU_IT/prefix/libexec/xpu/xpu-metrics-server" \
  libmicrohttpd.so.12 libstdc++.so.6 libgcc_s.so.1 libc.so.6 libm.so.6 $loader

count=0
for library in "$XPU_IT"/prefix/lib/xpu/backends/*.so; do
  name=$(basename "$library")
  count=$((count + 1))
  only "$name needs libc and libudev only" "$library" libc.so.6 libm.so.6 libudev.so.1 $loader
  same "$name exports one symbol" "xpu_backend_entry" \
    "$(nm -D --defined-only "$library" | awk '{print $3}' | grep -v '^$')"
done
same "every manifest has its library" "$(find "$XPU_IT/prefix/lib/xpu/backends" -name '*.toml' | wc -l)" "$count"

for file in "$SHIM" "$SHIM-hook" "$XPU" "$XPU_IT"/prefix/libexec/xpu/* "$XPU_IT"/prefix/lib/xpu/backends/*.so; do
  name=$(basename "$file")
  says "$name is bound at start (now, relro)" "$(readelf -dlW "$file")" NOW GNU_RELRO
  same "$name has no executable stack" "" "$(readelf -lW "$file" | grep GNU_STACK | grep RWE)"
  same "$name has no search path of its own" "" "$(readelf -dW "$file" | grep -E 'RPATH|RUNPATH')"
done
finish
