// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/doctor/tree.h"

namespace xpu::doctor {
namespace {

using testing::StartsWith;

class Sharing : public Tree {};

TEST_F(Sharing, LimitsOfDeviceMemory) {
  const std::string top = "/sys/fs/cgroup";
  EXPECT_EQ(said("memory-limits"),
            "skipped: the kernel has no controller of device memory (dmem, of Linux 6.14)");
  write(top + "/cgroup.controllers", "cpu xdmem memory\n");
  EXPECT_THAT(said("memory-limits"), StartsWith("skipped: the kernel has no controller"));
  write(top + "/cgroup.controllers", "cpu memory dmem\n");
  EXPECT_EQ(said("memory-limits"),
            "skipped: no driver here has its memory counted by the kernel (dmem)");
  write(top + "/dmem.capacity", "drm/0000:03:00.0/vram0 17163091968\ndrm/0000:04:00.0/vram0 1\n");
  write(top + "/cgroup.subtree_control", "cpu memory\n");
  write(top + "/system.slice/cgroup.subtree_control", "cpu dmem\n");
  write(top + "/machine.slice/cgroup.subtree_control", "\n");
  EXPECT_EQ(said("memory-limits"),
            "warning: the kernel could limit what containers take of drm/0000:03:00.0/vram0, "
            "drm/0000:04:00.0/vram0, and is not told to: dmem is missing in "
            "/sys/fs/cgroup/cgroup.subtree_control "
            "/sys/fs/cgroup/machine.slice/cgroup.subtree_control > echo +dmem | tee "
            "/sys/fs/cgroup/cgroup.subtree_control "
            "/sys/fs/cgroup/machine.slice/cgroup.subtree_control");
  write(top + "/cgroup.subtree_control", "cpu memory dmem\n");
  write(top + "/machine.slice/cgroup.subtree_control", "dmem\n");
  EXPECT_EQ(said("memory-limits"),
            "pass: the kernel limits what containers take of drm/0000:03:00.0/vram0, "
            "drm/0000:04:00.0/vram0");
}

TEST_F(Sharing, ProcessesThatAreHidden) {
  EXPECT_EQ(said("process-visibility"), "pass: everybody sees which processes use devices");
  const auto mounted = [&](const std::string& options) {
    write("/proc/self/mounts", "overlay / overlay rw,hidepid=2 0 0\nproc /proc proc rw,nosuid" +
                                   options + " 0 0\nproc /other proc rw,hidepid=2 0 0\n");
    return said("process-visibility");
  };
  EXPECT_THAT(mounted(""), StartsWith("pass"));
  EXPECT_THAT(mounted(",hidepid=0"), StartsWith("pass"));
  EXPECT_EQ(mounted(",hidepid=invisible,gid=5"),
            "warning: /proc is mounted with hidepid=invisible: who is not root cannot tell whose "
            "processes use a device > mount -o remount,hidepid=0 /proc; or sudo xpu-runtime ps");
}

TEST_F(Sharing, DaemonsThatShareDevices) {
  EXPECT_EQ(said("sharing-daemons"), "skipped: no driver here that has such daemons");
  acme().hints.sharing = {{"acme-device-share-control", "it shares all", "acme-share stop"}};
  EXPECT_EQ(said("sharing-daemons"), "pass: no daemon shares devices beside this runtime");
  write("/proc/5/comm", "acme-device-sha\n");
  write("/proc/5/cmdline", std::string("/usr/bin/acme-device-share-server\0-d\0", 37));
  EXPECT_THAT(said("sharing-daemons"), StartsWith("pass"));
  write("/proc/5/cmdline", std::string("/usr/bin/acme-device-share-control\0-d\0", 38));
  EXPECT_EQ(said("sharing-daemons"),
            "warning: acme-device-share-control runs: it shares all > acme-share stop");
  acme().status.state = BackendState::kDisabled;
  EXPECT_THAT(said("sharing-daemons"), StartsWith("skipped"));
}

TEST_F(Sharing, QuotasOfProgramsThemselves) {
  EXPECT_THAT(said("soft-quotas"), StartsWith("skipped: no quota is known"));
  acme().hints.preloads = {{"libacmequota.so", "it leaks", "do without"}};
  Record record;
  record.id = "0123456789abcdef";
  record.bundle = "/run/b";
  host_.records = {record};
  EXPECT_EQ(said("soft-quotas"), "pass: nothing counts in the programs themselves");
  write("/etc/ld.so.preload", "# libacmequota.so\n/usr/lib/libacmequota.so.1 /usr/lib/other.so\n");
  write("/run/b/config.json", R"({"mounts": [{"destination": "/x", "source": "/lib/x.so"}, 5]})");
  EXPECT_THAT(said("soft-quotas"), StartsWith("pass"));
  write("/run/b/config.json",
        R"({"mounts": [{"destination": "/x", "source": "/opt/libacmequota.so"}]})");
  EXPECT_EQ(said("soft-quotas"),
            "warning: the container 0123456789ab loads libacmequota.so: it leaks > do without");
  write("/opt/preload", "/opt/libacmequota.so\n");
  write("/run/b/config.json",
        R"({"mounts": [{"destination": "/etc/ld.so.preload", "source": "/opt/preload"}]})");
  EXPECT_THAT(said("soft-quotas"), StartsWith("warning: the container 0123456789ab loads"));
  host_.records.clear();
  write("/etc/ld.so.preload", "/opt/libacmequota.so\n");
  EXPECT_EQ(said("soft-quotas"),
            "warning: /etc/ld.so.preload loads libacmequota.so into every program: it leaks > do "
            "without");
}

}  // namespace
}  // namespace xpu::doctor
