# SPDX-License-Identifier: Apache-2.0
# `xpu-runtime configure slurm`: a cluster of one node, whose srun --container runs through it.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/engines.sh"
. "$(dirname "$0")/devices.sh"

for program in munged slurmctld slurmd srun; do
  if ! command -v "$program" >/dev/null; then
    skip "slurm" "there is no $program (packages slurm-wlm and munge)"
    finish
  fi
done
conf=/etc/slurm/oci.conf
dir=$XPU_IT/slurm
configure() { OUTPUT=$("$XPU" configure slurm "$@" 2>&1 </dev/null); STATUS=$?; }

# --- munge, slurmctld, slurmd ----------------------------------------------------------------------
node=$(hostname -s)
mkdir -p "$dir"/{state,spool,munge} /etc/slurm
chmod 755 "$dir" "$dir/munge"
head -c 64 /dev/urandom >"$dir/munge/key"
chmod 600 "$dir/munge/key"
chown -R root "$dir/munge"
cat >/etc/slurm/slurm.conf <<CONF
ClusterName=xpu
SlurmctldHost=$node(127.0.0.1)
SlurmUser=root
SlurmctldPort=16817
SlurmdPort=16818
AuthType=auth/munge
AuthInfo=socket=$dir/munge/socket
CredType=cred/munge
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
ReturnToService=2
StateSaveLocation=$dir/state
SlurmdSpoolDir=$dir/spool
SlurmctldPidFile=$dir/slurmctld.pid
SlurmdPidFile=$dir/slurmd.pid
SlurmctldLogFile=$dir/slurmctld.log
SlurmdLogFile=$dir/slurmd.log
NodeName=$node NodeAddr=127.0.0.1 CPUs=1 State=UNKNOWN
PartitionName=test Nodes=ALL Default=YES State=UP
CONF
munged --force --foreground --key-file "$dir/munge/key" --socket "$dir/munge/socket" \
  --pid-file "$dir/munge/pid" --log-file "$dir/munge/log" --seed-file "$dir/munge/seed" \
  >"$dir/munged.out" 2>&1 &
later stop_pid $!
wait_for 20 test -S "$dir/munge/socket" || { fail "munged starts" "$(cat "$dir/munged.out" "$dir/munge/log")"; finish; }
slurmctld -D >"$dir/slurmctld.out" 2>&1 &
later stop_pid $!
slurmd_up() {
  slurmd -D >"$dir/slurmd.out" 2>&1 &
  slurmd=$!
  later stop_pid "$slurmd"
  wait_for 60 eval 'sinfo -h -o %t | grep -qx idle' || {
    fail "slurmd starts" "$(sinfo 2>&1; tail -n 5 "$dir/slurmd.log" "$dir/slurmctld.log" "$dir/slurmd.out")"
    finish
  }
}

others=$(ls /etc/slurm)

# --- configure --------------------------------------------------------------------------------------
configure
same "configure slurm" 0 "$STATUS"
says "it says what it did" "$OUTPUT" "slurm: wrote $conf, which is new" "srun --container=BUNDLE" \
  "loginctl enable-linger" "restart"
cp "$conf" "$dir/once"
configure
says "a second time changes nothing" "$OUTPUT" "$conf has it already"
same "and leaves the bytes" "$(cat "$dir/once")" "$(cat "$conf")"
slurmd_up
pass "slurmd starts with it"

# --- containers ------------------------------------------------------------------------------------
# logind does this for users that are logged in.
mkdir -p /run/user/0 && chmod 700 /run/user/0
new_tree debian
tree=$REPLY
new_bundle "$tree" -- /probe id
bundle=$BUNDLE
# Slurm 22.05 takes the root for the folder of that name, whatever config.json says.
mkdir "$bundle/rootfs"
mount --bind "$tree" "$bundle/rootfs"
later umount -l "$bundle/rootfs"
in_slurm() {  # in_slurm [VARIABLE=VALUE...] -- COMMAND...
  local env=()
  while [ "$1" != -- ]; do env+=("$1"); shift; done
  shift
  OUTPUT=$(cd /tmp && timeout 120 env -i PATH="$PATH" "${env[@]}" srun --container="$bundle" "$@" 2>&1 </dev/null)
  STATUS=$?
}
in_slurm XPU_VISIBLE_DEVICES=acme:0 -- /probe "${device_questions[@]}"
gives "srun --container: one device" 0
in_slurm XPU_VISIBLE_DEVICES=acme:1 -- /probe "${device_questions[@]}"
gives "srun --container: the other" 1
in_slurm A=b -- /probe "${device_questions[@]}"
gives "srun --container: no request" ""
in_slurm XPU_VISIBLE_DEVICES=acme:0 -- /ldprobe libacme.so.1
says "srun --container: the loader finds the driver library" "$OUTPUT" \
  " $(stat -c %d:%i "$XPU_IT/host/libacme.so.1.0")"
in_slurm XPU_VISIBLE_DEVICES=acme:7 -- /probe id
if [ "$STATUS" -eq 0 ]; then fail "an unknown device fails the job" "$OUTPUT"; else pass "an unknown device fails the job"; fi

# An ordinary user, in a user namespace.
new_user bundle/rootfs
chmod 666 "$XPU_IT/dev/acme0"
later chmod 600 "$XPU_IT/dev/acme0"
# Slurm tells a job of no folder of the user's.
as_user() {
  (cd "$home" && timeout 120 setpriv --reuid=$user --regid=$user --clear-groups \
    env -i HOME="$home" USER="user$user" PATH="$PATH" "$@" 2>&1 </dev/null)
}
as_user sh -c 'cd bundle && runc spec --rootless && mv config.json plain.json'
jq '.process.terminal = false | del(.process.rlimits) | .root.readonly = false
  | .process.args = ["/probe", "id"]' "$home/bundle/plain.json" >"$home/bundle/config.json"
OUTPUT=$(as_user runc --root "/run/user/$user/runc" run --bundle "$home/bundle" bare)
if [[ $OUTPUT != *"id 0 0"* ]]; then
  skip "an ordinary user's job" "runc alone cannot start here: ${OUTPUT:0:200}"
else
  OUTPUT=$(as_user XPU_VISIBLE_DEVICES=acme:0 srun --container="$home/bundle" /probe open /dev/acme0 open /dev/acme1)
  has "an ordinary user's job: the device opens" "$OUTPUT" "open /dev/acme0 ok" "open /dev/acme1 ENOENT"
  OUTPUT=$(as_user srun --container="$home/bundle" /probe open /dev/acme0)
  has "an ordinary user's job: no request, no device" "$OUTPUT" "open /dev/acme0 ENOENT"
fi
same "no container is left" "[]" "$("$XPU" ps --json | jq -c .containers)"

# --- and back ---------------------------------------------------------------------------------------
configure --remove
same "configure --remove" 0 "$STATUS"
same "oci.conf is gone" "$others" "$(ls /etc/slurm)"
printf '# site\r\nRunTimeRun="/usr/sbin/runc run %%n.%%j -b %%b" \r\nEnvExclude="^X"' >"$conf"
cp "$conf" "$dir/site"
configure --dry-run
cp "$dir/site" "$dir/patched"
patch --binary -s "$dir/patched" <<<"$OUTPUT" || fail "patch takes the diff" "$OUTPUT"
configure
same "--dry-run showed what came" "$(md5sum <"$dir/patched")" "$(md5sum <"$conf")"
configure --remove
same "the lines of another runtime come back" "$(md5sum <"$dir/site")" "$(md5sum <"$conf")"
same "and nothing else is left" "$others" "$(ls -I oci.conf /etc/slurm)"
# Another program, whose path has a space; lines that are there twice, comments.
mkdir -p "$dir/with space"
ln -s "$SHIM" "$dir/with space/other"
printf 'RunTimeRun=first\nRunTimeRun="/usr/sbin/runc run %%n" # why\n' >"$conf"
cp "$conf" "$dir/site"
configure --executable-path "$dir/with space/other"
same "a path with a space: exit code" 0 "$STATUS"
says "the line that counts is replaced, and its comment stays" "$(sed -n 2p "$conf")" \
  "RunTimeRun=\"'$dir/with space/other' --rootless=true" '" # why'
sed -i '1i # mine' "$conf"
configure --remove
same "--remove knows it" "$(printf '# mine\n'; cat "$dir/site")" "$(cat "$conf")"
rm -f "$conf.xpu-backup"
configure --executable-path "$dir/with space/oth#er"
says "a path that Slurm cannot have" "$OUTPUT" "cannot be run"
ln -s "$SHIM" "$dir/oth#er"
configure --executable-path "$dir/oth#er"
same "a path that Slurm cannot have: exit code" 1 "$STATUS"
says "is told" "$OUTPUT" "$conf: Slurm cannot run $dir/oth#er, as a line of this file cannot hold a '#' there"
printf 'RunTimeRun\n' >"$conf"
configure
says "a line that is none" "$OUTPUT" "$conf:1: no KEY=VALUE; correct or remove the line"
rm "$conf"
SLURM_CONF=$dir/slurm.conf configure --dry-run
says "SLURM_CONF" "$OUTPUT" "+++ $dir/oci.conf"
configure --set-as-default --cdi
says "what Slurm does not have" "$OUTPUT" "Slurm has one runtime for all containers" "Slurm has no CDI"
configure --remove
finish
