// SPDX-License-Identifier: Apache-2.0
// What a container says, one thing a line, beside two backends and a refused one: an error, or a
// request that says what it asks for and by what. A line that begins with '@' is an annotation
// ("@KEY=VALUE"), one with '/' a mount, one with '#' Slurm's list, "!" makes the container
// privileged and "!!" the tenant of a shared host; every other is a variable.
#include "core/base/error.h"
#include "core/request/request.h"
#include "core/request/tests.h"
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
    acme.device_mounts = {"/var/run/acme-container-devices"};
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

xpu::Config configuration(bool tenants) {
  xpu::Config config;
  config.profile = tenants ? "multi-tenant" : "single-user";
  config.accept_volume_mounts = "always";
  config.aliases = {{"OTHER_VRAM", "XPU_MIN_VRAM", {}},
                    {"OTHER_MULTI", "XPU_ENABLE_MULTI_GPU", {{"on", "true"}, {"off", "odd"}}}};
  return config;
}

bool may_ask(const std::string& line) {
  for (const char* name : {"XPU_", "OTHER_", "ACME_VISIBLE_DEVICES=", "ANVIL_VISIBLE_DEVICES=",
                           "BOLT_VISIBLE_DEVICES=", "REFUSED_VISIBLE_DEVICES=", "@xpu.dev/",
                           "@cdi.k8s.io/", "/", "var/run", "#"}) {
    if (line.starts_with(name)) {
      return true;
    }
  }
  return false;
}

struct Input {
  xpu::Said said;
  bool tenants = false;
  bool may_ask = false;
};

Input read(std::string_view rest) {
  Input input;
  while (!rest.empty()) {
    const std::string line(rest.substr(0, rest.find('\n')));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    input.may_ask = input.may_ask || may_ask(line);
    const std::size_t equals = line.find('=');
    if (line == "!" || line == "!!") {
      (line == "!" ? input.said.privileged : input.tenants) = true;
    } else if (line.starts_with('@') && equals != line.npos) {
      input.said.annotations.emplace_back(line.substr(1, equals - 1), line.substr(equals + 1));
    } else if (line.starts_with('/')) {
      input.said.null_mounts.push_back(line);
    } else if (line.starts_with('#')) {
      input.said.slurm_devices = line.substr(1);
    } else {
      input.said.env.push_back(line);
    }
  }
  return input;
}

void check_request(const xpu::Request& request, const Input& input) {
  const bool nothing = request.kind == xpu::RequestKind::kNone;
  xpu::check(nothing || input.may_ask, "who says nothing asks for nothing");
  xpu::check(nothing == (request.selectors.empty() && !request.wish), "a request selects");
  xpu::check(request.selectors.empty() || !request.wish, "a request names or describes");
  xpu::check(nothing || !request.variable.empty(), "a request names its variable");
  xpu::check(nothing == (request.source == xpu::RequestSource::kNone), "a request has a source");
  for (const xpu::Selector& selector : request.selectors) {
    xpu::check(!selector.name.empty(), "a selector has a name");
  }
  for (const xpu::Test& test : request.tests) {
    xpu::check(!test.values.empty() && !test.source.empty(), "a test says what and why");
    std::string why;
    xpu::check(meets(test, {}, &why) || !why.empty(), "what fails a test says why");
  }
  if (request.wish) {
    xpu::check(request.wish->least > 0, "a wish is for something");
    xpu::check(request.wish->most == 0 || request.wish->least <= request.wish->most,
               "a wish can be met");
    xpu::check(!request.wish->source.empty(), "a wish says where it is from");
  }
  xpu::check(request.wait_seconds <= 300, "nobody waits longer than policy says");
  xpu::check(!input.tenants || request.exclusive.value_or(true), "a tenant does not share");
  for (const xpu::FeatureRequest& feature : request.features) {
    xpu::check(request.kind == xpu::RequestKind::kDevices, "a feature comes with devices");
    xpu::check(feature.problem.empty() || feature.items.empty(), "a problem has no elements");
  }
  for (const xpu::RequirementRequest& requirement : request.requirements) {
    xpu::check(request.kind == xpu::RequestKind::kDevices, "a requirement is about devices");
    xpu::check(!requirement.text.empty(), "a requirement says something");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Input input = read({reinterpret_cast<const char*>(data), size});
  const xpu::Config config = configuration(input.tenants);
  try {
    check_request(xpu::parse_request(input.said, backends(), config, ""), input);
  } catch (const xpu::Error&) {
    xpu::check(input.may_ask, "an error only for who asked");
  }
  xpu::check(input.may_ask || asking_variable(input.said, backends(), config, "").empty(),
             "who says nothing asks for nothing, whatever the configuration");
  return 0;
}
