// SPDX-License-Identifier: Apache-2.0
// config show, config migrate, policy show: what an administrator decided.
#include <memory>

#include "core/apps/commands.h"
#include "core/apps/config_command.h"
#include "core/apps/migrate.h"
#include "core/apps/policy_command.h"
#include "core/base/error.h"

namespace xpu {
namespace {

struct Options {
  bool json = false, origin = false;
  std::string file;
};

// The configuration goes to stdout as it would be written to a file, what was left out to stderr.
int migrate_file(const std::string& file) {
  const Migration migration = migrate(file, migrations_file());
  print(migration.config);
  for (const std::string& line : migration.left_out) {
    std::fprintf(stderr, "no counterpart: %s\n", line.c_str());
  }
  return 0;
}

}  // namespace

void add_config_commands(CLI::App& program, Commands* commands) {
  const auto options = std::make_shared<Options>();
  CLI::App* config = program.add_subcommand("config", "show the configuration, or bring one along");
  config->require_subcommand(1);

  CLI::App* command = add_command(*config, "show", "every key and its value", &options->json);
  command->add_flag("--origin", options->origin,
                    "also each default, and the file and line that set it");
  commands->push_back({command, [options](const Config& loaded) {
                         print(options->json ? config_json(loaded, options->origin)
                                             : config_text(loaded, options->origin));
                         return 0;
                       }});

  command = config->add_subcommand(
      "migrate", "print the configuration of another runtime as one of this runtime");
  command->add_option("FILE", options->file, "a configuration file of another runtime")->required();
  commands->push_back(
      {command, [options](const Config&) { return migrate_file(options->file); }, true});

  CLI::App* policy = program.add_subcommand("policy", "who may ask for what");
  policy->require_subcommand(1);
  command = add_command(*policy, "show", "what is in force, and why", &options->json);
  commands->push_back({command, [options](const Config& loaded) {
                         print(options->json ? policy_json(loaded) : policy_text(loaded));
                         return 0;
                       }});
}

}  // namespace xpu
