# SPDX-License-Identifier: Apache-2.0
# What a backend that is watched says, as lines of JSON in $SCRATCH/out. Sourced after lib.sh.
# shellcheck shell=bash

host=$XPU_IT/prefix/libexec/xpu/xpu-backend-host

# watch [OPTION...]: the backend of $manifest on the host below $root, with $SCRATCH/out and
# $SCRATCH/err; its process is $watcher.
watch() {
  "$host" --watch --manifest "$manifest" --interval-ms 200 --option "driver-root=$root" \
    --option "dev-root=$root" --option "sys-root=$root" "$@" \
    >"$SCRATCH/out" 2>"$SCRATCH/err" </dev/null &
  watcher=$!
  later kill "$watcher"
}

# comes NAME FILTER [SECONDS]: what is said comes to where this jq filter holds of all of it.
comes() {
  local end=$((SECONDS + ${3:-10}))
  until jq -se "$2" "$SCRATCH/out" >/dev/null 2>&1; do
    if [ "$SECONDS" -ge "$end" ]; then
      fail "$1" "$(tail -n 5 "$SCRATCH/out" "$SCRATCH/err")"
      return
    fi
    sleep 0.1
  done
  pass "$1"
}
# line_comes NAME FILTER [SECONDS]: a line is said for which it holds.
line_comes() { comes "$1" "any(.[]; $2)" "${3:-10}"; }
