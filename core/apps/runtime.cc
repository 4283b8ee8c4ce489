// SPDX-License-Identifier: Apache-2.0
// xpu-runtime: the command line for people and scripts.
#include "core/apps/commands.h"
#include "core/base/error.h"
#include "core/log/log.h"

namespace xpu {

CLI::App* add_command(CLI::App& to, const char* name, const char* what, bool* json) {
  CLI::App* command = to.add_subcommand(name, what);
  command->add_flag("--json", *json, "print JSON instead of text");
  return command;
}

namespace {

constexpr const char* kExitCodes =
    "Exit codes:\n"
    "  0  done; also when no device was found\n"
    "  1  failed: a backend that failed or was refused, a configuration that cannot be used,\n"
    "     a container that would not start; one line on stderr says why\n"
    "  2  wrong usage";

int run_command(const Commands& commands) {
  try {
    for (const Command& command : commands) {
      if (command.app->parsed()) {
        return command.run(command.without_config ? default_config() : load_config());
      }
    }
    return kUsage;
  } catch (const std::exception& error) {
    log::error(error.what());
    return kFailure;
  }
}

int run(int argc, char** argv) {
  CLI::App program("Shows and explains what the XPU Container Runtime gives to containers.",
                   "xpu-runtime");
  bool debug = false;
  program.require_subcommand(1);
  program.fallthrough();
  program.footer(kExitCodes);
  program.set_version_flag("--version", cat("xpu-runtime ", XPU_VERSION));
  program.add_flag("--debug", debug, "log what is done on stderr");
  Commands commands;
  add_show_commands(program, &commands);
  add_explain_commands(program, &commands);
  add_backend_commands(program, &commands);
  add_choice_commands(program, &commands);
  add_cdi_commands(program, &commands);
  add_cost_commands(program, &commands);
  add_config_commands(program, &commands);
  add_configure_command(program, &commands);
  add_health_commands(program, &commands);
  add_doctor_commands(program, &commands);
  add_live_commands(program, &commands);
  try {
    program.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return program.exit(error) == 0 ? 0 : kUsage;
  }
  log::Targets targets;
  targets.program = "xpu-runtime";
  targets.level = debug ? log::Level::kDebug : log::Level::kWarn;
  log::configure(targets);
  return run_command(commands);
}

}  // namespace
}  // namespace xpu

int main(int argc, char** argv) {
  return xpu::run(argc, argv);
}
