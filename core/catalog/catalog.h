// SPDX-License-Identifier: Apache-2.0
// What a backend described: plain values. One Catalog per backend, kept as JSON in the cache.
#pragma once

#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace xpu {

namespace cdi {
struct Edits;
}

enum class DeviceKind { kGpu, kPartition, kNpu, kAccelerator };
// In its order.
inline constexpr std::string_view kDeviceKindNames[] = {"gpu", "partition", "npu", "accelerator"};
inline constexpr std::string_view to_string(DeviceKind kind) {
  return kDeviceKindNames[static_cast<int>(kind)];
}

struct Device {
  std::string id;  // "<vendor>:<index>", unique on the host
  std::string vendor;
  std::string index;  // "0", "0:1"
  std::string uuid;
  std::string name;
  DeviceKind kind = DeviceKind::kGpu;
  std::uint64_t memory_bytes = 0;
  std::string architecture;
  std::string driver;
  std::string pci;
  int numa_node = -1;
  std::string parent;  // id of the parent device; "" for none
  bool in_all = true;
  bool available = true;
  std::string reason;                // why not available
  std::vector<std::string> aliases;  // further names a request may use
  std::vector<std::pair<std::string, std::string>> properties;
  // Only of a device of a CDI file, and never kept: the vendors whose it can be where its kind is a
  // backend's, and the ids of the backends' devices that its nodes are.
  std::vector<std::string> kind_vendors, same_as;
};

struct Interconnect {
  std::string device, peer;  // ids
  std::string type;
  std::uint32_t weight = 0;
};

// When an edit applies; every non-empty part must be selected (see xpu_scope).
struct Scope {
  std::string device;       // id
  std::string capability;   // one, or several separated by ','
  std::string item;         // element of a feature that is asked for by a list
  std::string image_lacks;  // names of libraries and paths, separated by ','
  auto operator<=>(const Scope&) const = default;
};

// How a node stands in the container, where a CDI file says so.
struct NodeTerms {
  std::string access = "rwm";  // that the cgroup lets through; "" for no rule
  std::optional<std::uint32_t> mode, uid, gid;
  bool numbered = false;  // type and numbers count, whatever the host has
  bool operator==(const NodeTerms&) const = default;
};

struct Node {
  std::string host_path;
  std::string container_path;
  char type = 'c';  // 'c' or 'b', with terms also 'p'
  std::uint32_t major = 0, minor = 0;
  // On the host when it was described: for a rendering that has to name a group.
  std::uint32_t mode = 0, uid = 0, gid = 0;
  std::shared_ptr<const NodeTerms> terms = nullptr;  // null: what a backend describes
  bool operator==(const Node&) const = default;
};

// What of the node the cgroup lets through: of "rwm"; "" for no rule.
inline std::string access_of(const Node& node) {
  return node.terms == nullptr ? "rw" : node.terms->access;
}
inline bool may(const std::string& access, char what) {
  return access.find(what) != std::string::npos;
}
// Of two such.
inline std::string union_of(std::string access, const std::string& more) {
  for (const char one : more) {
    access += may(access, one) ? std::string() : std::string(1, one);
  }
  return access;
}

enum class FileKind { kLibrary, kBinary, kData, kSocket, kDirectory };

struct File {
  FileKind kind = FileKind::kData;
  std::string host_path;
  std::string container_path;  // library: "" or a path below the loader's folder
  std::string soname, architecture;
  std::vector<std::string> links;
  bool operator==(const File&) const = default;
};

struct EnvVar {
  std::string name, value;
  bool expand = false;  // ${name} stands for a value
  bool operator==(const EnvVar&) const = default;
};

struct Link {
  std::string path, target;
  bool operator==(const Link&) const = default;
};

// See xpu_value.
enum class Combine { kList, kBits };

struct Value {
  Combine combine = Combine::kList;
  std::string name, value;
  bool operator==(const Value&) const = default;
};

// A generated file.
struct Text {
  std::string path, content;
  bool expand = false;
  bool operator==(const Text&) const = default;
};

struct Note {
  bool warning = false;  // said at the start too
  std::string text;
  bool operator==(const Note&) const = default;
};

// See xpu_image_folder.
struct ImageFolder {
  std::string folder, library, version;
  bool operator==(const ImageFolder&) const = default;
};

// The edits of one scope.
struct EditGroup {
  Scope scope;
  std::vector<Node> nodes;
  std::vector<File> files;
  std::vector<EnvVar> env;
  std::vector<Link> links;
  std::vector<Value> values;
  std::vector<Text> texts;
  std::vector<Note> notes;
  std::vector<ImageFolder> image_folders;
  // What only a CDI file asks for; nodes and variables of it are above. Null for a backend's.
  std::shared_ptr<const cdi::Edits> cdi = nullptr;
  unsigned turn = 0;  // of those of CDI files: when the request comes to it
};

enum class ConditionKind { kStat, kListing, kContent, kSeconds };

struct Condition {
  ConditionKind kind = ConditionKind::kStat;
  std::string path;
  // What must still be found: "missing", "unreadable", or for kStat "size:mtime_ns:inode:device",
  // for kListing and kContent a hash, for kSeconds "END BOOT-ID", END being a second of
  // CLOCK_BOOTTIME. Before take_snapshot(): "", and for kSeconds the number of seconds to live.
  std::string expected;
};

// kRefused: the library is not trusted, cannot be loaded or does not speak a version that we
// accept.
enum class CatalogState { kReady, kAbsent, kFailed, kRefused };

struct Catalog {
  std::string backend;  // name
  std::string version;  // of the backend
  std::string abi;      // "1.0"
  CatalogState state = CatalogState::kReady;
  std::string reason;  // for every state but kReady
  // From the manifest: devices that stand in for hardware. Never part of `all` or of a bare index
  // beside devices of a backend that is not simulated.
  bool simulated = false;
  std::vector<Device> devices;
  std::vector<Interconnect> interconnects;
  std::vector<std::string> capabilities;  // in the order of the backend
  std::vector<std::pair<std::string, std::string>> properties;
  std::vector<EditGroup> edits;
  std::vector<Condition> conditions;
};

// JSON and back. from_json checks shape and types only; throws Error naming `source`.
std::string to_json(const Catalog& catalog);
Catalog catalog_from_json(std::string_view json, const std::string& source);

// Everything that untrusted output can get wrong: counts and lengths (limits.h), UTF-8, control
// characters, grammar of vendors, indices, capabilities and variables, unique ids, parents, scopes
// and values that exist, absolute clean paths, nodes below /dev that are character or block devices
// on this host. For a description whose conditions have no snapshot yet. Throws Error naming
// backend and item.
void validate(const Catalog& catalog);

}  // namespace xpu
