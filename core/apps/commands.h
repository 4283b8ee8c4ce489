// SPDX-License-Identifier: Apache-2.0
// The subcommands of xpu-runtime: what each takes and what it does.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <vector>

#include "core/config/config.h"

namespace xpu {

inline constexpr int kFailure = 1;
inline constexpr int kUsage = 2;

struct Command {
  CLI::App* app;
  std::function<int(const Config&)> run;  // the exit code
  // Also with a configuration that cannot be used; the defaults are passed then.
  bool without_config = false;
};

// Each adds its subcommands to the program; what they parse into lives as long as `commands`.
using Commands = std::vector<Command>;
void add_show_commands(CLI::App& program, Commands* commands);     // detect, info, version
void add_explain_commands(CLI::App& program, Commands* commands);  // explain, validate
void add_backend_commands(CLI::App& program, Commands* commands);  // backends list, show, verify
void add_choice_commands(CLI::App& program, Commands* commands);   // select, ps, release
void add_config_commands(CLI::App& program,
                         Commands* commands);  // config show, migrate, policy show
void add_cdi_commands(CLI::App& program,
                      Commands* commands);  // cdi generate, list, validate, refresh
void add_cost_commands(CLI::App& program, Commands* commands);  // cost report
void add_configure_command(CLI::App& program, Commands* commands);
void add_health_commands(CLI::App& program, Commands* commands);  // health
void add_doctor_commands(CLI::App& program, Commands* commands);  // doctor

void add_live_commands(CLI::App& program, Commands* commands);  // monitor, stats, events

// A subcommand that takes --json into `json`.
CLI::App* add_command(CLI::App& to, const char* name, const char* what, bool* json);

// Columns of standard output; 80 where it is no terminal.
unsigned terminal_width();

// To standard output; throws Error when it cannot be written.
void print(const std::string& text);

}  // namespace xpu
