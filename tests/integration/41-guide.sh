# SPDX-License-Identifier: Apache-2.0
# "A backend in an afternoon", the guide of the SDK: a newcomer who types every command of it into a
# shell, with the runtime and libxpu-dev installed in /usr and nothing else of ours.
. "$(dirname "$0")/lib.sh"

# The guide as a script: ```sh is run, each line of ```text must be a line of what the block before
# printed.
mkdir "$SCRATCH/home"
guide=$XPU_SOURCE/sdk/GUIDE.md
{
  cat <<'SCRIPT'
set -eu
umask 022
sudo() { "$@"; }
out=$PWD/../output
trap 'status=$?; [ $status -eq 0 ] || { echo "in the guide, line $line:"; cat "$out"; }' EXIT
check() { grep -qxF -- "$1" "$out" || { echo "the guide, line $line, promises: $1"; exit 1; }; }
SCRIPT
  awk '
    /^```sh$/ { code = 1; print "line=" NR "\n{"; next }
    /^```text$/ { text = 1; print "line=" NR; next }
    /^```$/ { if (code) { print "} >\"$out\" 2>&1 </dev/null" } code = text = 0; next }
    code { print }
    text { gsub(/\047/, "\047\\\047\047"); print "check \047" $0 "\047" }
  ' "$guide"
  echo 'echo "the guide is done"'
} >"$SCRATCH/guide.sh"

# A /usr of its own, whose changes vanish.
mkdir -p "$SCRATCH/usr/upper" "$SCRATCH/usr/work"
cat >"$SCRATCH/world.sh" <<WORLD
set -eu
mount -t overlay overlay /usr -o "lowerdir=/usr,upperdir=$SCRATCH/usr/upper,workdir=$SCRATCH/usr/work"
mount -t tmpfs -o mode=755 tmpfs /etc/xpu-container-runtime
for component in xpu-container-runtime libxpu-dev; do
  cmake --install "$XPU_BUILD" --prefix /usr --component \$component >/dev/null
done
test -f /usr/share/doc/libxpu-dev/GUIDE.md
cd "$SCRATCH/home"
bash "$SCRATCH/guide.sh"
WORLD
ok "every command of the guide works and prints what is promised" \
  env -u XDG_CONFIG_HOME unshare --mount bash "$SCRATCH/world.sh"
says "to its end" "$OUTPUT" "the guide is done"
ok "it runs more than a few" test "$(grep -c '^{$' "$SCRATCH/guide.sh")" -ge 12

# Nothing that a manifest may hold is missing from it.
keys=$(cat "$XPU_SOURCE"/core/plugin/manifest*.cc | tr '\n' ' ' | grep -oE 'known_keys\([^;{]*\{[^}]*\}' |
  grep -oE '"[a-z][a-z0-9-]*"' | tr -d '"' | sort -u)
ok "keys of manifests are found in the source" test "$(wc -w <<<"$keys")" -ge 20
missing=
for key in $keys; do
  grep -qE "[\`.[]$key[]\`]" "$guide" || missing="$missing $key"
done
same "the guide names every key of a manifest" "" "$missing"
finish
