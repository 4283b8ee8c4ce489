// SPDX-License-Identifier: Apache-2.0
#include "core/spec/apply.h"

#include <algorithm>
#include <functional>
#include <map>

#include "core/base/error.h"

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

// Both cleaned.
bool is_below(std::string_view path, std::string_view folder) {
  return folder == "/" ||
         (path.size() > folder.size() && path[folder.size()] == '/' && path.starts_with(folder));
}

// Something that shall be in an array: what it is known by there, and its JSON.
struct Entry {
  std::string key;
  std::string text;
  bool at_end = false;  // even when it replaces an entry further up
};

// Of several entries with one key the last counts.
void put(std::vector<Entry>& entries, Entry entry) {
  std::erase_if(entries, [&](const Entry& other) { return other.key == entry.key; });
  entries.push_back(std::move(entry));
}

std::string joined(const std::vector<Entry>& entries) {
  std::string out;
  for (const Entry& entry : entries) {
    out += out.empty() ? "" : ",";
    out += entry.text;
  }
  return out;
}

struct Addition {  // a member that an object lacks
  std::string key;
  std::string value;
};

std::string joined_members(const std::vector<Addition>& additions) {
  std::string out;
  for (const Addition& addition : additions) {
    out += out.empty() ? "" : ",";
    out += cat(json::quote(addition.key), ':', addition.value);
  }
  return out;
}

// What becomes of the elements of one array.
class ArrayEdit {
 public:
  explicit ArrayEdit(std::vector<Value> elements)
      : elements_(std::move(elements)), kept_(elements_.size(), true) {}

  void replace(std::size_t at, const std::string& text) {
    if (elements_[at].text != text) {
      splices_.push_back({elements_[at].begin, elements_[at].text.size(), text});
    }
  }
  void remove(std::size_t at) { kept_[at] = false; }
  void append(const std::string& text) {
    appended_ += appended_.empty() ? "" : ",";
    appended_ += text;
  }

  std::vector<Splice> finish(const Value& array) && {
    const std::size_t first =
        static_cast<std::size_t>(std::find(kept_.begin(), kept_.end(), true) - kept_.begin());
    const bool empty = first == kept_.size();
    for (std::size_t i = 0; i < kept_.size(); ++i) {
      if (kept_[i]) {
        continue;
      }
      // Every removed element takes one comma with it: the one before it, or, ahead of the first
      // element that stays, the one behind it.
      const bool ahead = i < first;
      const std::size_t begin = ahead ? elements_[i].begin : elements_[i - 1].end();
      const std::size_t end =
          ahead && i + 1 < kept_.size() ? elements_[i + 1].begin : elements_[i].end();
      splices_.push_back({begin, end - begin, ""});
    }
    if (!appended_.empty()) {
      const std::size_t place = elements_.empty() ? array.begin + 1 : elements_.back().end();
      splices_.push_back({place, 0, cat(empty ? "" : ",", appended_)});
    }
    return std::move(splices_);
  }

 private:
  std::vector<Value> elements_;
  std::vector<bool> kept_;
  std::string appended_;
  std::vector<Splice> splices_;
};

enum class Same { kReplaceAll, kReplaceLast };

class Editor {
 public:
  explicit Editor(const Spec& spec) : spec_(spec), document_(spec.document()) {
    members_.emplace(root().begin, spec.members());
  }

  // nullopt: missing or null.
  std::optional<Value> find(const Value& object, std::string_view key, const std::string& place) {
    const std::string where = place.empty() ? spec_.source() : cat(spec_.source(), ": ", place);
    const std::optional<Value> value = json::find(members(object), key, where);
    return value && value->text != "null" ? value : std::nullopt;
  }
  std::optional<Value> object(const Value& parent, std::string_view key, const std::string& place) {
    const std::optional<Value> value = find(parent, key, parent_of(place));
    if (value && !value->is_object()) {
      fail(spec_.source(), ": ", place, " is not an object");
    }
    return value;
  }

  // Brings `entries` into the array `key` of `parent`, or into `missing` when there is none.
  // `key_of` tells what an element is known by.
  using KeyOf = std::function<std::string(const Value&, const std::string& place)>;
  void merge(const Value& parent, std::string_view key, const std::string& place,
             const std::vector<Entry>& entries, Same same, const KeyOf& key_of,
             std::vector<Addition>& missing) {
    if (entries.empty()) {
      return;
    }
    const std::optional<Value> array = find(parent, key, parent_of(place));
    if (!array) {
      missing.push_back({std::string(key), cat('[', joined(entries), ']')});
      return;
    }
    const std::vector<Value> elements = elements_of(*array, place);
    std::vector<std::string> keys;
    for (const Value& element : elements) {
      keys.push_back(key_of(element, cat(place, '[', keys.size(), ']')));
    }
    ArrayEdit edit(elements);
    for (const Entry& entry : entries) {
      std::vector<std::size_t> hits;
      for (std::size_t i = 0; i < keys.size(); ++i) {
        if (keys[i] == entry.key) {
          hits.push_back(i);
        }
      }
      place_entry(edit, entry, hits, same);
    }
    add(std::move(edit).finish(*array));
  }

  void append(const Value& parent, std::string_view key, const std::string& place,
              const std::vector<Entry>& entries, std::vector<Addition>& missing) {
    const KeyOf unlike = [](const Value&, const std::string&) { return std::string(); };
    merge(parent, key, place, entries, Same::kReplaceAll, unlike, missing);
  }

  void add_members(const Value& object, const std::vector<Addition>& additions) {
    const std::vector<json::Member>& present = members(object);
    std::vector<Addition> absent;
    for (const Addition& addition : additions) {
      const std::optional<Value> null = json::find(present, addition.key, spec_.source());
      if (null) {
        splices_.push_back({null->begin, null->text.size(), addition.value});
      } else {
        absent.push_back(addition);
      }
    }
    if (!absent.empty()) {
      const std::size_t place = present.empty() ? object.begin + 1 : present.back().value.end();
      splices_.push_back({place, 0, cat(present.empty() ? "" : ",", joined_members(absent))});
    }
  }

  std::string string_of(const Value& object, std::string_view key, const std::string& place) {
    if (!object.is_object()) {
      fail(spec_.source(), ": ", place, " is not an object");
    }
    const std::optional<Value> value = find(object, key, place);
    return value ? json::as_string(*value).value_or("") : "";
  }

  std::vector<Value> elements_of(const Value& array, const std::string& place) const {
    if (!array.is_array()) {
      fail(spec_.source(), ": ", place, " is not an array");
    }
    return json::elements(document_, array);
  }

  const Spec& spec() const { return spec_; }
  Value root() const { return json::root(document_); }
  void add(std::vector<Splice> more) {
    splices_.insert(splices_.end(), std::make_move_iterator(more.begin()),
                    std::make_move_iterator(more.end()));
  }
  std::vector<Splice> take() { return std::move(splices_); }

 private:
  // Looked up once per object: finding the members of `linux` means to walk over all of it.
  const std::vector<json::Member>& members(const Value& object) {
    const auto [place, is_new] = members_.try_emplace(object.begin);
    if (is_new) {
      place->second = json::members(document_, object);
    }
    return place->second;
  }

  static std::string parent_of(const std::string& place) {
    const std::size_t dot = place.rfind('.');
    return dot == std::string::npos ? "" : place.substr(0, dot);
  }

  static void place_entry(ArrayEdit& edit, const Entry& entry, std::vector<std::size_t> hits,
                          Same same) {
    if (hits.empty()) {
      edit.append(entry.text);
      return;
    }
    const std::size_t chosen = same == Same::kReplaceLast ? hits.back() : hits.front();
    for (const std::size_t hit : hits) {
      if (hit != chosen && same == Same::kReplaceAll) {
        edit.remove(hit);
      }
    }
    if (entry.at_end) {
      edit.remove(chosen);
      edit.append(entry.text);
    } else {
      edit.replace(chosen, entry.text);
    }
  }

  const Spec& spec_;
  std::string_view document_;
  std::map<std::size_t, std::vector<json::Member>> members_;  // by offset of the object
  std::vector<Splice> splices_;
};

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

void edit_mounts(Editor& editor, const Plan& plan, std::vector<Addition>& missing) {
  std::vector<Entry> entries;
  for (const PlannedMount& mount : plan.mounts) {
    const std::string path = clean(mount.destination);
    // A folder that we mount is appended and would cover what is mounted in it further up.
    const bool covered = std::any_of(entries.begin(), entries.end(),
                                     [&](const Entry& other) { return is_below(path, other.key); });
    put(entries, {path, mount_json(mount), covered});
  }
  const auto destination_of = [&](const Value& element, const std::string& place) {
    return clean(editor.string_of(element, "destination", place));
  };
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

// Whether the rules, which apply in order, let the container read and write the node already. A
// denial of anything after the rule is taken to concern it.
bool allowed(const std::vector<Rule>& rules, const Node& node) {
  for (auto rule = rules.rbegin(); rule != rules.rend() && rule->allow; ++rule) {
    if (rule->type == std::string(1, node.type) && rule->major == node.major &&
        rule->minor == node.minor && rule->access.find('r') != std::string::npos &&
        rule->access.find('w') != std::string::npos) {
      return true;
    }
  }
  return false;
}

std::string numbers_json(const Node& node) {
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
  std::vector<Entry> entries;
  for (const Node& node : nodes) {
    if (!editor.spec().all_devices_allowed && !allowed(rules, node)) {
      const std::string numbers = numbers_json(node);
      put(entries, {numbers, cat("{\"allow\":true,", numbers, ",\"access\":\"rw\"}")});
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

void edit_linux(Editor& editor, const Plan& plan, std::vector<Addition>& missing) {
  if (plan.devices.empty() && plan.device_rules.empty()) {
    return;
  }
  const std::optional<Value> part = editor.object(editor.root(), "linux", "linux");
  std::vector<Entry> entries;
  for (const PlannedDevice& device : plan.devices) {
    const std::string& path = device.node.container_path;
    // Mode 0666: the cgroup decides who may open the node.
    put(entries, {clean(path), cat("{\"path\":", json::quote(path), ',', numbers_json(device.node),
                                   ",\"fileMode\":438,\"uid\":0,\"gid\":0}")});
  }
  std::vector<Addition> additions;
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

// Without its elements an array is written anew together with its key: a text by which the edit is
// found again in a file that was changed since.
Splice emptied(const json::Member& member) {
  return {member.key.begin, member.value.end() - member.key.begin, cat(member.key.text, ":[]")};
}

// Of vendor_hooks(): the arrays are there, and hold what the indices name.
void remove_hooks(Editor& editor, const std::vector<VendorHook>& hooks) {
  const std::optional<Value> part = editor.object(editor.root(), "hooks", "hooks");
  for (const json::Member& member :
       part ? json::members(editor.spec().document(), *part) : std::vector<json::Member>()) {
    const std::string phase = json::as_string(member.key).value_or("");
    std::vector<std::size_t> indices;
    for (const VendorHook& hook : hooks) {
      if (hook.phase == phase) {
        indices.push_back(hook.index);
      }
    }
    if (indices.empty()) {
      continue;
    }
    const std::vector<Value> elements = editor.elements_of(member.value, cat("hooks.", phase));
    if (indices.size() == elements.size()) {
      editor.add({emptied(member)});
      continue;
    }
    ArrayEdit edit(elements);
    for (const std::size_t index : indices) {
      edit.remove(index);
    }
    editor.add(std::move(edit).finish(member.value));
  }
}

}  // namespace

std::vector<Splice> splices(const Spec& spec, const Plan& plan,
                            const std::vector<VendorHook>& hooks) {
  Editor editor(spec);
  std::vector<Addition> missing;
  edit_env(editor, plan);
  edit_mounts(editor, plan, missing);
  edit_linux(editor, plan, missing);
  if (!hooks.empty()) {
    remove_hooks(editor, hooks);
  }
  editor.add_members(editor.root(), missing);
  return editor.take();
}

}  // namespace xpu
