# SPDX-License-Identifier: Apache-2.0
# The Apple backend in a virtual machine with a real virtio-gpu, Debian's kernel and its driver: what
# it is told there is not what a test made up. (An emulated GPU without Venus is all there is here.)
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/vm.sh"

vm_kernel
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
vm_module virtio_pci virtio-gpu >"$tree/order"
while read -r module; do cp "$module" "$tree/modules/"; done <"$tree/order"
cat >"$tree/init" <<INIT
#!/bin/busybox sh
b=/bin/busybox
\$b mount -t proc proc /proc; \$b mount -t sysfs sys /sys; \$b mount -t devtmpfs dev /dev
for module in \$(\$b sed 's|.*/||' /order); do \$b insmod /modules/\$module; done
for i in 1 2 3 4 5 6 7 8 9 10; do [ -e /dev/dri/renderD128 ] && break; \$b sleep 1; done
[ -c /dev/dri/renderD128 ] && echo "@node there"
for rule in auto yes no; do
  echo "@\$rule \$(/opt/libexec/xpu/xpu-backend-host --manifest /opt/lib/xpu/backends/apple.toml --option apple-host=\$rule)"
done
echo "@detect \$(/opt/bin/xpu-runtime detect | \$b tr '\n' ' ')"
\$b poweroff -f
INIT
chmod +x "$tree/init"
vm_initrd "$tree"

vm_boot 120 -m 512 -device virtio-gpu-pci -append "console=ttyS0 quiet panic=-1"

same "the machine has a render node of virtio-gpu" there "$(vm_says node)"
lack="virtio-gpu renderD128 (virtio0) is without Venus: its host gives it no 3D acceleration"
for rule in auto yes no; do
  says "apple-host = $rule: absent with the reason" "$(vm_says $rule)" '"state":"absent"' "$lack"
done
says "detect says it to people" "$(vm_says detect)" "No accelerators found." "apple: absent: $lack"
finish
