// SPDX-License-Identifier: Apache-2.0
#include "core/setup/toml_config.h"

#include <algorithm>

#include "core/config/toml_text.h"

namespace xpu {
namespace {

// Gives everything below `path` the values of `before`, and takes out what that does not have.
void give_back(TomlDocument& document, const TomlDocument* before, const KeyPath& path) {
  const std::vector<Setting> old = before == nullptr ? std::vector<Setting>() : before->below(path);
  for (const Setting& setting : document.below(path)) {
    const bool known = std::any_of(old.begin(), old.end(),
                                   [&](const Setting& one) { return one.path == setting.path; });
    if (!known && !old.empty()) {
      document.remove(setting.path);
    }
  }
  if (old.empty()) {
    document.remove(path);
  } else {
    document.set(old);
  }
}

}  // namespace

KeyPath TomlConfig::own_path(const TomlDocument& document) const {
  return xpu::below(runtimes_path(document), name_);
}

RuntimeState TomlConfig::inspect(const Text& text) const {
  const TomlDocument document(text.value_or(""), source_);
  RuntimeState state;
  state.present = document.has(own_path(document));
  state.program = program_of(document, name_);
  state.is_default = document.string_at(default_path(document)) == name_;
  state.cdi = has_cdi(document);
  for (const std::string& name : document.names(runtimes_path(document))) {
    state.others = state.others || (name != name_ && is_ours(program_of(document, name)));
  }
  return state;
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

std::string TomlConfig::removed(const std::string& text, const Text& before) const {
  TomlDocument document(text, source_);
  std::optional<TomlDocument> old;
  if (before) {
    old.emplace(*before, source_);
  }
  const TomlDocument* known = old ? &*old : nullptr;
  const KeyPath default_key = default_path(document);
  if (document.string_at(default_key) == name_) {
    give_back(document, known, default_key);
  }
  give_back(document, known, own_path(document));
  take_rest(document, known);
  return document.text();
}

KeyPath CrioConfig::runtimes_path(const TomlDocument&) const {
  return {"crio", "runtime", "runtimes"};
}

KeyPath CrioConfig::default_path(const TomlDocument&) const {
  return {"crio", "runtime", "default_runtime"};
}

std::string CrioConfig::program_of(const TomlDocument& document, const std::string& name) const {
  return document.string_at(xpu::below(runtimes_path(document), name, "runtime_path")).value_or("");
}

std::vector<Setting> CrioConfig::settings(const TomlDocument& document,
                                          const RuntimeState& wanted) const {
  const KeyPath own = own_path(document);
  return {{xpu::below(own, "runtime_path"), toml_text(wanted.program)},
          {xpu::below(own, "runtime_type"), toml_text(std::string("oci"))}};
}

KeyPath PodmanConfig::runtimes_path(const TomlDocument&) const {
  return {"engine", "runtimes"};
}

KeyPath PodmanConfig::default_path(const TomlDocument&) const {
  return {"engine", "runtime"};
}

std::string PodmanConfig::program_of(const TomlDocument& document, const std::string& name) const {
  const std::vector<std::string> programs =
      document.list_at(xpu::below(runtimes_path(document), name));
  return programs.empty() ? "" : programs.front();
}

std::vector<Setting> PodmanConfig::settings(const TomlDocument& document,
                                            const RuntimeState& wanted) const {
  return {{own_path(document), toml_text(std::vector<std::string>{wanted.program})}};
}

}  // namespace xpu
