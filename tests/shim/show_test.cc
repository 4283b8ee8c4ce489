// SPDX-License-Identifier: Apache-2.0
// What `xpu-runtime info` says of devices and features that the simulated hardware cannot have.
#include "core/apps/show.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace xpu {
namespace {

using ::testing::HasSubstr;

Info info_of(const Config& config) {
  BackendStatus backend;
  backend.state = BackendState::kReady;
  backend.found.manifest.name = "acme";
  backend.found.manifest.features = {{"rdma", {"ACME_RDMA"}, {"on", "all"}, false, "", false},
                                     {"admin", {"ACME_ADMIN"}, {"all"}, false, "", true}};
  backend.catalog.capabilities = {"compute", "rdma"};
  Device device;
  device.id = "acme:0";
  device.vendor = "acme";
  device.name = "Anvil";
  device.properties = {{"health", "ok"}, {"compute-units", "104"}};
  Device part = device;
  part.id = "acme:0:1";
  part.parent = "acme:0";
  part.properties.clear();
  backend.catalog.devices = {device, part};
  Info info;
  info.config = &config;
  info.backends = {backend};
  return info;
}

TEST(Info, ListsFeaturesAndProperties) {
  const Config config;
  const std::string text = info_text(info_of(config));
  EXPECT_THAT(text, HasSubstr("\nFeatures of acme\n"
                              "  rdma  ACME_RDMA=on or all\n"
                              "  admin  ACME_ADMIN=all  (privileged containers only)  (not on this "
                              "host)\n"
                              "\nacme:0  Anvil\n"
                              "  health: ok\n"
                              "  compute-units: 104\n"));
  EXPECT_EQ(text.find("acme:0:1"), text.npos);
}

TEST(Info, HasThemAsJson) {
  const Config config;
  const std::string text = info_json(info_of(config));
  EXPECT_THAT(text, HasSubstr(R"("properties":{"health":"ok","compute-units":"104"}})"));
  EXPECT_THAT(text, HasSubstr(R"("parent":"acme:0","properties":{}})"));
  EXPECT_THAT(text, HasSubstr(R"({"name":"admin","variables":["ACME_ADMIN"],"values":["all"],)"
                              R"("list":false,"privileged":true,"available":false})"));
}

}  // namespace
}  // namespace xpu
