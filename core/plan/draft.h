// SPDX-License-Identifier: Apache-2.0
// A plan in the making: what its parts share.
#pragma once

#include <map>
#include <string>

#include "core/plan/plan.h"
#include "core/plan/target.h"

namespace xpu {

struct Draft {
  const Edits& edits;
  const Spec& spec;
  const ContainerView& view;
  const Facts& facts;
  Plan plan;
  Mounts mounts;
  std::map<std::string, std::string> source_folders;  // on the host → links resolved
};

// Each carries out some rows of the table in plan.cc. They throw Error as make_plan does.
void plan_nodes(Draft& draft);
void plan_libraries(Draft& draft);
void plan_files(Draft& draft);
void plan_link_folders(Draft& draft);

// Libraries that the container's loader must find, for its cache.
struct CacheWish {
  std::vector<LdCacheEntry> entries;
  // Folders that the loader does not search by itself: without the cache nothing there is found.
  std::vector<std::string> own_folders;
};
void plan_cache(Draft& draft, const CacheWish& wish);

// The driver file on the host, links resolved. Throws Error when it is gone or of another type than
// the backend said.
std::string checked_source(Draft& draft, const File& file);
// Why the socket, or folder of sockets, at `host_path` may be another user's; "" when it is not.
std::string socket_problem(const std::string& host_path);

// Whether the folder that holds `path` is the root file system's own and can be written: then the
// file or link at `path` can be made there before the container starts. `resolved` receives the
// path with the links of its folder resolved.
bool writable_in_rootfs(const Draft& draft, const std::string& path, std::string& resolved);

}  // namespace xpu
