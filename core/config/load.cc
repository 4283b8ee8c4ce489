// SPDX-License-Identifier: Apache-2.0
// Reads config.toml and the files of config.d beside it; schema.cc says what stands in them.
#include <sys/stat.h>
#include <toml++/toml.h>

#include <algorithm>
#include <string_view>

#include "core/base/comment_lines.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/trust.h"
#include "core/config/schema.h"

namespace xpu {
namespace {

constexpr std::size_t kFileLimit = 1 << 20;

// One file into `config`, whose values it replaces key by key.
class Loader {
 public:
  // `salvaging`: what is wrong is left as it was.
  Loader(Config& config, const std::string& file, bool salvaging)
      : config_(config), file_(file), salvaging_(salvaging), reader_(file) {}

  void load(const std::string& text) {
    try {
      read_top(toml::parse(without_comment_lines(text), file_));
    } catch (const toml::parse_error& error) {
      fail(file_, ':', error.source().begin.line, ": ", error.description());
    }
  }

 private:
  void read_top(const toml::table& top) {
    for (const auto& [key, node] : top) {
      const auto section =
          std::find_if(schema().begin(), schema().end(),
                       [&, name = key.str()](const SchemaSection& s) { return s.name == name; });
      attempt([&, &key = key, &node = node] {
        reader_.section.clear();
        reader_.key = key.str();
        if (section == schema().end()) {
          unknown(key, schema());
        } else if (!salvaging_ || section->salvaged) {
          read_section(*section, reader_.table(node));
        }
      });
    }
  }

  void read_section(const SchemaSection& section, const toml::table& table) {
    for (const auto& [key, node] : table) {
      attempt([&, &key = key, &node = node] {
        reader_.section = section.name;
        reader_.key = key.str();
        read_key(section, key, node);
      });
    }
  }

  void read_key(const SchemaSection& section, const toml::key& key, const toml::node& node) {
    const auto known = std::find_if(section.keys.begin(), section.keys.end(),
                                    [&](const SchemaKey& k) { return k.name == key.str(); });
    if (known != section.keys.end()) {
      known->read(reader_, node, config_);
      if (known->show != nullptr) {
        reader_.note_origin(key, config_);
      }
    } else if (section.entry == nullptr || !section.entry(reader_, key, node, config_)) {
      unknown(key, section.keys);
    }
  }

  template <class Known>
  [[noreturn]] void unknown(const toml::key& key, const Known& known) {
    std::vector<std::string_view> words;
    for (const auto& one : known) {
      words.push_back(one.name);
    }
    reader_.unknown(key, words);
  }

  template <class Action>
  void attempt(Action action) {
    try {
      action();
    } catch (const Error&) {
      if (!salvaging_) {
        throw;
      }
    }
  }

  Config& config_;
  const std::string& file_;
  const bool salvaging_;
  ValueReader reader_;
};

// The names of config.d beside the file, in their order; the folder is empty where there is none.
struct DropIns {
  std::string path;
  Fd folder;
  std::vector<std::string> names;
};

DropIns find_drop_ins(const std::string& config_file) {
  DropIns found;
  found.path = cat(std::string_view(config_file).substr(0, config_file.rfind('/')), "/config.d");
  struct stat status {};
  // Most hosts have none, and that is known without a walk from the root.
  if (::lstat(found.path.c_str(), &status) != 0 && (errno == ENOENT || errno == ENOTDIR)) {
    return found;
  }
  found.folder = open_trusted(found.path, TrustKind::kFolder);
  if (found.folder) {
    found.names = list_dir(found.folder.get(), found.path);
    std::erase_if(found.names, [](const std::string& name) {
      return !name.ends_with(".toml") || name.starts_with('.');
    });
  }
  return found;
}

void load_main(Config& config, const std::string& path, bool salvaging) {
  if (const Fd fd = open_trusted(path, TrustKind::kFile)) {
    config.file = path;
    Loader(config, path, salvaging).load(read_fd(fd.get(), path, kFileLimit));
  }
}

void load_drop_in(Config& config, const DropIns& from, const std::string& name, bool salvaging) {
  const std::string path = cat(from.path, '/', name);
  if (const Fd fd = open_trusted_in(from.folder, from.path, name, TrustKind::kFile)) {
    Loader(config, path, salvaging).load(read_fd(fd.get(), path, kFileLimit));
  }
}

// What no key says by itself.
void check_together(const Config& config) {
  if (config.default_request == "auto" && config.profile == "multi-tenant") {
    const ValueOrigin& request = config.origins.at("request.default-request");
    const ValueOrigin& profile = config.origins.at("policy.profile");
    fail(request.file, ':', request.line,
         ": key 'default-request' in [request] must be none: the multi-tenant profile (",
         profile.file, ':', profile.line, ") refuses auto");
  }
}

template <class Action>
void if_possible(Action action) noexcept {
  try {
    action();
  } catch (const std::exception&) {
  }
}

}  // namespace

Config load_config(const std::string& path) {
  Config config = default_config();
  load_main(config, path, false);
  const DropIns drop_ins = find_drop_ins(path);
  for (const std::string& name : drop_ins.names) {
    load_drop_in(config, drop_ins, name, false);
  }
  check_together(config);
  return config;
}

Config load_config() {
  return load_config(config_path());
}

Config parse_config(const std::string& text, const std::string& file) {
  Config config = default_config();
  config.file = file;
  Loader(config, file, false).load(text);
  check_together(config);
  return config;
}

Config salvage_config() noexcept {
  Config config = default_config();
  const std::string path = config_path();
  bool is_read = false;
  if_possible([&] {
    load_main(config, path, true);
    is_read = true;
  });
  if (!is_read) {
    // Who asks by an alias is told as others are, and does not start without a device.
    if_possible([&] {
      Config shipped = default_config();
      load_main(shipped, shipped_config_file(), true);
      config.aliases = std::move(shipped.aliases);
    });
  }
  DropIns drop_ins;
  if_possible([&] { drop_ins = find_drop_ins(path); });
  for (const std::string& name : drop_ins.names) {
    if_possible([&] { load_drop_in(config, drop_ins, name, true); });
  }
  return config;
}

}  // namespace xpu
