# SPDX-License-Identifier: Apache-2.0
# xpu-runtime, as a person and as a script use it.
. "$(dirname "$0")/lib.sh"

OUTPUT=$("$XPU" detect 2>&1)
has "detect for people" "$OUTPUT" "Device 0:" "  Id:         acme:0" "  Type:       acme" \
  "  Name:       Acme One" "  VRAM:       24.00 GB" "  Compute:    a1" "  Driver:     5.2.1" \
  "  PCIe Bus:   0000:65:00.0" "  Available:  true" "  Id:         acme:1"
devices=$("$XPU" detect --json)
same "detect --json: ids" "acme:0 acme:1" "$(jq -r '[.devices[].id] | join(" ")' <<<"$devices")"
same "detect --json: keys" \
  "architecture available driver health health_reason id index kind memory_bytes name numa_node parent pci properties reason uuid vendor" \
  "$(jq -r '.devices[0] | keys | join(" ")' <<<"$devices")"
same "detect --json: values" "25769803776 ACME-5f0c2a10 true" \
  "$(jq -r '.devices[0] | "\(.memory_bytes) \(.uuid) \(.available)"' <<<"$devices")"

backends=$("$XPU" backends list --json)
states() { jq -r '[.backends[] | select(.name == ("nvidia", "sim")) | "\(.name) \(.state)"] | sort | join(", ")'; }
same "backends list --json: states" "nvidia absent, sim ready" "$(states <<<"$backends")"
same "backends list --json: none is broken" "" \
  "$(jq -r '.backends[] | select(.state == ("failed", "refused"))' <<<"$backends")"
same "backends list --json: keys" "abi devices features library name reason state version" \
  "$(jq -r '.backends[0] | keys | join(" ")' <<<"$backends")"
says "backends list says why one is absent" \
  "$(jq -r '.backends[] | select(.name == "nvidia") | .reason' <<<"$backends")" /
OUTPUT=$("$XPU" backends list)
says "backends list for people" "$OUTPUT" sim ready nvidia absent
OUTPUT=$("$XPU" backends show sim)
says "backends show" "$OUTPUT" sim "$XPU_IT/prefix/lib/xpu/backends"
refused "backends show of an unknown one" "$XPU" backends show nothing
says "it names those that are installed" "$OUTPUT" nothing sim nvidia

ok "backends verify of an installed one" "$XPU" backends verify \
  --option hardware=/etc/xpu-container-runtime/sim.toml "$XPU_IT/prefix/lib/xpu/backends/sim.toml"
says "it lists what is met" "$OUTPUT" "  ok      XPU_BACKEND_3 " "  ok      XPU_BACKEND_24 " " 0 failed, 0 not judged"
ok "every backend of ours meets every obligation" "$XPU" backends verify "$XPU_IT"/prefix/lib/xpu/backends/*.so
cp "$XPU_IT"/prefix/lib/xpu/backends/{sim.toml,libxpu-sim.so} "$SCRATCH"
echo 'colour = "red"' | cat - "$SCRATCH/sim.toml" >"$SCRATCH/sim.new" && mv "$SCRATCH/sim.new" "$SCRATCH/sim.toml"
refused "backends verify of one that is not as it should be" "$XPU" backends verify "$SCRATCH/libxpu-sim.so"
says "it says what and what to change" "$OUTPUT" "  FAILED  XPU_BACKEND_2 " 'unknown key "colour"' "change: "
same "backends verify --json" "failed not-judged" \
  "$("$XPU" backends verify --json "$SCRATCH/sim.toml" | jq -r '[.backends[0].obligations[1, 6].result] | join(" ")')"
refused "backends verify of nothing" "$XPU" backends verify
ok "info" "$XPU" info
says "info names configuration and low-level runtime" "$OUTPUT" \
  /etc/xpu-container-runtime/config.toml /runc
ok "info --json" "$XPU" info --json
ok "info --json is JSON" jq -e . <<<"$OUTPUT"
ok "version" "$XPU" version
says "version is a number" "$OUTPUT" 0.1.0
ok "--help" "$XPU" --help
says "--help has the exit codes" "$OUTPUT" "xit code"
refused "an unknown command" "$XPU" detekt

new_tree debian
new_bundle "$REPLY" XPU_VISIBLE_DEVICES=acme:0 -- /probe id
before=$(md5sum "$BUNDLE"/* && find "$REPLY" -newer "$BUNDLE/config.json" | sort)
ok "explain" "$XPU" explain --bundle "$BUNDLE"
says "explain says what and why" "$OUTPUT" XPU_VISIBLE_DEVICES acme:0 /dev/acme0 libacme.so.1 ACME_DRIVER
ok "explain --json" "$XPU" explain --bundle "$BUNDLE" --json
ok "explain --json is JSON" jq -e . <<<"$OUTPUT"
same "explain changes nothing" "$before" \
  "$(md5sum "$BUNDLE"/* && find "$REPLY" -newer "$BUNDLE/config.json" | sort)"
jq '.process.env += ["ACME_DRIVER=\u001b[2J\nforged"]' "$BUNDLE/config.json" >"$SCRATCH/config.json"
mv "$SCRATCH/config.json" "$BUNDLE/config.json"
says "explain shows control characters of the image as text" "$("$XPU" explain --bundle "$BUNDLE")" \
  'ACME_DRIVER=\x1b[2J\nforged'

# A change of the hardware file is seen without being told.
sed -i 's/^name = "Acme One"/name = "Acme Two"/' /etc/xpu-container-runtime/sim.toml
has "a changed host is seen" "$("$XPU" detect)" "  Name:       Acme Two"
sed -i 's/^name = "Acme Two"/name = "Acme One"/' /etc/xpu-container-runtime/sim.toml

# The shipped configuration with every comment of a key taken away, on the backends installed here.
mkdir -p "$SCRATCH/shipped/xpu-container-runtime"
sed -E '/^#directories/d; s/^#([a-z[])/\1/' "$XPU_IT/prefix/share/xpu/config.toml" \
  "$XPU_IT"/prefix/share/doc/libxpu-*/config.toml.example >"$SCRATCH/shipped/xpu-container-runtime/config.toml"
OUTPUT=$(XDG_CONFIG_HOME=$SCRATCH/shipped "$XPU" backends list --json 2>&1)
same "the shipped configuration is what the backends know" "nvidia absent, sim disabled" \
  "$(states <<<"$OUTPUT")"
same "and refuses none" "" "$(jq -r '.backends[] | select(.state == ("failed", "refused"))' <<<"$OUTPUT")"

# Configuration that must not be believed.
mkdir -p "$SCRATCH/open/xpu-container-runtime"
cp /etc/xpu-container-runtime/config.toml "$SCRATCH/open/xpu-container-runtime/"
chmod 666 "$SCRATCH/open/xpu-container-runtime/config.toml"
refused "a configuration that anybody can write" env XDG_CONFIG_HOME="$SCRATCH/open" "$XPU" detect
says "it is named" "$OUTPUT" "$SCRATCH/open/xpu-container-runtime/config.toml"
new_bundle "$REPLY" XPU_VISIBLE_DEVICES=acme:0 -- /probe id
XDG_CONFIG_HOME=$SCRATCH/open run_bundle
says "a start that asks fails with it" "$STATUS $OUTPUT" "$SCRATCH/open/xpu-container-runtime/config.toml"
finish
