// SPDX-License-Identifier: Apache-2.0
// A CDI specification as plain values.
// Source of names, shapes and defaults: Container Device Interface specification 1.1.0, SPEC.md and
// schema/.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace xpu::cdi {

struct DeviceNode {
  std::string path;       // in the container, absolute
  std::string host_path;  // "" for the same
  char type = 0;          // 'c', 'b', 'u' (as 'c') or 'p'; 0: as the node on the host
  std::optional<std::int64_t> major, minor;  // unset: as the node on the host
  std::optional<std::uint32_t> file_mode, uid, gid;
  std::optional<std::string> permissions;  // of "rwm", or "none"; unset: "rwm"
  bool operator==(const DeviceNode&) const = default;
};

struct Mount {
  std::string host_path, container_path;
  std::string type;  // "" for a bind mount
  std::vector<std::string> options;
  bool operator==(const Mount&) const = default;
};

struct Hook {
  std::string name;  // "createContainer", ...
  std::string path;  // of the program on the host, absolute
  std::vector<std::string> args, env;
  std::optional<std::int64_t> timeout;  // seconds, at least 1
  bool operator==(const Hook&) const = default;
};

struct NetDevice {
  std::string host_name, name;
  bool operator==(const NetDevice&) const = default;
};

// The member intelRdt, as OCI has it.
struct Rdt {
  std::string clos_id, l3_cache_schema, mem_bw_schema;
  std::vector<std::string> schemata;
  bool enable_monitoring = false;
  bool enable_cmt = false, enable_mbm = false;  // until 1.0.0
  bool operator==(const Rdt&) const = default;
};

struct Edits {
  std::vector<std::string> env;  // NAME=value
  std::vector<DeviceNode> nodes;
  std::vector<NetDevice> net_devices;
  std::vector<Mount> mounts;
  std::vector<Hook> hooks;
  std::optional<Rdt> rdt;
  std::vector<std::uint32_t> gids;  // none is 0
  bool empty() const;
  bool operator==(const Edits&) const = default;
};

using Annotations = std::vector<std::pair<std::string, std::string>>;

struct Device {
  std::string name;
  Annotations annotations;
  Edits edits;
  bool operator==(const Device&) const = default;
};

struct Spec {
  std::string version;  // "0.6.0"
  std::string kind;     // "vendor.example/class"
  Annotations annotations;
  std::vector<Device> devices;  // at least one; names are unique
  Edits edits;                  // of whoever gets any of the devices
  bool operator==(const Spec&) const = default;
};

// The least version of the specification that has everything the Spec uses.
std::string minimum_version(const Spec& spec);

// From JSON, or from YAML 1.1 in the subset that stands for JSON. Every member is checked: unknown
// ones, doubles, wrong types, and values out of their grammar are refused. `source`: the file, for
// messages; its name decides: *.json is JSON, anything else YAML. Throws Error that names file and
// member ("/etc/cdi/a.yaml: devices[2].containerEdits.mounts[0].hostPath: ...").
Spec parse(std::string_view text, const std::string& source);

enum class Format { kJson, kYaml };
// What parse() reads back as the same.
std::string write(const Spec& spec, Format format);

}  // namespace xpu::cdi
