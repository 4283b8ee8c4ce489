// SPDX-License-Identifier: Apache-2.0
// cost report.
#include <ctime>
#include <memory>

#include "core/apps/commands.h"
#include "core/apps/cost.h"
#include "core/apps/live.h"
#include "core/base/error.h"
#include "core/figures/figures.h"
#include "core/log/log.h"

namespace xpu {
namespace {

struct Options {
  bool json = false, csv = false;
  CostRequest request;
};

int report(const Config& config, const Options& options) {
  CostRequest request = options.request;
  request.usage_dir = config.usage_dir;
  request.prices_file = prices_file(config);
  request.now = static_cast<std::int64_t>(std::time(nullptr));
  request.width = terminal_width();
  request.format = options.json  ? CostFormat::kJson
                   : options.csv ? CostFormat::kCsv
                                 : CostFormat::kText;
  request.live = live_usages(config);
  std::vector<std::string> warnings;
  print(cost_report(request, &warnings));
  if (!config.accounting) {
    warnings.push_back(
        "nothing new is written to the journal: accounting = false in [cost] of the configuration");
  }
  for (const std::string& warning : warnings) {
    log::warn(warning);
  }
  return 0;
}

}  // namespace

void add_cost_commands(CLI::App& program, Commands* commands) {
  const auto options = std::make_shared<Options>();
  CLI::App* cost = program.add_subcommand("cost", "what the use of accelerators cost");
  cost->require_subcommand(1);
  CLI::App* command = cost->add_subcommand("report", "sum up who held which device for how long");
  command->add_option("--since", options->request.since,
                      "2026-11-01, 2026-11-01T12:00:00+02:00, 7d (ago), month (the default), ...");
  command->add_option("--until", options->request.until, "the same; default: now");
  command->add_option("--by", options->request.by, "container, image, device, vendor or label")
      ->check(
          CLI::IsMember(std::vector<std::string>(std::begin(kCostGroups), std::end(kCostGroups))))
      ->capture_default_str();
  CLI::Option* json = command->add_flag("--json", options->json, "print JSON instead of text");
  command->add_flag("--csv", options->csv, "print comma-separated values")->excludes(json);
  commands->push_back(
      {command, [options](const Config& config) { return report(config, *options); }});
}

}  // namespace xpu
