// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/doctor/tree.h"

namespace xpu::doctor {
namespace {

class Health : public Tree {
 protected:
  void set(const std::string& health) {
    acme().status.catalog.devices[0].properties = {{"health", health}};
  }
  void run_container() {
    Record record;
    record.id = "0123456789abcdef";
    record.origin.engine = "docker";
    record.origin.name = "train";
    record.selection.backends = {{"acme", {"acme:0"}, {}, {}}};
    record.held = {{"acme:0", "acme:0", "", "acme", "", {}, ""}};
    host_.records = {record};
  }
};

TEST_F(Health, OfDevices) {
  EXPECT_EQ(said("device-health"), "pass: no driver tells of a device that failed");
  set("ok");
  EXPECT_EQ(said("device-health"), "pass: 1 device says that all is well");
  set("degraded");
  EXPECT_EQ(said("device-health"),
            "warning: acme:0 is degraded: its driver says so > see the kernel's log and the "
            "vendor's tool");
  set("failed");
  EXPECT_EQ(said("device-health"),
            "failure: acme:0 has failed and goes to no container: its driver says so > see the "
            "kernel's log and the vendor's tool; allow-unhealthy = true in [selection] gives it "
            "all the same");
  acme().status.catalog.devices.clear();
  EXPECT_EQ(said("device-health"), "skipped: there is no device");
}

TEST_F(Health, OfAMarkedDeviceIsSaidOnceForAllItsParts) {
  acme().status.catalog.devices.push_back(device("acme:0:0"));
  acme().status.catalog.devices.back().parent = "acme:0";
  host_.marks = {{"acme:0", "acme:0", "acme", true, 0, "off the bus"}};
  EXPECT_EQ(said("device-health"),
            "failure: acme:0 has failed and goes to no container: off the bus (since "
            "1970-01-01T00:00:00Z) > reset or replace the device, and then: xpu-runtime health "
            "--clear acme:0");
}

TEST_F(Health, LostDevices) {
  EXPECT_EQ(said("lost-devices"), "skipped: no container with devices runs");
  run_container();
  EXPECT_EQ(said("lost-devices"), "pass: 1 container looked at");
  set("failed");
  EXPECT_EQ(said("lost-devices"),
            "failure: the container train holds acme:0, which has failed: its driver says so > "
            "docker restart train");
  acme().status.catalog.devices.clear();
  EXPECT_EQ(said("lost-devices"),
            "failure: the container train holds acme:0, which is not there any more > docker "
            "restart train");
  acme().status.state = BackendState::kFailed;
  EXPECT_EQ(said("lost-devices"), "pass: 1 container looked at");
  host_.records_problem = "cannot read the records";
  EXPECT_EQ(said("lost-devices"),
            "warning: could not be looked at: cannot read the records > mend what the message "
            "names");
}

}  // namespace
}  // namespace xpu::doctor
