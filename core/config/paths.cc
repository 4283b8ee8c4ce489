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

// The user's own folder for what lasts; "" for a user without a home.
std::string user_folder() {
  const std::string state = absolute_variable("XDG_STATE_HOME");
  if (!state.empty()) {
    return cat(state, "/xpu");
  }
  const std::string home = absolute_variable("HOME");
  return home.empty() ? "" : cat(home, "/.local/state/xpu");
}

// Where a user has CDI files of their own, as rootless dockerd looks for them.
std::vector<std::string> user_cdi_folders() {
  std::vector<std::string> out;
  const std::string home = absolute_variable("HOME"), config = absolute_variable("XDG_CONFIG_HOME"),
                    runtime = absolute_variable("XDG_RUNTIME_DIR");
  if (!config.empty() || !home.empty()) {
    out.push_back(cat(config.empty() ? home + "/.config" : config, "/cdi"));
  }
  if (!runtime.empty()) {
    out.push_back(cat(runtime, "/cdi"));
  }
  return out;
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

std::string shipped_config_file() {
  return cat(installation().data_dir, "/config.toml");
}

std::string shipped_prices_file() {
  return cat(installation().data_dir, "/prices.toml");
}

std::string shipped_models_file() {
  return cat(installation().data_dir, "/models.toml");
}

std::string config_path() {
  const std::string home = absolute_variable("XDG_CONFIG_HOME");
  return cat(home.empty() ? "/etc" : home, "/xpu-container-runtime/config.toml");
}

Config default_config() {
  Config config;
  const bool system_wide = is_system_wide();
  config.state_dir = default_state_dir(system_wide);
  const std::string user = system_wide ? "" : user_folder();
  config.audit_log = cat(user.empty() ? "/var/log/xpu" : user, "/audit.log");
  config.usage_dir = cat(user.empty() ? "/var/lib/xpu" : user, "/usage");
  config.backend_dirs = {installation().backend_dir};
  for (const std::string& folder : system_wide ? std::vector<std::string>() : user_cdi_folders()) {
    config.cdi_spec_dirs.push_back(folder);
  }
  return config;
}

}  // namespace xpu
