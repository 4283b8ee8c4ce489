// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>
#include <initializer_list>
#include <limits>

#include "core/base/error.h"
#include "core/catalog/grammar.h"
#include "core/catalog/limits.h"
#include "core/cdi/checks.h"
#include "core/cdi/name.h"
#include "core/cdi/spec.h"
#include "core/cdi/tree.h"

namespace xpu::cdi {
namespace {

// One value and where it stands, for messages.
struct At {
  const Tree& tree;
  std::string place;
};

class Reader {
 public:
  explicit Reader(const std::string& source) : source_(source) {}

  Spec spec(const Tree& root) {
    const At at{root, ""};
    members(at, {"cdiVersion", "kind", "annotations", "devices", "containerEdits"});
    Spec out;
    out.version = version(required(at, "cdiVersion"));
    out.kind = kind(required(at, "kind"));
    out.annotations = annotations(at);
    for (const At& element : list(required(at, "devices"))) {
      out.devices.push_back(device(element));
      for (std::size_t i = 0; i + 1 < out.devices.size(); ++i) {
        if (out.devices[i].name == out.devices.back().name) {
          bad({element.tree, element.place + ".name"},
              cat("the device ", out.devices[i].name, " is there already, as devices[", i, "]"));
        }
      }
    }
    if (out.devices.empty()) {
      fail(source_, ": devices: a CDI file describes at least one");
    }
    if (const Tree* const edits = find(root, "containerEdits")) {
      out.edits = this->edits({*edits, "containerEdits"});
    }
    return out;
  }

 private:
  [[noreturn]] void bad(const At& at, std::string_view what) const {
    fail(source_, ": ", at.place.empty() ? "" : cat(at.place, ": "), what);
  }

  static const Tree* find(const Tree& map, std::string_view key) {
    for (const auto& [name, tree] : map.map) {
      if (name == key) {
        return tree.kind == Tree::Kind::kNull ? nullptr : &tree;
      }
    }
    return nullptr;
  }
  static std::string below(const At& at, std::string_view key) {
    return at.place.empty() ? std::string(key) : cat(at.place, ".", key);
  }

  // A map that has no other members than these.
  void members(const At& at, std::initializer_list<std::string_view> known) const {
    if (at.tree.kind != Tree::Kind::kMap) {
      bad(at, at.place.empty() ? "a CDI file is one object" : "not an object");
    }
    for (const auto& [name, tree] : at.tree.map) {
      if (std::find(known.begin(), known.end(), name) == known.end()) {
        bad({tree, below(at, name)}, "the CDI specification has no such member");
      }
    }
  }
  At required(const At& at, std::string_view key) const {
    const Tree* const tree = find(at.tree, key);
    if (tree == nullptr) {
      bad(at, cat("the member ", key, " is missing"));
    }
    return {*tree, below(at, key)};
  }
  std::vector<At> list(const At& at) const {
    if (at.tree.kind != Tree::Kind::kList) {
      bad(at, "not a list");
    }
    std::vector<At> out;
    for (const Tree& element : at.tree.list) {
      out.push_back({element, cat(at.place, "[", out.size(), "]")});
    }
    return out;
  }
  std::vector<At> list(const At& at, std::string_view key) const {
    const Tree* const tree = find(at.tree, key);
    return tree == nullptr ? std::vector<At>() : list({*tree, below(at, key)});
  }

  // Text without control characters.
  std::string text(const At& at, std::size_t most = limits::kText) const {
    if (at.tree.kind != Tree::Kind::kString && !at.tree.may_be_string) {
      bad(at, "not a text");
    }
    if (!grammar::is_text(at.tree.text, most)) {
      bad(at, cat("longer than ", most, " bytes, or has control characters"));
    }
    return at.tree.text;
  }
  std::string text(const At& at, std::string_view key, std::size_t most = limits::kText) const {
    const Tree* const tree = find(at.tree, key);
    return tree == nullptr ? "" : text({*tree, below(at, key)}, most);
  }
  std::vector<std::string> texts(const At& at, std::string_view key, std::size_t most) const {
    std::vector<std::string> out;
    for (const At& element : list(at, key)) {
      out.push_back(text(element, most));
    }
    return out;
  }
  bool flag(const At& at, std::string_view key) const {
    const Tree* const tree = find(at.tree, key);
    if (tree != nullptr && tree->kind != Tree::Kind::kBool) {
      bad({*tree, below(at, key)}, "neither true nor false");
    }
    return tree != nullptr && tree->text == "true";
  }
  template <class T>
  T number(const At& at, T least, T most) const {
    T value = 0;
    const std::string& text = at.tree.text;
    const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
    if (at.tree.kind != Tree::Kind::kNumber || result.ec != std::errc() ||
        result.ptr != text.data() + text.size() || value < least || value > most) {
      bad(at, cat("not a whole number from ", least, " to ", most));
    }
    return value;
  }
  template <class T>
  std::optional<T> number(const At& at, std::string_view key, T least = 0,
                          T most = std::numeric_limits<T>::max()) const {
    const Tree* const tree = find(at.tree, key);
    if (tree == nullptr) {
      return std::nullopt;
    }
    return number<T>({*tree, below(at, key)}, least, most);
  }

  // As its users write paths: a slash at the end and doubled ones do not count.
  std::string path(const At& at) const {
    const std::string written = text(at, limits::kPath);
    std::string out;
    for (const char c : written) {
      if (c != '/' || out.empty() || out.back() != '/') {
        out += c;
      }
    }
    if (out.size() > 1 && out.back() == '/') {
      out.pop_back();
    }
    if (!grammar::is_clean_absolute(out) && out != "/") {
      bad(at, cat("'", written, "' is not an absolute path without . and .."));
    }
    return out;
  }

  std::string version(const At& at) const {
    std::string out = text(at);
    if (out.starts_with('v')) {
      out.erase(0, 1);
    }
    if (!is_version(out)) {
      bad(at, cat("'", out,
                  "' is no version of the CDI specification that this program knows; it "
                  "knows ",
                  versions()));
    }
    return out;
  }
  std::string kind(const At& at) const {
    std::string out = text(at);
    if (!is_kind(out)) {
      bad(at, cat("'", out, "' is not of the form VENDOR/CLASS"));
    }
    return out;
  }

  Annotations annotations(const At& at) const {
    const Tree* const tree = find(at.tree, "annotations");
    Annotations out;
    if (tree == nullptr) {
      return out;
    }
    const At here{*tree, below(at, "annotations")};
    if (tree->kind != Tree::Kind::kMap) {
      bad(here, "not an object");
    }
    std::size_t bytes = 0;
    for (const auto& [key, value] : tree->map) {
      if (!is_annotation_key(key)) {
        bad(here, cat("'", key, "' is no key of an annotation"));
      }
      if (value.kind != Tree::Kind::kString && !value.may_be_string) {
        bad({value, below(here, key)}, "not a text");
      }
      out.emplace_back(key, value.text);
      bytes += key.size() + value.text.size();
    }
    if (bytes > kMostAnnotationBytes) {
      bad(here, cat("more than ", kMostAnnotationBytes, " bytes"));
    }
    return out;
  }

  Device device(const At& at) const {
    members(at, {"name", "annotations", "containerEdits"});
    Device out;
    const At name = required(at, "name");
    out.name = text(name);
    if (!is_device_name(out.name)) {
      bad(name, cat("'", out.name,
                    "' is no name of a device: letters, digits, and between them "
                    "also _ - . :"));
    }
    out.annotations = annotations(at);
    const At edits = required(at, "containerEdits");
    out.edits = this->edits(edits);
    if (out.edits.empty()) {
      bad(edits, cat("the device ", out.name, " brings nothing into a container"));
    }
    return out;
  }

  Edits edits(const At& at) const {
    members(at, {"env", "deviceNodes", "netDevices", "mounts", "hooks", "intelRdt",
                 "additionalGids", "additionalGIDs"});
    Edits out;
    out.env = env(at);
    for (const At& element : list(at, "deviceNodes")) {
      out.nodes.push_back(node(element));
    }
    for (const At& element : list(at, "netDevices")) {
      out.net_devices.push_back(net_device(element));
    }
    for (const At& element : list(at, "mounts")) {
      out.mounts.push_back(mount(element));
    }
    for (const At& element : list(at, "hooks")) {
      out.hooks.push_back(hook(element));
    }
    if (const Tree* const tree = find(at.tree, "intelRdt")) {
      out.rdt = rdt({*tree, below(at, "intelRdt")});
    }
    // The schema and the reference library's releases do not agree on the spelling.
    for (const char* const key : {"additionalGids", "additionalGIDs"}) {
      for (const At& element : list(at, key)) {
        const auto gid = number<std::uint32_t>(element, 0, kMostId);
        if (gid != 0 && std::find(out.gids.begin(), out.gids.end(), gid) == out.gids.end()) {
          out.gids.push_back(gid);
        }
      }
    }
    return out;
  }

  std::vector<std::string> env(const At& at) const {
    std::vector<std::string> out;
    for (const At& element : list(at, "env")) {
      out.push_back(text(element, limits::kEnvValue));
      if (out.back().find('=') == std::string::npos || out.back().front() == '=') {
        bad(element, cat("'", out.back(), "' is not of the form NAME=value"));
      }
    }
    return out;
  }

  DeviceNode node(const At& at) const {
    members(at, {"path", "hostPath", "type", "major", "minor", "fileMode", "permissions", "uid",
                 "gid"});
    DeviceNode out;
    out.path = path(required(at, "path"));
    if (const Tree* const tree = find(at.tree, "hostPath");
        tree != nullptr && !tree->text.empty()) {
      out.host_path = path({*tree, below(at, "hostPath")});
    }
    const std::string type = text(at, "type");
    if (type.size() > 1 || std::string_view("bcup").find(type) == std::string_view::npos) {
      bad(required(at, "type"), cat("'", type, "' is no type of a node: b, c, u or p"));
    }
    out.type = type.empty() ? '\0' : type[0];
    out.major = number<std::int64_t>(at, "major", 0, kMostDeviceNumber);
    out.minor = number<std::int64_t>(at, "minor", 0, kMostDeviceNumber);
    out.file_mode = number<std::uint32_t>(at, "fileMode", 0, 07777);
    out.uid = number<std::uint32_t>(at, "uid", 0, kMostId);
    out.gid = number<std::uint32_t>(at, "gid", 0, kMostId);
    const std::string permissions = text(at, "permissions");
    if (permissions != "none" && permissions.find_first_not_of("rwm") != std::string::npos) {
      bad(required(at, "permissions"), cat("'", permissions, "' is not made of r, w and m"));
    }
    if (!permissions.empty()) {
      out.permissions = permissions;
    }
    return out;
  }

  NetDevice net_device(const At& at) const {
    members(at, {"hostInterfaceName", "name"});
    const auto name = [&](const char* key) {
      const At here = required(at, key);
      std::string out = text(here);
      if (!is_interface_name(out)) {
        bad(here, cat("'", out, "' is no name of a network interface"));
      }
      return out;
    };
    return {name("hostInterfaceName"), name("name")};
  }

  Mount mount(const At& at) const {
    members(at, {"hostPath", "containerPath", "type", "options"});
    Mount out;
    out.type = text(at, "type");
    out.options = texts(at, "options", limits::kText);
    const At host = required(at, "hostPath");
    // Of a file system such as tmpfs it is only a name.
    out.host_path = is_bind(out) ? path(host) : text(host, limits::kPath);
    if (out.host_path.empty()) {
      bad(host, "empty");
    }
    const At container = required(at, "containerPath");
    out.container_path = path(container);
    if (out.container_path == "/") {
      bad(container, "a mount cannot take the place of the container's whole file system");
    }
    return out;
  }

  Hook hook(const At& at) const {
    members(at, {"hookName", "path", "args", "env", "timeout"});
    Hook out;
    const At name = required(at, "hookName");
    out.name = text(name);
    if (!is_hook_name(out.name)) {
      bad(name, cat("OCI has no hook '", out.name, "'"));
    }
    out.path = path(required(at, "path"));
    out.args = texts(at, "args", limits::kEnvValue);
    out.env = env(at);
    out.timeout = number<std::int64_t>(at, "timeout", 1, kMostSeconds);
    return out;
  }

  Rdt rdt(const At& at) const {
    members(at, {"closID", "l3CacheSchema", "memBwSchema", "schemata", "enableMonitoring",
                 "enableCMT", "enableMBM"});
    Rdt out;
    out.clos_id = text(at, "closID", limits::kPath);
    if (out.clos_id == "." || out.clos_id == ".." || out.clos_id.find('/') != std::string::npos) {
      bad(required(at, "closID"), cat("'", out.clos_id, "' is no name of a folder"));
    }
    out.l3_cache_schema = text(at, "l3CacheSchema");
    out.mem_bw_schema = text(at, "memBwSchema");
    out.schemata = texts(at, "schemata", limits::kText);
    out.enable_monitoring = flag(at, "enableMonitoring");
    out.enable_cmt = flag(at, "enableCMT");
    out.enable_mbm = flag(at, "enableMBM");
    return out;
  }

  const std::string& source_;
};

}  // namespace

bool Edits::empty() const {
  return env.empty() && nodes.empty() && net_devices.empty() && mounts.empty() && hooks.empty() &&
         !rdt && gids.empty();
}

Spec parse(std::string_view text, const std::string& source) {
  const Tree tree =
      source.ends_with(".json") ? tree_of_json(text, source) : tree_of_yaml(text, source);
  Spec spec = Reader(source).spec(tree);
  const std::string least = minimum_version(spec);
  // What came before the least version is read like it.
  if (is_older(spec.version, least) && least != kLeastVersion) {
    fail(source, ": cdiVersion: ", spec.version,
         " does not have everything that is used; it must be at least ", least);
  }
  return spec;
}

}  // namespace xpu::cdi
