// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/doctor/tree.h"

namespace xpu::doctor {
namespace {

class Setup : public Tree {};

TEST_F(Setup, AConfigurationThatCannotBeUsed) {
  host_.config_problem = "/etc/x/config.toml:3: unknown key 'mod'";
  EXPECT_EQ(said("configuration"),
            "failure: /etc/x/config.toml:3: unknown key 'mod' > correct that line; xpu-runtime "
            "config show prints what is in force");
  host_.config_problem.clear();
  EXPECT_EQ(said("configuration"),
            "pass: built-in defaults; there is no /etc/xpu-container-runtime/config.toml");
  host_.config.file = "/etc/x/config.toml";
  EXPECT_EQ(said("configuration"), "pass: /etc/x/config.toml");
}

TEST_F(Setup, NoLowLevelRuntime) {
  host_.runtime_problem = "no low-level runtime: runc is not in PATH";
  EXPECT_EQ(said("low-level-runtime"),
            "failure: no low-level runtime: runc is not in PATH > apt-get install runc, or set "
            "runtime-path in config.toml");
  host_.runtime_problem.clear();
  EXPECT_EQ(said("low-level-runtime"), "pass: /usr/bin/runc");
}

TEST_F(Setup, BackendsThatFailed) {
  acme().status.state = BackendState::kFailed;
  acme().status.reason = "the library does not answer";
  EXPECT_EQ(said("backends"),
            "failure: acme failed: the library does not answer > xpu-runtime backends verify "
            "/usr/lib/xpu/backends/acme.toml");
  acme().status.state = BackendState::kRefused;
  acme().status.reason = "acme.so can be changed by others; chmod go-w acme.so";
  EXPECT_EQ(said("backends"),
            "failure: acme refused: acme.so can be changed by others > chmod go-w acme.so");
  acme().status.state = BackendState::kReady;
  EXPECT_EQ(said("backends"), "pass: ready: acme");
  acme().hints_problem = "acme.toml:9: [doctor] unknown key \"x\"";
  EXPECT_EQ(said("backends"),
            "warning: acme.toml:9: [doctor] unknown key \"x\" > correct the "
            "manifest's [doctor] tables");
}

TEST_F(Setup, DevicesThatCannotBeUsed) {
  Device& device = acme().status.catalog.devices.front();
  device.available = false;
  device.reason = "/dev/acmectl is missing; acme-modprobe makes it";
  EXPECT_EQ(said("devices"), "failure: acme:0: /dev/acmectl is missing > acme-modprobe makes it");
  device.reason = "it has fallen off the bus";
  EXPECT_EQ(said("devices"),
            "failure: acme:0: it has fallen off the bus > the kernel's log may say more: dmesg");
  device.available = true;
  EXPECT_EQ(said("devices"), "pass: acme:0");
}

TEST_F(Setup, NoDeviceAtAll) {
  acme().status.state = BackendState::kAbsent;
  acme().status.reason = "the driver is not loaded";
  acme().status.catalog.devices.clear();
  EXPECT_EQ(said("devices"),
            "failure: no backend found a device: acme: the driver is not loaded > xpu-runtime "
            "backends list says why; install the driver of the hardware and the package of its "
            "backend");
  write("/sys/bus/pci/devices/0000:65:00.0/class", "0x030200\n");
  write("/sys/bus/pci/devices/0000:65:00.0/vendor", "0x1234\n");
  write("/sys/bus/pci/devices/0000:65:00.0/device", "0x5678\n");
  write("/sys/bus/pci/devices/0000:66:00.0/class", "0x020000\n");
  EXPECT_THAT(said("devices"), testing::HasSubstr("is not loaded; on the PCI bus: 0000:65:00.0 "
                                                  "(1234:5678, no driver) > "));
  std::filesystem::create_directory_symlink("../drivers/stub",
                                            host_.path("/sys/bus/pci/devices/0000:65:00.0/driver"));
  EXPECT_THAT(said("devices"), testing::HasSubstr("(1234:5678, driver stub) > "));
}

TEST_F(Setup, OnlyTheNamedChecksRunAndEachHasAnAnswer) {
  for (const Check& check : checks()) {
    EXPECT_FALSE(look(check.id).empty()) << check.id;
    for (const Finding& finding : look(check.id)) {
      EXPECT_FALSE(finding.found.empty()) << check.id;
      const bool wrong = finding.state == State::kWarning || finding.state == State::kFailure;
      EXPECT_EQ(wrong, !finding.remedy.empty()) << check.id;
    }
  }
  EXPECT_EQ(unknown_check("dev-char-links"), "");
  EXPECT_EQ(unknown_check("dev-char-link"),
            "there is no check 'dev-char-link'; did you mean 'dev-char-links'?; xpu-runtime doctor "
            "--list names them");
}

TEST_F(Setup, TheWorstOfAll) {
  const auto with = [](std::initializer_list<State> states) {
    std::vector<Result> out;
    for (const State state : states) {
      out.push_back({&checks().front(), {state, "", ""}});
    }
    return worst(out);
  };
  EXPECT_EQ(with({}), State::kPass);
  EXPECT_EQ(with({State::kPass, State::kSkipped}), State::kPass);
  EXPECT_EQ(with({State::kWarning, State::kPass}), State::kWarning);
  EXPECT_EQ(with({State::kFailure, State::kWarning}), State::kFailure);
}

}  // namespace
}  // namespace xpu::doctor
