# SPDX-License-Identifier: Apache-2.0
# What depends on the selection or on the image, in containers started by runc.
. "$(dirname "$0")/lib.sh"

hardware=/etc/xpu-container-runtime/sim.toml
cp "$hardware" "$SCRATCH/sim.toml"
later cp "$SCRATCH/sim.toml" "$hardware"
sed -e 's/^uuid = "ACME-5f0c2a10"/&\nvalues = [{ name = "mask", combine = "bits", value = "0" }, { name = "ids", value = "a" }]/' \
  -e 's/^uuid = "ACME-5f0c2a11"/&\nvalues = [{ name = "mask", combine = "bits", value = "5" }, { name = "ids", value = "b" }]/' \
  "$SCRATCH/sim.toml" >"$hardware"
cat >>"$hardware" <<'TOML'
[[env]]
name = "ACME_MASK"
value = "${mask}"
expand = true

[[env]]
name = "ACME_TOOLS"
value = "of-the-host"
image-lacks = "libacmetools.so.*,/opt/acme-*/tools"

[[texts]]
path = "/etc/acme/ids.conf"
content = """
ids = ${ids}
"""
expand = true

[[notes]]
text = "acme devices are slow today"
warning = true

[[image-folders]]
folder = "/usr/local/acme/compat"
library = "libacme.so"
version = "1.0"
TOML

ours=" $(stat -c %d:%i "$XPU_IT/host/libacme.so.1.0")"
one=XPU_VISIBLE_DEVICES=acme:1
both=XPU_VISIBLE_DEVICES=acme:0,acme:1

new_tree debian
tree=$REPLY
new_bundle "$tree" $both -- /bin/sh -c 'cat /etc/acme/ids.conf; echo $ACME_MASK $ACME_TOOLS'
run_bundle
has "values of both devices" "$OUTPUT" "ids = a,b" "0x21 of-the-host"
says "a warning of the backend is said at the start" "$OUTPUT" "acme devices are slow today"
new_bundle "$tree" $one -- /bin/sh -c 'cat /etc/acme/ids.conf; echo $ACME_MASK; echo x >/etc/acme/ids.conf'
run_bundle
has "values of one device" "$OUTPUT" "ids = b" 0x20
says "a generated file is read-only" "$OUTPUT" "Read-only file system"
new_tree debian
new_bundle "$REPLY" XPU_VISIBLE_DEVICES=none -- /bin/sh -c 'ls /etc/acme/ids.conf; echo "[$ACME_MASK]"'
run_bundle
says "no value, no file and no variable" "$OUTPUT" "No such file" "[]"
OUTPUT=$("$XPU" explain --bundle "$BUNDLE" 2>&1)
silent "explain shows no file that is not made" "$OUTPUT" "generated files"
new_bundle "$tree" $both -- /probe id
OUTPUT=$("$XPU" explain --bundle "$BUNDLE" 2>&1)
says "explain shows generated files and notes" "$OUTPUT" "generated files" \
  '/etc/acme/ids.conf (10 bytes): "ids = a,b\n"' "Warning: acme devices are slow today"
OUTPUT=$("$XPU" backends show sim)
says "backends show has them" "$OUTPUT" "Variable:   ACME_MASK=\${mask}" "Value:      mask 5 [acme:1]" \
  "Generated:  /etc/acme/ids.conf" "Note:       acme devices are slow today" \
  "ACME_TOOLS=of-the-host [unless the image has libacmetools.so.*,/opt/acme-*/tools]" \
  "Image:      libraries in /usr/local/acme/compat newer than 1.0"

# Conditions on the image.
new_tree debian
tree=$REPLY
mkdir -p "$tree/opt/acme-6/tools"
new_bundle "$tree" $one -- /probe env ACME_TOOLS
run_bundle
silent "the image has a path that is asked for" "$OUTPUT" of-the-host
OUTPUT=$("$XPU" explain --bundle "$BUNDLE" 2>&1)
says "explain says why" "$OUTPUT" \
  "Note: the image has /opt/acme-6/tools, so that the host's are left out: ACME_TOOLS"
new_tree debian
tree=$REPLY
mkdir -p "$tree/opt/own"
gcc -shared -o "$tree/opt/own/libacmetools.so.2" -Wl,-soname,libacmetools.so.2 -x c - <<<'int own;'
echo /opt/own >"$tree/etc/ld.so.conf.d/own.conf"
chroot "$tree" ldconfig
new_bundle "$tree" $one -- /probe env ACME_TOOLS
run_bundle
silent "the image has a library that is asked for" "$OUTPUT" of-the-host

# Libraries of the image that are newer than the host's.
# compat VERSION: a tree whose folder holds libacme.so.VERSION.
compat() {
  new_tree debian
  tree=$REPLY
  mkdir -p "$tree/usr/local/acme-2/compat"
  ln -s acme-2 "$tree/usr/local/acme"
  gcc -shared -o "$tree/usr/local/acme-2/compat/libacme.so.$1" -Wl,-soname,libacme.so.1 -x c - \
    <<<'int image;'
  ln -s "libacme.so.$1" "$tree/usr/local/acme-2/compat/libacme.so.1"
}
compat 2.1
for path in "" LD_LIBRARY_PATH=/usr/local/acme/compat; do
  new_bundle "$tree" $one ${path:+"$path"} -- /ldprobe libacme.so.1 libacme.so
  run_bundle
  says "a newer library of the image is found first ($path)" "$OUTPUT" \
    "lib libacme.so.1 /usr/local/acme/compat/libacme.so.1" "lib libacme.so /usr/local/acme"
  silent "and the host's is not loaded ($path)" "$OUTPUT" "$ours"
done
compat 1.9
new_bundle "$tree" $one -- /ldprobe libacme.so.1
run_bundle
says "one that is not newer is not" "$OUTPUT" "$ours"
finish
