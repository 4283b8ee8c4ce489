// SPDX-License-Identifier: Apache-2.0
// The parts of an OCI runtime specification (config.json) that the runtime reads.
// Source of names and shapes: OCI Runtime Specification 1.0 to 1.2, config.md and config-linux.md.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/oci/text.h"

namespace xpu {

// Whether options of a mount ask for a bind mount.
bool bind_asked(const std::vector<std::string>& options);

struct SpecMount {
  std::string destination, type, source;
  std::vector<std::string> options;
  bool bind() const;  // type "bind" or an option "bind" / "rbind"
};

struct SpecDevice {
  std::string path;
  std::string type;
  std::int64_t major = -1, minor = -1;
};

struct IdMapping {
  std::uint32_t container_id = 0, host_id = 0, size = 0;
};

// A read-only view of one document, which must outlive it.
class Spec {
 public:
  // Validates the text. Throws Error naming `source`.
  Spec(std::string_view document, std::string source);

  std::string_view document() const { return document_; }
  const std::string& source() const { return source_; }

  // The members of the document itself.
  const std::vector<json::Member>& members() const { return members_; }
  // process.env as written; empty when there is no process or no env.
  const std::vector<std::string>& env() const { return env_; }

  // Everything below is read on first use by load(), which a container that asks for nothing never
  // pays for. Throws Error for shapes that are not OCI, duplicate and case-variant keys.
  void load();

  std::string root_path;  // root.path as written; "" when there is no root
  bool root_readonly = false;
  std::vector<SpecMount> mounts;
  std::vector<SpecDevice> devices;  // linux.devices
  // In the order of the document; each key once.
  std::vector<std::pair<std::string, std::string>> annotations;
  std::string cpus;  // linux.resources.cpu.cpus as written; "" where there is none
  std::vector<IdMapping> uid_mappings, gid_mappings;
  bool user_namespace = false;  // linux.namespaces has "user"
  // The spec allows every device (a rule without type, major and minor that allows rwm).
  bool all_devices_allowed = false;
  std::int64_t process_uid = 0, process_gid = 0;
  std::vector<std::int64_t> process_groups;  // process.user.additionalGids
  // The process will have CAP_DAC_OVERRIDE: modes of files do not bind it.
  bool process_overrides_modes = true;
  // The process holds CAP_SYS_ADMIN (permitted, effective and bounding set), and not in a user
  // namespace of its own.
  bool process_administers_host = false;

 private:
  std::string_view document_;
  std::string source_;
  std::vector<json::Member> members_;
  std::vector<std::string> env_;
};

}  // namespace xpu
