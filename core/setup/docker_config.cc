// SPDX-License-Identifier: Apache-2.0
#include "core/setup/docker_config.h"

#include "core/oci/text.h"
#include "core/setup/json_edit.h"

namespace xpu {
namespace {

const KeyPath kRuntimes = {"runtimes"};
const KeyPath kDefault = {"default-runtime"};
const KeyPath kFeatures = {"features"};
const KeyPath kCdi = {"features", "cdi"};

KeyPath below(const KeyPath& path, const std::string& key) {
  KeyPath out = path;
  out.push_back(key);
  return out;
}

// Takes an object out that holds nothing any more, unless it was there before.
void remove_if_empty(JsonDocument& document, const KeyPath& path, const JsonDocument* before) {
  if (document.literal(path) && document.keys(path).empty() &&
      (before == nullptr || !before->literal(path))) {
    document.remove(path);
  }
}

}  // namespace

RuntimeState DockerConfig::inspect(const Text& text) const {
  const JsonDocument document(text.value_or(""), source_);
  RuntimeState state;
  const KeyPath own = below(kRuntimes, name_);
  state.present = document.literal(own).has_value();
  if (state.present) {
    state.program = document.string_at(below(own, "path")).value_or("");
  }
  state.is_default = document.string_at(kDefault) == name_;
  state.cdi = document.literal(kCdi) == "true";
  for (const std::string& name : document.keys(kRuntimes)) {
    const KeyPath other = below(below(kRuntimes, name), "path");
    state.others =
        state.others || (name != name_ && is_ours(document.string_at(other).value_or("")));
  }
  return state;
}

std::string DockerConfig::configured(const Text& text, const RuntimeState& wanted) const {
  JsonDocument document(text.value_or(""), source_);
  const KeyPath own = below(kRuntimes, name_);
  // A runtime that is a containerd shim has no path beside it.
  if (!document.literal(own) || document.literal(below(own, "runtimeType"))) {
    document.set(own, R"({"path": )" + json::quote(wanted.program) + R"(, "runtimeArgs": []})");
  } else {
    document.set(below(own, "path"), json::quote(wanted.program));
  }
  if (wanted.is_default) {
    document.set(kDefault, json::quote(name_));
  }
  if (wanted.cdi) {
    document.set(kCdi, "true");
  }
  return document.text();
}

std::string DockerConfig::removed(const std::string& text, const Text& before) const {
  JsonDocument document(text, source_);
  std::optional<JsonDocument> old;
  if (before) {
    old.emplace(*before, source_);
  }
  const auto give_back = [&](const KeyPath& path) {
    const std::optional<std::string> literal = old ? old->literal(path) : std::nullopt;
    if (literal) {
      document.set(path, *literal);
    } else {
      document.remove(path);
    }
  };
  if (old && !old->literal(kCdi) && document.literal(kCdi) == "true") {
    document.remove(kCdi);
    remove_if_empty(document, kFeatures, &*old);
  }
  if (document.string_at(kDefault) == name_) {
    give_back(kDefault);
  }
  give_back(below(kRuntimes, name_));
  remove_if_empty(document, kRuntimes, old ? &*old : nullptr);
  return document.text();
}

}  // namespace xpu
