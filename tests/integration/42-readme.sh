# SPDX-License-Identifier: Apache-2.0
# The first steps of the README, each block as it is written, with docker.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/engines.sh"

start_dockerd
export IMAGE=busybox:test PATH=$XPU_IT/prefix/bin:$PATH
# Every ```sh block below "## First steps", one file each.
awk -v to="$SCRATCH" '
  /^## / { inside = ($0 == "## First steps") }
  inside && /^```sh$/ { file = to "/block" ++n ".sh"; print "set -e" >file; next }
  /^```$/ { if (file) close(file); file = ""; next }
  file { print >file }
' "$XPU_SOURCE/README.md"
run_block() { OUTPUT=$(timeout 120 bash "$SCRATCH/block$1.sh" 2>&1 </dev/null); STATUS=$?; }
acme() { grep -c '^acme[0-9]' <<<"$OUTPUT"; }

run_block 1
same "one device: it runs" 0 "$STATUS"
same "one device" 1 "$(acme)"
run_block 2
same "two devices" "0 2" "$STATUS $(acme)"
run_block 3
same "the cheapest" "0 1" "$STATUS $(acme)"
says "and why" "$OUTPUT" "Strategy:  cost" "Chosen:    acme:" "24.00 GB"
run_block 4
same "exclusive: it runs" 0 "$STATUS"
says "exclusive: ps shows it" "$OUTPUT" training docker exclusive
run_block 5
same "cost: it runs" 0 "$STATUS"
says "cost: the containers are in it" "$OUTPUT" training "busybox:test,"
same "these are all blocks" 5 "$(find "$SCRATCH" -name 'block*.sh' | wc -l)"
finish
