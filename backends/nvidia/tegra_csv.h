// SPDX-License-Identifier: Apache-2.0
// Mount specifications: CSV files in which the maker of a Tegra system says what its GPU needs.
//   dev, /dev/nvmap            lib, /usr/lib/aarch64-linux-gnu/nvidia/libcuda.so.1.1
//   sym, /usr/lib/libx.so.1    dir, /usr/share/y          '*' stands for any text without '/'
#pragma once

#include <set>
#include <string>
#include <vector>

#include "sdk/helpers/fs.h"

namespace xpu::nvidia {

enum class MountKind { kNode, kFile, kLink, kFolder };

struct MountSpec {
  MountKind kind = MountKind::kFile;
  std::string path;  // clean, wildcards replaced by what there is
  bool base = true;  // of the files that every container gets; the others are for who asks
};

struct MountSpecs {
  std::vector<MountSpec> specs;    // each path once, base ones first
  std::vector<std::string> files;  // that were read, inside the root
  // Whose entries decide what wildcards stand for: inside the root, and inside that of nodes.
  std::set<std::string> folders, node_folders;
  std::vector<std::string> wrong;  // for the log: "FILE:LINE: what"
};

MountSpecs read_mount_specs(const sdk::Root& root, const sdk::Root& dev_root,
                            const std::string& folder);

// Where NVML may be: absolute paths on the host.
std::vector<std::string> nvml_of_specs(const sdk::Root& root, const MountSpecs& specs);

}  // namespace xpu::nvidia
