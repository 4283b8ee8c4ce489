# SPDX-License-Identifier: Apache-2.0
# `xpu-runtime configure containerd`: what containerd makes of it, and containers through its CRI
# and through ctr.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/engines.sh"
. "$(dirname "$0")/devices.sh"

conf=/etc/containerd/config.toml
dir=$XPU_IT/configured-containerd
mkdir -p "$dir/cni"
configure() { OUTPUT=$("$XPU" configure containerd "$@" 2>&1 </dev/null); STATUS=$?; }
dump() { containerd --config "${1:-$conf}" config dump 2>/dev/null; }
major=$(containerd --version | grep -oE ' v?[0-9]+\.' | head -n 1 | tr -dc 0-9)

# --- how containerd takes files of all shapes ----------------------------------------------------
cri='plugins."io.containerd.grpc.v1.cri"'
shapes=$dir/shapes
mkdir -p "$shapes"
printf 'root = "/x"\n' >"$shapes/one"
printf 'version = 1\n[plugins.cri.containerd.runtimes.runc]\nruntime_type = "io.containerd.runc.v2"\n[plugins.cri.containerd.runtimes.runc.options]\nSystemdCgroup = true\n' >"$shapes/one-runc"
printf 'version = 2\r\n\r\n[%s.containerd]\r\n\tdefault_runtime_name = "runc" # why\r\n\t[%s.containerd.runtimes.runc]\r\n\t\truntime_type = "io.containerd.runc.v2"\r\n' "$cri" "$cri" >"$shapes/windows"
printf 'version = 2\n[plugins]\n"io.containerd.grpc.v1.cri" = { containerd = { runtimes = { runc = { runtime_type = "io.containerd.runc.v2", options = { SystemdCgroup = true } } } } }\n' >"$shapes/inline"
printf 'version = 2\n[%s]\ncontainerd.runtimes.runc.runtime_type = "io.containerd.runc.v2"\n' "$cri" >"$shapes/dotted"
printf '\xef\xbb\xbfversion = 2\n[%s]\nsandbox_image = """\nx[y]\n""" # "\n[[stream]]\na = 1' "$cri" >"$shapes/odd"
printf 'version = 2\n[%s.containerd.runtimes.xpu]\nruntime_type = "io.containerd.runc.v2"\n[%s.containerd.runtimes.xpu.options]\nBinaryName = "/opt/old"\n' "$cri" "$cri" >"$shapes/old"
: >"$shapes/empty"
printf '# nothing yet' >"$shapes/comment"
for shape in "$shapes"/*; do
  name=$(basename "$shape")
  cp "$shape" "$dir/c.toml"
  configure --config "$dir/c.toml" --set-as-default --cdi --dry-run
  cp "$shape" "$dir/patched"
  patch --binary -s "$dir/patched" <<<"$(grep -v '^xpu-runtime: ' <<<"$OUTPUT")" || fail "$name: patch takes the diff" "$OUTPUT"
  configure --config "$dir/c.toml" --set-as-default --cdi
  same "$name: exit code" 0 "$STATUS"
  same "$name: --dry-run showed what came" "$(md5sum <"$dir/patched")" "$(md5sum <"$dir/c.toml")"
  if containerd --config "$dir/c.toml" config dump >"$dir/dump" 2>"$dir/err"; then
    says "$name: containerd config dump" "$(cat "$dir/dump")" 'containerd.runtimes.xpu]' \
      "BinaryName = \"$SHIM\"" 'container_annotations = ["xpu.dev/*", "cdi.k8s.io/*"]' \
      'default_runtime_name = "xpu"'
    grep -q 'runtimes.runc]' "$dir/dump" || [ "$name" = old ] || fail "$name: runc is still there"
  else
    fail "$name: containerd config dump" "$(cat "$dir/err" "$dir/c.toml")"
  fi
  if grep -q SystemdCgroup "$shape"; then
    same "$name: the cgroup driver is that of the default runtime" 2 \
      "$(grep -c 'SystemdCgroup = true' "$dir/dump")"
  fi
  cp "$dir/c.toml" "$dir/once"
  configure --config "$dir/c.toml"
  same "$name: twice is once" "$(md5sum <"$dir/once")" "$(md5sum <"$dir/c.toml")"
  configure --config "$dir/c.toml" --remove
  same "$name: --remove gives the bytes back" "$(md5sum <"$shape")" "$(md5sum <"$dir/c.toml")"
  same "$name: and leaves nothing" "" "$(ls "$dir"/*.xpu-* 2>/dev/null)"
done

# --- imports -----------------------------------------------------------------------------------------
mkdir -p "$dir/conf.d"
printf 'version = 2\nimports = ["%s/conf.d/*.toml"]\n[%s]\nsandbox_image = "a"\n' "$dir" "$cri" >"$dir/main.toml"
printf 'version = 2\n[%s.containerd.runtimes.runc]\nruntime_type = "io.containerd.runc.v2"\n' "$cri" >"$dir/conf.d/50-site.toml"
md5sum "$dir/main.toml" "$dir/conf.d/50-site.toml" >"$dir/sums"
configure --config "$dir/main.toml"
says "imports: the file that has the last word is changed" "$OUTPUT" "wrote $dir/conf.d/50-site.toml"
says "imports: containerd sees it" "$(dump "$dir/main.toml")" 'runtimes.xpu]' 'runtimes.runc]'
configure --config "$dir/main.toml" --remove
ok "imports: as they were" md5sum --quiet -c "$dir/sums"
if [ "$major" -lt 2 ]; then
  configure --config "$dir/main.toml" --drop-in-config "$dir/conf.d/99-xpu.toml"
  same "a drop-in that would take a section away: exit code" 1 "$STATUS"
  says "is refused" "$OUTPUT" "containerd before version 2" "$dir/main.toml" "leave --drop-in out"
fi
printf 'version = 2\nroot = "/r"' >"$dir/main.toml"
rm "$dir/conf.d/50-site.toml"
configure --config "$dir/main.toml" --drop-in-config "$dir/conf.d/99-xpu.toml" --set-as-default
says "drop-in: both files are named" "$OUTPUT" "$dir/conf.d/99-xpu.toml, which is new" "wrote $dir/main.toml"
says "drop-in: containerd sees it" "$(dump "$dir/main.toml")" 'runtimes.xpu]' 'runtimes.runc]' \
  'default_runtime_name = "xpu"' 'root = "/r"'
md5sum "$dir/main.toml" "$dir/conf.d/99-xpu.toml" >"$dir/sums"
configure --config "$dir/main.toml" --drop-in-config "$dir/conf.d/99-xpu.toml"
ok "drop-in: twice is once" md5sum --quiet -c "$dir/sums"
configure --config "$dir/main.toml"
ok "drop-in: and stays where it is" md5sum --quiet -c "$dir/sums"
configure --config "$dir/main.toml" --drop-in-config "$dir/conf.d/99-xpu.toml" --remove
same "drop-in: gone" "" "$(ls "$dir/conf.d")"
same "drop-in: the main file is as it was" 'version = 2 root = "/r"' "$(xargs -d '\n' <"$dir/main.toml")"

# A drop-in whose place --remove is not told, and that of somebody else.
cp "$dir/main.toml" "$dir/pristine"
configure --config "$dir/main.toml" --drop-in-config "$dir/own/xpu.toml"
says "drop-in: one elsewhere" "$(cat "$dir/main.toml")" "imports = [\"$dir/own/xpu.toml\"]"
configure --config "$dir/main.toml" --remove
says "drop-in: --remove finds it" "$OUTPUT" "removed $dir/own/xpu.toml" "took the runtime out of $dir/main.toml"
same "drop-in: and its import" "$(md5sum <"$dir/pristine")" "$(md5sum <"$dir/main.toml")"
same "drop-in: nothing is left" "" "$(ls -A "$dir/own")"
configure --config "$dir/main.toml" --drop-in-config "$dir/own/xpu.toml"
rm "$dir/own/xpu.toml"
configure --config "$dir/main.toml" --remove --dry-run
says "drop-in: the diff has its import" "$OUTPUT" "-imports = [\"$dir/own/xpu.toml\"]"
configure --config "$dir/main.toml" --remove
same "drop-in: the import of one that somebody removed goes too" "$(md5sum <"$dir/pristine")" "$(md5sum <"$dir/main.toml")"
rm -r "$dir/own"
printf 'version = 2\nimports = ["%s/conf.d/99-xpu.toml"] # mine\n' "$dir" >"$dir/main.toml"
cp "$dir/main.toml" "$dir/pristine"
printf 'version = 2\noom_score = -1\n' >"$dir/conf.d/99-xpu.toml"
cp "$dir/conf.d/99-xpu.toml" "$dir/theirs"
configure --config "$dir/main.toml" --drop-in-config "$dir/conf.d/99-xpu.toml"
says "drop-in: somebody's own gets the runtime" "$(cat "$dir/conf.d/99-xpu.toml")" "oom_score = -1" 'runtimes.xpu]'
configure --config "$dir/main.toml" --drop-in-config "$dir/conf.d/99-xpu.toml" --remove
same "drop-in: and is as it was" "$(md5sum <"$dir/theirs")" "$(md5sum <"$dir/conf.d/99-xpu.toml")"
same "drop-in: as is the import, which is not ours" "$(md5sum <"$dir/pristine")" "$(md5sum <"$dir/main.toml")"
printf 'version = 2\n[%s.containerd.runtimes.xpu.options]\nBinaryName = "/opt/mine"\n' "$cri" >"$dir/conf.d/99-xpu.toml"
cp "$dir/conf.d/99-xpu.toml" "$dir/theirs"
configure --config "$dir/main.toml" --remove
says "a runtime that is not ours is told" "$OUTPUT" \
  "the runtime \"xpu\" in $dir/conf.d/99-xpu.toml stays: it is not ours, but runs /opt/mine"
same "and stays" "$(md5sum <"$dir/theirs")" "$(md5sum <"$dir/conf.d/99-xpu.toml")"
rm "$dir/conf.d/99-xpu.toml"

# A containerd 2: the runtime in the main file and, later, in a drop-in besides.
mkdir -p "$dir/bin"
printf '#!/bin/sh\n[ "$1" != --version ] || echo "containerd github.com/containerd/containerd v2.1.4 0"\n' >"$dir/bin/containerd"
chmod 755 "$dir/bin/containerd"
two() { OUTPUT=$(PATH=$dir/bin:$PATH "$XPU" configure containerd --config "$dir/main.toml" "$@" 2>&1 </dev/null); STATUS=$?; }
printf 'version = 3\nroot = "/r"\n' >"$dir/main.toml"
cp "$dir/main.toml" "$dir/pristine"
two
two --drop-in-config "$dir/conf.d/99-xpu.toml"
same "both: exit code" 0 "$STATUS"
says "both: the main file has both" "$(cat "$dir/main.toml")" "99-xpu.toml" 'runtimes.xpu]'
same "both: the backup is what was there before us" "$(md5sum <"$dir/pristine")" "$(md5sum <"$dir/main.toml.xpu-backup")"
sed -i '1i # mine' "$dir/main.toml"
two --remove
same "both: --remove" 0 "$STATUS"
same "both: the main file is what it was, and what came since" "$(printf '# mine\n'; cat "$dir/pristine")" "$(cat "$dir/main.toml")"
same "both: the drop-in is gone" "" "$(ls "$dir/conf.d")"
rm -f "$dir/main.toml.xpu-backup"

# --- what is wrong is left alone -------------------------------------------------------------------
printf 'version = 2\n[plugins\n' >"$dir/c.toml"
configure --config "$dir/c.toml"
same "a file that is no TOML: exit code" 1 "$STATUS"
says "is named with its line" "$OUTPUT" "$dir/c.toml:2: not TOML"
same "and left as it was" "version = 2 [plugins" "$(xargs <"$dir/c.toml")"
printf 'version = 2\n[plugins.linux]\nshim = "x"\n' >"$dir/c.toml"
cp "$dir/c.toml" "$dir/once"
configure --config "$dir/c.toml"
same "a file that containerd refuses: exit code" 1 "$STATUS"
says "containerd's own words" "$OUTPUT" "containerd refuses the new configuration, so the old one is back" 'plugin key URI'
same "and it is as it was" "$(cat "$dir/once")" "$(cat "$dir/c.toml")"
same "and nothing is left beside it" "" "$(ls "$dir"/*.xpu-* 2>/dev/null)"
printf 'version = 9\n' >"$dir/c.toml"
configure --config "$dir/c.toml"
says "a version of the future" "$OUTPUT" "version 9 of the file is newer"
printf '[%s]\n' "$cri" >"$dir/c.toml"
configure --config "$dir/c.toml" --dry-run
[ "$major" -ge 2 ] || says "a version that is missing" "$OUTPUT" 'is "version = 2" missing at its top?'
printf 'version = 2\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n' >"$dir/c.toml"
configure --config "$dir/c.toml" --dry-run
says "no CRI plugin" "$OUTPUT" "$dir/c.toml switches off the CRI plugin"

# --- containers --------------------------------------------------------------------------------------
containerd_head "$dir" 2 >"$conf"
cat >>"$conf" <<TOML
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "xpu.test/pause:1"
disable_apparmor = true
restrict_oom_score_adj = true
stream_server_port = "0"
[plugins."io.containerd.grpc.v1.cri".cni]
conf_dir = "$dir/cni"
[plugins."io.containerd.grpc.v1.cri".containerd]
snapshotter = "native"
TOML
cp "$conf" "$dir/pristine"
configure
same "configure containerd" 0 "$STATUS"
says "it says what it did" "$OUTPUT" "containerd: wrote $conf; as it was: $conf.xpu-backup" \
  'RuntimeClass with the handler "xpu"' "ctr run --runc-binary $SHIM" "restart containerd"
export CONTAINERD_ADDRESS=$dir/sock
containerd_up() {
  containerd >"$dir/log" 2>&1 &
  containerd=$!
  later stop_pid "$containerd"
  wait_for 60 ctr version || {
    fail "containerd starts with it" "$(tail -n 5 "$dir/log")"
    finish
  }
}
containerd_up
pass "containerd starts with it"

new_tree debian
tree=$REPLY
OUTPUT=$(timeout 120 ctr run --rm --runc-binary "$SHIM" --cgroup "$CGROUP/ctr" --env XPU_VISIBLE_DEVICES=acme:0 \
  --rootfs "$tree" one /probe "${device_questions[@]}" 2>&1 </dev/null)
gives "ctr run --runc-binary, as it says" 0

# The CRI, as the kubelet speaks it: gRPC by hand, one message a call.
. "$(dirname "$0")/cri.sh"
cri_image debian "$XPU_TREES/debian"
cri_image pause "$XPU_TREES/busybox"
cri_suite "CRI"
cri_run "" XPU_VISIBLE_DEVICES=acme:0 -- /probe "${device_questions[@]}"
gives "CRI without a handler: containerd's default is another" ""
stop_pid "$containerd"

configure --set-as-default
containerd_up
cri_run "" XPU_VISIBLE_DEVICES=acme:0 -- /probe "${device_questions[@]}"
gives "CRI without a handler, once ours is the default" 0
stop_pid "$containerd"
configure --remove
same "--remove gives the bytes back" "$(cat "$dir/pristine")" "$(cat "$conf")"
finish
