// SPDX-License-Identifier: Apache-2.0
#include "core/start/mode.h"

#include <gtest/gtest.h>

#include "core/base/error.h"
#include "tests/unit/base/temp_dir.h"
#include "tests/unit/select/fakes.h"

namespace xpu {
namespace {

using test::error_of;

Request asking_for(const std::vector<std::string>& elements) {
  Request out;
  out.kind = RequestKind::kDevices;
  out.variable = "ACME_DEVICES";
  for (const std::string& element : elements) {
    out.selectors.push_back({element, "", element, "ACME_DEVICES", {}, {}});
  }
  return out;
}

std::vector<BackendStatus> backends(const std::string& delivery = "") {
  std::vector<BackendStatus> out = {test::backend("acme", {test::device("acme", "0")}),
                                    test::backend("beta", {test::device("beta", "0")})};
  if (!delivery.empty()) {
    out[0].catalog.properties = {{"driver", "1.0"}, {"delivery", delivery}};
  }
  return out;
}

Config with(const std::string& mode) {
  Config out;
  out.file = "/etc/c.toml";
  out.mode = mode;
  return out;
}

TEST(Mode, AutoLooksAtTheRequestAndThePlatform) {
  const Config config = with("auto");
  EXPECT_EQ(mode_of(config, asking_for({"0"}), backends()), Mode::kSpec);
  EXPECT_EQ(mode_of(config, asking_for({"acme.com/gpu=0", "b.com/npu=1"}), backends("csv")),
            Mode::kCdi);
  EXPECT_EQ(mode_of(config, asking_for({"acme.com/gpu=0", "1"}), backends()), Mode::kSpec);
  EXPECT_EQ(mode_of(config, asking_for({"0"}), backends("csv")), Mode::kCsv);
  EXPECT_EQ(mode_of(config, asking_for({"0"}), backends("other")), Mode::kSpec);
  EXPECT_EQ(mode_of(config, {}, backends("csv")), Mode::kCsv);
  EXPECT_EQ(mode_of(config, {}, {}), Mode::kSpec);
  std::vector<BackendStatus> absent = backends("csv");
  absent[0].state = BackendState::kAbsent;
  EXPECT_EQ(mode_of(config, {}, absent), Mode::kSpec);
  EXPECT_EQ(mode_text(config, Mode::kCsv), "csv (detected)");
}

TEST(Mode, WhatIsConfiguredCounts) {
  for (const char* mode : {"spec", "cdi", "csv", "legacy"}) {
    EXPECT_STREQ(to_string(mode_of(with(mode), asking_for({"acme.com/gpu=0"}), backends("csv"))),
                 mode);
  }
  EXPECT_EQ(mode_text(with("spec"), Mode::kSpec), "spec (as configured)");
}

TEST(Mode, LegacyServesNobody) {
  EXPECT_NO_THROW(check_mode(with("legacy"), Request{}));
  EXPECT_NO_THROW(check_mode(with("auto"), asking_for({"0"})));
  EXPECT_EQ(error_of([] { check_mode(with("legacy"), asking_for({"0"})); }),
            "this container asks for accelerators (ACME_DEVICES), and mode = \"legacy\" in "
            "[xpu-container-runtime] of /etc/c.toml gives them by a hook, which this version does "
            "not have; set mode = \"auto\"");
}

TEST(Mode, CsvNeedsMountSpecifications) {
  Selection selection;
  selection.backends = {{"acme", {"acme:0"}, {"compute"}}};
  EXPECT_NO_THROW(check_mode(with("csv"), selection, backends("csv")));
  EXPECT_NO_THROW(check_mode(with("spec"), selection, backends()));
  EXPECT_NO_THROW(check_mode(with("csv"), Selection{}, backends()));
  selection.backends.push_back({"beta", {"beta:0"}, {"compute"}});
  EXPECT_EQ(error_of([&] { check_mode(with("csv"), selection, backends("csv")); }),
            "mode = \"csv\" in [xpu-container-runtime] of /etc/c.toml is for platforms with mount "
            "specifications (CSV files), and the backend beta found none on this host; set mode = "
            "\"auto\"");
}

}  // namespace
}  // namespace xpu
