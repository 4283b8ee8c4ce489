// SPDX-License-Identifier: Apache-2.0
#include "core/spec/apply_cdi.h"

#include <map>

#include "core/base/error.h"

namespace xpu {
namespace {

// Without an environment of its own a hook gets one that the container's image may have written,
// and with it the loader's variables.
constexpr const char* kHookPath =
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

std::string list_json(const std::vector<std::string>& texts) {
  std::string out;
  for (const std::string& text : texts) {
    out += cat(out.empty() ? "" : ",", json::quote(text));
  }
  return cat('[', out, ']');
}

std::string hook_json(const cdi::Hook& hook) {
  return cat("{\"path\":", json::quote(hook.path),
             hook.args.empty() ? "" : cat(",\"args\":", list_json(hook.args)), ",\"env\":",
             list_json(hook.env.empty() ? std::vector<std::string>{kHookPath} : hook.env),
             hook.timeout ? cat(",\"timeout\":", *hook.timeout) : "", '}');
}

// By its program and what it is told: an engine may have put it in from the same file.
std::string key_of(const std::string& path, const std::vector<std::string>& args) {
  return cat(json::quote(path), list_json(args));
}

}  // namespace

void edit_hooks(Editor& editor, const Plan& plan, std::vector<Addition>& missing) {
  if (plan.hooks.empty()) {
    return;
  }
  std::map<std::string, std::vector<Entry>> by_name;
  for (const PlannedHook& planned : plan.hooks) {
    put(by_name[planned.hook.name],
        {key_of(planned.hook.path, planned.hook.args), hook_json(planned.hook)});
  }
  const auto known_by = [&](const json::Value& element, const std::string& place) {
    std::vector<std::string> args;
    const std::string path = editor.string_of(element, "path", place);
    if (const auto array = editor.find(element, "args", place)) {
      for (const json::Value& arg : editor.elements_of(*array, cat(place, ".args"))) {
        args.push_back(json::as_string(arg).value_or(""));
      }
    }
    return key_of(path, args);
  };
  const std::optional<json::Value> hooks = editor.object(editor.root(), "hooks", "hooks");
  std::vector<Addition> additions;
  for (const auto& [name, entries] : by_name) {
    if (hooks) {
      editor.merge(*hooks, name, cat("hooks.", name), entries, Same::kReplaceAll, known_by,
                   additions);
    } else {
      additions.push_back({name, cat('[', joined(entries), ']')});
    }
  }
  if (hooks) {
    editor.add_members(*hooks, additions);
  } else {
    missing.push_back({"hooks", cat('{', joined_members(additions), '}')});
  }
}

void edit_groups(Editor& editor, const Plan& plan) {
  const std::optional<json::Value> process = editor.object(editor.root(), "process", "process");
  if (plan.gids.empty() || !process) {
    return;
  }
  std::vector<Entry> entries;
  for (const PlannedGid& planned : plan.gids) {
    put(entries, {std::to_string(planned.gid), std::to_string(planned.gid)});
  }
  std::vector<Addition> missing;
  const std::optional<json::Value> user = editor.object(*process, "user", "process.user");
  if (!user) {
    missing.push_back(
        {"user", cat("{\"uid\":0,\"gid\":0,\"additionalGids\":[", joined(entries), "]}")});
    editor.add_members(*process, missing);
    return;
  }
  editor.merge(
      *user, "additionalGids", "process.user.additionalGids", entries, Same::kReplaceAll,
      [](const json::Value& element, const std::string&) { return std::string(element.text); },
      missing);
  editor.add_members(*user, missing);
}

void edit_net_devices(Editor& editor, const Plan& plan,
                      const std::optional<json::Value>& linux_part,
                      std::vector<Addition>& missing) {
  if (plan.net_devices.empty()) {
    return;
  }
  const std::optional<json::Value> present =
      linux_part ? editor.object(*linux_part, "netDevices", "linux.netDevices") : std::nullopt;
  std::vector<Addition> additions;
  for (const PlannedNetDevice& planned : plan.net_devices) {
    const std::string text = cat("{\"name\":", json::quote(planned.device.name), '}');
    const std::optional<json::Value> same =
        present ? editor.find(*present, planned.device.host_name, "linux.netDevices")
                : std::nullopt;
    if (same) {
      editor.replace(*same, text);
    } else {
      additions.push_back({planned.device.host_name, text});
    }
  }
  if (present) {
    editor.add_members(*present, additions);
  } else {
    missing.push_back({"netDevices", cat('{', joined_members(additions), '}')});
  }
}

void edit_rdt(Editor& editor, const Plan& plan, const std::optional<json::Value>& linux_part,
              std::vector<Addition>& missing) {
  if (!plan.rdt) {
    return;
  }
  std::vector<Addition> members;
  const auto add = [&](const char* key, const std::string& text) {
    if (!text.empty()) {
      members.push_back({key, json::quote(text)});
    }
  };
  add("closID", plan.rdt->clos_id);
  add("l3CacheSchema", plan.rdt->l3_cache_schema);
  add("memBwSchema", plan.rdt->mem_bw_schema);
  if (!plan.rdt->schemata.empty()) {
    members.push_back({"schemata", list_json(plan.rdt->schemata)});
  }
  for (const auto& [key, set] : {std::pair("enableMonitoring", plan.rdt->enable_monitoring),
                                 std::pair("enableCMT", plan.rdt->enable_cmt),
                                 std::pair("enableMBM", plan.rdt->enable_mbm)}) {
    if (set) {
      members.push_back({key, "true"});
    }
  }
  const std::string text = cat('{', joined_members(members), '}');
  const std::optional<json::Value> present =
      linux_part ? editor.object(*linux_part, "intelRdt", "linux.intelRdt") : std::nullopt;
  if (present) {
    editor.replace(*present, text);
  } else {
    missing.push_back({"intelRdt", text});
  }
}

}  // namespace xpu
