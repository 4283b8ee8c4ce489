// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/doctor/tree.h"

namespace xpu::doctor {
namespace {

using testing::StartsWith;

class System : public Tree {};

TEST_F(System, LayoutsOfCgroups) {
  const std::string boot =
      "boot with systemd.unified_cgroup_hierarchy=1 on the kernel's command line";
  EXPECT_EQ(said("cgroup-layout"),
            "failure: neither cgroup v2 nor a hierarchy of devices is mounted in /sys/fs/cgroup: "
            "no container can be kept from devices of others > " +
                boot);
  folder("/sys/fs/cgroup/devices");
  EXPECT_EQ(said("cgroup-layout"), "pass: cgroup v1, with a hierarchy of devices");
  write("/sys/fs/cgroup/unified/cgroup.procs");
  EXPECT_EQ(said("cgroup-layout"),
            "warning: cgroup v1, and v2 beside it in /sys/fs/cgroup/unified: crun 1.8 "
            "starts nothing so > " +
                boot + ", or umount /sys/fs/cgroup/unified");
  write("/sys/fs/cgroup/cgroup.controllers");
  EXPECT_EQ(said("cgroup-layout"), "pass: cgroup v2");
}

TEST_F(System, LinuxOnWindows) {
  EXPECT_EQ(said("wsl"), "skipped: no Linux on Windows");
  write("/proc/sys/kernel/osrelease", "4.4.0-19041-Microsoft\n");
  EXPECT_EQ(said("wsl"),
            "failure: this is WSL1 (4.4.0-19041-Microsoft), which has no devices for containers > "
            "wsl.exe --set-version DISTRIBUTION 2");
  write("/proc/sys/kernel/osrelease", "5.15.153.1-microsoft-standard-WSL2\n");
  EXPECT_EQ(said("wsl"), "pass: WSL2, one device");
  acme().status.catalog.devices.push_back(device("acme:1"));
  EXPECT_EQ(said("wsl"),
            "warning: WSL2 has one node for all of its 2 devices: a container that has one can "
            "reach all > XPU_SHARING=exclusive XPU_VISIBLE_DEVICES=all for containers that must be "
            "alone");
}

TEST_F(System, SELinuxKeepsContainersFromDevices) {
  EXPECT_EQ(said("selinux"), "skipped: no SELinux here");
  write("/sys/fs/selinux/enforce", "0");
  EXPECT_EQ(said("selinux"), "pass: permissive");
  write("/sys/fs/selinux/enforce", "1");
  EXPECT_EQ(said("selinux"),
            "warning: SELinux enforces, and its policy has no container_use_devices: containers "
            "that are labelled cannot open devices > dnf install container-selinux; until then run "
            "containers with --security-opt label=disable");
  write("/sys/fs/selinux/booleans/container_use_devices", "0 0");
  EXPECT_EQ(said("selinux"),
            "warning: SELinux enforces, and container_use_devices is off: containers that are "
            "labelled cannot open devices > setsebool -P container_use_devices=true");
  write("/etc/docker/daemon.json", R"({"selinux-enabled": true})");
  EXPECT_THAT(said("selinux"), StartsWith("failure: "));
  remove("/etc/docker/daemon.json");
  program("/usr/bin/podman");
  EXPECT_THAT(said("selinux"), StartsWith("failure: ")) << "podman labels by itself";
  write("/sys/fs/selinux/booleans/container_use_devices", "1 1");
  EXPECT_EQ(said("selinux"), "pass: enforcing, and containers may use devices");
}

TEST_F(System, UsersOfRootlessEngines) {
  EXPECT_EQ(said("device-access"), "skipped: no device has a node");
  give_node("/dev/acme0", 10, 237);
  EXPECT_EQ(said("device-access"), "skipped: nobody has a rootless engine");
  write("/etc/passwd", "alice:x:1000:1000::/home/alice:/bin/sh\n");
  write("/run/user/1000/docker.sock");
  write("/dev/acme0", "", 0660);
  if (::geteuid() == 0) {
    ASSERT_EQ(::chown(host_.path("/dev/acme0").c_str(), 0, 104), 0);
  }
  struct stat status {};
  ASSERT_EQ(::stat(host_.path("/dev/acme0").c_str(), &status), 0);
  const std::string group = "render:x:" + std::to_string(status.st_gid) + ":";
  write("/etc/group", group + "\n");
  EXPECT_EQ(said("device-access"),
            "failure: alice may not open /dev/acme0; rootless containers get them by the rights of "
            "their user > usermod -aG render alice, a new login, and --group-add keep-groups for "
            "podman run");
  write("/etc/group", group + "bob,alice\n");
  EXPECT_EQ(said("device-access"), "pass: alice may open all");
  write("/dev/acme0", "", 0600);
  EXPECT_EQ(said("device-access"),
            "failure: alice may not open /dev/acme0; rootless containers get them by the rights of "
            "their user > chmod 0666 /dev/acme0");
  write("/dev/acme0", "", 0666);
  write("/etc/group", group + "\n");
  EXPECT_EQ(said("device-access"), "pass: alice may open all");
}

TEST_F(System, WhatIsOnlyReadNeedsNoMore) {
  give_node("/dev/acme0", 10, 237);
  NodeTerms terms;
  terms.access = "r";
  acme().status.catalog.edits.back().nodes.front().terms = std::make_shared<const NodeTerms>(terms);
  write("/etc/passwd", "alice:x:1000:1000::/home/alice:/bin/sh\n");
  write("/run/user/1000/docker.sock");
  write("/dev/acme0", "", 0644);
  EXPECT_EQ(said("device-access"), "pass: alice may open all");
  terms.access = "rw";
  acme().status.catalog.edits.back().nodes.front().terms = std::make_shared<const NodeTerms>(terms);
  EXPECT_THAT(said("device-access"), StartsWith("failure: alice may not open /dev/acme0"));
}

}  // namespace
}  // namespace xpu::doctor
