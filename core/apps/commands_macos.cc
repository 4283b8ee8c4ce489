// SPDX-License-Identifier: Apache-2.0
// Commands about containers, which do not start on this system.
#include "core/apps/commands.h"
#include "core/base/error.h"

namespace xpu {
namespace {

int refuse(const Config&) {
  fail("containers of this machine start in a Linux virtual machine; run this command there");
}

}  // namespace

void add_choice_commands(CLI::App& program, Commands* commands) {
  for (const char* const name : {"select", "ps", "release"}) {
    CLI::App* command = program.add_subcommand(name, "in the Linux virtual machine only");
    command->allow_extras();
    commands->push_back({command, refuse, true});
  }
}

void add_cost_commands(CLI::App& program, Commands* commands) {
  CLI::App* command = program.add_subcommand("cost", "in the Linux virtual machine only");
  command->allow_extras();
  commands->push_back({command, refuse, true});
}

void add_configure_command(CLI::App& program, Commands* commands) {
  CLI::App* command = program.add_subcommand("configure", "in the Linux virtual machine only");
  command->allow_extras();
  commands->push_back({command, refuse, true});
}

}  // namespace xpu
