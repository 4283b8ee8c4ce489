// SPDX-License-Identifier: Apache-2.0
// The container record: what the runtime remembers of one container that it edited.
// <state-dir>/containers/<hash of runtime root and id>.json; beside it a folder of the same name
// without ".json" for files generated for that container.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/config/config.h"
#include "core/select/select.h"

namespace xpu {

struct Creator {
  int pid = 0;
  std::uint64_t start_time = 0;  // field 22 of /proc/PID/stat, clock ticks since boot
  std::string boot_id;
};

struct Record {
  std::string id;            // container id
  std::string runtime_root;  // --root, or the default of the low-level runtime
  std::string bundle;
  std::string request;  // "VARIABLE=value" in force
  Selection selection;
  std::vector<Node> nodes;  // what the container may open because of us
  Creator creator;
  std::string config_before, config_after;  // hashes of config.json
  std::string catalog_generation;           // hash over the catalogs used
  std::int64_t created_unix = 0;
};

class Records {
 public:
  // Opens <state_dir>/containers lazily; nothing is created by reading.
  explicit Records(std::string state_dir);

  // Folder for generated files of a container (created by prepare_state).
  std::string state_folder(const std::string& runtime_root, const std::string& id) const;

  // nullopt for no record, one that does not parse (it is put aside as NAME.bad) or a future
  // version. One failed open when there is none.
  std::optional<Record> find(const std::string& runtime_root, const std::string& id) const;
  // Atomic. Throws Error; a caller that can do without a record goes on.
  void write(const Record& record);
  // Record and generated files; no error when there are none. Never throws.
  void remove(const std::string& runtime_root, const std::string& id) noexcept;

  // Live: its creator lives (same boot, pid and start time), or the low-level runtime still has
  // <runtime_root>/<id>.
  static bool live(const Record& record);
  // Removes up to `most` dead records, starting at a random place; keeps a start cheap.
  void sweep(unsigned most) noexcept;

 private:
  std::string dir_;
};

Creator this_process();
// --root when given, else what runc and crun use by default for this caller.
std::string default_runtime_root(const std::string& low_level_runtime);
// Whether the container's first process still runs, from the low-level runtime's own state file
// (<root>/<id>/state.json of runc, <root>/<id>/status of crun).
bool container_running(const std::string& runtime_root, const std::string& id);

}  // namespace xpu
