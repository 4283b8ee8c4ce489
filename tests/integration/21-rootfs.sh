# SPDX-License-Identifier: Apache-2.0
# The trees that containers bring, each started by runc.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/devices.sh"

ask=XPU_VISIBLE_DEVICES=acme:0
host_library=$XPU_IT/host/libacme.so.1.0
ours=" $(stat -c %d:%i "$host_library")"
libraries=/usr/lib/x86_64-linux-gnu

new_tree debian
new_bundle "$REPLY" $ask -- /ldprobe libacme.so.1
bundle_edit '.root.readonly = true'
run_bundle
says "root.readonly: the loader finds the driver library" "$OUTPUT" "$ours"

for kind in busybox musl distroless; do
  new_tree $kind
  new_bundle "$REPLY" $ask -- /probe "${device_questions[@]}"
  run_bundle
  gives "$kind: the device" 0
done

new_tree distroless
tree=$REPLY
new_bundle "$tree" $ask -- /ldprobe libacme.so.1
run_bundle
says "distroless: the loader finds the driver library" "$OUTPUT" "$ours"
rm -rf "${tree:?}/etc"
new_bundle "$tree" $ask -- /ldprobe libacme.so.1
run_bundle
says "no /etc: the loader finds the driver library" "$OUTPUT" "$ours"

new_tree musl
new_bundle "$REPLY" $ask -- /probe id
OUTPUT=$("$XPU" explain --bundle "$BUNDLE" 2>&1)
says "explain says that a musl loader does not load it" "$OUTPUT" musl

# The image has a copy of its own, and its cache names it.
new_tree debian
tree=$REPLY
mkdir -p "$tree/opt/acme"
gcc -shared -o "$tree/opt/acme/libacme.so.1" -Wl,-soname,libacme.so.1 -x c - <<<'int old;'
echo /opt/acme >"$tree/etc/ld.so.conf.d/acme.conf"
chroot "$tree" ldconfig
new_bundle "$tree" $ask -- /ldprobe libacme.so.1
run_bundle
says "the image's own copy elsewhere does not win" "$OUTPUT" "$ours"
new_tree debian
tree=$REPLY
gcc -shared -o "$tree$libraries/libacme.so.1" -Wl,-soname,libacme.so.1 -x c - <<<'int old;'
chroot "$tree" ldconfig
new_bundle "$tree" $ask -- /ldprobe libacme.so.1
run_bundle
says "the image's own copy in the same place does not win" "$OUTPUT" "$ours"

new_tree debian
tree=$REPLY
mkdir -p "$tree/opt/acme"
gcc -shared -o "$tree/opt/acme/libacme.so.1" -Wl,-soname,libacme.so.1 -x c - <<<'int old;'
new_bundle "$tree" $ask LD_LIBRARY_PATH=/opt/acme -- /ldprobe libacme.so.1
run_bundle
says "the image's own copy in LD_LIBRARY_PATH does not win" "$OUTPUT" "$ours"

# A volume of the host over the folder of libraries must not receive anything.
new_tree debian
tree=$REPLY
cp -a "$tree$libraries" "$SCRATCH/volume"
before=$(ls -A "$SCRATCH/volume")
new_bundle "$tree" $ask -- /ldprobe libacme.so.1
bundle_edit --arg source "$SCRATCH/volume" --arg target "$libraries" \
  '.mounts += [{destination: $target, type: "bind", source: $source, options: ["rbind", "rw"]}]'
run_bundle
if [ "$STATUS" -eq 0 ]; then
  says "a volume over the library folder: the loader finds the library" "$OUTPUT" "$ours"
else
  says "a volume over the library folder: a clear error" "$OUTPUT" xpu-container-runtime "$libraries"
fi
same "the volume of the host is as it was" "$before" "$(ls -A "$SCRATCH/volume")"

# Truly read-only: runc itself cannot make mount targets.
new_tree debian
tree=$REPLY
mount -o remount,ro "$tree"
new_bundle "$tree" $ask -- /ldprobe libacme.so.1
run_bundle
if [ "$STATUS" -eq 0 ]; then
  says "a read-only file system: the loader finds the library" "$OUTPUT" "$ours"
else
  says "a read-only file system: a clear error" "$OUTPUT" xpu-container-runtime read-only
fi

# What comes after the start: a package is installed, its trigger runs ldconfig.
package=$SCRATCH/package
mkdir -p "$package/DEBIAN" "$package$libraries"
printf 'Package: later\nVersion: 1\nArchitecture: amd64\nMaintainer: nobody <nobody@localhost>\nDescription: a library\n' \
  >"$package/DEBIAN/control"
echo 'activate-noawait ldconfig' >"$package/DEBIAN/triggers"
gcc -shared -o "$package$libraries/liblater.so.1" -Wl,-soname,liblater.so.1 -x c - <<<'int later;'
new_tree debian
tree=$REPLY
dpkg-deb --root-owner-group --build "$package" "$tree/later.deb" >/dev/null
new_bundle "$tree" $ask -- /bin/sh -c \
  'dpkg -i /later.deb && ldconfig -p | grep -E "acme|later" && /ldprobe libacme.so.1 liblater.so.1'
bundle_edit '.process.capabilities |= map_values(. + ["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER",
  "CAP_FSETID", "CAP_SETUID", "CAP_SETGID", "CAP_SYS_CHROOT"])'
run_bundle
says "a package install inside works and ldconfig lists both" "$OUTPUT" \
  "libacme.so.1 (" "liblater.so.1 (" "$ours"

# A later start of the same tree, now without a request, finds no trace of the library.
new_bundle "$tree" -- /bin/sh -c '/ldprobe libacme.so.1; ldconfig && echo fine'
run_bundle
has "the same tree later, without a request" "$OUTPUT" "lib libacme.so.1 none" fine
finish
