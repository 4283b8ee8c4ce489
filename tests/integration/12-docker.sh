# SPDX-License-Identifier: Apache-2.0
# dockerd: run, exec, errors, users, restarts.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/engines.sh"
. "$(dirname "$0")/devices.sh"

launch() {
  local env=()
  while [ "$1" != -- ]; do
    env+=(--env "$1")
    shift
  done
  shift
  in_docker debian ${env[@]+"${env[@]}"} -- "$@"
}

start_dockerd
device_suite docker
library_suite docker

ask=(--env XPU_VISIBLE_DEVICES=acme:0)

in_docker debian "${ask[@]}" --user 1000:1000 -- /probe id open /dev/acme0
has "an ordinary user opens the device" "$OUTPUT" "id 1000 1000" "open /dev/acme0 ok"

ok "a detached container starts" docker run --detach --name held --runtime xpu --network none \
  "${ask[@]}" debian:test /probe ready
OUTPUT=$(docker exec --user 1000:1000 held /probe id open /dev/acme0 open /dev/acme1 2>&1)
has "docker exec as an ordinary user opens the device" "$OUTPUT" \
  "id 1000 1000" "open /dev/acme0 ok" "open /dev/acme1 ENOENT"
OUTPUT=$(docker exec held /probe node "$NODE0" node "$NODE1" 2>&1)
has "docker exec is under the same device rules" "$OUTPUT" "node $NODE0 ok" "node $NODE1 EPERM"
ok "docker restart" docker restart -t 1 held
OUTPUT=$(docker exec held /probe "${device_questions[@]}" 2>&1)
gives "after a restart, the same device" 0
holders() { "$XPU" ps --json | jq '.containers | length'; }
same "one holder while one container runs" 1 "$(holders)"
ok "docker rm --force" docker rm --force held
same "no holder is left when no container is" 0 "$(holders)"
same "and no record" "" "$(find /run/xpu/containers -type f)"

in_docker debian "${ask[@]}" --read-only -- /probe "${device_questions[@]}"
gives "--read-only" 0
in_docker debian "${ask[@]}" --read-only -- /ldprobe libacme.so.1
says "--read-only: the loader finds the driver library" "$OUTPUT" \
  " $(stat -c %d:%i "$XPU_IT/host/libacme.so.1.0")"

in_docker debian --privileged -- /probe id
if [ "$STATUS" -ne 0 ]; then
  skip "--privileged" "without a request neither: ${OUTPUT:0:200}"
else
  in_docker debian "${ask[@]}" --privileged -- /probe open /dev/acme0
  has "--privileged" "$OUTPUT" "open /dev/acme0 ok"
fi

in_docker busybox "${ask[@]}" -- /probe "${device_questions[@]}"
gives "an image without a loader" 0

tar -C "$XPU_TREES/busybox" -c . | docker import --change 'ENV XPU_VISIBLE_DEVICES=acme:1' \
  - asks:test >/dev/null
in_docker asks -- /probe "${device_questions[@]}"
gives "the image's environment asks" 1
in_docker asks --env XPU_VISIBLE_DEVICES=void -- /probe "${device_questions[@]}"
gives "void overrides the image" ""

in_docker debian --env XPU_VISIBLE_DEVICES=acme:0,,bad/name -- /probe id
if [ "$STATUS" -eq 0 ]; then
  fail "a request that cannot be read fails" "$OUTPUT"
else
  says "docker shows our line for it" "$OUTPUT" XPU_VISIBLE_DEVICES
fi
finish
