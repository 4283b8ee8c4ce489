# SPDX-License-Identifier: Apache-2.0
# What xpud serves under load: accepted by Prometheus' own tool and by a parser of OpenMetrics, all of
# it in the table, and there in time whatever clients do.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/xpud.sh"

port=9410
XPUD_METRICS=true
xpud_host "$SCRATCH"
HEALTH[0]='
[[devices.metrics]]
key = "memory-used"
value = 1024
[[devices.metrics]]
key = "utilisation"
label = "compute"
value = 0.5
[[devices.metrics]]
key = "errors"
label = "ecc-corrected"
value = 3'
HEALTH[1]='health = "degraded"
health-reason = "it was seen to smoke"'
hardware 0 1 2 3
scrape() { curl -s --max-time 5 "$@" "http://127.0.0.1:$port/metrics"; }
shows() { scrape | grep -qF -- "$1"; }

start_xpud
wait_for 10 shows xpu_snapshot_timestamp_seconds || fail "metrics are served" "$(log_of xpud)"

# --- containers that start, fail and are denied ----------------------------------------------------
new_tree busybox
tree=$REPLY
for i in 1 2 3 4 5 6; do
  new_bundle "$tree" XPU_VISIBLE_DEVICES=acme:0 -- sleep 1000
  XPU_CONTAINER_RUNTIME_PATH=$RUNTIME "$SHIM" --root "$SCRATCH/runtime" run --detach --bundle "$BUNDLE" "$ID" \
    >"$SCRATCH/$ID.out" 2>&1 </dev/null || fail "container $i starts" "$(cat "$SCRATCH/$ID.out")"
  later "$SHIM" --root "$SCRATCH/runtime" delete --force "$ID"
done
new_bundle "$tree" XPU_VISIBLE_DEVICES=acme:9 -- true
run_bundle
new_bundle "$tree" -- sh -c true
run_bundle
same "a container that asks for nothing runs" 0 "$STATUS"
wait_for 10 shows 'xpu_containers 6' || fail "containers are shown" "$(scrape | grep xpu_containers)"
wait_for 10 shows 'xpu_starts_total{result="started",vendor="acme"} 6' || fail "starts are counted" "$(scrape | grep xpu_starts)"
text=$(scrape)
has "what is measured, held and counted" "$text" \
  'xpu_starts_total{result="failed"} 1' \
  'xpu_starts_total{result="without-devices"} 0' \
  'xpu_start_duration_seconds_count 6' \
  'xpu_start_step_duration_seconds_count{step="plan"} 6' \
  'xpu_catalog_cache_requests_total{backend="sim",result="hit"} 7' \
  'xpu_backend_state{backend="sim",state="ready"} 1' \
  'xpu_backend_watcher_up{backend="sim"} 1' \
  'xpu_device_containers{device="acme:0",vendor="acme"} 6' \
  'xpu_device_health{device="acme:1",vendor="acme",state="degraded"} 1' \
  'xpu_device_memory_used_bytes{device="acme:0",vendor="acme"} 1024' \
  'xpu_device_memory_size_bytes{device="acme:0",vendor="acme"} 25769803776' \
  'xpu_device_utilisation_ratio{device="acme:0",vendor="acme",engine="compute"} 0.5' \
  'xpu_device_errors_total{device="acme:0",vendor="acme",error="ecc-corrected"} 3'
silent "nothing of a container but its name" "$text" "$SCRATCH"
silent "no argument and no variable" "$text" sleep

# --- both formats, by others' parsers --------------------------------------------------------------
open_type='application/openmetrics-text; version=1.0.0'
if command -v promtool >/dev/null; then
  OUTPUT=$(promtool check metrics <<<"$text" 2>&1)
  same "promtool accepts them" "0 " "$? $OUTPUT"
else
  skip "promtool" "not installed"
fi
scrape -H "Accept: $open_type" >"$SCRATCH/openmetrics"
scrape >"$SCRATCH/prometheus"
if /usr/bin/python3 -c 'import prometheus_client' 2>/dev/null; then
  ok "both are read by a parser, and say the same" /usr/bin/python3 - "$SCRATCH/prometheus" "$SCRATCH/openmetrics" <<'PY'
import sys
from prometheus_client.parser import text_string_to_metric_families as old
from prometheus_client.openmetrics.parser import text_string_to_metric_families as new
def names(families):
    return {s.name for f in families for s in f.samples if not s.name.endswith("_created")}
first, second = (open(p).read() for p in sys.argv[1:])
a, b = names(old(first)), names(new(second))
assert a and a == b, a ^ b
PY
else
  skip "a parser of OpenMetrics" "no python3-prometheus-client"
fi

# Each name that is served is in the table, with its type and with labels that are of it.
sed -n 's/^| `\(xpu_[a-z_]*\)` | \([a-z]*\) | [a-z]* | \([a-z_, ]*\) | .*/\1 \2 \3/p' \
  "$XPU_IT/prefix/share/xpu/metrics.md" | tr -d ',' >"$SCRATCH/table"
ok "the table is there" test "$(wc -l <"$SCRATCH/table")" -gt 40
same "what is served is in the table" "" "$(awk '
  FNR == NR { type[$1] = $2; for (i = 3; i <= NF; i++) label[$1, $i] = 1; next }
  /^# TYPE/ { want = type[$3] == "info" ? "gauge" : type[$3]; if (want != $4) print "type of " $3; next }
  /^#/ { next }
  { name = $0; sub(/[{ ].*/, "", name)
    if (!(name in type)) sub(/_(bucket|sum|count)$/, "", name)
    if (!(name in type)) print "no " name
    rest = $0; sub(/^[^{ ]*[{]?/, "", rest)
    while (match(rest, /^,?[a-z_]+="([^"\\]|\\.)*"/)) {
      one = substr(rest, RSTART, RLENGTH); sub(/^,/, "", one); sub(/=.*/, "", one)
      if (one != "le" && !((name, one) in label)) print "label " one " of " name
      rest = substr(rest, RLENGTH + 1) } }' "$SCRATCH/table" "$SCRATCH/prometheus")"

# --- slow clients, and a server that is killed -------------------------------------------------------
python3 - "$port" >"$SCRATCH/slow" 2>&1 <<'PY' &
import resource, socket, sys, time
resource.setrlimit(resource.RLIMIT_NOFILE, (2000, 2000))
held = []
for i in range(1000):
    s = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 5)
    s.sendall(b"" if i % 2 else b"GET /metr")
    held.append(s)
print("held", flush=True)
time.sleep(20)
PY
slow=$!
later kill -KILL "$slow"
wait_for 20 grep -q held "$SCRATCH/slow" || fail "slow clients" "$(cat "$SCRATCH/slow")"
begun=$(date +%s%N)
ok "a scrape beside a thousand slow clients" shows 'xpu_containers 6'
ok "takes less than a second" test $((($(date +%s%N) - begun) / 1000000)) -lt 1000
kill -KILL "$slow"

server=$(children xpu-metrics-server)
same "the server is nobody" "Uid: 65534 65534 65534 65534" "$(grep Uid: "/proc/$server/status" | xargs)"
kill -KILL "$server"
another() { [ -n "$(children xpu-metrics-server)" ] && [ "$(children xpu-metrics-server)" != "$server" ]; }
wait_for 20 another || fail "it is started again" "$(log_of xpud)"
wait_for 10 shows 'xpu_metrics_server_restarts_total 1' || fail "and counted" "$(scrape | grep restarts)"
stop_xpud TERM
same "xpud ends" 0 "$XPUD_STATUS"
refused "and its server with it" scrape
finish
