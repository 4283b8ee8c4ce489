// SPDX-License-Identifier: Apache-2.0
// health: which devices work, and what an administrator knows better.
#include <memory>

#include "core/apps/commands.h"
#include "core/apps/health_view.h"
#include "core/apps/live.h"

namespace xpu {
namespace {

struct Options {
  bool json = false;
  std::string clear;
};

int health(const Config& config, const Options& options) {
  const std::vector<BackendStatus> backends =
      load_backends(config, find_backends(config), {}, Freshness::kCacheIfValid);
  if (!options.clear.empty()) {
    print(clear_health(config.state_dir, options.clear, backends));
    return 0;
  }
  const std::vector<HealthMark> marks = health_marks(config.state_dir);
  const std::vector<Record> live = live_records(config);
  const std::vector<HealthRow> rows = health_rows(backends, marks, live);
  const std::vector<LostDevice> lost = lost_devices(live, backends, marks);
  print(options.json ? health_json(rows, lost) : health_text(rows, lost));
  return 0;
}

}  // namespace

void add_health_commands(CLI::App& program, Commands* commands) {
  const auto options = std::make_shared<Options>();
  CLI::App* command = add_command(
      program, "health", "show which devices work, and which containers lost one", &options->json);
  command->add_option("--clear", options->clear,
                      "forget what an event told of this device: it works again");
  commands->push_back(
      {command, [options](const Config& config) { return health(config, *options); }});
}

}  // namespace xpu
