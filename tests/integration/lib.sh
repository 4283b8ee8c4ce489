# SPDX-License-Identifier: Apache-2.0
# What every integration test begins with: results, file trees, bundles, engines.
#
# A test is a shell script that sources this file, states what must hold through the functions of
# the first part, and ends with `finish`. It runs as root in the sandbox of tests/integration/run.
# A function that gives something back leaves it in REPLY.
# shellcheck shell=bash
set -uo pipefail
: "${XPU_IT:?run this through tests/integration/run}"

SHIM=$XPU_IT/prefix/bin/xpu-container-runtime
XPU=$XPU_IT/prefix/bin/xpu-runtime
SCRIPT=$(basename "$0" .sh)
SCRATCH=$XPU_IT/$SCRIPT
CGROUP=/$(basename "$XPU_IT")
mkdir -p "$SCRATCH"

# --- results -------------------------------------------------------------------------------------
passed=0 failed=0 skipped=0 finished=0
cleanups=()

pass() { passed=$((passed + 1)); echo "ok - $1"; }
# fail NAME [TEXT]: TEXT says what was found.
fail() {
  failed=$((failed + 1))
  echo "not ok - $SCRIPT: $1"
  [ $# -lt 2 ] || head -n 20 <<<"$2" | cut -c -300 | sed 's/^/#   /'
}
skip() { skipped=$((skipped + 1)); echo "skip - $SCRIPT: $1: $2"; }

# later COMMAND...: when the script ends, last first.
later() { cleanups+=("$(printf '%q ' "$@")"); }

finish() { finished=1; exit; }

at_exit() {
  local i
  for ((i = ${#cleanups[@]} - 1; i >= 0; i--)); do
    eval "${cleanups[i]}" >/dev/null 2>&1
  done
  [ "$finished" -eq 1 ] || fail "the script ended early"
  echo "$passed $failed $skipped" >>"$XPU_TALLY"
  echo "   $passed ok, $failed not ok, $skipped skipped"
  exit $((failed > 0))
}
trap at_exit EXIT

# has NAME TEXT LINE...: every LINE is a line of TEXT.
has() {
  local name=$1 text=$2 line
  shift 2
  for line in "$@"; do
    if ! grep -qxF -- "$line" <<<"$text"; then
      fail "$name" "no line '$line' in:"$'\n'"$text"
      return
    fi
  done
  pass "$name"
}
# says NAME TEXT PART...: TEXT contains every PART.
says() {
  local name=$1 text=$2 part
  shift 2
  for part in "$@"; do
    if [[ $text != *"$part"* ]]; then
      fail "$name" "no '$part' in:"$'\n'"$text"
      return
    fi
  done
  pass "$name"
}
# silent NAME TEXT PART: TEXT does not contain PART.
silent() {
  if [[ $2 == *"$3"* ]]; then
    fail "$1" "'$3' in:"$'\n'"$2"
  else
    pass "$1"
  fi
}
same() {
  if [ "$2" = "$3" ]; then
    pass "$1"
  else
    fail "$1" "expected: $2"$'\n'"found:    $3"
  fi
}
# ok NAME COMMAND... / refused NAME COMMAND...: by exit status; output in OUTPUT.
ok() {
  local name=$1
  shift
  if OUTPUT=$("$@" 2>&1); then pass "$name"; else fail "$name" "exit $?: $OUTPUT"; fi
}
refused() {
  local name=$1
  shift
  if OUTPUT=$("$@" 2>&1); then fail "$name" "succeeded: $OUTPUT"; else pass "$name"; fi
}

# wait_for SECONDS COMMAND...: until it succeeds.
wait_for() {
  local tries=$(($1 * 10))
  shift
  while ! "$@" >/dev/null 2>&1; do
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || return 1
    sleep 0.1
  done
}

# --- file trees and bundles ------------------------------------------------------------------------
serial=0

# new_tree KIND: a writable copy of a tree of tests/integration/trees, as an overlay.
new_tree() {
  serial=$((serial + 1))
  local base=$SCRATCH/tree$serial
  mkdir -p "$base"/{upper,work,root}
  mount -t overlay overlay "$base/root" \
    -o "lowerdir=$XPU_TREES/$1,upperdir=$base/upper,workdir=$base/work" || {
    fail "mounting a $1 tree"
    exit 1
  }
  later umount -l "$base/root"
  REPLY=$base/root
}

# new_bundle TREE [VARIABLE=VALUE...] -- COMMAND...: a bundle for TREE, an existing folder.
# BUNDLE is its folder, ID a fresh container id. The spec is runc's own, plus the right to make
# nodes, so that a probe meets the cgroup and nothing else.
new_bundle() {
  local tree=$1 env=()
  shift
  while [ $# -gt 0 ] && [ "$1" != -- ]; do
    env+=("$1")
    shift
  done
  shift
  serial=$((serial + 1))
  ID=$SCRIPT-$serial
  BUNDLE=$SCRATCH/bundle$serial
  mkdir -p "$BUNDLE"
  (cd "$BUNDLE" && runc spec)
  bundle_edit --arg tree "$tree" --arg cgroup "$CGROUP/$ID" \
    --argjson env "$(json_list "PATH=/usr/sbin:/usr/bin:/sbin:/bin" ${env[@]+"${env[@]}"})" \
    --argjson args "$(json_list "$@")" '
      .root = {path: $tree, readonly: false}
      | .process.terminal = false
      | .process.env = $env | .process.args = $args
      | del(.process.rlimits)
      | .process.capabilities |= map_values(. + ["CAP_MKNOD"])
      | .linux.cgroupsPath = $cgroup'
}
json_list() { jq -nc '$ARGS.positional' --args -- "$@"; }
# bundle_edit [JQ-OPTION...] FILTER: changes the bundle's config.json.
bundle_edit() {
  jq "$@" "$BUNDLE/config.json" >"$BUNDLE/config.new" && mv "$BUNDLE/config.new" "$BUNDLE/config.json"
}

# run_bundle: runs the present bundle through the shim; output (both streams) in OUTPUT, exit status
# in STATUS. RUNTIME is the low-level runtime.
RUNTIME=${RUNTIME:-$(command -v runc)}
run_bundle() {
  OUTPUT=$(XPU_CONTAINER_RUNTIME_PATH=$RUNTIME timeout 60 "$SHIM" --root "$SCRATCH/runtime" \
    run --bundle "$BUNDLE" "$ID" 2>&1 </dev/null)
  STATUS=$?
}

# --- an ordinary user, and a /dev of one's own -----------------------------------------------------
# new_user FOLDER: a user of the sandbox alone, each script's another: what rootless podman leaves
# running of one would serve the next. `user` is its number, `home` its home, with a distroless tree
# in FOLDER of it.
new_user() {
  user=$((6700 + 10#${SCRIPT%%-*}))
  home=$SCRATCH/home
  mkdir -p "$(dirname "$home/$1")" "/run/user/$user"
  echo "user$user:x:$user:$user::$home:/bin/sh" >>/etc/passwd
  echo "user$user:x:$user:" >>/etc/group
  echo "user$user:$((user * 65536)):65536" | tee -a /etc/subuid >>/etc/subgid
  cp -a "$XPU_TREES/distroless" "$home/$1"
  chown -R "$user:$user" "$home" "/run/user/$user"
}
# as_user COMMAND...
as_user() {
  (cd "$home" && timeout 120 setpriv --reuid="$user" --regid="$user" --clear-groups \
    env -i HOME="$home" USER="user$user" PATH="$PATH" XDG_RUNTIME_DIR="/run/user/$user" "$@" 2>&1 </dev/null)
}

# cover_dev: nodes and links that come and go leave the host's /dev alone.
cover_dev() {
  local node folder
  mkdir -p "$SCRATCH/dev"
  mount -t tmpfs -o mode=755 tmpfs "$SCRATCH/dev"
  for node in null zero full random urandom tty fuse; do
    [ ! -e "/dev/$node" ] || cp -a "/dev/$node" "$SCRATCH/dev/"
  done
  for folder in pts shm mqueue; do
    [ -d "/dev/$folder" ] || continue
    mkdir "$SCRATCH/dev/$folder"
    mount --bind "/dev/$folder" "$SCRATCH/dev/$folder"
  done
  ln -s pts/ptmx "$SCRATCH/dev/ptmx"
  ln -s /proc/self/fd "$SCRATCH/dev/fd"
  mount --rbind "$SCRATCH/dev" /dev || { fail "covering /dev"; finish; }
  later umount -l /dev
}

# use_config NAME: configuration $XPU_IT/etc/NAME for what this script runs itself. Engines use
# /etc/xpu-container-runtime of the sandbox.
use_config() { export XDG_CONFIG_HOME=$XPU_IT/etc/$1; }
