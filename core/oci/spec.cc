// SPDX-License-Identifier: Apache-2.0
#include "core/oci/spec.h"

#include <algorithm>
#include <limits>
#include <unordered_set>

#include "core/base/error.h"

namespace xpu {
namespace {

bool is_null(const json::Value& value) {
  return value.text == "null";
}

// One object of the document with its place in it, for messages ("linux.devices[2]"). Go's decoder
// takes null for absent, and so do all readers here.
class Object {
 public:
  Object(std::string_view document, const std::string& source, const json::Value& value,
         std::string place)
      : document_(document),
        source_(source),
        place_(std::move(place)),
        members_(json::members(document, value)) {}
  // The document itself.
  explicit Object(const Spec& spec)
      : document_(spec.document()), source_(spec.source()), members_(spec.members()) {}

  std::optional<json::Value> value(std::string_view key) const {
    std::optional<json::Value> found =
        json::find(members_, key, place_.empty() ? source_ : cat(source_, ": ", place_));
    return found && !is_null(*found) ? found : std::nullopt;
  }

  std::optional<Object> object(std::string_view key) const {
    const std::optional<json::Value> found = value(key);
    if (!found) {
      return std::nullopt;
    }
    if (!found->is_object()) {
      wrong(place_of(key), "an object");
    }
    return Object(document_, source_, *found, place_of(key));
  }

  std::vector<json::Value> array(std::string_view key) const {
    const std::optional<json::Value> found = value(key);
    if (!found) {
      return {};
    }
    if (!found->is_array()) {
      wrong(place_of(key), "an array");
    }
    return json::elements(document_, *found);
  }

  std::vector<Object> objects(std::string_view key) const {
    std::vector<Object> out;
    for (const json::Value& element : array(key)) {
      const std::string place = cat(place_of(key), '[', out.size(), ']');
      if (!element.is_object()) {
        wrong(place, "an object");
      }
      out.emplace_back(document_, source_, element, place);
    }
    return out;
  }

  // Only read, never edited: an entry of another shape is left to the low-level runtime to refuse.
  bool has_namespace(std::string_view type) const {
    const std::vector<json::Value> entries = array("namespaces");
    return std::any_of(entries.begin(), entries.end(), [&](const json::Value& entry) {
      return entry.is_object() &&
             Object(document_, source_, entry, place_of("namespaces")).string("type") == type;
    });
  }

  std::vector<std::string> strings(std::string_view key) const {
    std::vector<std::string> out;
    for (const json::Value& element : array(key)) {
      out.push_back(is_null(element) ? std::string()
                                     : text(element, cat(place_of(key), '[', out.size(), ']')));
    }
    return out;
  }

  // What the kernel takes as a C string must read the same here.
  std::string string(std::string_view key) const {
    const std::optional<json::Value> found = value(key);
    std::string out = found ? text(*found, place_of(key)) : std::string();
    if (out.find('\0') != std::string::npos) {
      fail(source_, ": ", place_of(key), " holds a NUL character");
    }
    return out;
  }

  // All members, which are strings; their keys are not only those that we know.
  std::vector<std::pair<std::string, std::string>> all_strings() const {
    std::vector<std::pair<std::string, std::string>> out;
    std::unordered_set<std::string> seen;
    for (const json::Member& member : members_) {
      std::string key = text(member.key, place_);
      if (!seen.insert(key).second) {
        fail(source_, ": ", place_, ": key \"", key, "\" is there twice; remove one");
      }
      std::string value =
          is_null(member.value) ? std::string() : text(member.value, cat(place_, '.', key));
      out.emplace_back(std::move(key), std::move(value));
    }
    return out;
  }

  std::int64_t integer(std::string_view key, std::int64_t otherwise) const {
    const std::optional<json::Value> found = value(key);
    if (!found) {
      return otherwise;
    }
    const std::optional<std::int64_t> number = json::as_integer(*found);
    if (!number) {
      wrong(place_of(key), "an integer");
    }
    return *number;
  }

  std::vector<std::int64_t> integers(std::string_view key) const {
    std::vector<std::int64_t> out;
    for (const json::Value& element : array(key)) {
      const std::optional<std::int64_t> number = json::as_integer(element);
      if (!number) {
        wrong(cat(place_of(key), '[', out.size(), ']'), "an integer");
      }
      out.push_back(*number);
    }
    return out;
  }

  std::uint32_t id(std::string_view key) const {
    const std::int64_t number = integer(key, 0);
    if (number < 0 || number > std::numeric_limits<std::uint32_t>::max()) {
      wrong(place_of(key), "a user or group number");
    }
    return static_cast<std::uint32_t>(number);
  }

  bool boolean(std::string_view key) const {
    const std::optional<json::Value> found = value(key);
    if (!found) {
      return false;
    }
    const std::optional<bool> truth = json::as_bool(*found);
    if (!truth) {
      wrong(place_of(key), "true or false");
    }
    return *truth;
  }

 private:
  std::string place_of(std::string_view key) const {
    return place_.empty() ? std::string(key) : cat(place_, '.', key);
  }
  std::string text(const json::Value& value, const std::string& place) const {
    std::optional<std::string> out = json::as_string(value);
    if (!out) {
      wrong(place, "a string");
    }
    return std::move(*out);
  }
  [[noreturn]] void wrong(const std::string& place, std::string_view expected) const {
    fail(source_, ": ", place, " is not ", expected);
  }

  std::string_view document_;
  const std::string& source_;
  std::string place_;
  std::vector<json::Member> members_;
};

std::vector<IdMapping> mappings(const Object& linux_part, std::string_view key) {
  std::vector<IdMapping> out;
  for (const Object& entry : linux_part.objects(key)) {
    out.push_back({entry.id("containerID"), entry.id("hostID"), entry.id("size")});
  }
  return out;
}

// What exec leaves: root gets all of the bounding set, others keep the ambient set.
bool overrides_modes(const Object& process, bool root) {
  const std::optional<json::Value> capabilities = process.value("capabilities");
  if (!capabilities) {
    return root;
  }
  // Before 1.0 the field was one list for all sets.
  const bool one_list = capabilities->is_array();
  if (one_list && !root) {
    return false;
  }
  const std::vector<std::string> kept =
      one_list ? process.strings("capabilities")
               : process.object("capabilities")->strings(root ? "bounding" : "ambient");
  return std::find(kept.begin(), kept.end(), "CAP_DAC_OVERRIDE") != kept.end();
}

// One set alone says nothing: the bounding set is what a program with file capabilities could gain,
// and the others are cut down to it.
bool holds_sys_admin(const Object& process) {
  const std::optional<json::Value> capabilities = process.value("capabilities");
  const auto holds = [](const std::vector<std::string>& set) {
    return std::find(set.begin(), set.end(), "CAP_SYS_ADMIN") != set.end();
  };
  if (!capabilities || capabilities->is_array()) {
    return capabilities && holds(process.strings("capabilities"));
  }
  const Object sets = *process.object("capabilities");
  return holds(sets.strings("bounding")) && holds(sets.strings("permitted")) &&
         holds(sets.strings("effective"));
}

// Rules apply in order, so a later denial takes back what an earlier rule allowed.
bool allows_every_device(const Object& resources) {
  bool all = false;
  for (const Object& rule : resources.objects("devices")) {
    if (!rule.boolean("allow")) {
      all = false;
      continue;
    }
    const std::string type = rule.string("type"), access = rule.string("access");
    const bool whole = access.find('r') != std::string::npos &&
                       access.find('w') != std::string::npos &&
                       access.find('m') != std::string::npos;
    all = all || (whole && (type.empty() || type == "a") && rule.integer("major", -1) == -1 &&
                  rule.integer("minor", -1) == -1);
  }
  return all;
}

void load_linux(const Object& part, Spec& spec) {
  spec.devices.clear();
  for (const Object& entry : part.objects("devices")) {
    spec.devices.push_back({entry.string("path"), entry.string("type"), entry.integer("major", -1),
                            entry.integer("minor", -1)});
  }
  spec.uid_mappings = mappings(part, "uidMappings");
  spec.gid_mappings = mappings(part, "gidMappings");
  spec.user_namespace = part.has_namespace("user");
  const std::optional<Object> resources = part.object("resources");
  spec.all_devices_allowed = resources && allows_every_device(*resources);
  const std::optional<Object> cpu = resources ? resources->object("cpu") : std::nullopt;
  spec.cpus = cpu ? cpu->string("cpus") : "";
}

}  // namespace

bool bind_asked(const std::vector<std::string>& options) {
  return std::any_of(options.begin(), options.end(), [](const std::string& option) {
    return option == "bind" || option == "rbind";
  });
}

bool SpecMount::bind() const {
  return type == "bind" || bind_asked(options);
}

Spec::Spec(std::string_view document, std::string source)
    : document_(document), source_(std::move(source)) {
  json::validate(document_, source_);
  members_ = json::members(document_, json::root(document_));
  const Object top(*this);
  if (const std::optional<Object> process = top.object("process")) {
    env_ = process->strings("env");
  }
}

void Spec::load() {
  const Object top(*this);
  if (const std::optional<Object> root = top.object("root")) {
    root_path = root->string("path");
    root_readonly = root->boolean("readonly");
  }
  mounts.clear();
  for (const Object& entry : top.objects("mounts")) {
    mounts.push_back({entry.string("destination"), entry.string("type"), entry.string("source"),
                      entry.strings("options")});
  }
  const std::optional<Object> said = top.object("annotations");
  annotations = said ? said->all_strings() : decltype(annotations)();
  if (const std::optional<Object> process = top.object("process")) {
    if (const std::optional<Object> user = process->object("user")) {
      process_uid = user->integer("uid", 0);
      process_gid = user->integer("gid", 0);
      process_groups = user->integers("additionalGids");
    }
    process_overrides_modes = overrides_modes(*process, process_uid == 0);
    process_administers_host = holds_sys_admin(*process);
  }
  if (const std::optional<Object> part = top.object("linux")) {
    load_linux(*part, *this);
  }
  process_administers_host = process_administers_host && !user_namespace;
}

}  // namespace xpu
