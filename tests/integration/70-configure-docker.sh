# SPDX-License-Identifier: Apache-2.0
# `xpu-runtime configure docker`: dockerd reads what it wrote, and containers run through it.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/engines.sh"
. "$(dirname "$0")/devices.sh"

json=/etc/docker/daemon.json
backup=$json.xpu-backup
rm -rf /etc/docker
configure() { OUTPUT=$("$XPU" configure docker "$@" 2>&1 </dev/null); STATUS=$?; }
config_is() { same "$1" "$(cat "$2")" "$(cat "$json" 2>&1)"; }

# dockerd with nothing of ours on its command line: all it knows of it is in daemon.json.
dir=$XPU_IT/configured-docker
rm -rf "$dir" && mkdir -p "$dir"
export DOCKER_HOST=unix://$dir/sock
dockerd_up() {
  dockerd --data-root "$dir/data" --exec-root "$dir/exec" --pidfile "$dir/pid" -H "$DOCKER_HOST" \
    --iptables=false --ip-forward=false --bridge=none --cgroup-parent "$CGROUP" \
    >"$dir/log" 2>&1 &
  dockerd=$!
  later stop_pid "$dockerd"
  wait_for 60 docker info
}
dockerd_down() { stop_pid "$dockerd"; wait "$dockerd" 2>/dev/null; }
run() {  # run [DOCKER-OPTION...] -- COMMAND...
  local options=()
  while [ "$1" != -- ]; do options+=("$1"); shift; done
  shift
  OUTPUT=$(timeout 120 docker run --rm --network none ${options[@]+"${options[@]}"} debian:test "$@" 2>&1 </dev/null)
  STATUS=$?
}
ask=(--env XPU_VISIBLE_DEVICES=acme:0)

# --- a new file, read by dockerd -----------------------------------------------------------------
configure
same "configure docker" 0 "$STATUS"
says "it says what it did" "$OUTPUT" "docker: wrote $json, which is new" "\"xpu\": $SHIM" \
  "docker run --runtime=xpu" "restart"
cp "$json" "$dir/once"
configure
says "a second time changes nothing" "$OUTPUT" "$json has it already"
config_is "and leaves the bytes" "$dir/once"
same "a new file has no backup" "" "$(ls "$backup" 2>/dev/null)"
if dockerd --help 2>&1 | grep -q -- --validate; then
  ok "dockerd --validate" dockerd --validate --config-file "$json"
else
  skip "dockerd --validate" "this dockerd ($(dockerd --version)) has no such option; it is started"
fi
if ! dockerd_up; then
  fail "dockerd starts with it" "$(tail -n 5 "$dir/log")"
  finish
fi
pass "dockerd starts with it"
tar -C "$XPU_TREES/debian" -c . | docker import - debian:test >/dev/null
same "docker knows the path" "$SHIM" "$(docker info -f '{{(index .Runtimes "xpu").Path}}')"
run --runtime xpu "${ask[@]}" -- /probe "${device_questions[@]}"
gives "a container with --runtime xpu" 0
run "${ask[@]}" -- /probe "${device_questions[@]}"
gives "a container without: docker's default is another" ""

# --- the default, by a reload ----------------------------------------------------------------------
default_is() { [ "$(docker info -f '{{.DefaultRuntime}}')" = "$1" ]; }
configure --set-as-default
kill -HUP "$dockerd"
ok "dockerd takes the default from the changed file" wait_for 20 default_is xpu
run "${ask[@]}" -- /probe "${device_questions[@]}"
gives "a container that names no runtime" 0
configure
cmp -s "$json" "$dir/once" && fail "a later configure keeps the default"
configure --remove
same "configure --remove" 0 "$STATUS"
says "says that the file went" "$OUTPUT" "removed $json"
same "what was new is gone" "" "$(ls -I key.json /etc/docker)"
dockerd_down
dockerd_up || fail "dockerd starts after --remove" "$(tail -n 5 "$dir/log")"
run --runtime xpu -- /probe id
if [ "$STATUS" -eq 0 ]; then fail "the runtime is gone" "$OUTPUT"; else pass "the runtime is gone"; fi

# --- files of all shapes, each read by dockerd ------------------------------------------------------
shapes=$dir/shapes
mkdir -p "$shapes"
printf '{"debug":true,"labels":["a=b"]}' >"$shapes/minified"
printf '{\r\n\t"debug": true,\r\n\t"labels": ["a=b"]\r\n}\r\n' >"$shapes/windows"
printf '{\n  "runtimes": {\n    "other": { "path": "/usr/bin/other" }\n  },\n  "default-runtime": "runc",\n  "labels": ["a={\\"x\\": [}"]\n}' >"$shapes/runtimes"
printf '{\n\t"runtimes": {"xpu": {"path": "/opt/old", "runtimeArgs": ["--debug"]}}\n}\n' >"$shapes/old"
printf '{}\n' >"$shapes/nothing"
for shape in "$shapes"/*; do
  name=$(basename "$shape")
  cp "$shape" "$json"
  configure --set-as-default --dry-run
  config_is "$name: --dry-run changes nothing" "$shape"
  cp "$shape" "$dir/patched"
  patch --binary -s "$dir/patched" <<<"$OUTPUT" || fail "$name: patch takes the diff" "$OUTPUT"
  configure --set-as-default
  same "$name: --dry-run showed what came" "$(md5sum <"$dir/patched")" "$(md5sum <"$json")"
  same "$name: the backup" "$(md5sum <"$shape")" "$(md5sum <"$backup")"
  dockerd_down
  if ! dockerd_up; then
    fail "$name: dockerd starts with it" "$(tail -n 5 "$dir/log")"
    finish
  fi
  same "$name: dockerd reads it" xpu "$(docker info -f '{{.DefaultRuntime}}')"
  same "$name: with our path" "$SHIM" "$(docker info -f '{{(index .Runtimes "xpu").Path}}')"
  configure --remove
  same "$name: --remove gives the bytes back" "$(md5sum <"$shape")" "$(md5sum <"$json")"
  same "$name: and leaves nothing" daemon.json "$(ls -I key.json /etc/docker)"
done

# --- what is wrong is left alone -----------------------------------------------------------------
printf '{\n  "debug": true,\n}\n' >"$json"
cp "$json" "$dir/broken"
configure
same "a file that is no JSON: exit code" 1 "$STATUS"
says "is named with its line" "$OUTPUT" "$json:3: not JSON"
config_is "and left as it was" "$dir/broken"
printf '{"runtimes": []}' >"$json"
configure
says "a value of the wrong kind" "$OUTPUT" "$json:1: the value that holds \"xpu\" must be an object"
echo '{}' >"$json"
configure --executable-path /nowhere/xpu
says "a runtime that is not there" "$OUTPUT" "/nowhere/xpu is missing or cannot be run" --executable-path
configure --drop-in
says "no drop-ins" "$OUTPUT" "docker has one file, daemon.json, and no drop-ins; leave --drop-in out"
configure --cdi
if [ "$(docker version -f '{{.Server.Version}}' | cut -d. -f1)" -lt 25 ]; then
  says "--cdi with a docker that has none" "$OUTPUT" "has no CDI, which began with docker 25"
fi
same "--cdi" true "$(jq .features.cdi "$json")"
configure --remove
same "--cdi goes too" '{}' "$(cat "$json")"

# --- what came in between stays ----------------------------------------------------------------------
printf '{\n  "debug": true\n}\n' >"$json"
configure
sed -i 's/"debug": true,/"debug": true,\n  "features": {"cdi": true},/' "$json"
configure --remove
says "what was changed since is told" "$OUTPUT" "it was changed since, so only the runtime was taken out; as it was before: $backup"
same "features.cdi that somebody set since stays" '{"debug":true,"features":{"cdi":true}}' "$(jq -c . "$json")"
printf '{\n  "runtimes": {\n    "xpu": {"path": "/opt/mine"}\n  }\n}\n' >"$json"
cp "$json" "$dir/mine"
configure --remove
same "a runtime that is not ours: exit code" 0 "$STATUS"
says "is told" "$OUTPUT" "the runtime \"xpu\" in $json stays: it is not ours, but runs /opt/mine"
config_is "and stays" "$dir/mine"
configure
same "and is kept, though an older backup is there" "$(md5sum <"$dir/mine")" "$(md5sum <"$backup")"
configure --remove
config_is "so that --remove gives it back" "$dir/mine"
same "and leaves nothing" daemon.json "$(ls -I key.json /etc/docker)"
printf '{\n  "debug": true,\n  "runtimes": {},\n  "runtimes": {}\n}\n' >"$json"
configure
says "a key that is there twice is named with its line" "$OUTPUT" "$json:4: key \"runtimes\" is there twice; remove one"
echo '{}' >"$json"

mkdir -p /etc/systemd/system/docker.service.d
printf '[Service]\n# --default-runtime old\nExecStart=\nExecStart=/usr/sbin/dockerd --default-runtime=runc\n' \
  >/etc/systemd/system/docker.service.d/site.conf
configure --set-as-default
same "a default on docker's command line: exit code" 1 "$STATUS"
says "is named with its line" "$OUTPUT" "/etc/systemd/system/docker.service.d/site.conf:4: docker is started with --default-runtime"
same "and nothing was changed" '{}' "$(cat "$json")"
rm -r /etc/systemd/system/docker.service.d

# --- links, rights, file systems ---------------------------------------------------------------------
mkdir -p /etc/site
printf '{"debug": true}\n' >/etc/site/docker.json
chmod 640 /etc/site/docker.json
chown 7:8 /etc/site/docker.json
ln -sf ../site/docker.json "$json"
configure
same "a link stays" ../site/docker.json "$(readlink "$json")"
same "the file behind it keeps mode and owner" "640 7 8" "$(stat -c '%a %u %g' /etc/site/docker.json)"
same "its backup too" "640 7 8" "$(stat -c '%a %u %g' /etc/site/docker.json.xpu-backup)"
same "and has the runtime" "$SHIM" "$(jq -r .runtimes.xpu.path /etc/site/docker.json)"
says "both names are shown" "$OUTPUT" "$json (which is /etc/site/docker.json)"
configure --remove
configure --dry-run
cp -a /etc/site "$dir/site"
(cd / && patch --dry-run -s -p1) <<<"$OUTPUT" || fail "patch takes the diff of a link" "$OUTPUT"
says "the diff names what the link leads to" "$OUTPUT" "--- /etc/site/docker.json" "+++ /etc/site/docker.json"
same "--remove through the link" '{"debug": true}' "$(cat /etc/site/docker.json)"
rm "$json"

mkdir -p "$dir/with space"
printf '{"debug": true}\n' >"$dir/with space/daemon.json"
configure --config "$dir/with space/daemon.json" --dry-run
ok "patch finds a file whose name has spaces" patch -d / -s -p1 <<<"$OUTPUT"
same "and makes of it what --dry-run showed" "$SHIM" "$(jq -r .runtimes.xpu.path "$dir/with space/daemon.json")"
(umask 077; "$XPU" configure docker --config "$dir/new/folder/daemon.json" >/dev/null)
same "folders and files that we make can be read, whatever the umask" "755 755 644" \
  "$(stat -c %a "$dir/new" "$dir/new/folder" "$dir/new/folder/daemon.json" | xargs)"

mkdir -p "$dir/frozen"
mount -t tmpfs tmpfs "$dir/frozen"
later umount "$dir/frozen"
echo '{}' >"$dir/frozen/daemon.json"
mount -o remount,ro "$dir/frozen"
configure --config "$dir/frozen/daemon.json"
same "a read-only file system: exit code" 1 "$STATUS"
says "is named" "$OUTPUT" "$dir/frozen" "Read-only file system"
same "and nothing is left behind" daemon.json "$(ls -A "$dir/frozen")"
rm -rf /etc/docker

# --- a user's own docker, no name, no terminal -----------------------------------------------------
home=$SCRATCH/home
mkdir -p "$home" && chown 6789:6789 "$home"
as_user() { setpriv --reuid=6789 --regid=6789 --clear-groups env -u XDG_CONFIG_HOME HOME="$home" "$@" 2>&1 </dev/null; }
OUTPUT=$(as_user "$XPU" configure docker)
says "rootless: it says whose docker it is" "$OUTPUT" "for your own (rootless) docker" "sudo xpu-runtime configure docker"
same "rootless: the user's file" "$SHIM" "$(jq -r .runtimes.xpu.path "$home/.config/docker/daemon.json")"
as_user "$XPU" configure docker --remove >/dev/null
same "rootless: is gone again" "" "$(ls "$home/.config/docker")"
same "the system's is not touched" "" "$(ls -I key.json /etc/docker 2>/dev/null)"

OUTPUT=$(as_user "$XPU" configure docker --config /etc/docker.json)
says "a user without the right is told" "$OUTPUT" "/etc: Permission denied; use sudo"

OUTPUT=$("$XPU" configure 2>&1 </dev/null)
same "no engine and no terminal: wrong usage" 2 $?
says "it lists what it found" "$OUTPUT" "docker ($(command -v dockerd))" --yes
answers() { printf '%s\n' "$@" | script -qec "$XPU configure" /dev/null; }
OUTPUT=$(answers y n n n n)
says "a person is asked" "$OUTPUT" "Configure docker ($(command -v dockerd))? [Y/n]"
same "yes is yes" "$SHIM" "$(jq -r .runtimes.xpu.path "$json")"
same "no is no" "" "$(ls /etc/containers/containers.conf.d/99-xpu.conf 2>/dev/null)"
OUTPUT=$("$XPU" configure --remove --yes 2>&1 </dev/null)
says "--remove --yes finds where it is" "$OUTPUT" "removed $json"
silent "and only that" "$OUTPUT" podman
OUTPUT=$("$XPU" configure --remove --yes 2>&1 </dev/null)
same "then there is nothing" "no engine has a runtime \"xpu\"; nothing was changed" "$OUTPUT"
OUTPUT=$("$XPU" configure dokcer 2>&1)
same "an unknown engine: wrong usage" 2 $?
says "an unknown engine" "$OUTPUT" "no engine 'dokcer' is known here" "did you mean 'docker'?"
OUTPUT=$("$XPU" configure docker --runtime-name runc 2>&1)
same "a name that is taken: wrong usage" 2 $?
says "a name that is taken" "$OUTPUT" "runc: that is the low-level runtime"
OUTPUT=$("$XPU" configure docker --runtime-name 'a b' 2>&1)
says "a name that is none" "$OUTPUT" "'a b': a name has letters, digits, '.', '_' and '-'"
OUTPUT=$("$XPU" configure docker podman --config /etc/x 2>&1)
says "--config is for one engine" "$OUTPUT" "--config and --drop-in-config name a file of one engine"

# --- a restart, where it is asked for ----------------------------------------------------------------
mkdir -p "$dir/bin" /etc/init.d
printf '#!/bin/sh\necho "$0 $*" >>%s\n' "$dir/restarts" >"$dir/bin/service"
cp "$dir/bin/service" "$dir/bin/systemctl"
chmod 755 "$dir"/bin/*
touch /etc/init.d/docker
OUTPUT=$(PATH=$dir/bin:$PATH "$XPU" configure docker 2>&1)
same "no restart that nobody asked for" "" "$(cat "$dir/restarts" 2>/dev/null)"
says "but it is said how" "$OUTPUT" "service docker restart"
OUTPUT=$(PATH=$dir/bin:$PATH "$XPU" configure docker --restart 2>&1)
same "--restart" "$dir/bin/service docker restart" "$(cat "$dir/restarts")"
says "says so" "$OUTPUT" "restarted: service docker restart"
printf '#!/bin/sh\necho "no way"; exit 1\n' >"$dir/bin/service"
OUTPUT=$(PATH=$dir/bin:$PATH "$XPU" configure docker --restart 2>&1)
same "a restart that fails: exit code" 1 $?
says "is told" "$OUTPUT" "cannot restart docker: 'service docker restart' failed: no way"
rm /etc/init.d/docker
OUTPUT=$("$XPU" configure docker --restart 2>&1)
says "where nothing runs it" "$OUTPUT" "restart it the way it was started"
mkdir -p /run/systemd/system
printf '#!/bin/sh\necho "$0 $*" >>%s\n' "$dir/restarts" >"$dir/bin/service"
OUTPUT=$(PATH=$dir/bin:$PATH "$XPU" configure docker --restart 2>&1)
says "with systemd" "$OUTPUT" "restarted: systemctl restart docker"
rmdir /run/systemd/system
configure --remove
rm -rf /etc/docker
dockerd_down

# --- a docker that can check a file --------------------------------------------------------------------
mkdir -p /etc/docker
cat >"$dir/bin/dockerd" <<'SH'
#!/bin/sh
case $1 in
  --version) echo "Docker version 27.1.2, build d01f264" ;;
  --validate) echo "unable to configure the Docker daemon: $3 is odd" >&2; exit 1 ;;
esac
SH
chmod 755 "$dir/bin/dockerd"
echo '{"odd": 1}' >"$json"
OUTPUT=$(PATH=$dir/bin:$PATH "$XPU" configure docker 2>&1)
same "what dockerd --validate refuses: exit code" 1 $?
says "its words" "$OUTPUT" "docker refuses the new configuration, so the old one is back: unable to configure the Docker daemon: $json is odd"
same "the file is as it was" '{"odd": 1}' "$(cat "$json")"
same "without a backup" "" "$(ls "$backup" 2>/dev/null)"
rm -rf /etc/docker

# --- an image that is being built ----------------------------------------------------------------------
image=$dir/image
mkdir -p "$image/etc/docker" "$image/usr/bin" "$image/srv"
cp "$SHIM" "$image/usr/bin/"
echo '{}' >"$image/srv/daemon.json"
ln -s /srv/daemon.json "$image/etc/docker/daemon.json"
ok "--root" "$XPU" configure docker --root "$image"
same "--root: links lead to where they lead in there, and paths begin there" \
  /usr/bin/xpu-container-runtime "$(jq -r .runtimes.xpu.path "$image/srv/daemon.json")"
ok "--root --remove" "$XPU" configure docker --root "$image" --remove
same "--root: as it was" '{}' "$(cat "$image/srv/daemon.json")"
refused "--root that is no folder" "$XPU" configure docker --root /etc/passwd
says "--root that is no folder is named" "$OUTPUT" "--root /etc/passwd is no folder"
finish
