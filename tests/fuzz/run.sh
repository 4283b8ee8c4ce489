#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Builds every fuzz target with clang and runs each for some seconds over its seeds.
# Usage: tests/fuzz/run.sh [SECONDS [TARGET...]]      default: 10 seconds, all targets
# A finding ends in a message that names the file that reproduces it; the exit status is then 1.
set -euo pipefail
cd "$(dirname "$0")/../.."
seconds=${1:-10}
shift || true
build=build/fuzz

mkdir -p $build
if ! { cmake --preset fuzz && cmake --build $build --target fuzz; } >$build/build.log 2>&1; then
  tail -n 40 $build/build.log
  exit 1
fi
if [ $# -eq 0 ]; then
  set -- $(cd tests/fuzz && ls -- *_fuzz.cc | sed 's/_fuzz\.cc$//')
fi

export build seconds
# run TARGET: fails with a finding.
run() {
  # What the fuzzer learns goes to the build folder; the seeds stay as they are.
  mkdir -p "$build/learned/$1" "$build/findings/$1"
  local log=$build/findings/$1.log head
  head=$(printf 'fuzz %-10s %4s s ' "$1" "$seconds")
  if "$build/tests/fuzz/fuzz_$1" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
      -max_len=65536 -print_final_stats=1 -artifact_prefix="$build/findings/$1/" \
      "$build/learned/$1" "tests/fuzz/corpus/$1" >"$log" 2>&1; then
    echo "$head ok, $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") runs"
  else
    printf '%s FINDING\n%s\n' "$head" "$(tail -n 30 "$log")"
    echo "reproduce: $build/tests/fuzz/fuzz_$1 FILE, with a file of $build/findings/$1"
    return 1
  fi
}
export -f run
# One on each core; xargs fails when one of them did.
printf '%s\0' "$@" | xargs -0 -n 1 -P "$(nproc)" bash -c 'run "$0"'
