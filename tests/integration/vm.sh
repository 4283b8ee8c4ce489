# SPDX-License-Identifier: Apache-2.0
# A virtual machine with Debian's kernel: real udev, devices that come and go, cgroup v2, systemd.
# shellcheck shell=bash

vm=$XPU_SOURCE/build/vm

# vm_kernel: the newest kernel of Debian, not installed here, once; without it the script ends.
# Leaves its version in `vm_version`.
vm_kernel() {
  local package
  if ! command -v qemu-system-x86_64 >/dev/null; then
    skip "a virtual machine" "qemu-system-x86 is not installed"
    finish
  fi
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
  vm_version=$(basename "$vm"/kernel/lib/modules/*)
}

# vm_module NAME...: paths of kernel modules and of what they need, in the order of loading.
vm_module() {
  [ -e "$vm/kernel/lib/modules/$vm_version/modules.dep" ] || depmod -b "$vm/kernel" "$vm_version"
  local name
  for name in "$@"; do
    modprobe -d "$vm/kernel" -S "$vm_version" --show-depends "$name"
  done | awk '$1 == "insmod" && !seen[$2]++ {print $2}'
}

# vm_initrd TREE: packs it as $SCRATCH/initrd.
vm_initrd() { (cd "$1" && find . | /bin/busybox cpio -o -H newc 2>/dev/null | gzip -1) >"$SCRATCH/initrd"; }

# vm_boot SECONDS OPTION...: runs the machine until it powers off; its console is $SCRATCH/console.
vm_boot() {
  local seconds=$1
  shift
  timeout "$seconds" qemu-system-x86_64 -accel tcg,thread=multi -M q35 -nodefaults -no-reboot -display none \
    -serial stdio -kernel "$vm"/kernel/boot/vmlinuz-* -initrd "$SCRATCH/initrd" "$@" \
    </dev/null >"$SCRATCH/console" 2>&1
}

# vm_says WORD: what the machine said after "@WORD ".
vm_says() { tr -d '\r' <"$SCRATCH/console" | sed -n "s/.*@$1 //p"; }

# vm_debian: a writable copy of a small Debian with systemd and udev, in REPLY.
vm_debian() {
  if [ ! -e "$vm/debian.done" ]; then
    rm -rf "$vm/debian"
    if ! debootstrap --variant=minbase --include=systemd,systemd-sysv,udev,dbus,kmod,runc \
      bookworm "$vm/debian" >"$SCRATCH/debootstrap.log" 2>&1; then
      skip "a virtual machine" "debootstrap: $(tail -n 1 "$SCRATCH/debootstrap.log")"
      finish
    fi
    rm -rf "$vm"/debian/var/{cache/apt/*.bin,cache/apt/archives/*.deb,lib/apt/lists/*} "$vm"/debian/usr/share/{doc,man,locale}
    touch "$vm/debian.done"
  fi
  mkdir -p "$SCRATCH"/debian/{upper,work,root}
  mount -t overlay overlay "$SCRATCH/debian/root" \
    -o "lowerdir=$vm/debian,upperdir=$SCRATCH/debian/upper,workdir=$SCRATCH/debian/work" || {
    fail "mounting the machine's tree"
    finish
  }
  later umount "$SCRATCH/debian/root"
  REPLY=$SCRATCH/debian/root
}

# vm_boot_debian TREE SECONDS OPTION...: boots the tree with systemd, from a disk.
vm_boot_debian() {
  local tree=$1 seconds=$2 start=$SCRATCH/start module
  shift 2
  mkdir -p "$start"/{bin,dev,modules,root}
  cp /bin/busybox "$start/bin/"
  vm_module virtio_pci virtio_blk ext4 crc32c_generic >"$start/order"
  while read -r module; do cp "$module" "$start/modules/"; done <"$start/order"
  cat >"$start/init" <<'INIT'
#!/bin/busybox sh
b=/bin/busybox
$b mount -t devtmpfs dev /dev
for module in $($b sed 's|.*/||' /order); do $b insmod /modules/$module; done
$b mount -t ext4 /dev/vda /root || $b poweroff -f
$b mount --move /dev /root/dev
exec $b switch_root /root /sbin/init
INIT
  chmod +x "$start/init"
  vm_initrd "$start"
  truncate -s 1G "$SCRATCH/disk"
  mkfs.ext4 -q -O ^has_journal -d "$tree" "$SCRATCH/disk" || return 1
  vm_boot "$seconds" -m 1024 -smp 2 -drive "file=$SCRATCH/disk,if=virtio,format=raw,cache=unsafe" \
    -append "console=ttyS0 quiet panic=-1 systemd.show_status=0 systemd.unified_cgroup_hierarchy=1 mitigations=off" "$@"
}

# vm_install TREE: the product in /usr of the machine, with the backend for its DRM devices and the
# libraries that the machine's Debian lacks.
vm_install() {
  local tree=$1 file library
  DESTDIR=$tree cmake --install "$XPU_BUILD" --prefix /usr >"$SCRATCH/install.log" 2>&1
  rm -rf "$tree"/usr/include "$tree"/usr/share/doc/libxpu-dev "$tree"/usr/lib/*/libxpu_sdk_*.a
  cp "$XPU_BUILD"/tests/fakes/{libxpu-vdrm.so,vdrm.toml} "$tree/usr/lib/xpu/backends/"
  for file in "$tree"/usr/{bin,sbin,libexec/xpu}/xpu*; do
    ldd "$file" 2>/dev/null | grep -o '/[^ ]*' | while read -r library; do
      [ -e "$tree$library" ] || install -D "$(readlink -f "$library")" "$tree$library"
    done
  done
}

# vm_modules TREE NAME...: kernel modules for modprobe.
vm_modules() {
  local tree=$1 modules=lib/modules/$vm_version module
  shift
  vm_module "$@" | while read -r module; do
    install -D "$module" "$tree/$modules/${module#"$vm/kernel/$modules/"}"
  done
  cp "$vm/kernel/$modules"/modules.{order,builtin,builtin.modinfo} "$tree/$modules/"
  depmod -b "$tree" "$vm_version"
}

# vm_runs TREE: /test/run is what the machine does once it is up; then it powers off.
vm_runs() {
  local units=$1/etc/systemd/system
  mkdir -p "$1/test" "$units/basic.target.wants"
  cat >"$1/test/run"
  cat >"$units/test.service" <<'UNIT'
[Unit]
After=basic.target systemd-udev-settle.service dbus.service
Wants=systemd-udev-settle.service dbus.service
[Service]
Type=oneshot
ExecStart=/bin/bash /test/run
StandardOutput=tty
StandardError=tty
TTYPath=/dev/ttyS0
Delegate=yes
ExecStopPost=/bin/systemctl poweroff -f -f
UNIT
  ln -sf /lib/systemd/system/basic.target "$units/default.target"
  ln -sf ../test.service "$units/basic.target.wants/test.service"
}
