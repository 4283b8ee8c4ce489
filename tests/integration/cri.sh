# SPDX-License-Identifier: Apache-2.0
# The CRI of a containerd: what crictl would do, of which Debian 12 has no package. Calls are made by
# curl, which speaks HTTP/2 over the socket, and messages by protoc.
# shellcheck shell=bash

cri_dir=$SCRATCH/cri
mkdir -p "$cri_dir/log"
# For `ctr images import`.
ctr_import=()
# Of the container: annotations { ... }, CDI_devices { name: "..." }.
cri_annotations= cri_devices=
# The part of runtime.v1 (k8s.io/cri-api) that is used here.
cat >"$cri_dir/api.proto" <<'PROTO'
syntax = "proto3";
message KeyValue { string key = 1; string value = 2; }
message NamespaceOption { int32 network = 1; int32 pid = 2; int32 ipc = 3; }
message SandboxSecurity { NamespaceOption namespace_options = 1; }
message LinuxSandbox { string cgroup_parent = 1; SandboxSecurity security_context = 2; }
message SandboxMetadata { string name = 1; string uid = 2; string namespace = 3; uint32 attempt = 4; }
message Sandbox {
  SandboxMetadata metadata = 1; string hostname = 2; string log_directory = 3;
  map<string, string> annotations = 7; LinuxSandbox linux = 8;
}
message RunSandbox { Sandbox config = 1; string runtime_handler = 2; }
message SandboxId { string pod_sandbox_id = 1; }
message ContainerMetadata { string name = 1; uint32 attempt = 2; }
message Image { string image = 1; }
message ContainerSecurity { NamespaceOption namespace_options = 3; }
message LinuxContainer { ContainerSecurity security_context = 2; }
message CDIDevice { string name = 1; }
message Container {
  ContainerMetadata metadata = 1; Image image = 2; repeated string command = 3;
  repeated KeyValue envs = 6; map<string, string> annotations = 10; string log_path = 11;
  LinuxContainer linux = 15; repeated CDIDevice CDI_devices = 17;
}
message CreateContainer { string pod_sandbox_id = 1; Container config = 2; Sandbox sandbox_config = 3; }
message ContainerId { string container_id = 1; }
message Status { string id = 1; ContainerMetadata metadata = 2; int32 state = 3; }
message ContainerStatus { Status status = 1; }
message Empty {}
PROTO

# cri_call METHOD REQUEST-TYPE ANSWER-TYPE: the request as text on stdin, the answer in REPLY.
cri_call() {
  local body=$cri_dir/body frame=$cri_dir/frame answer=$cri_dir/answer head=$cri_dir/head size length
  protoc -I "$cri_dir" --encode="$2" api.proto >"$body" || return 1
  size=$(stat -c %s "$body")
  # Not compressed, and the length in four bytes.
  printf -v length '\\x00\\x%02x\\x%02x\\x%02x\\x%02x' $((size >> 24 & 255)) $((size >> 16 & 255)) $((size >> 8 & 255)) $((size & 255))
  { printf '%b' "$length"; cat "$body"; } >"$frame"
  curl -sS --http2-prior-knowledge --unix-socket "$CONTAINERD_ADDRESS" -H 'content-type: application/grpc' \
    -H 'te: trailers' --data-binary "@$frame" -D "$head" -o "$answer" --max-time 60 \
    "http://localhost/runtime.v1.RuntimeService/$1" || return 1
  if ! grep -qi '^grpc-status: *0' "$head"; then
    REPLY=$(grep -i '^grpc-message' "$head")
    return 1
  fi
  REPLY=$(tail -c +6 "$answer" | protoc -I "$cri_dir" --decode="$3" api.proto)
}
# field NAME: of REPLY.
cri_field() { sed -n "s/^ *$1: \"\\(.*\\)\"$/\\1/p" <<<"$REPLY" | head -n 1; }

# cri_image NAME TREE: the tree as image xpu.test/NAME:1 in containerd; it sleeps by default.
cri_image() {
  local work=$cri_dir/image-$1 sum
  mkdir -p "$work"
  tar -C "$2" -cf "$work/layer.tar" .
  sum=$(sha256sum "$work/layer.tar" | cut -d' ' -f1)
  cat >"$work/config.json" <<JSON
{"architecture": "$(dpkg --print-architecture)", "os": "linux",
 "config": {"Entrypoint": ["/probe", "ready"], "Env": ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"]},
 "rootfs": {"type": "layers", "diff_ids": ["sha256:$sum"]}}
JSON
  echo "[{\"Config\": \"config.json\", \"RepoTags\": [\"xpu.test/$1:1\"], \"Layers\": [\"layer.tar\"]}]" \
    >"$work/manifest.json"
  tar -C "$work" -cf "$cri_dir/$1.tar" manifest.json config.json layer.tar
  OUTPUT=$(ctr -n k8s.io images import ${ctr_import[@]+"${ctr_import[@]}"} --snapshotter native "$cri_dir/$1.tar" 2>&1) || fail "ctr images import $1" "$OUTPUT"
}

# cri_run HANDLER [VARIABLE=VALUE...] -- COMMAND...: a pod with one container; its output in OUTPUT.
cri_run() {
  local handler=$1 envs='' command='' sandbox id name config log
  shift
  while [ "$1" != -- ]; do
    envs+="envs { key: \"${1%%=*}\" value: \"${1#*=}\" } "
    shift
  done
  shift
  for word in "$@"; do command+="command: \"$word\" "; done
  serial=$((serial + 1))
  name=pod$serial
  log=$cri_dir/log/$name
  mkdir -p "$log"
  config="metadata { name: \"$name\" uid: \"$name\" namespace: \"test\" } log_directory: \"$log\"
    linux { cgroup_parent: \"$CGROUP\" security_context { namespace_options { network: 2 } } }"
  OUTPUT=
  if ! cri_call RunPodSandbox RunSandbox SandboxId <<<"config { $config } runtime_handler: \"$handler\""; then
    OUTPUT="RunPodSandbox: $REPLY"
    return
  fi
  sandbox=$(cri_field pod_sandbox_id)
  if cri_call CreateContainer CreateContainer ContainerId <<<"pod_sandbox_id: \"$sandbox\"
      config { metadata { name: \"c\" } image { image: \"xpu.test/debian:1\" } $command $envs $cri_annotations $cri_devices log_path: \"c.log\"
        linux { security_context { namespace_options { network: 2 } } } }
      sandbox_config { $config }"; then
    id=$(cri_field container_id)
    if cri_call StartContainer ContainerId Empty <<<"container_id: \"$id\""; then
      cri_exited() { cri_call ContainerStatus ContainerId ContainerStatus <<<"container_id: \"$id\"" && grep -q 'state: 2' <<<"$REPLY"; }
      wait_for 30 cri_exited
      # "2024-01-01T00:00:00.0Z stdout F LINE"
      OUTPUT=$(cut -d' ' -f4- "$log/c.log")
    else
      OUTPUT="StartContainer: $REPLY"
    fi
  else
    OUTPUT="CreateContainer: $REPLY"
  fi
  cri_call StopPodSandbox SandboxId Empty <<<"pod_sandbox_id: \"$sandbox\""
  cri_call RemovePodSandbox SandboxId Empty <<<"pod_sandbox_id: \"$sandbox\""
}

# cri_suite WHAT: what must hold in pods with the handler xpu.
cri_suite() {
  cri_run xpu XPU_VISIBLE_DEVICES=acme:0 -- /probe "${device_questions[@]}"
  gives "$1 with the handler xpu: one device" 0
  cri_run xpu -- /probe "${device_questions[@]}"
  gives "$1 with the handler xpu: no request" ""
  cri_annotations='annotations { key: "xpu.dev/visible-devices" value: "acme:1" }'
  cri_run xpu -- /probe "${device_questions[@]}"
  gives "$1 with the handler xpu: annotations of the container reach the runtime" 1
  cri_annotations=
}
