// SPDX-License-Identifier: Apache-2.0
// What containers say, for tests.
#pragma once

#include <string>
#include <vector>

#include "core/request/request.h"

namespace xpu::test {

inline Said said(std::vector<std::string> env) {
  Said out;
  out.env = std::move(env);
  return out;
}

// An installed backend of one variable, NAME_DEVICES, and folder for mounts.
inline FoundBackend installed(const std::string& name, const std::string& variable) {
  FoundBackend found;
  found.manifest.name = name;
  found.manifest.file = "/b/" + name + ".toml";
  found.manifest.device_variables = {variable};
  found.manifest.device_mounts = {"/var/run/" + name + "-container-devices"};
  found.manifest.capability_variables = {"CAPS_OF_" + name};
  found.manifest.default_capabilities = {"compute"};
  return found;
}

// "backend|name" of each selector; what is wished as "least-most".
inline std::vector<std::string> asked(const Request& request) {
  std::vector<std::string> out;
  for (const Selector& selector : request.selectors) {
    out.push_back(selector.backend + "|" + selector.name);
  }
  if (request.wish) {
    out.push_back(std::to_string(request.wish->least) + "-" + std::to_string(request.wish->most));
  }
  return out;
}

}  // namespace xpu::test
