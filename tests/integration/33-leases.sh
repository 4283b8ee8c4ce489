# SPDX-License-Identifier: Apache-2.0
# Leases on the real runc: exclusive devices are never held twice and never lost, whoever is killed.
. "$(dirname "$0")/lib.sh"

# A host of eight devices that needs nothing in the root file system.
mkdir -p "$SCRATCH/etc/xpu-container-runtime"
for n in 0 1 2 3 4 5 6 7; do
  mknod "$SCRATCH/acme$n" c "${NODE0%:*}" "${NODE0#*:}"
  printf '[[devices]]\nvendor = "acme"\nindex = "%d"\nname = "Acme One"\nuuid = "ACME-%d"\nmemory = "24GiB"\nnodes = [{ host = "%s/acme%d", container = "/dev/acme%d" }]\n' \
    $n $n "$SCRATCH" $n $n
done >"$SCRATCH/etc/xpu-container-runtime/sim.toml"
cat >"$SCRATCH/etc/xpu-container-runtime/config.toml" <<TOML
[state]
directory = "$SCRATCH/state"
[cost]
directory = "$SCRATCH/usage"
[backends.sim]
enabled = true
hardware = "$SCRATCH/etc/xpu-container-runtime/sim.toml"
TOML
export XDG_CONFIG_HOME=$SCRATCH/etc
root=$SCRATCH/runtime
new_tree busybox
tree=$REPLY

# bundles NAME COUNT [VARIABLE=VALUE...] -- COMMAND...: bundles NAME-1 to NAME-COUNT in BUNDLES.
bundles() {
  local name=$1 count=$2 i
  shift 2
  BUNDLES=()
  new_bundle "$tree" "$@"
  for ((i = 1; i <= count; i++)); do
    mkdir -p "$SCRATCH/$name-$i"
    jq --arg cgroup "$CGROUP/$name-$i" '.linux.cgroupsPath = $cgroup' "$BUNDLE/config.json" \
      >"$SCRATCH/$name-$i/config.json"
    BUNDLES+=("$name-$i")
  done
}
# start NAME: in the background of the host, output in NAME.out, exit status in NAME.rc
start() {
  "$SHIM" --root "$root" run --detach --bundle "$SCRATCH/$1" "$1" >"$SCRATCH/$1.out" 2>&1 </dev/null
  echo $? >"$SCRATCH/$1.rc"
}
started() { grep -lx 0 "$SCRATCH/$1"-*.rc | wc -l; }
free_all() {
  local id
  for id in "$@"; do
    "$SHIM" --root "$root" delete --force "$id" >/dev/null 2>&1
    rm -f "$SCRATCH/$id.rc"
  done
}

"$XPU" detect --refresh >/dev/null
same "eight devices" 8 "$("$XPU" detect --json | jq ".devices | length")"

# --- 64 at once on 8 exclusive devices -----------------------------------------------------------
bundles race 64 XPU_COUNT=1 XPU_SHARING=exclusive -- sleep 600
for id in "${BUNDLES[@]}"; do start "$id" & done
wait
echo "count - race: $(started race) of 64 started"
same "64 at once on 8 exclusive devices: 8 start" 8 "$(started race)"
refusals=$(grep -l "held exclusively by container race-" "$SCRATCH"/race-*.out | wc -l)
same "each of the others is told who holds what" 56 "$refusals"
given=$(for id in "${BUNDLES[@]}"; do
  jq -r '.linux.devices[]?.path | select(startswith("/dev/acme"))' "$SCRATCH/$id/config.json"
done | sort | uniq -c | awk '$1 != 1')
same "no device was given twice" "" "$given"
same "ps shows the eight" 8 "$("$XPU" ps --json | jq '[.containers[] | select(.sharing == "exclusive")] | length')"
free_all "${BUNDLES[@]}"
bundles again 8 XPU_COUNT=1 XPU_SHARING=exclusive -- sleep 600
for id in "${BUNDLES[@]}"; do start "$id" & done
wait
same "all eight can be had again" 8 "$(started again)"
free_all "${BUNDLES[@]}"

# --- all or nothing ------------------------------------------------------------------------------
bundles one 1 XPU_VISIBLE_DEVICES=acme:3 XPU_SHARING=exclusive -- sleep 600
start one-1
bundles eight 1 XPU_COUNT=8 XPU_SHARING=exclusive -- sleep 600
start eight-1
says "eight of which one is held are refused" "$(cat "$SCRATCH/eight-1.out")" "XPU_COUNT=8" "7 of 8 devices" "acme:3 is held exclusively by container one-1"
bundles seven 1 XPU_COUNT=7 XPU_SHARING=exclusive -- sleep 600
start seven-1
same "the refused one held nothing back" 0 "$(cat "$SCRATCH/seven-1.rc")"
free_all one-1 seven-1

# --- a refused delete frees nothing ----------------------------------------------------------------
start one-1
refused "runc refuses to delete a running container" "$SHIM" --root "$root" delete one-1
bundles two 1 XPU_VISIBLE_DEVICES=acme:3 -- sleep 600
start two-1
says "its device is held all the same" "$(cat "$SCRATCH/two-1.out")" "the device acme:3 is held exclusively by container one-1" "XPU_WAIT=30s"
"$SHIM" --root "$root" kill one-1 KILL
wait_for 10 eval '"$SHIM" --root "$root" state one-1 | grep -q stopped'
ok "a stopped one can be deleted" "$SHIM" --root "$root" delete one-1
start two-1
same "then its device is free" 0 "$(cat "$SCRATCH/two-1.rc")"
free_all two-1

# --- sharing ---------------------------------------------------------------------------------------
bundles shared 3 XPU_VISIBLE_DEVICES=acme:0 -- sleep 600
for id in "${BUNDLES[@]}"; do start "$id"; done
same "three share a device" 3 "$(started shared)"
bundles alone 1 XPU_VISIBLE_DEVICES=acme:0 XPU_SHARING=exclusive -- sleep 600
start alone-1
says "nobody gets it exclusively meanwhile" "$(cat "$SCRATCH/alone-1.out")" "acme:0 is wanted exclusively and held by container shared-"
printf '[leases]\nshare-limit = 3\n' >>"$SCRATCH/etc/xpu-container-runtime/config.toml"
bundles fourth 1 XPU_VISIBLE_DEVICES=acme:0 -- sleep 600
start fourth-1
says "no more than the limit share it" "$(cat "$SCRATCH/fourth-1.out")" "acme:0 is shared by 3 containers, which is its limit"
sed -i '/^\[leases\]/,$d' "$SCRATCH/etc/xpu-container-runtime/config.toml"
free_all shared-1 shared-2 shared-3

# --- waiting, in turn --------------------------------------------------------------------------------
bundles queue 24 XPU_COUNT=1 XPU_SHARING=exclusive XPU_WAIT=120s -- \
  sh -c 'ls /dev | grep acme; cat /proc/uptime; sleep 0.5; cat /proc/uptime'
for id in "${BUNDLES[@]}"; do
  "$SHIM" --root "$root" run --bundle "$SCRATCH/$id" "$id" >"$SCRATCH/$id.out" 2>&1 </dev/null &
  sleep 0.02
done
wait
served=$(grep -l '^acme' "$SCRATCH"/queue-*.out | wc -l)
echo "count - queue: $served of 24 served"
same "24 that wait for 8 devices are all served" 24 "$served"
# Lines "DEVICE BEGIN END"; two of one device must not overlap.
overlaps=$(for id in "${BUNDLES[@]}"; do
  awk '/^acme/ {device = $1; next} /^[0-9]/ {at[n++] = $1} END {print device, at[0], at[1]}' "$SCRATCH/$id.out"
done | sort -k1,1 -k2,2n | awk '$1 == last && $2 < end {print} {last = $1; end = $3}')
same "none of them beside another on one device" "" "$overlaps"
bundles late 1 XPU_VISIBLE_DEVICES=acme:1 XPU_WAIT=1s -- sh -c :
bundles keep 1 XPU_VISIBLE_DEVICES=acme:1 XPU_SHARING=exclusive -- sleep 600
start keep-1
start late-1
says "who waits in vain is told so" "$(cat "$SCRATCH/late-1.out")" "acme:1 is held exclusively by container keep-1" "(waited 1 s)"
free_all keep-1

# --- the operator --------------------------------------------------------------------------------
start keep-1
refused "release of a running container wants --force" "$XPU" release keep-1
says "and says why" "$OUTPUT" "keep-1" "--force"
ok "release --force" "$XPU" release --force keep-1
start one-1
same "the other devices are untouched" 0 "$(cat "$SCRATCH/one-1.rc")"
start late-1
same "a released device can be had" "0 " "$(cat "$SCRATCH/late-1.rc") $(cat "$SCRATCH/late-1.out")"
free_all keep-1 one-1 late-1

# --- a damaged ledger ------------------------------------------------------------------------------
start one-1
: >"$SCRATCH/state/leases"
start two-1
says "an empty ledger is made anew from the records" "$(cat "$SCRATCH/two-1.out")" "acme:3 is held exclusively by container one-1"
printf 'xpu-leases 99\n' >"$SCRATCH/state/leases"
start two-1
says "one of a later version is left alone" "$(cat "$SCRATCH/two-1.out")" "$SCRATCH/state/leases"
rm -f "$SCRATCH/state/leases"
free_all one-1

# --- killed at every system call -------------------------------------------------------------------
# A holds acme:0. B, which wants any device exclusively, is killed; then C must get the one other that
# is left and D nothing.
if [ "${XPU_QUICK:-0}" = 1 ]; then
  skip "sweep" "--quick"
  finish
fi
gcc -static -O1 -o "$SCRATCH/hold" -x c - <<'C'
#include <unistd.h>
int main(void) { pause(); }
C
gcc -static -o "$SCRATCH/done" -x c - <<<'int main(void) { return 0; }'
printf '[[devices]]\nvendor = "acme"\nindex = "0"\nname = "Acme One"\nnodes = [{ host = "%s/acme0", container = "/dev/acme0" }]\n[[devices]]\nvendor = "acme"\nindex = "1"\nname = "Acme One"\nnodes = [{ host = "%s/acme1", container = "/dev/acme1" }]\n' \
  "$SCRATCH" "$SCRATCH" >"$SCRATCH/etc/xpu-container-runtime/sim.toml"
"$XPU" detect --refresh >/dev/null
rm -rf "$SCRATCH/state/leases" "$SCRATCH/state/containers"
bundles sweep 4 XPU_COUNT=1 XPU_SHARING=exclusive -- true
# create NAME: the words of a start; its low-level runtime is what XPU_CONTAINER_RUNTIME_PATH names.
create() { WORDS=("$SHIM" --root "$root" create --pid-file /dev/null --bundle "$SCRATCH/$1" "$1"); }
create sweep-1
XPU_CONTAINER_RUNTIME_PATH=$SCRATCH/hold "${WORDS[@]}" &
holder=$!
wait_for 10 eval '[ "$("$XPU" ps --json | jq ".containers | length")" = 1 ]'
lost="" doubled="" calls=1
while :; do
  rm -f "$SCRATCH"/sweep-[234]/config.json.xpu-undo
  for n in 2 3 4; do cp "$BUNDLE/config.json" "$SCRATCH/sweep-$n/config.json"; done
  create sweep-2
  XPU_CONTAINER_RUNTIME_PATH=$SCRATCH/done strace -o "$SCRATCH/trace" -e inject=all:signal=KILL:when=$calls \
    "${WORDS[@]}" >"$SCRATCH/said" 2>&1
  if ! grep -q "killed by SIGKILL" "$SCRATCH/trace" || grep -q "^execve(\"$SCRATCH/done\".* = 0" "$SCRATCH/trace"; then
    break
  fi
  create sweep-3
  XPU_CONTAINER_RUNTIME_PATH=$SCRATCH/hold "${WORDS[@]}" >"$SCRATCH/said" 2>&1 &
  third=$!
  while kill -0 $third 2>/dev/null && [ "$(readlink /proc/$third/exe)" != "$SCRATCH/hold" ]; do sleep 0.002; done
  kill -0 $third 2>/dev/null || lost+=" $calls"
  create sweep-4
  XPU_CONTAINER_RUNTIME_PATH=$SCRATCH/done "${WORDS[@]}" >/dev/null 2>&1 && doubled+=" $calls"
  kill -9 $third 2>/dev/null
  wait $third 2>/dev/null
  calls=$((calls + 1))
  [ "$calls" -lt 3000 ] || break
done
kill -9 $holder
wait $holder 2>/dev/null
echo "count - lease sweep: killed at each of $calls system calls"
if [ "$calls" -gt 50 ]; then pass "the sweep covers a start"; else fail "the sweep covers a start" "$calls calls: $(tail -n 3 "$SCRATCH/trace")"; fi
same "no device is lost to a start that was killed" "" "$lost"
same "none is given twice after it" "" "$doubled"
finish
