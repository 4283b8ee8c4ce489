// SPDX-License-Identifier: Apache-2.0
#include "core/setup/docker_config.h"

#include "core/oci/text.h"
#include "core/setup/json_edit.h"
#include "core/setup/versions.h"

namespace xpu::setup {
namespace {

const KeyPath kRuntimes = {"runtimes"};
const KeyPath kDefault = {"default-runtime"};
const KeyPath kFeatures = {"features"};
const KeyPath kCdi = {"features", "cdi"};
const std::vector<std::string> kMaps = {"runtimes", "features"};

KeyPath below(const KeyPath& path, const std::string& key) {
  KeyPath out = path;
  out.push_back(key);
  return out;
}

struct JsonVersions : Versions<JsonDocument> {
  // An object that holds nothing any more, unless it was there before.
  void give_back_if_empty(const KeyPath& path) {
    if (!now.literal(path) || !now.keys(path).empty()) {
      return;
    }
    const std::optional<std::string> old = former(path);
    if (!old || *old == "null") {
      give_back(path);
    }
  }
  // A runtime that was there before keeps what somebody changed since.
  void give_back_runtime(const KeyPath& path) {
    if (!former(path) || now.literal(path) == written->literal(path)) {
      give_back(path);
      return;
    }
    for (const std::string& key : now.keys(path)) {
      if (is_as_written(below(path, key))) {
        give_back(below(path, key));
      }
    }
    for (const std::string& key : before->keys(path)) {
      const KeyPath member = below(path, key);
      if (!now.literal(member) && !written->literal(member)) {
        give_back(member);
      }
    }
  }
};

}  // namespace

RuntimeState DockerConfig::inspect(const Text& text) const {
  const JsonDocument document(text.value_or(""), source_, kMaps);
  RuntimeState state;
  const KeyPath own = below(kRuntimes, name_);
  state.present = document.literal(own).has_value();
  if (state.present) {
    state.program = document.string_at(below(own, "path")).value_or("");
  }
  state.is_default = document.string_at(kDefault) == name_;
  state.cdi = document.literal(kCdi) == "true";
  return state;
}

std::vector<NamedRuntime> DockerConfig::runtimes(const Text& text) const {
  const JsonDocument document(text.value_or(""), source_, kMaps);
  std::vector<NamedRuntime> out;
  for (const std::string& name : document.keys(kRuntimes)) {
    const KeyPath path = below(kRuntimes, name);
    const std::string content = document.literal(path).value_or("");
    // Docker takes no other value than an object.
    const bool object = content.starts_with('{');
    out.push_back(
        {name, object ? document.string_at(below(path, "path")).value_or("") : "", content, false});
  }
  return out;
}

std::string DockerConfig::configured(const Text& text, const RuntimeState& wanted) const {
  JsonDocument document(text.value_or(""), source_, kMaps);
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

std::string DockerConfig::removed(const std::string& text, const Record* record,
                                  const Removal& removal) const {
  JsonVersions versions{{JsonDocument(text, source_, kMaps), std::nullopt, std::nullopt}};
  if (record != nullptr) {
    versions.before.emplace(record->before.value_or(""), source_, kMaps);
    versions.written.emplace(record->written, source_, kMaps);
  }
  JsonDocument& document = versions.now;
  if (removal.last && versions.is_as_written(kCdi)) {
    versions.give_back(kCdi);
    versions.give_back_if_empty(kFeatures);
  }
  for (const std::string& name : removal.names) {
    versions.give_back_runtime(below(kRuntimes, name));
    if (document.string_at(kDefault) != name) {
      continue;
    }
    const bool stays = document.literal(below(kRuntimes, name)).has_value();
    if (!stays && versions.former(kDefault) == json::quote(name)) {
      document.remove(kDefault);
    } else if (!stays || versions.is_as_written(kDefault)) {
      versions.give_back(kDefault);
    }
  }
  versions.give_back_if_empty(kRuntimes);
  return document.text();
}

}  // namespace xpu::setup
