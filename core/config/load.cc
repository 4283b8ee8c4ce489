// SPDX-License-Identifier: Apache-2.0
// Reads config.toml. Each section is a table of keys and what to do with the value, so that the
// list of known keys, which the suggestions need, is the same as what is read.
#include <toml++/toml.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <string_view>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/nearest.h"
#include "core/base/trust.h"
#include "core/config/config.h"

namespace xpu {
namespace {

constexpr std::size_t kFileLimit = 1 << 20;
constexpr std::uint64_t kLeastMemory = 64ULL << 20;

// [a-z][a-z0-9-]*, as backends, vendors and features are called.
bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= 32 && text[0] >= 'a' && text[0] <= 'z' &&
         text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string_view::npos;
}

struct Key {
  std::string_view name;
  std::function<void(const toml::node&)> read;
};

class Loader {
 public:
  explicit Loader(std::string file) : file_(std::move(file)) {}

  Config load(const std::string& text) {
    config_ = default_config();
    config_.file = file_;
    try {
      read_top(toml::parse(text, file_));
    } catch (const toml::parse_error& error) {
      fail(file_, ':', error.source().begin.line, ": ", error.description());
    }
    return std::move(config_);
  }

  Config salvage(const std::string& text) {
    config_ = default_config();
    salvaging_ = true;
    read_top(toml::parse(text, file_));
    return std::move(config_);
  }

 private:
  void read_top(const toml::table& top) {
    section_.clear();
    read(top, {{"xpu-container-runtime", [&](const toml::node& n) { read_runtime(table(n)); }},
               {"state", [&](const toml::node& n) { read_state(table(n)); }},
               {"backends", [&](const toml::node& n) {
                  if (!salvaging_) {
                    read_backends(table(n));
                  }
                }}});
  }

  void read_runtime(const toml::table& section) {
    section_ = "xpu-container-runtime";
    read(section,
         {{"log-level",
           [&](const toml::node& n) {
             if (!log::parse_level(text(n), &config_.log_level)) {
               bad(n, "must be debug, info, warn or error, not ", quoted(n));
             }
           }},
          {"debug", [&](const toml::node& n) { config_.debug = absolute_or_empty(n); }},
          {"runtimes", [&](const toml::node& n) { config_.runtimes = names(n); }},
          {"runtime-path", [&](const toml::node& n) { config_.runtime_path = program(n); }},
          {"mode", [&](const toml::node& n) { config_.mode = one_of(n, "auto", "spec"); }},
          {"on-unavailable",
           [&](const toml::node& n) { config_.on_unavailable = one_of(n, "fail", "warn"); }},
          {"preferred-vendor",
           [&](const toml::node& n) { config_.preferred_vendor = lower_case_name(n); }},
          {"disable-require", [&](const toml::node& n) { config_.disable_require = flag(n); }}});
  }

  void read_state(const toml::table& section) {
    section_ = "state";
    read(section, {{"directory", [&](const toml::node& n) { config_.state_dir = absolute(n); }}});
  }

  void read_backends(const toml::table& section) {
    section_ = "backends";
    std::vector<Key> keys = {
        {"directories", [&](const toml::node& n) { config_.backend_dirs = folders(n); }},
        {"timeout-seconds",
         [&](const toml::node& n) {
           const auto seconds = n.value_exact<std::int64_t>();
           if (!seconds || *seconds < 1 || *seconds > 600) {
             bad(n, "must be a number of seconds from 1 to 600");
           }
           config_.backend_timeout_s = static_cast<unsigned>(*seconds);
         }},
        {"memory-limit", [&](const toml::node& n) { config_.backend_memory_bytes = size(n); }},
        {"require-sha256", [&](const toml::node& n) { config_.require_sha256 = flag(n); }}};
    for (const auto& [key, node] : section) {
      if (node.is_table()) {
        read_backend(std::string(key.str()), *node.as_table());
      }
    }
    section_ = "backends";
    read(section, keys, /*skip_tables=*/true);
  }

  void read_backend(const std::string& name, const toml::table& options) {
    section_ = "backends";
    key_ = name;
    if (!is_name(name)) {
      bad(options, "is no name of a backend: lower-case letters, digits and '-', at most 32");
    }
    section_ = cat("backends.", name);
    BackendConfig& backend = config_.backends[name];
    for (const auto& [key, node] : options) {
      key_ = key.str();
      if (key_ == "enabled") {
        backend.enabled = enabled(node);
      } else if (key_ == "features") {
        backend.features = lower_case_names(node);
      } else {
        backend.options[key_] = option(node);
      }
    }
  }

  // Calls the reader of every key that is there; a key without a reader is an error.
  void read(const toml::table& section, const std::vector<Key>& keys, bool skip_tables = false) {
    const std::string section_name = section_;
    for (const auto& [key, node] : section) {
      section_ = section_name;
      key_ = key.str();
      if (skip_tables && node.is_table()) {
        continue;
      }
      const auto known =
          std::find_if(keys.begin(), keys.end(), [&](const Key& k) { return k.name == key_; });
      if (known == keys.end() && !salvaging_) {
        unknown(key, keys);
      }
      if (known != keys.end()) {
        read_key(*known, node);
      }
    }
  }

  void read_key(const Key& key, const toml::node& node) {
    try {
      key.read(node);
    } catch (const Error&) {
      if (!salvaging_) {
        throw;
      }
    }
  }

  [[noreturn]] void unknown(const toml::key& key, const std::vector<Key>& keys) {
    std::vector<std::string_view> words;
    for (const Key& k : keys) {
      words.push_back(k.name);
    }
    fail(file_, ':', key.source().begin.line, ": unknown key '", key.str(), "'",
         section_.empty() ? "" : cat(" in [", section_, "]"), did_you_mean(key.str(), words));
  }

  template <class... Parts>
  [[noreturn]] void bad(const toml::node& node, const Parts&... problem) {
    fail(file_, ':', node.source().begin.line, ": ", "key '", key_, "'",
         section_.empty() ? "" : cat(" in [", section_, "]"), ' ', problem...);
  }

  const toml::table& table(const toml::node& node) {
    if (!node.is_table()) {
      bad(node, "must be a section: [", key_, "]");
    }
    return *node.as_table();
  }

  std::string text(const toml::node& node) {
    const auto value = node.value_exact<std::string>();
    if (!value) {
      bad(node, "must be a text in quotes");
    }
    if (value->find('\0') != std::string::npos) {
      bad(node, "must not hold a NUL character");
    }
    return *value;
  }

  std::string quoted(const toml::node& node) { return cat('\'', text(node), '\''); }

  std::string one_of(const toml::node& node, std::string_view a, std::string_view b) {
    const std::string value = text(node);
    if (value != a && value != b) {
      bad(node, "must be ", a, " or ", b, ", not ", quoted(node));
    }
    return value;
  }

  std::string absolute(const toml::node& node) {
    std::string path = text(node);
    if (path.empty() || path.front() != '/') {
      bad(node, "must be an absolute path, not ", quoted(node));
    }
    while (path.size() > 1 && path.back() == '/') {
      path.pop_back();
    }
    return path;
  }

  std::string absolute_or_empty(const toml::node& node) {
    return text(node).empty() ? "" : absolute(node);
  }

  // A name that is searched in PATH, or an absolute path: a relative one would mean another
  // program in every working directory.
  std::string program(const toml::node& node) {
    const std::string name = text(node);
    return name.find('/') == std::string::npos ? name : absolute(node);
  }

  const toml::array& filled_array(const toml::node& node) {
    if (!node.is_array() || node.as_array()->empty()) {
      bad(node, "must be a list of at least one text");
    }
    return *node.as_array();
  }

  std::vector<std::string> names(const toml::node& node) {
    std::vector<std::string> out;
    for (const toml::node& element : filled_array(node)) {
      out.push_back(program(element));
      if (out.back().empty()) {
        bad(element, "must not hold an empty name");
      }
    }
    return out;
  }

  std::vector<std::string> folders(const toml::node& node) {
    std::vector<std::string> out;
    for (const toml::node& element : filled_array(node)) {
      out.push_back(absolute(element));
    }
    return out;
  }

  // "512MiB"
  std::uint64_t size(const toml::node& node) {
    const std::string value = text(node);
    const std::size_t digits = std::min(value.find_first_not_of("0123456789"), value.size());
    const std::string_view unit = std::string_view(value).substr(digits);
    const int shift = unit == "KiB" ? 10 : unit == "MiB" ? 20 : unit == "GiB" ? 30 : 0;
    if (digits == 0 || digits > 9 || shift == 0) {
      bad(node, "must be a size such as \"512MiB\" or \"4GiB\", not ", quoted(node));
    }
    const std::uint64_t bytes = std::strtoull(value.c_str(), nullptr, 10) << shift;
    if (bytes < kLeastMemory) {
      bad(node, "must be at least 64MiB, not ", quoted(node));
    }
    return bytes;
  }

  std::string lower_case_name(const toml::node& node) {
    std::string name = text(node);
    if (!is_name(name)) {
      bad(node, "must be lower-case letters, digits and '-', at most 32, not ", quoted(node));
    }
    return name;
  }

  std::vector<std::string> lower_case_names(const toml::node& node) {
    if (!node.is_array()) {
      bad(node, "must be a list of names");
    }
    std::vector<std::string> out;
    for (const toml::node& element : *node.as_array()) {
      out.push_back(lower_case_name(element));
    }
    return out;
  }

  bool flag(const toml::node& node) {
    const auto value = node.value_exact<bool>();
    if (!value) {
      bad(node, "must be true or false");
    }
    return *value;
  }

  BackendConfig::Enabled enabled(const toml::node& node) {
    if (const auto value = node.value_exact<bool>()) {
      return *value ? BackendConfig::Enabled::kYes : BackendConfig::Enabled::kNo;
    }
    if (node.value_exact<std::string>() != "auto") {
      bad(node, "must be true, false or \"auto\"");
    }
    return BackendConfig::Enabled::kDefault;
  }

  std::string option(const toml::node& node) {
    if (const auto value = node.value_exact<bool>()) {
      return *value ? "true" : "false";
    }
    if (const auto value = node.value_exact<std::int64_t>()) {
      return std::to_string(*value);
    }
    if (!node.is_string()) {
      bad(node, "must be a text, a whole number, true or false");
    }
    return text(node);
  }

  std::string file_;
  bool salvaging_ = false;  // what is wrong is left at its default
  std::string section_;     // of the key that is being read
  std::string key_;
  Config config_;
};

}  // namespace

Config load_config(const std::string& path) {
  const Fd fd = open_trusted(path, TrustKind::kFile);
  if (!fd) {
    return default_config();
  }
  return Loader(path).load(read_fd(fd.get(), path, kFileLimit));
}

Config salvage_config() noexcept {
  try {
    const std::string path = config_path();
    const Fd fd = open_trusted(path, TrustKind::kFile);
    return fd ? Loader(path).salvage(read_fd(fd.get(), path, kFileLimit)) : default_config();
  } catch (const std::exception&) {
    return default_config();
  }
}

Config load_config() {
  return load_config(config_path());
}

}  // namespace xpu
