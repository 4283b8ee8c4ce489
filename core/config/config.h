// SPDX-License-Identifier: Apache-2.0
// config.toml: what an administrator decides.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/log/log.h"

namespace xpu {

// The variables by which a container asks, whatever the vendor.
inline constexpr std::string_view kRequestVariables[] = {"XPU_VISIBLE_DEVICES",
                                                         "XPU_DEVICE_TYPE",
                                                         "XPU_COUNT",
                                                         "XPU_MAX_GPU",
                                                         "XPU_ENABLE_MULTI_GPU",
                                                         "XPU_MIN_VRAM",
                                                         "XPU_MIN_ARCH",
                                                         "XPU_STRATEGY",
                                                         "XPU_SHARING",
                                                         "XPU_AFFINITY",
                                                         "XPU_DRIVER_CAPABILITIES",
                                                         "XPU_WAIT",
                                                         "XPU_LABEL"};

inline constexpr std::string_view kStrategyNames[] = {
    "performance", "cost", "balanced", "packed", "spread", "numa-local", "first"};

struct BackendConfig {
  // `enabled`: "auto" (default) asks the manifest's own default; "true" / "false" decide.
  enum class Enabled { kDefault, kYes, kNo } enabled = Enabled::kDefault;
  // `features`: those that containers may switch on; without the key all that the manifest has.
  std::optional<std::vector<std::string>> features;
  // Every other key of [backends.NAME], as text; checked against the manifest's [options].
  std::map<std::string, std::string> options;
};

// [aliases] NAME = "XPU_VARIABLE", or NAME = { variable = "XPU_VARIABLE", values = { from = "to" }
// }: a variable that images and scripts of other systems set, and what it stands for here.
struct Alias {
  std::string name;
  std::string variable;  // one of the runtime's own
  // Values in any case, and what each stands for; one that is not listed is as if not set. Empty:
  // values stay what they are.
  std::vector<std::pair<std::string, std::string>> values;
};

// Where a value of the configuration comes from.
struct ValueOrigin {
  std::string file;
  unsigned line = 0;
};

struct Config {
  std::string file;  // where it was read from; "" for built-in defaults
  // Of every key that a file sets, "policy.profile", the last that did.
  std::map<std::string, ValueOrigin> origins;

  // [xpu-container-runtime]
  log::Level log_level = log::Level::kInfo;                             // log-level
  std::string debug;                                                    // debug
  std::vector<std::string> runtimes = {"docker-runc", "runc", "crun"};  // runtimes
  std::string runtime_path;                                             // runtime-path
  std::string mode = "auto";            // mode: see core/start/mode.h
  std::string on_unavailable = "fail";  // on-unavailable: fail | warn (for `all` without a device)
  // preferred-vendor: whose device a bare index is where several vendors have some; "any": nobody's
  std::string preferred_vendor = "any";
  bool disable_require = false;  // disable-require: what images need of the host is not checked

  // [request]
  std::string default_request = "none";  // default-request: none | auto, of who asks for nothing
  std::vector<Alias> aliases;            // [aliases]

  // [selection]
  std::string strategy = "balanced";  // strategy: one of kStrategyNames, where a container has none
  unsigned load_max_age_s = 15;       // load-max-age-seconds: older samples of load do not count
  // allow-unhealthy: devices whose health is "failed" may be given (core/health/health.h)
  bool allow_unhealthy = false;

  // [policy]; what is not set is as the profile says (core/policy/policy.h)
  std::string profile = "single-user";  // profile: single-user | multi-tenant
  std::optional<std::string> accept_environment, accept_annotations, accept_volume_mounts,
      accept_slurm, accept_features;           // environment, ...: always | privileged | never
  std::optional<std::string> default_sharing;  // default-sharing: shared | exclusive
  std::optional<std::string> sharing_choice;   // sharing-choice: any | tighten | fixed
  unsigned max_devices_per_container = 0;      // max-devices-per-container; 0: no limit
  bool enable_multi_gpu = true;                // enable-multi-gpu
  unsigned max_wait_s = 300;                   // max-wait-seconds: longest XPU_WAIT, 0 to 86400
  std::vector<std::string> allow_vendors;      // allow-vendors, also of CDI; empty: all
  std::vector<std::string> allow_devices;      // allow-devices: patterns; empty: all
  std::vector<std::string> deny_devices;       // deny-devices: patterns
  std::vector<std::string> privileged_capabilities;  // privileged-capabilities: of driver files
  std::string audit_log;                             // audit-log; "" for none

  // [leases]
  unsigned share_limit = 0;  // share-limit: most containers that share one device; 0: no limit
  // [leases.share-limits]: pattern = limit, the first that matches counts; as in the file, those of
  // a later file before those of an earlier one
  std::vector<std::pair<std::string, unsigned>> share_limits;

  // [cdi]
  std::vector<std::string> cdi_spec_dirs = {"/etc/cdi", "/var/run/cdi"};  // spec-dirs
  std::vector<std::string> cdi_annotation_prefixes = {"cdi.k8s.io/"};     // annotation-prefixes
  std::string cdi_default_kind;      // default-kind: of names without one where mode = "cdi"
  bool cdi_allow_untrusted = false;  // allow-untrusted: files that others could have written

  // [cost]
  bool accounting = true;     // accounting
  std::string usage_dir;      // directory
  std::string prices_file;    // prices; "" for prices.toml beside config.toml, else the shipped one
  unsigned keep_months = 24;  // keep-months: 0 keeps every month

  // [xpud]
  bool metrics = true;                        // metrics: whether they are served
  std::string metrics_address = "127.0.0.1";  // metrics-address: an IP address, or unix:/PATH
  unsigned metrics_port = 9410;               // metrics-port; not with unix:
  unsigned sample_s = 5;                      // sample-seconds: how often devices are measured
  bool heal = true;  // heal: running containers get back devices that their cgroup lost

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
// The configuration, prices and figures of models, as shipped.
std::string shipped_config_file();
std::string shipped_prices_file();
std::string shipped_models_file();
// The same for a program in `folder`.
Installation installation_of(const std::string& folder);

// ${XDG_CONFIG_HOME}/xpu-container-runtime/config.toml when that variable is set and absolute, else
// /etc/xpu-container-runtime/config.toml.
std::string config_path();

// Reads and checks the file and then, by name, every config.d/*.toml beside it, each of which
// replaces values key by key; a missing file gives the defaults. Throws Error with file, line and
// key: syntax, unknown keys (with the nearest known one), wrong types, bad values, a file or folder
// that somebody else can write.
Config load_config();
Config load_config(const std::string& path);
// The same for a text alone; `file` is for messages.
Config parse_config(const std::string& text, const std::string& file);
// What can be used of files that load_config() refuses: every key that is valid in a file that is
// trusted and parses, but for [request] and [backends]; the defaults for everything else. Never
// throws: state, kill and delete must reach the runtime that a container was created with.
Config salvage_config() noexcept;
// Built-in defaults, with state_dir and backend_dirs filled in.
Config default_config();

// The low-level runtime to execute: XPU_CONTAINER_RUNTIME_PATH, then runtime-path, then the first
// entry of `runtimes` that is an executable file. Never this program itself. Throws Error that says
// what was tried and why each was not taken.
std::string find_low_level_runtime(const Config& config);

}  // namespace xpu
