// SPDX-License-Identifier: Apache-2.0
// Commands about containers, which do not start on this system.
#include "core/apps/commands.h"
#include "core/apps/show.h"
#include "core/base/error.h"

namespace xpu {
namespace {

int refuse(const Config&) {
  fail("containers of this machine start in a Linux virtual machine; run this command there");
}

void add_refused(CLI::App& program, const char* name, Commands* commands) {
  CLI::App* command = program.add_subcommand(name, "in the Linux virtual machine only");
  command->allow_extras();
  commands->push_back({command, refuse, true});
}

}  // namespace

std::string mode_of_host(const Config&, const std::vector<BackendStatus>&) {
  return "";
}

void add_choice_commands(CLI::App& program, Commands* commands) {
  for (const char* const name : {"select", "ps", "release"}) {
    add_refused(program, name, commands);
  }
}

void add_explain_commands(CLI::App& program, Commands* commands) {
  for (const char* const name : {"explain", "validate"}) {
    add_refused(program, name, commands);
  }
}

void add_cost_commands(CLI::App& program, Commands* commands) {
  add_refused(program, "cost", commands);
}

void add_cdi_commands(CLI::App& program, Commands* commands) {
  add_refused(program, "cdi", commands);
}

void add_configure_command(CLI::App& program, Commands* commands) {
  add_refused(program, "configure", commands);
}

void add_health_commands(CLI::App& program, Commands* commands) {
  add_refused(program, "health", commands);
}

void add_doctor_commands(CLI::App& program, Commands* commands) {
  add_refused(program, "doctor", commands);
}

void add_live_commands(CLI::App& program, Commands* commands) {
  for (const char* const name : {"monitor", "stats", "events"}) {
    add_refused(program, name, commands);
  }
}

}  // namespace xpu
