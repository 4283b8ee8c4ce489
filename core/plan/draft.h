// SPDX-License-Identifier: Apache-2.0
// A plan in the making: what its parts share.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/fd.h"
#include "core/plan/plan.h"
#include "core/plan/target.h"

namespace xpu {

struct Draft {
  const Edits& edits;  // those that apply to the image
  const Spec& spec;
  const ContainerView& view;
  const Facts& facts;
  Plan plan;
  Mounts mounts;
  // A folder of the host with driver files.
  struct SourceFolder {
    std::string path;  // links resolved; "" for the root
    Fd fd;
  };
  std::map<std::string, SourceFolder, std::less<>> source_folders;
};

// Whether every edit applies to every image.
bool unconditional(const Edits& edits);
// The edits whose condition on the image is met; notes say what is left out and why.
Edits edits_for_image(const Edits& edits, const Spec& spec, const ContainerView& view,
                      const Facts& facts, std::vector<std::string>& notes);

// Each carries out some rows of the table in plan.cc. They throw Error as make_plan does.
void plan_nodes(Draft& draft);
void plan_libraries(Draft& draft);
void plan_files(Draft& draft);
void plan_texts(Draft& draft);
void plan_link_folders(Draft& draft);
void plan_cdi(Draft& draft);

// Libraries that the container's loader must find, for its cache.
struct CacheWish {
  struct Library {
    std::int32_t flags;
    std::string soname, path;
  };
  std::vector<Library> libraries;
  // Folders that the loader does not search by itself: without the cache nothing there is found.
  std::vector<std::string> own_folders;
};
// Returns why the cache cannot be delivered, which is a warning already; "" when it can.
std::string plan_cache(Draft& draft, const CacheWish& wish);

// Libraries of the image that are to be found before the driver's (xpu_image_folder).
struct ImageLibraries {
  struct Folder {
    std::string path, library, version;
    std::vector<std::string> sonames;
  };
  std::vector<Folder> folders;
  std::map<std::string, std::string> paths;  // SONAME → path in the container
  // Whether a path, links resolved, lies in one of the folders.
  bool hold(const std::string& path) const;
  std::vector<std::string> resolved_folders;
};
ImageLibraries find_image_libraries(const Draft& draft);

// The value of a variable of the container; "" when it is not set.
std::string variable_of(const Spec& spec, std::string_view name);
// The absolute folders of an LD_LIBRARY_PATH that are there, each once: everything that is looked
// for there is looked for in each.
std::vector<std::string> search_folders(const ContainerView& view, std::string_view library_path);

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
