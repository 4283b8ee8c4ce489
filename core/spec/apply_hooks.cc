// SPDX-License-Identifier: Apache-2.0
#include "core/spec/apply_hooks.h"

#include "core/base/error.h"

namespace xpu {
namespace {

// Without an environment of its own a hook gets one that the container's image may have written,
// and with it the loader's variables.
constexpr const char* kHookPath =
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

std::string hook_json(const cdi::Hook& hook) {
  return cat("{\"path\":", json::quote(hook.path),
             hook.args.empty() ? "" : cat(",\"args\":", list_json(hook.args)), ",\"env\":",
             list_json(hook.env.empty() ? std::vector<std::string>{kHookPath} : hook.env),
             hook.timeout ? cat(",\"timeout\":", *hook.timeout) : "", '}');
}

// By its program and what it is told: an engine may have put it in from the same file, where it has
// no environment.
std::string key_of(const std::string& path, const std::vector<std::string>& args,
                   const std::vector<std::string>& env) {
  return cat(json::quote(path), list_json(args),
             list_json(env.empty() ? std::vector<std::string>{kHookPath} : env));
}

struct Phase {
  std::vector<Entry> come;
  std::vector<std::size_t> go;  // places in its array
};

Phase phase_of(std::string_view name, const Plan& plan, const std::vector<VendorHook>& gone) {
  Phase out;
  for (const PlannedHook& planned : plan.hooks) {
    if (planned.hook.name == name) {
      put(out.come, {key_of(planned.hook.path, planned.hook.args, planned.hook.env),
                     hook_json(planned.hook)});
    }
  }
  for (const VendorHook& hook : gone) {
    if (hook.phase == name) {
      out.go.push_back(hook.index);
    }
  }
  return out;
}

}  // namespace

void edit_hooks(Editor& editor, const Plan& plan, const std::vector<VendorHook>& gone,
                std::vector<Addition>& missing) {
  if (plan.hooks.empty() && gone.empty()) {
    return;
  }
  const auto texts = [&](const json::Value& element, const char* key, const std::string& place) {
    std::vector<std::string> out;
    if (const auto array = editor.find(element, key, place)) {
      for (const json::Value& text : editor.elements_of(*array, cat(place, ".", key))) {
        out.push_back(json::as_string(text).value_or(""));
      }
    }
    return out;
  };
  const auto known_by = [&](const json::Value& element, const std::string& place) {
    const std::string path = editor.string_of(element, "path", place);
    return key_of(path, texts(element, "args", place), texts(element, "env", place));
  };
  const std::optional<json::Value> hooks = editor.object(editor.root(), "hooks", "hooks");
  std::vector<Addition> additions;
  for (const std::string_view name : kHookPhases) {
    const Phase phase = phase_of(name, plan, gone);
    const std::string place = cat("hooks.", name);
    if (phase.come.empty() && !phase.go.empty() && hooks &&
        editor.elements_of(*editor.find(*hooks, name, "hooks"), place).size() == phase.go.size()) {
      editor.empty(*hooks, name);
    } else if (hooks) {
      editor.merge(*hooks, name, place, phase.come, Same::kReplaceAll, known_by, additions,
                   phase.go);
    } else if (!phase.come.empty()) {
      additions.push_back({std::string(name), cat('[', joined(phase.come), ']')});
    }
  }
  if (hooks) {
    editor.add_members(*hooks, additions);
  } else {
    missing.push_back({"hooks", cat('{', joined_members(additions), '}')});
  }
}

}  // namespace xpu
