// SPDX-License-Identifier: Apache-2.0
// Mount targets: whether something can be mounted at a container path, and how its target comes to
// be there.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/path.h"
#include "core/plan/plan.h"

namespace xpu {

enum class TargetKind { kFile, kFolder };

struct Target {
  enum class State {
    kReady,    // it is there, or the low-level runtime can create it
    kOverlay,  // missing in a read-only root file system: an overlay over `folder` brings it
    kBlocked,
  } state = State::kReady;
  std::string path;     // links resolved
  std::string folder;   // kOverlay: nearest folder that exists
  std::string problem;  // kBlocked: why, for a person
  bool usable() const { return state != State::kBlocked; }
};

// The mounts of a plan in the making.
class Mounts {
 public:
  Mounts(const Spec& spec, const ContainerView& view, const Facts& facts)
      : spec_(spec), view_(view), facts_(facts) {}

  Target target(std::string_view container_path, TargetKind kind) const;
  // The same for what is bound from `source` of the host, links resolved: parts of the kernel's own
  // file systems can be bound to places in these, as far as low-level runtimes do it.
  Target target_for(const std::string& source, std::string_view container_path,
                    TargetKind kind) const;

  // Why a folder that is mounted read-only cannot hold the container's own mounts below it: the
  // low-level runtime would have to make a place for one in it. "" where it can.
  std::string lacks_place(const Target& target, const std::string& source,
                          const std::vector<std::string>& options) const;

  // Mounts `source` at a usable target. The same twice is once; two sources at one target are an
  // Error.
  void add(const Target& target, TargetKind kind, const std::string& source,
           std::vector<std::string> options, const std::string& why,
           const std::string& type = "bind");

  // Whether a folder of the root file system, or the nearest one above it that exists, is writable.
  bool writable(const std::string& folder) const;

  // Whether something is mounted at a path (links resolved).
  bool has(const std::string& path) const { return taken_.contains(path); }
  bool has(const std::string& path, const std::string& source) const;
  // Whether something is mounted below a path.
  bool has_below(const std::string& path) const;

  // Moves everything to the plan: overlays first, and every folder before what is mounted in it.
  void finish(Plan& plan);

 private:
  Target missing_in_rootfs(const std::string& path) const;
  std::string refused_to_mapped_root(const std::string& folder) const;
  void warn_of_replaced(Plan& plan) const;

  const Spec& spec_;
  const ContainerView& view_;
  const Facts& facts_;
  std::vector<PlannedMount> mounts_;
  std::map<std::string, std::string> taken_;      // target → source
  mutable std::map<std::string, bool> writable_;  // asked for every library again
  // Folder under an overlay → what is missing in it.
  std::map<std::string, std::map<std::string, TargetKind>> overlays_;
};

// Whether a user namespace with the mappings has an id of the host.
bool is_mapped(const std::vector<IdMapping>& mappings, unsigned id);

}  // namespace xpu
