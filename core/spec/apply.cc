// SPDX-License-Identifier: Apache-2.0
#include "core/spec/apply.h"

#include <algorithm>
#include <map>

#include "core/base/error.h"
#include "core/base/path.h"
#include "core/spec/apply_cdi.h"
#include "core/spec/apply_hooks.h"
#include "core/spec/editor.h"

namespace xpu {
namespace {

using json::Splice;
using json::Value;

// Whether clean() would change nothing.
bool is_clean(std::string_view path) {
  if (!path.starts_with('/')) {
    return false;
  }
  while (!path.empty()) {
    path.remove_prefix(1);
    const std::string_view part = path.substr(0, path.find('/'));
    if (part.empty() || part == "." || part == "..") {
      return false;
    }
    path.remove_prefix(part.size());
  }
  return true;
}

// "/a//b/../c/" → "/a/c": how low-level runtimes compare paths of mounts and devices.
std::string clean(std::string_view path) {
  if (is_clean(path)) {
    return std::string(path);
  }
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    const std::string_view part = path.substr(0, path.find('/'));
    path.remove_prefix(std::min(part.size() + 1, path.size()));
    if (part == ".." && !parts.empty()) {
      parts.pop_back();
    } else if (!part.empty() && part != "." && part != "..") {
      parts.push_back(part);
    }
  }
  std::string out;
  for (const std::string_view part : parts) {
    out += '/';
    out += part;
  }
  return out.empty() ? "/" : out;
}

void edit_env(Editor& editor, const Plan& plan) {
  if (plan.env.empty()) {
    return;
  }
  const std::optional<Value> process = editor.object(editor.root(), "process", "process");
  if (!process) {
    return;  // nothing will run that could read a variable
  }
  std::vector<Entry> entries;
  for (const PlannedEnv& variable : plan.env) {
    put(entries, {variable.name, json::quote(cat(variable.name, '=', variable.value))});
  }
  const auto name_of = [&](const Value& element, const std::string&) {
    const std::string text = json::as_string(element).value_or("");
    return text.substr(0, text.find('='));
  };
  std::vector<Addition> missing;
  editor.merge(*process, "env", "process.env", entries, Same::kReplaceAll, name_of, missing);
  editor.add_members(*process, missing);
}

std::string mount_json(const PlannedMount& mount) {
  std::string options;
  for (const std::string& option : mount.options) {
    options += options.empty() ? "" : ",";
    options += json::quote(option);
  }
  return cat("{\"destination\":", json::quote(mount.destination),
             ",\"type\":", json::quote(mount.type), ",\"source\":", json::quote(mount.source),
             ",\"options\":[", options, "]}");
}

// Among the mounts of the document, in their order, after which none of them that is above `path`
// comes, and from there on before the first one that is below it: `path` would cover that one.
std::size_t place_for(const std::vector<std::string>& there, const std::string& path,
                      const std::vector<std::string>& holds, std::size_t least) {
  std::size_t from = least;
  for (std::size_t i = least; i < there.size(); ++i) {
    if (is_below(path, there[i])) {
      from = i + 1;
    }
  }
  const auto begin = there.begin() + static_cast<std::ptrdiff_t>(from);
  const auto below = std::find_if(begin, there.end(), [&](const std::string& other) {
    return is_below(other, path) ||
           std::any_of(holds.begin(), holds.end(),
                       [&](const std::string& held) { return clean(held) == other; });
  });
  return static_cast<std::size_t>(below - there.begin());
}

void edit_mounts(Editor& editor, const Plan& plan, std::vector<Addition>& missing) {
  const auto destination_of = [&](const Value& element, const std::string& place) {
    return clean(editor.string_of(element, "destination", place));
  };
  const std::vector<std::string> there =
      plan.mounts.empty() ? std::vector<std::string>()
                          : editor.keys_of(editor.root(), "mounts", "mounts", destination_of);
  std::vector<Entry> entries;
  std::map<std::string, std::size_t> behind;  // of each: the first place behind it
  for (const PlannedMount& mount : plan.mounts) {
    Entry entry{clean(mount.destination), mount_json(mount)};
    std::size_t least = 0;  // behind what the plan mounts above it
    for (const Entry& other : entries) {
      least = is_below(entry.key, other.key) ? std::max(least, behind[other.key]) : least;
    }
    const auto same = std::find(there.rbegin(), there.rend(), entry.key);
    const auto place = static_cast<std::size_t>(there.rend() - same);  // behind the last one
    if (place == 0 || place <= least) {
      entry.before = place_for(there, entry.key, mount.holds, least);
    }
    behind[entry.key] = entry.before.value_or(place);
    put(entries, std::move(entry));
  }
  editor.merge(editor.root(), "mounts", "mounts", entries, Same::kReplaceLast, destination_of,
               missing);
}

struct Rule {
  bool allow = false;
  std::string type, access;
  std::int64_t major = -1, minor = -1;
};

std::vector<Rule> rules_of(Editor& editor, const Value& resources) {
  std::vector<Rule> rules;
  const std::optional<Value> array = editor.find(resources, "devices", "linux.resources");
  const std::string place = "linux.resources.devices";
  for (const Value& element : array ? editor.elements_of(*array, place) : std::vector<Value>()) {
    const std::string here = cat(place, '[', rules.size(), ']');
    const auto number = [&](std::string_view key) {
      const std::optional<Value> value = editor.find(element, key, here);
      return value ? json::as_integer(*value).value_or(-1) : -1;
    };
    Rule rule;
    rule.type = editor.string_of(element, "type", here);
    rule.access = editor.string_of(element, "access", here);
    const std::optional<Value> allow = editor.find(element, "allow", here);
    rule.allow = allow && json::as_bool(*allow).value_or(false);
    rule.major = number("major");
    rule.minor = number("minor");
    rules.push_back(rule);
  }
  return rules;
}

// Whether the rules, which apply in order, give all of it for the node already. A denial of
// anything after the rule is taken to concern it.
bool allowed(const std::vector<Rule>& rules, const Node& node, const std::string& access) {
  for (auto rule = rules.rbegin(); rule != rules.rend() && rule->allow; ++rule) {
    if (rule->type == std::string(1, node.type) && rule->major == node.major &&
        rule->minor == node.minor && access.find_first_not_of(rule->access) == std::string::npos) {
      return true;
    }
  }
  return false;
}

std::string numbers_json(const Node& node) {
  if (node.type == 'p') {
    return "\"type\":\"p\"";
  }
  return cat("\"type\":\"", node.type, "\",\"major\":", node.major, ",\"minor\":", node.minor);
}

void edit_rules(Editor& editor, const Plan& plan, const std::optional<Value>& linux_part,
                std::vector<Addition>& missing) {
  const std::optional<Value> resources =
      linux_part ? editor.object(*linux_part, "resources", "linux.resources") : std::nullopt;
  const std::vector<Rule> rules = resources ? rules_of(editor, *resources) : std::vector<Rule>();
  std::vector<Node> nodes = plan.device_rules;
  for (const PlannedDevice& device : plan.devices) {
    nodes.push_back(device.node);
  }
  std::map<std::string, std::string> wider;  // numbers → access of all nodes with them
  for (const Node& node : nodes) {
    std::string& access = wider[numbers_json(node)];
    access = union_of(access, access_of(node));
  }
  std::vector<Entry> entries;
  for (const Node& node : nodes) {
    const std::string numbers = numbers_json(node);
    const std::string& access = wider[numbers];
    if (!access.empty() && !editor.spec().all_devices_allowed && !allowed(rules, node, access)) {
      put(entries, {numbers, cat("{\"allow\":true,", numbers, ",\"access\":\"", access, "\"}")});
    }
  }
  if (entries.empty()) {
    return;
  }
  if (!resources) {
    missing.push_back({"resources", cat("{\"devices\":[", joined(entries), "]}")});
    return;
  }
  std::vector<Addition> in_resources;
  editor.append(*resources, "devices", "linux.resources.devices", entries, in_resources);
  editor.add_members(*resources, in_resources);
}

// Mode 0666 where nothing else is said: the cgroup decides who may open the node.
std::string device_json(const Node& node) {
  const NodeTerms standard;
  const NodeTerms& terms = node.terms == nullptr ? standard : *node.terms;
  return cat("{\"path\":", json::quote(node.container_path), ',', numbers_json(node),
             ",\"fileMode\":", terms.mode.value_or(0666), ",\"uid\":", terms.uid.value_or(0),
             ",\"gid\":", terms.gid.value_or(0), '}');
}

void edit_linux(Editor& editor, const Plan& plan, std::vector<Addition>& missing) {
  if (plan.devices.empty() && plan.device_rules.empty() && plan.net_devices.empty() && !plan.rdt) {
    return;
  }
  const std::optional<Value> part = editor.object(editor.root(), "linux", "linux");
  std::vector<Entry> entries;
  for (const PlannedDevice& device : plan.devices) {
    put(entries, {clean(device.node.container_path), device_json(device.node)});
  }
  std::vector<Addition> additions;
  edit_net_devices(editor, plan, part, additions);
  edit_rdt(editor, plan, part, additions);
  if (part) {
    const auto path_of = [&](const Value& element, const std::string& place) {
      return clean(editor.string_of(element, "path", place));
    };
    editor.merge(*part, "devices", "linux.devices", entries, Same::kReplaceAll, path_of, additions);
    edit_rules(editor, plan, part, additions);
    editor.add_members(*part, additions);
    return;
  }
  if (!entries.empty()) {
    additions.push_back({"devices", cat('[', joined(entries), ']')});
  }
  edit_rules(editor, plan, part, additions);
  missing.push_back({"linux", cat('{', joined_members(additions), '}')});
}

}  // namespace

std::vector<Splice> splices(const Spec& spec, const Plan& plan,
                            const std::vector<VendorHook>& hooks) {
  Editor editor(spec);
  std::vector<Addition> missing;
  edit_env(editor, plan);
  edit_groups(editor, plan);
  edit_mounts(editor, plan, missing);
  edit_linux(editor, plan, missing);
  edit_hooks(editor, plan, hooks, missing);
  editor.add_members(editor.root(), missing);
  return editor.take();
}

}  // namespace xpu
