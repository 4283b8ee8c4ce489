// SPDX-License-Identifier: Apache-2.0
// detect, info, version: what there is.
#include <memory>

#include "core/apps/commands.h"
#include "core/apps/show.h"
#include "core/base/error.h"
#include "core/log/log.h"

namespace xpu {
namespace {

// Devices that could be described are printed all the same; the exit code tells of the others.
int report_broken(const std::vector<BackendStatus>& backends) {
  int code = 0;
  for (const BackendStatus& backend : backends) {
    if (backend.state == BackendState::kFailed || backend.state == BackendState::kRefused) {
      log::error(backend.reason);
      code = kFailure;
    }
  }
  return code;
}

int detect(const Config& config, bool json, bool refresh) {
  const std::vector<BackendStatus> backends = load_backends(
      config, find_backends(config), {}, refresh ? Freshness::kRefresh : Freshness::kCacheIfValid);
  const std::vector<HealthMark> marks = health_marks(config.state_dir);
  print(json ? devices_json(backends, marks) : devices_text(backends, marks));
  return report_broken(backends);
}

int info(const Config& config, bool json) {
  Info info;
  info.config = &config;
  info.config_file = config_path();
  int code = 0;
  try {
    info.low_level_runtime = find_low_level_runtime(config);
  } catch (const Error& error) {
    info.low_level_runtime = cat("none: ", error.what());
    code = kFailure;
  }
  info.backends = load_backends(config, find_backends(config), {}, Freshness::kCacheIfValid);
  info.mode = mode_of_host(config, info.backends);
  print(json ? info_json(info) : info_text(info));
  return code;
}

struct Options {
  bool json = false, refresh = false;
};

}  // namespace

void add_show_commands(CLI::App& program, Commands* commands) {
  const auto options = std::make_shared<Options>();
  CLI::App* command =
      add_command(program, "detect", "list the accelerators of this host", &options->json);
  command->add_flag("--refresh", options->refresh, "ask the backends anew, not the cache");
  commands->push_back({command, [options](const Config& config) {
                         return detect(config, options->json, options->refresh);
                       }});

  command = add_command(program, "info", "show configuration, low-level runtime and backends",
                        &options->json);
  commands->push_back(
      {command, [options](const Config& config) { return info(config, options->json); }});

  command = program.add_subcommand("version", "print the version");
  commands->push_back({command,
                       [](const Config&) {
                         print(cat("xpu-runtime ", XPU_VERSION, "\n"));
                         return 0;
                       },
                       true});
}

}  // namespace xpu
