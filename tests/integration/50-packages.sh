# SPDX-License-Identifier: Apache-2.0
# The Debian packages: what is in them, and that some of them are enough.
. "$(dirname "$0")/lib.sh"

debs=$SCRATCH/debs
ok "cpack makes the packages" cpack --config "$XPU_BUILD/CPackConfig.cmake" -G DEB -B "$debs"
vendors=$(find "$XPU_SOURCE/backends" -mindepth 1 -maxdepth 1 -printf '%f\n' | sort)
same "there is one for each vendor, and four more" \
  "$({ sed 's/^/libxpu-/' <<<"$vendors"; echo libxpu-dev libxpu-sim xpu-container-runtime xpud; } | xargs -n 1 | sort | xargs)" \
  "$(cd "$debs" && for deb in *.deb; do dpkg-deb -f "$deb" Package; done | sort | xargs)"

# The folders and links of packages aside.
contents() { dpkg-deb -c "$debs/$1"_*.deb | awk '$1 !~ /^d/ {print $6}' | sed 's/^\.//'; }
has "the core: programs and configuration" "$(contents xpu-container-runtime)" \
  /usr/bin/xpu-container-runtime /usr/bin/xpu-container-runtime-hook /usr/bin/xpu-runtime /usr/libexec/xpu/xpu-backend-host \
  /etc/xpu-container-runtime/config.toml
silent "the core has no daemon" "$(contents xpu-container-runtime)" xpud
has "xpud: programs, service, and what goes with metrics" "$(contents xpud)" \
  /usr/sbin/xpud /usr/libexec/xpu/xpu-metrics-server /usr/lib/systemd/system/xpud.service \
  /usr/share/xpu/alerts.yml /usr/share/xpu/grafana-dashboard.json /usr/share/xpu/metrics.md
silent "the core has no backend" "$(contents xpu-container-runtime)" /backends/
for vendor in $vendors; do
  has "libxpu-$vendor" "$(contents "libxpu-$vendor")" "/usr/lib/xpu/backends/libxpu-$vendor.so" \
    "/usr/lib/xpu/backends/$vendor.toml" "/usr/share/doc/libxpu-$vendor/copyright"
done
has "libxpu-sim" "$(contents libxpu-sim)" /usr/lib/xpu/backends/libxpu-sim.so /usr/lib/xpu/backends/sim.toml
has "libxpu-dev" "$(contents libxpu-dev)" /usr/include/xpu/backend.h /usr/include/xpu/backend.hpp
says "libxpu-dev: for CMake, for pkg-config, templates, an example and the guide" "$(contents libxpu-dev)" \
  XpuBackendConfig.cmake xpu-backend.pc template/c/ template/cpp/ examples/hailo/ doc/libxpu-dev/GUIDE.md
for package in libxpu-sim libxpu-dev xpu-container-runtime xpud; do
  has "$package: licence" "$(contents $package)" "/usr/share/doc/$package/copyright"
done
for name in $vendors sim; do
  mkdir "$SCRATCH/$name" && dpkg-deb -x "$debs/libxpu-$name"_*.deb "$SCRATCH/$name"
  files=$SCRATCH/$name/usr/lib/xpu/backends
  same "libxpu-$name: the manifest states the hash of the library" \
    "sha256 = \"$(sha256sum <"$files/libxpu-$name.so" | cut -d' ' -f1)\"" "$(grep ^sha256 "$files/$name.toml")"
done
silent "no second copy of it" "$(contents xpu-container-runtime)" share/xpu/config.toml
same "the configuration is a conffile" /etc/xpu-container-runtime/config.toml \
  "$(dpkg-deb --ctrl-tarfile "$debs"/xpu-container-runtime_*.deb | tar -xO ./conffiles)"
says "the core depends on the C library" \
  "$(dpkg-deb -f "$debs"/xpu-container-runtime_*.deb Depends)" "libc6 (>= "
same "a backend depends on the core" "xpu-container-runtime (= 0.1.0)" \
  "$(dpkg-deb -f "$debs"/libxpu-sim_*.deb Depends | grep -o 'xpu-container-runtime ([^)]*)')"

mkdir "$SCRATCH/daemon" && dpkg-deb -x "$debs"/xpud_*.deb "$SCRATCH/daemon"
has "the service starts the installed xpud" "$(cat "$SCRATCH/daemon/usr/lib/systemd/system/xpud.service")" \
  "ExecStart=/usr/sbin/xpud" "Documentation=file:/usr/share/doc/xpu-container-runtime"
has "a private prefix has a service of its own" "$(cat "$XPU_IT/prefix/lib/systemd/system/xpud.service")" \
  "ExecStart=$XPU_IT/prefix/sbin/xpud"
silent "nothing is left to fill in" "$(cat "$SCRATCH/daemon/usr/lib/systemd/system/xpud.service")" @XPU
if command -v systemd-analyze >/dev/null; then
  ok "systemd accepts the service" systemd-analyze verify "$XPU_IT/prefix/lib/systemd/system/xpud.service"
  silent "and has nothing to say about it" "$OUTPUT" "xpud.service:"
  # 0 is a sandbox without a door, 9.6 none. What xpud does as root is what is left.
  exposure=$(systemd-analyze security --offline=true --no-pager "$XPU_IT/prefix/lib/systemd/system/xpud.service" |
    sed -n 's/.*Overall exposure level for xpud.service: \([0-9]*\)\.\([0-9]\).*/\1\2/p')
  ok "its sandbox is at most 5.5 by systemd's own count (${exposure:-none})" test "${exposure:-99}" -le 55
else
  skip "systemd's opinion of the service" "there is no systemd-analyze"
fi

# Without packages: only /etc is read, so a private prefix has the configuration as an example.
ok "a private prefix has an example" test -f "$XPU_IT/prefix/share/xpu/config.toml"
ok "and no folder etc, which nothing reads" test ! -e "$XPU_IT/prefix/etc"
installed=$SCRATCH/installed/etc/xpu-container-runtime/config.toml
ok "an installation in /usr" env DESTDIR="$SCRATCH/installed" cmake --install "$XPU_BUILD" --prefix /usr
ok "has its configuration in /etc" cmp "$XPU_SOURCE/config/config.toml" "$installed"
echo '# mine' >"$installed"
ok "a second installation" env DESTDIR="$SCRATCH/installed" cmake --install "$XPU_BUILD" --prefix /usr
same "leaves a configuration as it is" '# mine' "$(cat "$installed")"

# Only the core, then sim beside it, really installed, in a tree of its own.
new_tree debian
tree=$REPLY
cp "$debs"/*.deb "$tree/root/"
mount --bind "$XPU_IT/dev" "$tree/mnt" && later umount -l "$tree/mnt"
mount -t proc proc "$tree/proc" && later umount -l "$tree/proc"
inside() { chroot "$tree" /bin/sh -c "$1"; }
names() { inside 'xpu-runtime backends list --json' | jq -r '[.backends[].name] | sort | join(" ")'; }

ok "dpkg installs the core alone" inside 'dpkg -i /root/xpu-container-runtime_*.deb'
if (cd "$tree/root" && apt-get download -q libmicrohttpd12) >"$SCRATCH/download.log" 2>&1; then
  ok "dpkg installs xpud" inside 'dpkg -i /root/libmicrohttpd12_*.deb /root/xpud_*.deb'
  ok "its service is not enabled" inside '! test -e /etc/systemd/system/multi-user.target.wants/xpud.service'
  ok "it can be" inside 'DPKG_MAINTSCRIPT_PACKAGE=xpud deb-systemd-helper enable xpud.service && test -L /etc/systemd/system/multi-user.target.wants/xpud.service'
  ok "and stays so when the package is installed again" inside \
    'dpkg -i /root/xpud_*.deb && test -L /etc/systemd/system/multi-user.target.wants/xpud.service'
  ok "until somebody disables it" inside \
    'rm /etc/systemd/system/multi-user.target.wants/xpud.service && dpkg -i /root/xpud_*.deb &&
     ! test -e /etc/systemd/system/multi-user.target.wants/xpud.service'
  ok "dpkg purges it" inside 'dpkg -P xpud && ! ls /usr/sbin/xpud /usr/lib/systemd/system/xpud.service \
    /etc/systemd/system/*.wants/xpud.service /var/lib/systemd/deb-systemd-helper-enabled/xpud.service* 2>/dev/null'
else
  skip "the package xpud installed" "apt-get cannot download libmicrohttpd12: $(tail -n 1 "$SCRATCH/download.log")"
fi
same "no backend is listed" "" "$(names)"
ok "detect finds nothing and says so with success" inside 'xpu-runtime detect'
ok "dpkg installs sim" inside 'dpkg -i /root/libxpu-sim_*.deb'
same "sim alone is listed" sim "$(names)"
printf '[[devices]]\nvendor = "acme"\nindex = "0"\nname = "Acme"\nnodes = [{host = "/mnt/acme0", container = "/dev/acme0"}]\n' \
  >"$tree/etc/xpu-container-runtime/sim.toml"
printf '[backends.sim]\nenabled = true\n' >>"$tree/etc/xpu-container-runtime/config.toml"
has "and serves" "$(inside 'xpu-runtime detect')" "  Id:         acme:0"
ok "dpkg installs nvidia" inside 'dpkg -i /root/libxpu-nvidia_*.deb'
same "both are listed" "nvidia sim" "$(names)"
ok "dpkg removes sim" inside 'dpkg -r libxpu-sim'
same "nvidia alone is listed" nvidia "$(names)"
ok "dpkg purges all" inside 'dpkg -P libxpu-nvidia xpu-container-runtime; ! ls /usr/bin/xpu-* /usr/lib/xpu 2>/dev/null'

# A host with one vendor's hardware has that vendor's package beside the core, and nothing of any
# other vendor. The core itself names none, but for data: the variables by which containers of
# anybody ask, prices and figures by model, and the keys of other runtimes' configurations.
# The C library inside a static program names a function of its own in an assertion.
libc_word=intel_check_word
data='/usr/share/xpu/(known-variables|prices|models|migrations)\.toml'
# foreign VENDOR: files of the installed packages that name another vendor, by name or content.
foreign() {
  local others
  others=$(grep -vx "$1" <<<"$vendors" | paste -sd'|')
  inside 'cat /var/lib/dpkg/info/libxpu-*.list /var/lib/dpkg/info/xpu-container-runtime.list' |
    while read -r path; do
      [[ ! $path =~ ^$data$ ]] || continue
      if grep -qiE "(^|[^a-z])($others)([^a-z]|$)" <<<"$path" ||
        { [ -f "$tree$path" ] && [[ $path != */copyright ]] &&
          strings -n 6 "$tree$path" | grep -vxF "$libc_word" | grep -qiE "(^|[^a-z])($others)([^a-z]|$)"; }; then
        echo "$path"
      fi
    done
}
# serves VENDOR IDS MAKER ARGUMENT...: the installed backend describes a made-up host, and rightly.
serves() {
  local vendor=$1 ids=$2 host=$tree/root/host
  rm -rf "$host"
  "$XPU_BUILD/tests/fakes/$3" --root "$host" "${@:4}" >/dev/null
  printf '[backends.%s]\ndriver-root = "/root/host"\ndev-root = "/root/host"\nsys-root = "/root/host"\n' "$vendor" \
    >"$tree/etc/xpu-container-runtime/config.toml"
  same "$vendor describes a host" "$ids" "$(inside 'xpu-runtime detect --json' | jq -r '[.devices[].id] | join(" ")')"
  ok "$vendor meets every obligation there too" inside "xpu-runtime backends verify \
    --option driver-root=/root/host --option dev-root=/root/host --option sys-root=/root/host \
    /usr/lib/xpu/backends/$vendor.toml"
}
for vendor in $vendors; do
  ok "apt-get installs the core and $vendor" inside \
    "apt-get install -y --no-install-recommends /root/xpu-container-runtime_*.deb /root/libxpu-${vendor}_*.deb"
  same "$vendor alone is listed" "$vendor" "$(names)"
  says "$vendor works: it looks, and says that there is nothing" \
    "$(inside 'xpu-runtime backends list --json' | jq -r '.backends[0] | "\(.state) \(.reason)"')" "absent "
  ok "$vendor meets every obligation" inside "xpu-runtime backends verify /usr/lib/xpu/backends/$vendor.toml"
  ok "$vendor documents its configuration" inside "test -s /usr/share/doc/libxpu-$vendor/config.toml.example"
  same "nothing of another vendor is there" "" "$(foreign "$vendor")"
  case $vendor in
    amd) serves amd "amd:0 amd:1 amd:1:0 amd:1:1" make_amd_machine --gpus 2 --divided 1 --parts 2 ;;
    intel) serves intel "intel:0 intel:1 intel:2" make_intel_tree --machine laptop ;;
  esac
  ok "$vendor is purged" inside "dpkg -P libxpu-$vendor xpu-container-runtime"
done
finish
