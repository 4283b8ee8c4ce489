// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/doctor/tree.h"

namespace xpu::doctor {
namespace {

class Driver : public Tree {};

TEST_F(Driver, ANodeThatIsMissing) {
  acme().hints.nodes = {{"/dev/acmectl", "/proc/acme", "", "acme-modprobe -c 255"}};
  EXPECT_EQ(said("device-nodes"), "skipped: no driver here that needs nodes of its own");
  folder("/proc/acme");
  EXPECT_EQ(said("device-nodes"),
            "failure: /dev/acmectl is missing; containers need it > acme-modprobe -c 255");
  null_device("/dev/acmectl");
  EXPECT_EQ(said("device-nodes"), "pass: /dev/acmectl");
}

TEST_F(Driver, ANodeThatOnlySomeNeed) {
  acme().hints.nodes = {{"/dev/acme-screen", "", "display", "acme-modprobe -m"}};
  EXPECT_EQ(said("device-nodes"),
            "warning: /dev/acme-screen is missing, needed for display > acme-modprobe -m");
  write("/dev/acme-screen");
  EXPECT_EQ(said("device-nodes"),
            "warning: /dev/acme-screen is missing, needed for display > acme-modprobe -m")
      << "a file is no device";
  remove("/dev/acme-screen");
  null_device("/dev/acme-screen");
  EXPECT_EQ(said("device-nodes"), "pass: /dev/acme-screen");
}

TEST_F(Driver, ADaemonThatDoesNotRun) {
  acme().hints.services = {{"/run/acmed/socket", "/usr/bin/acmed", "the first start is slow",
                            "systemctl enable --now acmed"}};
  EXPECT_EQ(said("driver-services"), "skipped: no driver here that has daemons");
  program("/usr/bin/acmed");
  EXPECT_EQ(said("driver-services"),
            "warning: /run/acmed/socket is not there: the first start is slow > systemctl enable "
            "--now acmed");
  write("/run/acmed/socket");
  EXPECT_EQ(said("driver-services"), "pass: /run/acmed/socket");
}

TEST_F(Driver, LibrariesOfAnotherVersionThanTheModule) {
  acme().hints.versions = {{"/proc/acme/version",
                            {"/usr/lib/*/libacme.so.*", "/usr/lib64/libacme.so.*"},
                            "modprobe -r acme && modprobe acme"}};
  EXPECT_EQ(said("driver-versions"), "skipped: no driver here that states its version");
  write("/proc/acme/version", "Acme x86_64 Kernel Module  550.1.2  Fri 1 May\nGCC 12.2.0\n");
  EXPECT_EQ(said("driver-versions"), "skipped: no driver here that states its version");
  write("/usr/lib/x86_64-linux-gnu/libacme.so.1");
  write("/usr/lib/x86_64-linux-gnu/libacme.so.560.3");
  EXPECT_EQ(said("driver-versions"),
            "failure: acme: the driver that runs is 550.1.2, its libraries are 560.3 > modprobe -r "
            "acme && modprobe acme");
  write("/proc/acme/version", "Acme x86_64 Kernel Module  560.3  Fri 1 May\n");
  EXPECT_EQ(said("driver-versions"), "pass: acme 560.3");
}

TEST_F(Driver, AnyOfTheInstalledVersionsMayRun) {
  acme().hints.versions = {{"/proc/acme/version", {"/opt/*/libacme.so.*"}, "reboot"}};
  write("/proc/acme/version", "550.1.2\n");
  write("/opt/a/libacme.so.550.1.2");
  write("/opt/b/libacme.so.560.3");
  EXPECT_EQ(said("driver-versions"), "pass: acme 550.1.2");
}

TEST_F(Driver, ALibraryOfACapabilityIsMissing) {
  acme().hints.libraries = {{"graphics",
                             "Vulkan",
                             {"libacme_gl.so.0", "*/vulkan/icd.d/acme*.json|*/vulkan/acme.json"},
                             "apt-get install acme-vulkan-icd"}};
  EXPECT_EQ(said("capability-libraries"),
            "skipped: no driver here whose libraries come into containers");
  give_file(FileKind::kLibrary, "/usr/lib/libacme.so.550.1", "compute", "libacme.so.1");
  EXPECT_EQ(said("capability-libraries"),
            "warning: Vulkan (graphics) will not work in containers: no libacme_gl.so.0, "
            "*/vulkan/icd.d/acme*.json > apt-get install acme-vulkan-icd");
  give_file(FileKind::kLibrary, "/usr/lib/libacme_gl.so.550.1", "graphics,display",
            "libacme_gl.so.0");
  EXPECT_EQ(said("capability-libraries"),
            "warning: Vulkan (graphics) will not work in containers: no "
            "*/vulkan/icd.d/acme*.json > apt-get install acme-vulkan-icd");
  give_file(FileKind::kData, "/usr/share/vulkan/icd.d/acme_icd.json", "compute");
  EXPECT_THAT(said("capability-libraries"), testing::StartsWith("warning"))
      << "it is there for another capability";
  give_file(FileKind::kData, "/usr/share/vulkan/icd.d/acme_icd.json", "graphics");
  EXPECT_EQ(said("capability-libraries"), "pass: Vulkan");
}

TEST_F(Driver, ABackendThatIsSwitchedOffIsNotLookedAt) {
  acme().hints.nodes = {{"/dev/acmectl", "", "", "acme-modprobe"}};
  acme().status.state = BackendState::kDisabled;
  EXPECT_EQ(said("device-nodes"), "skipped: no driver here that needs nodes of its own");
}

}  // namespace
}  // namespace xpu::doctor
