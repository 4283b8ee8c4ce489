// SPDX-License-Identifier: Apache-2.0
// The container record: what the runtime remembers of one container that it edited.
// <state-dir>/containers/<hash of runtime root and id>.json; beside it a folder of the same name
// without ".json" for files generated for that container.
#pragma once

#include <cstdint>
#include <functional>
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

// Whose container it is, as far as its specification and its engine tell.
struct Origin {
  std::string
      engine;        // "docker", "podman", "containerd", "kubernetes", "cri-o", "slurm"; "" unknown
  std::string name;  // as the engine's user knows it; "" unknown
  std::string image;  // "" unknown
  std::string pod, pod_namespace;
  std::string label;  // that costs are summed by
};

// A device that the container holds, and what that costs.
struct HeldRecord {
  std::string id, key, parent_key, vendor, model;
  std::optional<std::int64_t> price;  // millionths of `currency` per hour
  std::string currency;
};

// Somebody asked for the container to be deleted; the lease ends once its state is gone.
struct EndStamp {
  std::int64_t unix_time = 0;
  std::uint64_t state_inode = 0;  // of <runtime_root>/<id> then: another one is another container
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
  std::int64_t created_ns = 0;  // the same more precisely, for names
  bool exclusive = false;
  std::vector<HeldRecord> held;
  Origin origin;
  std::optional<EndStamp> end;
};

// Told of a record whose container is dead: when it ended, and whether that is only an estimate.
// Comes at least once for every record that holds devices; again where a process was killed before
// it could remove the record, and then the first end is the better estimate. May throw Error: then
// a later look tells it again.
using OnDead = std::function<void(const Record&, std::int64_t end_unix, bool estimated)>;

class Records {
 public:
  // Opens <state_dir>/containers lazily; nothing is created by reading.
  explicit Records(std::string state_dir);

  // Folder for generated files of a container (created by prepare_state).
  std::string state_folder(const std::string& runtime_root, const std::string& id) const;

  // nullopt for no record, one that does not parse (it is put aside as NAME.bad) or a future
  // version. One failed open when there is none.
  std::optional<Record> find(const std::string& runtime_root, const std::string& id) const;
  // Every record that can be read, dead ones among them. `newer`: file names of those of a future
  // version. Throws Error when the folder is there and cannot be read.
  std::vector<Record> all(std::vector<std::string>* newer = nullptr) const;
  // Atomic. An older lease under the same name has ended by that, and a later sweep tells so.
  // Throws Error; a caller that can do without a record goes on.
  void write(const Record& record);
  // Notes in record and ledger that the container is about to be deleted; nothing when there is no
  // record, or when it cannot be noted. A deletion that is refused changes nothing: the state is
  // still there.
  void stamp_end(const std::string& runtime_root, const std::string& id) noexcept;
  // Record and generated files; no error when there are none. Never throws.
  void remove(const std::string& runtime_root, const std::string& id) noexcept;

  // Live: its creator lives (same boot, pid and start time), or the low-level runtime still has
  // <runtime_root>/<id> (the one that stamp_end() saw, if it saw one).
  static bool live(const Record& record);
  // Removes up to `most` dead records among twice as many files, from a random place on; keeps a
  // start cheap.
  void sweep(unsigned most, const OnDead& on_dead = {}) noexcept;
  // Removes this record if it is dead, for one that is known to be.
  void finish(const std::string& runtime_root, const std::string& id,
              const OnDead& on_dead) noexcept;
  // Removes all dead records; how many there were.
  unsigned finish_dead(const OnDead& on_dead) noexcept;

 private:
  std::string state_dir_, dir_;
};

Creator this_process();
// --root when given, else what runc and crun use by default for this caller.
std::string default_runtime_root(const std::string& low_level_runtime);

}  // namespace xpu
