// SPDX-License-Identifier: Apache-2.0
// Catalog ⇄ JSON. Reading is on the way of every container start: the tree lives in one buffer that
// is as large as the text suggests, and what has its default value is not written.
#include "core/catalog/catalog.h"

#include <boost/json.hpp>

#include "core/base/error.h"

namespace xpu {
namespace {

namespace json = boost::json;

constexpr std::string_view kStates[] = {"ready", "absent", "failed", "refused"};
constexpr std::string_view kFileKinds[] = {"library", "binary", "data", "socket", "directory"};
constexpr std::string_view kCombines[] = {"list", "bits"};
constexpr std::string_view kConditionKinds[] = {"stat", "listing", "content", "seconds"};

using Pairs = std::vector<std::pair<std::string, std::string>>;

// ---- writing

void put(json::object& out, std::string_view key, const std::string& text) {
  if (!text.empty()) {
    out[key] = text;
  }
}

void put(json::object& out, std::string_view key, bool set) {
  if (set) {
    out[key] = true;
  }
}

void put(json::object& out, std::string_view key, std::uint32_t number) {
  if (number != 0) {
    out[key] = number;
  }
}

void put(json::object& out, std::string_view key, const std::vector<std::string>& list) {
  if (!list.empty()) {
    out[key] = json::array(list.begin(), list.end());
  }
}

void put(json::object& out, std::string_view key, const Pairs& pairs) {
  if (!pairs.empty()) {
    json::object object;
    for (const auto& [name, value] : pairs) {
      object[name] = value;
    }
    out[key] = std::move(object);
  }
}

template <class T, class F>
void put_each(json::object& out, std::string_view key, const std::vector<T>& items, F to_object) {
  if (!items.empty()) {
    json::array list;
    for (const T& item : items) {
      list.push_back(to_object(item));
    }
    out[key] = std::move(list);
  }
}

json::object device_object(const Device& device) {
  json::object out;
  put(out, "id", device.id);
  put(out, "vendor", device.vendor);
  put(out, "index", device.index);
  put(out, "uuid", device.uuid);
  put(out, "name", device.name);
  out["kind"] = to_string(device.kind);
  if (device.memory_bytes != 0) {
    out["memory_bytes"] = device.memory_bytes;
  }
  put(out, "architecture", device.architecture);
  put(out, "driver", device.driver);
  put(out, "pci", device.pci);
  if (device.numa_node != -1) {
    out["numa_node"] = device.numa_node;
  }
  put(out, "parent", device.parent);
  if (!device.in_all) {
    out["in_all"] = false;
  }
  if (!device.available) {
    out["available"] = false;
  }
  put(out, "reason", device.reason);
  put(out, "aliases", device.aliases);
  put(out, "properties", device.properties);
  return out;
}

json::object interconnect_object(const Interconnect& link) {
  return {
      {"device", link.device}, {"peer", link.peer}, {"type", link.type}, {"weight", link.weight}};
}

json::object node_object(const Node& node) {
  json::object out{{"host_path", node.host_path},
                   {"container_path", node.container_path},
                   {"type", std::string_view(&node.type, 1)},
                   {"major", node.major},
                   {"minor", node.minor}};
  put(out, "mode", node.mode);
  put(out, "uid", node.uid);
  put(out, "gid", node.gid);
  return out;
}

json::object file_object(const File& file) {
  json::object out;
  out["kind"] = kFileKinds[static_cast<int>(file.kind)];
  put(out, "host_path", file.host_path);
  put(out, "container_path", file.container_path);
  put(out, "soname", file.soname);
  put(out, "architecture", file.architecture);
  put(out, "links", file.links);
  return out;
}

json::object env_object(const EnvVar& env) {
  json::object out{{"name", env.name}, {"value", env.value}};
  put(out, "expand", env.expand);
  return out;
}

json::object value_object(const Value& value) {
  return {{"combine", kCombines[static_cast<int>(value.combine)]},
          {"name", value.name},
          {"value", value.value}};
}

json::object text_object(const Text& text) {
  json::object out{{"path", text.path}, {"content", text.content}};
  put(out, "expand", text.expand);
  return out;
}

json::object note_object(const Note& note) {
  json::object out{{"text", note.text}};
  put(out, "warning", note.warning);
  return out;
}

json::object image_folder_object(const ImageFolder& folder) {
  return {{"folder", folder.folder}, {"library", folder.library}, {"version", folder.version}};
}

json::object edits_object(const EditGroup& group) {
  json::object out;
  put(out, "device", group.scope.device);
  put(out, "capability", group.scope.capability);
  put(out, "item", group.scope.item);
  put(out, "image_lacks", group.scope.image_lacks);
  put_each(out, "nodes", group.nodes, node_object);
  put_each(out, "files", group.files, file_object);
  put_each(out, "env", group.env, env_object);
  put_each(out, "links", group.links, [](const Link& link) -> json::object {
    return {{"path", link.path}, {"target", link.target}};
  });
  put_each(out, "values", group.values, value_object);
  put_each(out, "texts", group.texts, text_object);
  put_each(out, "notes", group.notes, note_object);
  put_each(out, "image_folders", group.image_folders, image_folder_object);
  return out;
}

json::object condition_object(const Condition& condition) {
  json::object out;
  out["kind"] = kConditionKinds[static_cast<int>(condition.kind)];
  put(out, "path", condition.path);
  put(out, "expected", condition.expected);
  return out;
}

// ---- reading

// One JSON object being read, and where it is in the text, for messages.
class Reader {
 public:
  Reader(const json::value& value, const std::string& source, std::string_view list = {},
         std::size_t index = 0)
      : source_(source), list_(list), index_(index) {
    if (!value.is_object()) {
      fail(source, ": ", place(), " is not an object");
    }
    object_ = &value.get_object();
  }

  void operator()(std::string_view key, std::string& out) {
    if (const json::value* value = find(key)) {
      out = text(*value, key);
    }
  }
  void operator()(std::string_view key, bool& out) {
    if (const json::value* value = find(key)) {
      check(value->is_bool(), key, "true or false");
      out = value->get_bool();
    }
  }
  template <class T>
  requires std::is_integral_v<T>
  void operator()(std::string_view key, T& out) {
    if (const json::value* value = find(key)) {
      json::error_code error;
      out = value->to_number<T>(error);
      check(!error, key, "a number in range");
    }
  }
  void operator()(std::string_view key, char& out) {
    if (const json::value* value = find(key)) {
      const std::string_view one = text(*value, key);
      check(one.size() == 1, key, "one character");
      out = one[0];
    }
  }
  template <class Enum, std::size_t N>
  void operator()(std::string_view key, Enum& out, const std::string_view (&names)[N]) {
    if (const json::value* value = find(key)) {
      const std::string_view name = text(*value, key);
      const auto* at = std::find(std::begin(names), std::end(names), name);
      check(at != std::end(names), key, "a value that is known");
      out = static_cast<Enum>(at - std::begin(names));
    }
  }
  void operator()(std::string_view key, std::vector<std::string>& out) {
    if (const json::array* list = find_array(key)) {
      out.reserve(list->size());
      for (const json::value& item : *list) {
        out.emplace_back(text(item, key));
      }
    }
  }
  void operator()(std::string_view key, Pairs& out) {
    if (const json::value* value = find(key)) {
      check(value->is_object(), key, "an object");
      for (const auto& [name, item] : value->get_object()) {
        out.emplace_back(std::string(name), std::string(text(item, key)));
      }
    }
  }
  // A list of objects; read_item(Reader&, T&) reads one.
  template <class T, class F>
  void each(std::string_view key, std::vector<T>& out, F read_item) {
    if (const json::array* list = find_array(key)) {
      out.reserve(list->size());
      for (const json::value& item : *list) {
        Reader reader(item, source_, key, out.size());
        read_item(reader, out.emplace_back());
        reader.done();
      }
    }
  }
  // Refuses what nobody asked for.
  void done() const {
    if (found_ != object_->size()) {
      fail(source_, ": ", place(), " has a key that is not known or occurs twice");
    }
  }

 private:
  const json::value* find(std::string_view key) {
    const json::value* value = object_->if_contains(key);
    found_ += value != nullptr ? 1 : 0;
    return value;
  }
  const json::array* find_array(std::string_view key) {
    const json::value* value = find(key);
    if (value == nullptr) {
      return nullptr;
    }
    check(value->is_array(), key, "a list");
    return &value->get_array();
  }
  std::string_view text(const json::value& value, std::string_view key) const {
    check(value.is_string(), key, "text");
    return {value.get_string().data(), value.get_string().size()};
  }
  void check(bool good, std::string_view key, std::string_view wanted) const {
    if (!good) {
      fail(source_, ": ", key, " of ", place(), " is not ", wanted);
    }
  }
  std::string place() const {
    return list_.empty() ? "the description" : cat(list_, "[", index_, "]");
  }

  const std::string& source_;
  std::string_view list_;
  std::size_t index_;
  const json::object* object_ = nullptr;
  std::size_t found_ = 0;
};

void read_device(Reader& in, Device& device) {
  in("id", device.id);
  in("vendor", device.vendor);
  in("index", device.index);
  in("uuid", device.uuid);
  in("name", device.name);
  in("kind", device.kind, kDeviceKindNames);
  in("memory_bytes", device.memory_bytes);
  in("architecture", device.architecture);
  in("driver", device.driver);
  in("pci", device.pci);
  in("numa_node", device.numa_node);
  in("parent", device.parent);
  in("in_all", device.in_all);
  in("available", device.available);
  in("reason", device.reason);
  in("aliases", device.aliases);
  in("properties", device.properties);
}

// What depends on the selection or on the image.
void read_generated(Reader& in, EditGroup& group) {
  in.each("values", group.values, [](Reader& item, Value& value) {
    item("combine", value.combine, kCombines);
    item("name", value.name);
    item("value", value.value);
  });
  in.each("texts", group.texts, [](Reader& item, Text& text) {
    item("path", text.path);
    item("content", text.content);
    item("expand", text.expand);
  });
  in.each("notes", group.notes, [](Reader& item, Note& note) {
    item("text", note.text);
    item("warning", note.warning);
  });
  in.each("image_folders", group.image_folders, [](Reader& item, ImageFolder& folder) {
    item("folder", folder.folder);
    item("library", folder.library);
    item("version", folder.version);
  });
}

void read_edits(Reader& in, EditGroup& group) {
  in("device", group.scope.device);
  in("capability", group.scope.capability);
  in("item", group.scope.item);
  in("image_lacks", group.scope.image_lacks);
  in.each("nodes", group.nodes, [](Reader& item, Node& node) {
    item("host_path", node.host_path);
    item("container_path", node.container_path);
    item("type", node.type);
    item("major", node.major);
    item("minor", node.minor);
    item("mode", node.mode);
    item("uid", node.uid);
    item("gid", node.gid);
  });
  in.each("files", group.files, [](Reader& item, File& file) {
    item("kind", file.kind, kFileKinds);
    item("host_path", file.host_path);
    item("container_path", file.container_path);
    item("soname", file.soname);
    item("architecture", file.architecture);
    item("links", file.links);
  });
  in.each("env", group.env, [](Reader& item, EnvVar& env) {
    item("name", env.name);
    item("value", env.value);
    item("expand", env.expand);
  });
  in.each("links", group.links, [](Reader& item, Link& link) {
    item("path", link.path);
    item("target", link.target);
  });
  read_generated(in, group);
}

void read_catalog(Reader& in, Catalog& catalog) {
  in("backend", catalog.backend);
  in("version", catalog.version);
  in("abi", catalog.abi);
  in("state", catalog.state, kStates);
  in("reason", catalog.reason);
  in("simulated", catalog.simulated);
  in.each("devices", catalog.devices, read_device);
  in.each("interconnects", catalog.interconnects, [](Reader& item, Interconnect& link) {
    item("device", link.device);
    item("peer", link.peer);
    item("type", link.type);
    item("weight", link.weight);
  });
  in("capabilities", catalog.capabilities);
  in("properties", catalog.properties);
  in.each("edits", catalog.edits, read_edits);
  in.each("conditions", catalog.conditions, [](Reader& item, Condition& condition) {
    item("kind", condition.kind, kConditionKinds);
    item("path", condition.path);
    item("expected", condition.expected);
  });
}

}  // namespace

std::string to_json(const Catalog& catalog) {
  json::monotonic_resource memory;
  json::object out(&memory);
  put(out, "backend", catalog.backend);
  put(out, "version", catalog.version);
  put(out, "abi", catalog.abi);
  out["state"] = kStates[static_cast<int>(catalog.state)];
  put(out, "reason", catalog.reason);
  put(out, "simulated", catalog.simulated);
  put_each(out, "devices", catalog.devices, device_object);
  put_each(out, "interconnects", catalog.interconnects, interconnect_object);
  put(out, "capabilities", catalog.capabilities);
  put(out, "properties", catalog.properties);
  put_each(out, "edits", catalog.edits, edits_object);
  put_each(out, "conditions", catalog.conditions, condition_object);
  return json::serialize(out);
}

Catalog catalog_from_json(std::string_view text, const std::string& source) {
  json::monotonic_resource memory(std::max<std::size_t>(4096, text.size() * 2));
  json::error_code error;
  json::parser parser;
  parser.reset(&memory);
  parser.write(text.data(), text.size(), error);
  if (error) {
    fail(source, ": not a description in JSON: ", error.message());
  }
  const json::value tree = parser.release();
  Catalog catalog;
  Reader reader(tree, source);
  read_catalog(reader, catalog);
  reader.done();
  return catalog;
}

}  // namespace xpu
