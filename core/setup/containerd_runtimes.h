// SPDX-License-Identifier: Apache-2.0
// The runtimes that containerd knows, for whoever only wants to read.
#pragma once

#include <string>
#include <vector>

namespace xpu::setup {

struct ContainerdRuntime {
  std::string file;  // where it stands
  std::string name;
  std::string program;  // "" for the usual one of its type
};

// Of root's containerd on the system below `root` ("" for this one), from its main file and all
// that this imports, in that order, as the version of the file and of containerd have them. Throws
// Error for a file that cannot be read.
std::vector<ContainerdRuntime> containerd_runtimes(const std::string& root);

}  // namespace xpu::setup
