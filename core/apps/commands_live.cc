// SPDX-License-Identifier: Apache-2.0
// monitor, stats, events: what goes on now.
#include <memory>

#include "core/apps/commands.h"
#include "core/apps/events_command.h"
#include "core/apps/monitor.h"
#include "core/base/contains.h"
#include "core/base/error.h"
#include "core/base/joined.h"
#include "core/base/nearest.h"
#include "core/usage/when.h"

namespace xpu {
namespace {

constexpr unsigned kMostSeconds = 3600;

std::string kind_problem(const std::string& name) {
  if (host_event_kind(name)) {
    return "";
  }
  std::vector<std::string_view> known;
  for (int i = 0; i <= static_cast<int>(HostEventKind::kMessagesLost); ++i) {
    known.emplace_back(to_string(static_cast<HostEventKind>(i)));
  }
  return cat("'", name, "' is no kind of event", did_you_mean(name, known), "; there are ",
             joined(known));
}

std::string sort_problem(const std::string& name) {
  const std::vector<std::string> names = sort_names();
  return contains(names, name)
             ? ""
             : cat("'", name, "' is no column",
                   did_you_mean(name, std::vector<std::string_view>(names.begin(), names.end())),
                   "; there are ", joined(names));
}

std::string time_problem(const std::string& text) {
  try {
    parse_time(text, 0);
    return "";
  } catch (const Error& error) {
    return error.what();
  }
}

void add_monitor(CLI::App& program, Commands* commands) {
  struct Options {
    MonitorWish wish;
    bool usage = false, memory = false;
  };
  const auto options = std::make_shared<Options>();
  MonitorWish& wish = options->wish;
  CLI::App* command = program.add_subcommand(
      "monitor", "show devices, containers and processes on the whole screen, as they change");
  command->footer(
      "Keys: q ends, Tab goes to the next table, arrows scroll and choose the column to sort by,\n"
      "h shows all keys. Without a terminal it shows what --once does. Needs no xpud.");
  command->add_flag("--once", wish.once, "print one look as text and end");
  command->add_flag("--json", wish.json,
                    "print one look as JSON and end; with --interval one object a line, until "
                    "interrupted");
  command->add_option("--interval", wish.interval_s, "seconds between two looks; default: 2")
      ->check(CLI::Range(1u, kMostSeconds));
  command->add_option("--sort", wish.sort, cat("the column to sort by: ", joined(sort_names())))
      ->check(sort_problem);
  command->add_flag("--no-colour,--no-color", wish.no_colour,
                    "no colours; as with the variable NO_COLOR");
  CLI::Option* usage = command->add_flag("--gpu-usage", options->usage,
                                         "how busy each engine is, and because of which container");
  command->add_flag("--memory-breakdown", options->memory, "whose the memory of each device is")
      ->excludes(usage);
  commands->push_back({command, [options](const Config& config) {
                         options->wish.page = options->usage    ? Page::kEngines
                                              : options->memory ? Page::kMemory
                                                                : Page::kOverview;
                         return monitor(config, options->wish);
                       }});
}

void add_stats(CLI::App& program, Commands* commands) {
  const auto wish = std::make_shared<StatsWish>();
  CLI::App* command =
      add_command(program, "stats", "show what containers use of their devices", &wish->json);
  command->footer("It measures for about a second. Needs no xpud.");
  command->add_option("CONTAINER", wish->container,
                      "id, its beginning, name or pod; default: all, one a line");
  command->add_flag("--memory-breakdown", wish->memory_breakdown,
                    "memory by device, process and region");
  command->add_flag("--follow", wish->follow, "again and again, until interrupted");
  command->add_option("--interval", wish->interval_s, "seconds between two looks")
      ->check(CLI::Range(1u, kMostSeconds))
      ->capture_default_str();
  commands->push_back({command, [wish](const Config& config) { return stats(config, *wish); }});
}

void add_events(CLI::App& program, Commands* commands) {
  const auto wish = std::make_shared<EventsWish>();
  CLI::App* command = program.add_subcommand(
      "events", "show what happened on this host, and then what happens, until interrupted");
  command->footer("xpud writes them down, of this boot: the newest one or two mebibytes.");
  command->add_flag("--json", wish->json, "print one JSON object a line");
  command->add_option("--since", wish->since, "10m (ago), 2026-11-01T12:00:00Z, ...; default: all")
      ->check(time_problem);
  command->add_flag("--no-follow", wish->no_follow, "end after what is kept");
  command->add_option("--kind", wish->kinds, "only these: added,removed,health,lost,start,...")
      ->delimiter(',')
      ->check(kind_problem);
  command->add_option("--device", wish->device, "only of this device: acme:0, or its UUID");
  command->add_option("--container", wish->container,
                      "only of this container: id, its beginning, name or pod");
  commands->push_back(
      {command, [wish](const Config& config) { return show_events(config, *wish); }});
}

}  // namespace

void add_live_commands(CLI::App& program, Commands* commands) {
  add_monitor(program, commands);
  add_stats(program, commands);
  add_events(program, commands);
}

}  // namespace xpu
