// SPDX-License-Identifier: Apache-2.0
// Where things are: this installation, its configuration, its state.
#include <limits.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

#include "core/base/error.h"
#include "core/base/host.h"
#include "core/base/trust.h"
#include "core/config/config.h"

namespace xpu {
namespace {

// Value of a variable that holds an absolute path; "" for any other.
std::string absolute_variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && value[0] == '/' ? value : "";
}

std::string own_folder() {
  std::array<char, PATH_MAX> buffer{};
  const ssize_t size = ::readlink("/proc/self/exe", buffer.data(), buffer.size());
  if (size <= 0) {
    fail_errno("cannot read /proc/self/exe; is /proc mounted?");
  }
  const std::string_view path(buffer.data(), size);
  return std::string(path.substr(0, path.rfind('/')));
}

std::string default_state_dir() {
  // Root of a user namespace is an ordinary user, and /run is not its own.
  if (::geteuid() == 0 && !in_user_namespace()) {
    return "/run/xpu";
  }
  const std::string runtime_dir = absolute_variable("XDG_RUNTIME_DIR");
  if (!runtime_dir.empty()) {
    return cat(runtime_dir, "/xpu");
  }
  return ::geteuid() == 0 ? "/run/xpu" : cat("/run/user/", ::geteuid(), "/xpu");
}

}  // namespace

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
