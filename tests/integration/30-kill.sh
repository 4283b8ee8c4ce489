# SPDX-License-Identifier: Apache-2.0
# The shim is killed at each of its system calls in turn: config.json is the old or the new one,
# and the next start repairs what was left.
. "$(dirname "$0")/sweep.sh"

left=$(ls -A "$BUNDLE")
records=$(find "$SCRATCH/state/containers" -name '*.json' | wc -l)
same "one record" 1 "$records"

# The shim became the low-level runtime in the last start, as far as strace saw.
arrived() { grep -q "^execve(\"$SCRATCH/done\".* = 0" "$SCRATCH/trace"; }

# kill_at N: a start from the pristine bundle that dies at its Nth system call. Returns 1 when it did
# not die there, or only as the low-level runtime.
kill_at() {
  rm -f "${BUNDLE:?}"/* "$BUNDLE"/.[!.]* "$SCRATCH/trace"
  cp "$pristine" "$BUNDLE/config.json"
  strace -o "$SCRATCH/trace" -e inject=all:signal=KILL:when="$1" "${shim[@]}" >"$SCRATCH/said" 2>&1
  grep -q "killed by SIGKILL" "$SCRATCH/trace" && ! arrived
}

# sweep NAME [COLD]: COLD forgets the catalog before each start.
sweep() {
  local name=$1 cold=${2:-} torn="" unrepaired="" litter="" forgotten="" calls=1
  while kill_at "$calls" && [ "$calls" -lt 3000 ]; do
    cmp -s "$BUNDLE/config.json" "$pristine" || cmp -s "$BUNDLE/config.json" "$edited" ||
      torn+=" $calls"
    "${shim[@]}" >/dev/null 2>&1 && cmp -s "$BUNDLE/config.json" "$edited" || unrepaired+=" $calls"
    [ "$(ls -A "$BUNDLE")" = "$left" ] || litter+=" $calls"
    [ "$(find "$SCRATCH/state/containers" -name '*.json' | wc -l)" -eq 1 ] || forgotten+=" $calls"
    [ -z "$cold" ] || rm -rf "$SCRATCH/state/catalog"
    calls=$((calls + 1))
  done
  echo "$name: $calls system calls"
  if [ "$calls" -gt 50 ] && arrived; then
    pass "$name: the sweep covers the start"
  else
    fail "$name: the sweep covers the start" \
      "ended at call $calls: $(tail -n 3 "$SCRATCH/trace" "$SCRATCH/said" 2>&1)"
  fi
  same "$name: config.json is old or new" "" "$torn"
  same "$name: the next start edits as ever" "" "$unrepaired"
  same "$name: the next start removes what was left" "" "$litter"
  same "$name: the next start takes over the record" "" "$forgotten"
}
sweep "warm catalog"
rm -rf "$SCRATCH/state/catalog"
sweep "cold catalog" cold
finish
