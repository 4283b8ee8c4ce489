// SPDX-License-Identifier: Apache-2.0
// `xpu-runtime config migrate`: the configuration of another system as ours. Which systems there
// are and what each of their keys stands for is data: config/migrations.toml.
#pragma once

#include <string>
#include <vector>

namespace xpu {

struct Migration {
  std::string config;  // text of a config.toml, which load_config() accepts
  // What has no counterpart, one line each: "KEY = VALUE: what to use instead".
  std::vector<std::string> left_out;
};

// migrations.toml of this installation.
std::string migrations_file();

// Throws Error that names `file` when it cannot be read or is of no system that `rules_file` knows.
Migration migrate(const std::string& file, const std::string& rules_file);

}  // namespace xpu
