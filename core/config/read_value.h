// SPDX-License-Identifier: Apache-2.0
// Makes values of config.toml into ours, with errors that name file, line and key.
#pragma once

#include <toml++/toml.h>

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.h"
#include "core/config/config.h"

namespace xpu {

// [a-z][a-z0-9-]*, at most 32, as backends, vendors and features are called.
bool is_name(std::string_view text);

// The entries of a table as they stand in the file; toml++ has them by name.
std::vector<std::pair<const toml::key*, const toml::node*>> in_order(const toml::table& table);

// Every method throws Error for a value that it cannot take.
class ValueReader {
 public:
  explicit ValueReader(std::string file) : file_(std::move(file)) {}

  // What is being read now.
  std::string section;
  std::string key;

  template <class... Parts>
  [[noreturn]] void bad(const toml::node& node, const Parts&... problem) const {
    fail(file_, ':', node.source().begin.line, ": key '", key, "'",
         section.empty() ? "" : cat(" in [", section, "]"), ' ', problem...);
  }
  [[noreturn]] void unknown(const toml::key& name,
                            const std::vector<std::string_view>& known) const;
  // Notes that this file decides what is being read.
  void note_origin(const toml::key& name, Config& config) const;

  const toml::table& table(const toml::node& node) const;
  std::string text(const toml::node& node) const;
  std::string quoted(const toml::node& node) const { return cat('\'', text(node), '\''); }
  bool flag(const toml::node& node) const;
  std::string one_of(const toml::node& node, std::span<const std::string_view> words) const;
  // `unit`: "number" or "number of seconds", for messages.
  unsigned number(const toml::node& node, unsigned least, unsigned most, const char* unit) const;
  // "512MiB", at least 64MiB.
  std::uint64_t size(const toml::node& node) const;

  std::string absolute(const toml::node& node) const;
  std::string absolute_or_empty(const toml::node& node) const;
  // An IP address, or "unix:/PATH".
  std::string listen_address(const toml::node& node) const;
  // A name that is searched in PATH, or an absolute path: a relative one would mean another
  // program in every working directory.
  std::string program(const toml::node& node) const;
  std::string name(const toml::node& node) const;
  // VENDOR/CLASS of CDI.
  std::string kind_or_empty(const toml::node& node) const;

  // At least one.
  std::vector<std::string> programs(const toml::node& node) const;
  std::vector<std::string> folders(const toml::node& node) const;
  // Any number.
  std::vector<std::string> names(const toml::node& node) const;
  // Backends' vendors and those of CDI, which are like domains.
  std::vector<std::string> vendors(const toml::node& node) const;
  // Beginnings of keys of annotations.
  std::vector<std::string> prefixes(const toml::node& node) const;
  std::vector<std::string> patterns(const toml::node& node) const;
  void check_pattern(const toml::node& node, std::string_view pattern) const;

 private:
  // A list of texts that consist of letters, digits and `others`.
  std::vector<std::string> words(const toml::node& node, std::string_view others,
                                 const char* what) const;
  const toml::array& filled_array(const toml::node& node) const;

  std::string file_;
};

}  // namespace xpu
