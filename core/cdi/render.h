// SPDX-License-Identifier: Apache-2.0
// A description of the host as a CDI specification: what the planner does for one container, for
// every container alike. The file knows no image and no selection, and brings no hook, so that some
// things are decided for all (a library goes where the loaders of the common distributions look)
// and some are left out, which is said.
//
//   device node        by its path, so that its number may change; 0666 where the host's mode would
//                      keep an ordinary user of a container out: the cgroup guards it
//   library            mounted under its SONAME and its other names in each of `library_folders`
//   file, folder,      mounted at its own path, sockets writable
//   socket
//   generated file     made below `generated_dir` and mounted; without the folder left out
//   links              all of a folder together, whichever device they lead to: one folder below
//                      `generated_dir` that is mounted
//   what depends on    put into `all`, and into a device that is the only one; left out elsewhere,
//   the selection      since of several devices that a container names one would hide the others
//   for some images    left out, or with `for_bare_images` taken as for every image
//   newer libraries    left out: nothing can be written into the cache of an image's loader
//   in the image
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "core/catalog/catalog.h"
#include "core/cdi/spec.h"

namespace xpu::cdi {

enum class NameBy { kIndex, kUuid, kPci };

struct RenderOptions {
  std::string kind;
  std::function<bool(const xpu::Device&)> wanted;  // of the devices; empty: all
  std::vector<NameBy> names = {NameBy::kIndex, NameBy::kUuid};
  std::vector<std::string> capabilities;  // no features
  // Features, with the elements that are wanted; none of them: every one.
  std::map<std::string, std::vector<std::string>> features;
  // Where libraries of an architecture go.
  std::map<std::string, std::vector<std::string>> library_folders;
  bool for_bare_images = false;
  std::string generated_dir;  // absolute; "" for none
  // Why the socket at a path is not to be given to containers; "" when it may be. Empty: all may.
  std::function<std::string(const std::string& path)> socket_problem;
};

// A file or link that the specification mounts and that has to be made. Its place tells what is in
// it, so that one that is there already is the same.
struct Generated {
  std::string path;     // absolute
  std::string content;  // or the target
  bool link = false;
  bool operator==(const Generated&) const = default;
};

struct Rendering {
  Spec spec;  // of the least version that has what it uses; without devices where there are none
  std::vector<Generated> generated;
  std::vector<std::string> notes;  // what is left out, and why; each once
};

// Throws Error for two devices that would have one name, and for a catalog that wants two things
// in one place whatever the devices.
Rendering render(const Catalog& catalog, const RenderOptions& options);

}  // namespace xpu::cdi
