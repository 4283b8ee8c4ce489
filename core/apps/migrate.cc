// SPDX-License-Identifier: Apache-2.0
#include "core/apps/migrate.h"

#include <toml++/toml.h>

#include <algorithm>
#include <optional>

#include "core/apps/foreign_settings.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/trust.h"
#include "core/config/config.h"
#include "core/config/toml_text.h"
#include "core/log/format.h"

namespace xpu {
namespace {

constexpr std::size_t kFileLimit = 1 << 20;

// A key of config.toml and its value.
struct Target {
  std::string section, key, value;
  std::string from;  // why it is there, for a comment
};

toml::table read_rules(const std::string& file) {
  const Fd fd = open_trusted(file, TrustKind::kFile);
  if (!fd) {
    fail(file, " is missing; install the runtime again");
  }
  try {
    return toml::parse(read_fd(fd.get(), file, kFileLimit), file);
  } catch (const toml::parse_error& error) {
    fail(file, ':', error.source().begin.line, ": ", error.description());
  }
}

std::string string_of(const toml::table& table, std::string_view key) {
  return table[key].value_or(std::string());
}

template <class Use>
void for_each_table(const toml::node_view<const toml::node>& node, Use use) {
  if (const toml::array* array = node.as_array()) {
    for (const toml::node& element : *array) {
      if (const toml::table* table = element.as_table()) {
        use(*table);
      }
    }
  }
}

// A value of the rules as config.toml has it.
std::string literal(const toml::node& node) {
  if (const auto flag = node.value_exact<bool>()) {
    return toml_text(*flag);
  }
  if (const auto number = node.value_exact<std::int64_t>()) {
    return std::to_string(*number);
  }
  if (const toml::array* array = node.as_array()) {
    std::vector<std::string> items;
    for (const toml::node& element : *array) {
      items.push_back(element.value_or(std::string()));
    }
    return toml_text(items);
  }
  return toml_text(node.value_or(std::string()));
}

bool is_at_or_below(std::string_view path, std::string_view root) {
  return path.starts_with(root) && (path.size() == root.size() || path[root.size()] == '.');
}

bool is_of(const toml::table& system, const std::vector<ForeignSetting>& settings) {
  const toml::array* roots = system["recognise"].as_array();
  return roots != nullptr && std::any_of(roots->begin(), roots->end(), [&](const toml::node& root) {
           return std::any_of(settings.begin(), settings.end(), [&](const ForeignSetting& setting) {
             return is_at_or_below(setting.path, root.value_or(std::string()));
           });
         });
}

bool is_ignored(const toml::table& rule, const ForeignSetting& setting) {
  const toml::array* values = rule["ignore"].as_array();
  return values != nullptr && std::any_of(values->begin(), values->end(), [&](const auto& value) {
           return literal(value) == setting.toml;
         });
}

// What the rule makes of the value; nullopt when it makes nothing of it.
std::optional<std::string> value_of(const toml::table& rule, const ForeignSetting& setting) {
  if (!rule.contains("to")) {
    return std::nullopt;
  }
  const toml::table* values = rule["values"].as_table();
  if (values == nullptr) {
    return setting.toml;
  }
  const toml::node* value = values->get(setting.text);
  return value == nullptr ? std::nullopt : std::optional(literal(*value));
}

Target target_of(const std::string& path, const std::string& value, const std::string& from) {
  const std::size_t dot = path.rfind('.');
  return {path.substr(0, dot), path.substr(dot + 1), value, from};
}

std::string line_of(const Target& target) {
  return cat(toml_key(target.key), " = ", target.value);
}

// "" when config.toml takes the value, else why not.
std::string objection(const Target& target) {
  if (target.value.empty()) {
    return "no key here has a value of this kind";
  }
  try {
    parse_config(cat('[', target.section, "]\n", line_of(target), '\n'), "");
    return "";
  } catch (const Error& error) {
    const std::string_view text = error.what();
    return std::string(text.substr(text.find(": ") + 2));
  }
}

class Migrator {
 public:
  explicit Migrator(const toml::table& system) : system_(system) {}

  void take_implied() {
    if (const toml::table* implied = system_["implied"].as_table()) {
      for (const auto& [path, value] : *implied) {
        add(target_of(std::string(path.str()), literal(value),
                      cat("as ", string_of(system_, "name"), " does")));
      }
    }
  }

  void take(const ForeignSetting& setting) {
    bool known = false, settled = false;
    std::string note;
    for_each_table(system_["key"], [&](const toml::table& rule) {
      if (!is_at_or_below(setting.path, string_of(rule, "from"))) {
        return;
      }
      known = true;
      note += note.empty() ? string_of(rule, "note") : "";
      if (is_ignored(rule, setting)) {
        settled = true;
      } else if (const std::optional<std::string> value = value_of(rule, setting)) {
        settled = true;
        add_checked(target_of(string_of(rule, "to"), *value, setting.path), setting);
      }
    });
    if (!settled) {
      leave_out(setting, !known ? "is not known" : note.empty() ? "nothing stands for it" : note);
    }
  }

  Migration result(const std::string& file) {
    Migration migration;
    migration.left_out = std::move(left_out_);
    migration.config =
        cat("# ", log::printable(file), ", a configuration of ", string_of(system_, "name"),
            ", for the XPU Container Runtime.\n",
            "# For config.d beside config.toml; in place of config.toml it would also "
            "take away its [aliases].\n");
    std::stable_sort(targets_.begin(), targets_.end(),
                     [](const Target& a, const Target& b) { return a.section < b.section; });
    std::string section;
    for (const Target& target : targets_) {
      if (target.section != section) {
        migration.config += cat("\n[", target.section, "]\n");
        section = target.section;
      }
      migration.config += cat(line_of(target), "  # ", log::printable(target.from), "\n");
    }
    return migration;
  }

 private:
  void add(Target target) { targets_.push_back(std::move(target)); }

  void add_checked(Target target, const ForeignSetting& setting) {
    const auto same = std::find_if(targets_.begin(), targets_.end(), [&](const Target& one) {
      return one.section == target.section && one.key == target.key;
    });
    const std::string problem = objection(target);
    if (!problem.empty()) {
      leave_out(setting, problem);
    } else if (same == targets_.end()) {
      add(std::move(target));
    } else if (same->value != target.value) {
      leave_out(setting,
                cat(same->from, " says otherwise of ", same->key, " in [", same->section, "]"));
    }
  }

  void leave_out(const ForeignSetting& setting, const std::string& reason) {
    left_out_.push_back(cat(log::printable(setting.path),
                            setting.toml.empty() ? "" : cat(" = ", setting.toml), ": ", reason));
  }

  const toml::table& system_;
  std::vector<Target> targets_;
  std::vector<std::string> left_out_;
};

}  // namespace

std::string migrations_file() {
  return cat(installation().data_dir, "/migrations.toml");
}

Migration migrate(const std::string& file, const std::string& rules_file) {
  const toml::table rules = read_rules(rules_file);
  const std::vector<ForeignSetting> settings = read_foreign_settings(file);
  const toml::table* system = nullptr;
  std::string known;
  for_each_table(rules["system"], [&](const toml::table& one) {
    known += cat(known.empty() ? "" : ", ", string_of(one, "name"));
    system = system == nullptr && is_of(one, settings) ? &one : system;
  });
  if (system == nullptr) {
    fail(file, " is no configuration of a system that is known: ", known);
  }
  Migrator migrator(*system);
  migrator.take_implied();
  for (const ForeignSetting& setting : settings) {
    migrator.take(setting);
  }
  return migrator.result(file);
}

}  // namespace xpu
