// SPDX-License-Identifier: Apache-2.0
// Writes CDI specifications, and what they mount, so that no reader ever sees half of one.
#pragma once

#include <string>
#include <vector>

#include "core/publish/documents.h"

namespace xpu {

// One file to be.
struct CdiTarget {
  std::string path;  // absolute
  cdi::Format format = cdi::Format::kYaml;
  const cdi::Rendering* rendering = nullptr;
};

// By the ending of a file's name; Error for one that readers of CDI would take for the other.
cdi::Format cdi_format_of(const std::string& path, const std::optional<cdi::Format>& wished);

// Where another file gives one of the devices already: in the folder of a target, or, for a target
// in a spec folder of the configuration, in any of these. Two files of one folder take the device
// away from each other, and one of a later folder would silently stand before one of an earlier.
// Throws Error that names both files. `leaving`: paths of files that will be gone.
void check_cdi_conflicts(const Config& config, const std::vector<CdiTarget>& targets,
                         const std::vector<std::string>& leaving);

// Whether the file is there with that content, and so is what it mounts.
bool is_cdi_file_current(const CdiTarget& target);

// Makes what the specification mounts. Throws Error.
void make_generated(const cdi::Rendering& rendering);

// First what is mounted, then the file. Throws Error; the old file is as it was then.
void write_cdi_file(const CdiTarget& target);

struct CdiRefresh {
  std::string directory;
  bool check = false;  // change nothing
};

// Brings the files of the documents up to date in a spec folder: writes those that are not, removes
// those that an earlier call wrote for what is no longer there. Returns one line for each change.
// Throws Error before anything is changed where a file of another's defines a device.
std::vector<std::string> refresh_cdi_files(const Config& config, const CdiWish& wish,
                                           const CdiDocuments& documents,
                                           const CdiRefresh& refresh);

}  // namespace xpu
