// SPDX-License-Identifier: Apache-2.0
#include "core/setup/toml_config.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/config/toml_text.h"

namespace xpu::setup {
namespace {

// The path, which is below `from`, below `to`.
KeyPath moved(const KeyPath& path, const KeyPath& from, const KeyPath& to) {
  KeyPath out = to;
  out.insert(out.end(), path.begin() + static_cast<std::ptrdiff_t>(from.size()), path.end());
  return out;
}

}  // namespace

KeyPath TomlConfig::own_path(const TomlDocument& document) const {
  return setup::below(runtimes_path(document), name_);
}

RuntimeState TomlConfig::inspect(const Text& text) const {
  const TomlDocument document(text.value_or(""), source_);
  RuntimeState state;
  state.present = document.has(own_path(document));
  state.program = program_of(document, name_);
  state.is_default = document.string_at(default_path(document)) == name_;
  state.cdi = has_cdi(document);
  return state;
}

std::vector<NamedRuntime> TomlConfig::runtimes(const Text& text) const {
  const TomlDocument document(text.value_or(""), source_);
  const KeyPath all = runtimes_path(document);
  std::vector<NamedRuntime> out;
  for (const std::string& name : document.names(all)) {
    const KeyPath path = setup::below(all, name);
    std::string content;
    for (const Setting& setting : document.below(path)) {
      content += cat(toml_path(moved(setting.path, path, {})), " = ", setting.literal, '\n');
    }
    out.push_back({name, program_of(document, name), content, document.is_marked(path)});
  }
  return out;
}

std::string TomlConfig::configured(const Text& text, const RuntimeState& wanted) const {
  TomlDocument document(text.value_or(""), source_);
  const std::vector<Setting> first = first_settings();
  if (document.names({}).empty() && !first.empty()) {
    document.set(first);
  }
  document.set(settings(document, wanted));
  if (wanted.is_default) {
    document.set({{default_path(document), toml_text(name_)}});
  }
  return document.text();
}

std::string TomlConfig::removed(const std::string& text, const Record* record,
                                const Removal& removal) const {
  TomlVersions versions{TomlDocument(text, source_), std::nullopt, std::nullopt};
  if (record != nullptr) {
    versions.before.emplace(record->before.value_or(""), source_);
    versions.written.emplace(record->written, source_);
  }
  TomlDocument& document = versions.now;
  for (const std::string& name : removal.names) {
    take_runtime(versions, name);
    const KeyPath key = default_path(document);
    if (document.string_at(key) != name) {
      continue;
    }
    const bool stays = document.has(setup::below(runtimes_path(document), name));
    if (!stays && versions.former(key) && versions.before->string_at(key) == name) {
      document.remove(key);
    } else if (!stays || versions.is_as_written(key)) {
      versions.give_back(key);
    }
  }
  take_rest(versions, removal);
  return document.text();
}

// A runtime that was there before keeps what somebody changed since.
void TomlConfig::take_runtime(TomlVersions& versions, const std::string& name) const {
  TomlDocument& now = versions.now;
  const KeyPath path = setup::below(runtimes_path(now), name);
  const auto path_in = [&](const TomlDocument& document) {
    return setup::below(runtimes_path(document), name);
  };
  if (!versions.before || !versions.before->has(path_in(*versions.before))) {
    now.remove(path);
    return;
  }
  const TomlDocument& before = *versions.before;
  const TomlDocument& written = *versions.written;
  for (const Setting& setting : now.below(path)) {
    const auto ours = written.literal(moved(setting.path, path, path_in(written)));
    const auto former = before.literal(moved(setting.path, path, path_in(before)));
    if (ours != setting.literal || former == ours) {
      continue;
    }
    if (former) {
      now.put(setting.path, *former);
    } else {
      now.remove(setting.path);
    }
  }
}

KeyPath CrioConfig::runtimes_path(const TomlDocument&) const {
  return {"crio", "runtime", "runtimes"};
}

KeyPath CrioConfig::default_path(const TomlDocument&) const {
  return {"crio", "runtime", "default_runtime"};
}

std::string CrioConfig::program_of(const TomlDocument& document, const std::string& name) const {
  return document.string_at(setup::below(runtimes_path(document), name, "runtime_path"))
      .value_or("");
}

std::vector<Setting> CrioConfig::settings(const TomlDocument& document,
                                          const RuntimeState& wanted) const {
  const KeyPath own = own_path(document);
  return {{setup::below(own, "runtime_path"), toml_text(wanted.program)},
          {setup::below(own, "runtime_type"), toml_text(std::string("oci"))}};
}

KeyPath PodmanConfig::runtimes_path(const TomlDocument&) const {
  return {"engine", "runtimes"};
}

KeyPath PodmanConfig::default_path(const TomlDocument&) const {
  return {"engine", "runtime"};
}

std::string PodmanConfig::program_of(const TomlDocument& document, const std::string& name) const {
  const std::vector<std::string> programs =
      document.list_at(setup::below(runtimes_path(document), name));
  return programs.empty() ? "" : programs.front();
}

std::vector<Setting> PodmanConfig::settings(const TomlDocument& document,
                                            const RuntimeState& wanted) const {
  return {{own_path(document), toml_text(std::vector<std::string>{wanted.program})}};
}

}  // namespace xpu::setup
