# SPDX-License-Identifier: Apache-2.0
# One device, several engines: what docker holds neither podman, containerd nor plain runc gets.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/engines.sh"

new_tree debian
tree=$REPLY
start_dockerd
start_containerd
alone=(--env XPU_VISIBLE_DEVICES=acme:0 --env XPU_SHARING=exclusive)
ps_json() { "$XPU" ps --json; }
holders() { ps_json | jq -c '[.containers[] | [.engine, .name, .sharing]] | sort'; }

# everybody_else NAME ENGINE: each engine but ENGINE is refused, and told who holds the device.
everybody_else() {
  local holder=$1 by=$2
  if [ "$by" != docker ]; then
    in_docker debian "${alone[@]}" -- true
    says "docker is refused what $by holds" "$OUTPUT" "acme:0 is held exclusively by container $holder"
  fi
  if [ "$by" != podman ]; then
    in_podman "$tree" "${alone[@]}" -- true
    says "podman is refused what $by holds" "$OUTPUT" "acme:0 is held exclusively by container $holder"
  fi
  if [ "$by" != containerd ]; then
    in_containerd "$tree" "${alone[@]}" -- true
    says "containerd is refused what $by holds" "$OUTPUT" "acme:0 is held exclusively by container $holder"
  fi
  if [ "$by" != runc ]; then
    new_bundle "$tree" XPU_VISIBLE_DEVICES=acme:0 -- true
    run_bundle
    says "plain runc is refused what $by holds" "$OUTPUT" "acme:0 is held exclusively by container $holder"
  fi
}

# --- docker ----------------------------------------------------------------------------------------
id=$(docker run --detach --name training --runtime xpu --network none "${alone[@]}" debian:test sleep 600)
same "docker starts it" 64 "${#id}"
everybody_else "$id" docker
says "ps knows engine, name and image" "$(ps_json | jq -c '.containers[0]')" \
  '"engine":"docker"' '"name":"training"' '"image":"debian:test"' '"acme:0"'
says "ps for people" "$("$XPU" ps)" training docker acme:0 exclusive
docker pause training >/dev/null && docker unpause training >/dev/null
everybody_else "$id" docker
ok "docker restart" docker restart -t 1 training
everybody_else "$(docker inspect -f '{{.Id}}' training)" docker
ok "docker rm --force" docker rm --force training
same "then nobody holds anything" '[]' "$(holders)"

# --- podman ----------------------------------------------------------------------------------------
id=$(podman_root run --detach --name trainer "${podman_run[@]}" "${alone[@]}" --rootfs "$tree" /bin/sleep 600)
everybody_else "$id" podman
says "ps knows podman" "$(ps_json | jq -c '.containers[0]')" '"engine":"podman"' '"name":"trainer"'
ok "podman rm --force" podman_root rm --force -t 0 trainer

# --- containerd --------------------------------------------------------------------------------------
ok "containerd runs it" ctr run --detach --runc-binary "$SHIM" --cgroup "$CGROUP/held" "${alone[@]}" --rootfs "$tree" held /bin/sleep 600
everybody_else held containerd
says "ps knows containerd" "$(ps_json | jq -c '.containers[0]')" '"engine":"containerd"' '"container":"held"'
ctr task kill --signal 9 held && wait_for 20 eval 'ctr task ls | grep -q "held.*STOPPED"'
ok "ctr task delete" ctr task delete held
ok "ctr container delete" ctr container delete held

# --- plain runc --------------------------------------------------------------------------------------
new_bundle "$tree" XPU_VISIBLE_DEVICES=acme:0 XPU_SHARING=exclusive -- sleep 600
held=$ID
# Its output goes on for as long as the container does.
"$SHIM" --root "$SCRATCH/runtime" run --detach --bundle "$BUNDLE" "$held" >"$SCRATCH/out" 2>&1 </dev/null
same "runc runs it" 0 $?
everybody_else "$held" runc
# Past us: its state is gone, and so is the lease.
ok "runc deletes it without us" runc --root "$SCRATCH/runtime" delete --force "$held"
in_docker debian "${alone[@]}" -- true
same "then docker gets the device" 0 "$STATUS"

# --- two engines at once -----------------------------------------------------------------------------
racers=()
for n in 1 2 3 4; do
  (
    in_docker debian "${alone[@]}" -- sleep 3
    echo "$STATUS" >"$SCRATCH/docker-$n"
  ) &
  racers+=($!)
  (
    in_podman "$tree" "${alone[@]}" -- sleep 3
    echo "$STATUS" >"$SCRATCH/podman-$n"
  ) &
  racers+=($!)
done
wait "${racers[@]}"
same "of eight starts in two engines at once, one gets the device" 1 "$(cat "$SCRATCH"/docker-? "$SCRATCH"/podman-? | grep -cx 0)"

# --- what an engine gives by itself --------------------------------------------------------------------
docker run --detach --name inside --runtime xpu --network none "${alone[@]}" debian:test sleep 600 >/dev/null
docker run --detach --name outside --network none --device "$XPU_IT/dev/acme1:/dev/acme1" debian:test sleep 600 >/dev/null
says "ps shows a container that has a device without us" "$("$XPU" ps)" acme:1 OUTSIDE
docker rm --force outside inside >/dev/null
finish
