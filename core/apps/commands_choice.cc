// SPDX-License-Identifier: Apache-2.0
// select, ps, release: who would get what, who has it, and whose it is no more.
#include <ctime>
#include <map>
#include <memory>

#include "core/apps/commands.h"
#include "core/apps/holders.h"
#include "core/apps/live.h"
#include "core/apps/ps.h"
#include "core/apps/release.h"
#include "core/apps/select_command.h"
#include "core/base/error.h"
#include "core/health/lost.h"
#include "core/log/log.h"
#include "core/plugin/refresh.h"
#include "core/record/ledger.h"
#include "core/start/account.h"
#include "core/start/cpus.h"

namespace xpu {
namespace {

struct Options {
  bool json = false, force = false;
  SelectRequest select;
  std::string container;
};

int select_devices(const Config& config, const Options& options) {
  const SelectAnswer answer = select_answer(config, options.select, options.json);
  print(answer.text);
  if (!answer.error.empty()) {
    log::error(answer.error);
    return kFailure;
  }
  return 0;
}

int show_holders(const Config& config, bool json) {
  PsView view;
  view.now_unix = static_cast<std::int64_t>(std::time(nullptr));
  view.state_dir = config.state_dir;
  std::vector<Usage> live;
  const std::vector<Record> records = live_records(config);
  std::vector<std::string> roots;
  for (const Record& record : records) {
    roots.push_back(record.runtime_root);
    live.push_back(usage_of(record));
    view.rows.push_back({record, ""});
  }
  std::vector<std::string> warnings;
  const std::map<std::string, std::string> cost =
      live_costs(config, live, view.now_unix, &warnings);
  for (const std::string& warning : warnings) {
    log::warn(warning);
  }
  for (std::size_t i = 0; i < live.size(); ++i) {
    const auto found = cost.find(live[i].lease);
    view.rows[i].cost = found == cost.end() ? "" : found->second;
  }
  view.waiting = look_at_leases(config.state_dir).waiters();
  // From what is known without asking a backend.
  const std::vector<BackendStatus> backends =
      load_backends(config, find_backends(config), {}, Freshness::kCacheIfValid);
  view.outside = outside_of(config, roots, backends);
  const std::vector<HealthMark> marks = health_marks(config.state_dir);
  view.devices = health_rows(backends, marks, records);
  view.lost = lost_devices(records, backends, marks);
  print(json ? ps_json(view) : ps_text(view));
  return 0;
}

int release(const Config& config, const Options& options) {
  print(release_container(config.state_dir, options.container, options.force,
                          [&](const Record& record, std::int64_t end_unix, bool estimated) {
                            end_account(config, record, end_unix, estimated);
                          }) +
        "\n");
  return 0;
}

std::string cpus_problem(const std::string& text) {
  return is_cpu_list(text) ? "" : cat("'", text, "' is no list of CPUs, such as 0-3,8");
}

}  // namespace

void add_choice_commands(CLI::App& program, Commands* commands) {
  const auto options = std::make_shared<Options>();
  CLI::App* command = add_command(
      program, "select", "show which devices a request would get now, and why; starts nothing",
      &options->json);
  command->add_option("REQUEST", options->select.words,
                      "attributes (count=2 'vram>=24GiB' strategy=cost), devices (acme:0), or "
                      "variables of a container (XPU_SHARING=exclusive); default: count=1");
  command
      ->add_option("--cpus", options->select.cpus,
                   "CPUs that the container may run on, as 0-3,8; default: any")
      ->check(cpus_problem);
  command->add_flag("--privileged", options->select.privileged,
                    "as of a privileged container, whose variables count where [policy] says "
                    "\"privileged\"");
  commands->push_back(
      {command, [options](const Config& config) { return select_devices(config, *options); }});

  command = add_command(program, "ps", "list the containers that hold devices", &options->json);
  commands->push_back(
      {command, [options](const Config& config) { return show_holders(config, options->json); }});

  command = program.add_subcommand("release", "end the lease of a container");
  command->add_option("CONTAINER", options->container, "id, its beginning, or name")->required();
  command->add_flag("--force", options->force,
                    "also of one that runs; it keeps its access until it ends");
  commands->push_back(
      {command, [options](const Config& config) { return release(config, *options); }});
}

}  // namespace xpu
