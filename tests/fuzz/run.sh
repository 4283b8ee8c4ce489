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

findings=0
for target in "$@"; do
  # What the fuzzer learns goes to the build folder; the seeds stay as they are.
  mkdir -p "$build/learned/$target" "$build/findings/$target"
  log=$build/findings/$target.log
  printf 'fuzz %-10s %4s s  ' "$target" "$seconds"
  if "$build/tests/fuzz/fuzz_$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
      -max_len=65536 -print_final_stats=1 -artifact_prefix="$build/findings/$target/" \
      "$build/learned/$target" "tests/fuzz/corpus/$target" >"$log" 2>&1; then
    echo "ok, $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") runs"
  else
    echo "FINDING"
    tail -n 30 "$log"
    echo "reproduce: $build/tests/fuzz/fuzz_$target FILE, with a file of $build/findings/$target"
    findings=1
  fi
done
exit $findings
