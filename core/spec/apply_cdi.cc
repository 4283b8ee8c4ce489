// SPDX-License-Identifier: Apache-2.0
#include "core/spec/apply_cdi.h"

#include "core/base/error.h"

namespace xpu {
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
