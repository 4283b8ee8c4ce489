// SPDX-License-Identifier: Apache-2.0
// `xpu-runtime configure`: makes our runtime known to the engines, and takes it out again.
#pragma once

#include <string>
#include <vector>

namespace xpu {

struct ConfigureOptions {
  std::vector<std::string> engines;  // none: those that are installed
  std::string name = "xpu";
  std::string program;  // "": the one that was installed with this one
  std::string config, drop_in, root;
  bool use_drop_in = false, set_as_default = false, cdi = false, remove = false;
  bool dry_run = false, restart = false, yes = false;
};

// What is wrong with the name of an engine, of a runtime; "" when nothing is.
std::string engine_problem(const std::string& name);
std::string runtime_name_problem(const std::string& name);

// The exit code. Throws Error.
int configure(const ConfigureOptions& options);

}  // namespace xpu
