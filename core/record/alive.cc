// SPDX-License-Identifier: Apache-2.0
#include "core/record/alive.h"

#include <dirent.h>
#include <sys/stat.h>

#include <algorithm>

#include "core/base/error.h"
#include "core/lease/name_index.h"
#include "core/record/process.h"

namespace xpu {
namespace {

// From here on a listing is cheaper than to ask for every name.
constexpr std::size_t kManyNames = 32;

bool has_state(const LeaseRow& lease) {
  struct stat status = {};
  const std::string state = cat(lease.runtime_root, '/', lease.id);
  if (::lstat(state.c_str(), &status) != 0) {
    // Only an absence that is certain counts.
    return errno != ENOENT && errno != ENOTDIR;
  }
  return lease.ended_inode == 0 || status.st_ino == lease.ended_inode;
}

// Where no state was seen. A creator that ended between that look and this one has left a state
// if it made a container, so a second look decides.
bool lives_without_state(const LeaseRow& lease) {
  return process_runs(lease.pid, lease.start_time) || has_state(lease);
}

// Marks those of `some` (places in `leases`, all of one root) whose state is there.
void mark_states(const std::vector<LeaseRow>& leases, const std::vector<std::uint32_t>& some,
                 std::vector<bool>& live) {
  DIR* const folder = some.size() < kManyNames
                          ? nullptr
                          : ::opendir(std::string(leases[some.front()].runtime_root).c_str());
  if (folder == nullptr) {
    for (const std::uint32_t i : some) {
      live[i] = has_state(leases[i]);
    }
    return;
  }
  NameIndex names(some.size());
  for (const std::uint32_t i : some) {
    names.add(leases[i].id);
  }
  errno = 0;
  while (const dirent* const entry = ::readdir(folder)) {
    if (const std::optional<std::uint32_t> found = names.find(entry->d_name)) {
      const std::uint32_t i = some[*found];
      live[i] = leases[i].ended_inode == 0 || has_state(leases[i]);
    }
    errno = 0;
  }
  const bool whole = errno == 0;
  ::closedir(folder);
  for (const std::uint32_t i : some) {
    live[i] = live[i] || !whole;
  }
}

}  // namespace

bool container_lives(const LeaseRow& lease) {
  return has_state(lease) || lives_without_state(lease);
}

std::vector<bool> containers_live(const std::vector<LeaseRow>& leases) {
  struct Root {
    std::string_view path;
    std::vector<std::uint32_t> leases;
  };
  std::vector<Root> roots;
  for (std::uint32_t i = 0; i < leases.size(); ++i) {
    const std::string_view path = leases[i].runtime_root;
    auto root = !roots.empty() && roots.back().path == path
                    ? roots.end() - 1
                    : std::find_if(roots.begin(), roots.end(),
                                   [&](const Root& known) { return known.path == path; });
    if (root == roots.end()) {
      root = roots.insert(roots.end(), {path, {}});
    }
    root->leases.push_back(i);
  }
  std::vector<bool> live(leases.size());
  for (const Root& root : roots) {
    mark_states(leases, root.leases, live);
  }
  for (std::size_t i = 0; i < leases.size(); ++i) {
    live[i] = live[i] || lives_without_state(leases[i]);
  }
  return live;
}

}  // namespace xpu
