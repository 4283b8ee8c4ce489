// SPDX-License-Identifier: Apache-2.0
// Where things are: this installation, its configuration, its state.
#include <cstdlib>

#include "core/base/error.h"
#include "core/base/platform.h"
#include "core/config/config.h"
#include "core/config/state_dir.h"

namespace xpu {
namespace {

std::string own_folder() {
  const std::string path = platform::own_program();
  return path.substr(0, path.rfind('/'));
}

}  // namespace

std::string absolute_variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && value[0] == '/' ? value : "";
}

Installation installation_of(const std::string& folder) {
  constexpr std::string_view kPrivate = "/libexec/xpu";
  Installation found;
  found.prefix = folder.ends_with(kPrivate) ? folder.substr(0, folder.size() - kPrivate.size())
                                            : folder.substr(0, folder.rfind('/'));
  found.backend_dir = cat(found.prefix, "/lib/xpu/backends");
  found.host_program = cat(found.prefix, "/libexec/xpu/xpu-backend-host");
  found.data_dir = cat(found.prefix, "/share/xpu");
  return found;
}

const Installation& installation() {
  static const Installation found = installation_of(own_folder());
  return found;
}

std::string known_variables_file() {
  return cat(installation().data_dir, "/known-variables.toml");
}

std::string config_path() {
  const std::string home = absolute_variable("XDG_CONFIG_HOME");
  return cat(home.empty() ? "/etc" : home, "/xpu-container-runtime/config.toml");
}

Config default_config() {
  Config config;
  config.state_dir = default_state_dir();
  config.backend_dirs = {installation().backend_dir};
  return config;
}

}  // namespace xpu
