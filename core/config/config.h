// SPDX-License-Identifier: Apache-2.0
// config.toml: what an administrator decides.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/log/log.h"

namespace xpu {

struct BackendConfig {
  // `enabled`: "auto" (default) asks the manifest's own default; "true" / "false" decide.
  enum class Enabled { kDefault, kYes, kNo } enabled = Enabled::kDefault;
  // `features`: those that containers may switch on; without the key all that the manifest has.
  std::optional<std::vector<std::string>> features;
  // Every other key of [backends.NAME], as text; checked against the manifest's [options].
  std::map<std::string, std::string> options;
};

struct Config {
  std::string file;  // where it was read from; "" for built-in defaults

  // [xpu-container-runtime]
  log::Level log_level = log::Level::kInfo;                             // log-level
  std::string debug;                                                    // debug
  std::vector<std::string> runtimes = {"docker-runc", "runc", "crun"};  // runtimes
  std::string runtime_path;                                             // runtime-path
  std::string mode = "auto";                                            // mode: auto | spec
  std::string on_unavailable = "fail";  // on-unavailable: fail | warn (for `all` without a device)
  // preferred-vendor: whose device a bare index is where several vendors have some; "any": nobody's
  std::string preferred_vendor = "any";
  bool disable_require = false;  // disable-require: what images need of the host is not checked

  // [state]
  std::string state_dir;  // directory; default /run/xpu, unprivileged $XDG_RUNTIME_DIR/xpu

  // [backends]
  std::vector<std::string> backend_dirs;            // directories; default: the installation's own
  unsigned backend_timeout_s = 60;                  // timeout-seconds: 1 to 600
  std::uint64_t backend_memory_bytes = 4ULL << 30;  // memory-limit, text such as "4GiB"
  bool require_sha256 = false;                      // require-sha256
  // [backends.NAME]
  std::map<std::string, BackendConfig> backends;
};

// Where things of this installation are, derived from the running program's own path
// (PREFIX/bin/PROGRAM or PREFIX/libexec/xpu/PROGRAM), so that an installation can be anywhere.
struct Installation {
  std::string prefix;
  std::string backend_dir;   // PREFIX/lib/xpu/backends
  std::string host_program;  // PREFIX/libexec/xpu/xpu-backend-host
  std::string data_dir;      // PREFIX/share/xpu
};
const Installation& installation();
// Which variables are well known, and the package that serves each: data of the installation.
std::string known_variables_file();
// The same for a program in `folder`.
Installation installation_of(const std::string& folder);

// ${XDG_CONFIG_HOME}/xpu-container-runtime/config.toml when that variable is set and absolute, else
// /etc/xpu-container-runtime/config.toml.
std::string config_path();

// Reads and checks the file; a missing file gives the defaults. Throws Error with file, line and
// key: syntax, unknown keys (with the nearest known one), wrong types, bad values, a file or folder
// that somebody else can write.
Config load_config();
Config load_config(const std::string& path);
// What can be used of a file that load_config() refuses: low-level runtime and state, as far as
// they are valid in a file that is trusted and parses; the defaults for everything else. Never
// throws: state, kill and delete must reach the runtime that a container was created with.
Config salvage_config() noexcept;
// Built-in defaults, with state_dir and backend_dirs filled in.
Config default_config();

// The low-level runtime to execute: XPU_CONTAINER_RUNTIME_PATH, then runtime-path, then the first
// entry of `runtimes` that is an executable file. Never this program itself. Throws Error that says
// what was tried and why each was not taken.
std::string find_low_level_runtime(const Config& config);

}  // namespace xpu
