# SPDX-License-Identifier: Apache-2.0
# What must hold in a container on every engine. The script that sources this defines
#   launch [VARIABLE=VALUE...] -- COMMAND...
# which starts a container from a Debian tree and leaves OUTPUT and STATUS.
# shellcheck shell=bash

# Everything that there is to ask about the two devices of the sim host.
device_questions=(open /dev/acme0 open /dev/acme1 node "$NODE0" node "$NODE1" node "$NODE_OTHER")

# gives NAME 0|1|01|"": which devices OUTPUT shows; all others must be absent and denied.
gives() {
  local name=$1 given=$2 lines=("node $NODE_OTHER EPERM") index number
  for index in 0 1; do
    number=NODE$index
    if [[ $given == *$index* ]]; then
      lines+=("open /dev/acme$index ok" "node ${!number} ok")
    else
      lines+=("open /dev/acme$index ENOENT" "node ${!number} EPERM")
    fi
  done
  has "$name" "$OUTPUT" "${lines[@]}"
}

device_suite() {
  local engine=$1
  launch XPU_VISIBLE_DEVICES=acme:0 -- /probe "${device_questions[@]}"
  gives "$engine: one device" 0
  launch XPU_VISIBLE_DEVICES=acme:0 ACME_DRIVER=mine -- /probe env ACME_DRIVER \
    link /dev/acme/by-path/first ls /etc/acme
  has "$engine: environment, links, and no file of another capability" "$OUTPUT" \
    "env ACME_DRIVER=5.2.1" "link /dev/acme/by-path/first ../../acme0" "ls /etc/acme ENOENT"
  silent "$engine: a variable is replaced, not repeated" "$OUTPUT" "env ACME_DRIVER=mine"
  launch XPU_VISIBLE_DEVICES=acme:0 SIM_DRIVER_CAPABILITIES=graphics -- /probe ls /etc/acme
  has "$engine: the file of a capability that is asked for" "$OUTPUT" "ls /etc/acme graphics.json"
  launch XPU_VISIBLE_DEVICES=ACME-5f0c2a11 -- /probe "${device_questions[@]}"
  gives "$engine: a device by UUID" 1
  launch XPU_VISIBLE_DEVICES=acme:1 -- /probe "${device_questions[@]}"
  gives "$engine: the other device" 1
  launch XPU_VISIBLE_DEVICES=acme:0,acme:1 -- /probe "${device_questions[@]}"
  gives "$engine: two devices" 01
  launch XPU_VISIBLE_DEVICES=sim:all -- /probe "${device_questions[@]}"
  gives "$engine: all devices of the backend" 01
  launch -- /probe "${device_questions[@]}"
  gives "$engine: no request" ""
  launch XPU_VISIBLE_DEVICES= -- /probe "${device_questions[@]}"
  gives "$engine: empty request" ""
  launch XPU_VISIBLE_DEVICES=void -- /probe "${device_questions[@]}"
  gives "$engine: void" ""
  launch XPU_VISIBLE_DEVICES=none -- /probe "${device_questions[@]}"
  gives "$engine: none" ""

  launch XPU_VISIBLE_DEVICES=acme:7 -- /probe id
  if [ "$STATUS" -eq 0 ]; then
    fail "$engine: an unknown device fails the start" "$OUTPUT"
  else
    says "$engine: an unknown device is named, with what exists" "$OUTPUT" acme:7 acme:0 acme:1
  fi
}

# The driver library of the sim host, as the container's own loader finds it.
library_suite() {
  local engine=$1 host
  host=$(stat -c %d:%i "$XPU_IT/host/libacme.so.1.0")
  launch XPU_VISIBLE_DEVICES=acme:0 -- /ldprobe libacme.so.1
  says "$engine: the loader finds the driver library" "$OUTPUT" "lib libacme.so.1 /" " $host"
  launch XPU_VISIBLE_DEVICES=acme:0 -- /usr/bin/env -i /ldprobe libacme.so.1
  says "$engine: also with an empty environment" "$OUTPUT" " $host"
  launch XPU_VISIBLE_DEVICES=acme:0 -- /bin/sh -c 'ldconfig -p | grep acme'
  says "$engine: ldconfig -p lists it" "$OUTPUT" "libacme.so.1 ("
  launch XPU_VISIBLE_DEVICES=acme:0 -- /bin/sh -c \
    'ldconfig && ldconfig -p | grep acme && /ldprobe libacme.so.1'
  says "$engine: a later ldconfig keeps it" "$OUTPUT" "libacme.so.1 (" " $host"
  launch XPU_VISIBLE_DEVICES=none -- /ldprobe libacme.so.1
  says "$engine: none gives the driver files" "$OUTPUT" " $host"
  launch -- /ldprobe libacme.so.1
  has "$engine: no request, no driver library" "$OUTPUT" "lib libacme.so.1 none"
}
