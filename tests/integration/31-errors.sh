# SPDX-License-Identifier: Apache-2.0
# Each system call of the shim that can meet a full disk, an I/O error or a lack of descriptors meets
# one, in turn: either the container starts with its device, or it does not start, config.json is as
# it was and one line says why.
. "$(dirname "$0")/sweep.sh"

# The same edit with generated files in the bundle, as after an error in the state folder.
rm -rf "$SCRATCH/state/containers"
touch "$SCRATCH/state/containers"
ok "a start without a state folder" "${shim[@]}"
in_bundle=$SCRATCH/in-bundle.json
cp "$BUNDLE/config.json" "$in_bundle"
rm "$SCRATCH/state/containers"

# sweep CALLS ERROR: every call of that kind fails once with that error.
sweep() {
  local calls=$1 error=$2 at=1 refused=0 served=0 wrong="" silent="" status
  while [ "$at" -lt 3000 ]; do
    rm -rf "${BUNDLE:?}"/* "$BUNDLE"/.[!.]* "$SCRATCH/trace"
    cp "$pristine" "$BUNDLE/config.json"
    strace -o "$SCRATCH/trace" -e inject="$calls:error=$error:when=$at" "${shim[@]}" >/dev/null 2>"$SCRATCH/error"
    status=$?
    grep -q '(INJECTED)' "$SCRATCH/trace" || break
    if [ "$status" -eq 0 ]; then
      served=$((served + 1))
      cmp -s "$BUNDLE/config.json" "$edited" || cmp -s "$BUNDLE/config.json" "$in_bundle" || wrong+=" $at"
    else
      refused=$((refused + 1))
      cmp -s "$BUNDLE/config.json" "$pristine" || wrong+=" $at"
      grep -q "^xpu-container-runtime: error: ." "$SCRATCH/error" || silent+=" $at"
    fi
    at=$((at + 1))
  done
  echo "$calls $error: $served started all the same, $refused refused"
  # The last start met no error any more, and became the low-level runtime.
  if [ "$at" -gt 1 ] && [ "$at" -lt 3000 ] && grep -q "^execve(\"$SCRATCH/done\".* = 0" "$SCRATCH/trace"; then
    pass "$calls $error: the sweep meets every call"
  else
    fail "$calls $error: the sweep meets every call" \
      "ended at call $at: $(tail -n 3 "$SCRATCH/trace" "$SCRATCH/error" 2>&1)"
  fi
  same "$calls $error: the device or the old file, never half" "" "$wrong"
  same "$calls $error: every refusal says why" "" "$silent"
}
sweep write ENOSPC
sweep write EIO
sweep renameat ENOSPC
sweep renameat EROFS
sweep fsync EIO
sweep fchmod EPERM
sweep openat EMFILE
sweep openat2 EMFILE
sweep pread64 EIO
sweep flock ENOLCK
sweep mkdirat EROFS
finish
