// SPDX-License-Identifier: Apache-2.0
// Which hooks of vendors are taken out, and why.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/error.h"
#include "core/start/start.h"

namespace xpu {
namespace {

using testing::ElementsAre;

class HooksOfAStart : public testing::Test {
 protected:
  HooksOfAStart() {
    for (const char* name : {"acme", "beta", "off"}) {
      FoundBackend found;
      found.manifest.name = name;
      found.manifest.hooks = {cat(name, "-hook")};
      found.enabled = std::string_view(name) != "off";
      asked_.found.push_back(found);
    }
    asked_.text = std::make_unique<const std::string>(
        R"({"hooks": {"prestart": [)"
        R"({"path": "/bin/acme-hook", "args": ["x", "prestart"]},)"
        R"({"path": "/bin/beta-hook", "args": ["x", "prestart"]},)"
        R"({"path": "/bin/off-hook", "args": ["x", "prestart"]},)"
        R"({"path": "/bin/xpu-container-runtime-hook", "args": ["x", "prestart"]}]}})");
    asked_.spec = std::make_unique<Spec>(*asked_.text, "c.json");
  }
  std::vector<std::string> gone() {
    std::vector<std::string> out;
    for (const VendorHook& hook : vendor_hooks(asked_, request_, selection_)) {
      out.push_back(cat(hook.index, " ", hook.why));
    }
    return out;
  }

  Asked asked_;
  Request request_;
  Selection selection_;
};

constexpr const char* kOwn = "3 the runtime itself does what it is for";

TEST_F(HooksOfAStart, OfWhoeverServes) {
  EXPECT_THAT(gone(), ElementsAre(kOwn));
  selection_.backends = {{"acme", {"acme:0"}, {}}};
  EXPECT_THAT(gone(), ElementsAre("0 its request is served", kOwn));
  selection_.backends.push_back({"beta", {"beta:0"}, {}});
  EXPECT_THAT(gone(), ElementsAre("0 its request is served", "1 its request is served", kOwn));
}

TEST_F(HooksOfAStart, OfWhoseVariableIsInForce) {
  request_.claimed_by = {"beta", "off"};
  EXPECT_THAT(gone(), ElementsAre("1 its request is decided here", kOwn));
}

TEST_F(HooksOfAStart, OfWhoseVariableIsOverruled) {
  selection_.backends = {{"acme", {"acme:0"}, {}}};
  request_.overruled = {"beta", "off"};
  EXPECT_THAT(gone(), ElementsAre("0 its request is served", "1 its request does not count", kOwn));
}

TEST_F(HooksOfAStart, OfAllWherePolicyDoesNotAccept) {
  selection_.backends = {{"acme", {"acme:0"}, {}}};
  request_.takes_vendor_variables = false;
  EXPECT_THAT(gone(),
              ElementsAre("0 its request is served", "1 policy does not accept its request", kOwn));
  request_.takes_vendor_variables = true;
  request_.passed_over = {{RequestSource::kVendorVariable, "BETA_DEVICES", "environment"}};
  EXPECT_THAT(gone(),
              ElementsAre("0 its request is served", "1 policy does not accept its request", kOwn));
}

}  // namespace
}  // namespace xpu
