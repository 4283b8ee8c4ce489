# SPDX-License-Identifier: Apache-2.0
# The Apple backend in a virtual machine with a real virtio-gpu, Debian's kernel and its driver: what
# it is told there is not what a test made up. (An emulated GPU without Venus is all there is here.)
. "$(dirname "$0")/lib.sh"

vm=$XPU_SOURCE/build/vm
if ! command -v qemu-system-x86_64 >/dev/null; then
  skip "a virtual machine" "qemu-system-x86 is not installed"
  finish
fi

# The newest kernel of Debian, not installed here, once.
if [ ! -e "$vm/done" ]; then
  rm -rf "$vm"
  mkdir -p "$vm"
  chmod 777 "$vm"
  package=$(apt-cache depends linux-image-amd64 | awk '/Depends:/ {print $2; exit}')
  if ! (cd "$vm" && apt-get download -q "$package") >"$SCRATCH/download.log" 2>&1; then
    skip "a virtual machine" "apt-get cannot download the kernel: $(tail -n 1 "$SCRATCH/download.log")"
    finish
  fi
  dpkg-deb -x "$vm"/linux-image-*.deb "$vm/kernel" && rm "$vm"/*.deb && touch "$vm/done"
fi

tree=$SCRATCH/tree prefix=$XPU_IT/prefix
mkdir -p "$tree"/{bin,dev,proc,sys,modules,run,tmp,opt/bin,opt/libexec/xpu,opt/lib/xpu/backends}
cp /bin/busybox "$tree/bin/"
cp "$prefix/bin/xpu-runtime" "$tree/opt/bin/"
cp "$prefix/libexec/xpu/xpu-backend-host" "$tree/opt/libexec/xpu/"
cp "$prefix"/lib/xpu/backends/{libxpu-apple.so,apple.toml} "$tree/opt/lib/xpu/backends/"
for file in "$tree"/opt/bin/* "$tree"/opt/libexec/xpu/* "$tree"/opt/lib/xpu/backends/*.so; do
  ldd "$file" | grep -o '/[^ ]*' | while read -r library; do
    mkdir -p "$tree$(dirname "$library")"
    cp -L "$library" "$tree$library"
  done
done
modules="virtio_ring virtio virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci virtio_dma_buf drm
  drm_kms_helper drm_shmem_helper virtio-gpu"
for module in $modules; do
  find "$vm/kernel/lib/modules" -name "$module.ko" -exec cp {} "$tree/modules/" \;
done
cat >"$tree/init" <<INIT
#!/bin/busybox sh
b=/bin/busybox
\$b mount -t proc proc /proc; \$b mount -t sysfs sys /sys; \$b mount -t devtmpfs dev /dev
for module in $(xargs <<<"$modules"); do \$b insmod /modules/\$module.ko; done
for i in 1 2 3 4 5 6 7 8 9 10; do [ -e /dev/dri/renderD128 ] && break; \$b sleep 1; done
[ -c /dev/dri/renderD128 ] && echo "@node there"
for rule in auto yes no; do
  echo "@\$rule \$(/opt/libexec/xpu/xpu-backend-host --manifest /opt/lib/xpu/backends/apple.toml --option apple-host=\$rule)"
done
echo "@detect \$(/opt/bin/xpu-runtime detect | \$b tr '\n' ' ')"
\$b poweroff -f
INIT
chmod +x "$tree/init"
(cd "$tree" && find . | /bin/busybox cpio -o -H newc 2>/dev/null | gzip -1) >"$SCRATCH/initrd"

timeout 120 qemu-system-x86_64 -accel tcg -M q35 -m 512 -nodefaults -no-reboot -display none -serial stdio \
  -device virtio-gpu-pci -kernel "$vm"/kernel/boot/vmlinuz-* -initrd "$SCRATCH/initrd" \
  -append "console=ttyS0 quiet panic=-1" </dev/null >"$SCRATCH/console" 2>&1
answer() { tr -d '\r' <"$SCRATCH/console" | sed -n "s/.*@$1 //p"; }

same "the machine has a render node of virtio-gpu" there "$(answer node)"
lack="virtio-gpu renderD128 (virtio0) is without Venus: its host gives it no 3D acceleration"
for rule in auto yes no; do
  says "apple-host = $rule: absent with the reason" "$(answer $rule)" '"state":"absent"' "$lack"
done
says "detect says it to people" "$(answer detect)" "No accelerators found." "apple: absent: $lack"
finish
