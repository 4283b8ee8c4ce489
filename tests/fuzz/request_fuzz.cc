// SPDX-License-Identifier: Apache-2.0
// The environment of a container, one variable a line, beside two backends and a refused one: an
// error, or a request that says what it asks for and by which variable.
#include "core/base/error.h"
#include "core/request/request.h"
#include "tests/fuzz/check.h"

namespace {

xpu::FoundBackend backend(const std::string& name, const std::string& prefix) {
  xpu::FoundBackend out;
  out.manifest.name = name;
  out.manifest.device_variables = {prefix + "_VISIBLE_DEVICES"};
  out.manifest.capability_variables = {prefix + "_DRIVER_CAPABILITIES"};
  out.manifest.default_capabilities = {"compute", "utility"};
  return out;
}

const std::vector<xpu::FoundBackend>& backends() {
  static const std::vector<xpu::FoundBackend> all = [] {
    std::vector<xpu::FoundBackend> list = {backend("acme", "ACME"), backend("bolt", "BOLT"),
                                           backend("refused", "REFUSED")};
    xpu::Manifest& acme = list[0].manifest;
    acme.device_variables.push_back("ANVIL_VISIBLE_DEVICES");
    acme.variable_vendors = {{"ACME_VISIBLE_DEVICES", {"acme", "hammer"}},
                             {"ANVIL_VISIBLE_DEVICES", {"anvil"}}};
    acme.features = {{"rdma", {"ACME_RDMA"}, {"enabled"}, false, "", false},
                     {"channels", {"ACME_CHANNELS"}, {}, true, "channel", true}};
    acme.requirements.variables = {"ACME_REQUIRE_*"};
    acme.requirements.disable = {"ACME_DISABLE_REQUIRE"};
    acme.requirements.rules = {{"ACME_VERSION", "", "tools>=${major}.${minor}"}};
    list.back().refused = true;
    list.back().reason = "made so";
    return list;
  }();
  return all;
}

bool asks(const std::string& variable) {
  for (const char* name : {"XPU", "ACME", "ANVIL", "BOLT", "REFUSED"}) {
    if (variable.starts_with(std::string(name) + "_VISIBLE_DEVICES=")) {
      return true;
    }
  }
  return false;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::vector<std::string> env;
  bool asked = false;
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    env.emplace_back(line);
    asked = asked || asks(env.back());
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
  }
  try {
    const xpu::Request request = xpu::parse_request(env, backends(), "");
    const bool nothing = request.kind == xpu::RequestKind::kNone;
    xpu::check(nothing || asked, "an unset variable asks for nothing");
    xpu::check(nothing == request.selectors.empty(), "a request selects");
    xpu::check(nothing || !request.variable.empty(), "a request names its variable");
    for (const xpu::Selector& selector : request.selectors) {
      xpu::check(!selector.name.empty(), "a selector has a name");
    }
    for (const xpu::FeatureRequest& feature : request.features) {
      xpu::check(request.kind == xpu::RequestKind::kDevices, "a feature comes with devices");
      xpu::check(feature.problem.empty() || feature.items.empty(), "a problem has no elements");
    }
    for (const xpu::RequirementRequest& requirement : request.requirements) {
      xpu::check(request.kind == xpu::RequestKind::kDevices, "a requirement is about devices");
      xpu::check(!requirement.text.empty(), "a requirement says something");
    }
  } catch (const xpu::Error&) {
    xpu::check(asked, "an error only for who asked");
  }
  return 0;
}
