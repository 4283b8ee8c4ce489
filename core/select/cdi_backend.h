// SPDX-License-Identifier: Apache-2.0
// A CDI file as one more backend.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/cdi/spec.h"
#include "core/plugin/refresh.h"

namespace xpu {

// Before the path in the name of such a backend.
inline constexpr std::string_view kCdiFile = "cdi:";

// A device that the request names, and when.
struct NamedInFile {
  std::string device;
  unsigned turn = 0;
};

// With those of the spec's devices that are named, in that order, each once; what is common to them
// is in force before the first. Nodes are looked up on the host. Throws Error naming file, device
// and node.
BackendStatus cdi_backend(const cdi::Spec& spec, const std::string& file,
                          const std::vector<NamedInFile>& devices);

// Of which devices only those count that are named.
inline bool is_cdi_file(const BackendStatus& backend) {
  return backend.found.manifest.name.starts_with(kCdiFile);
}

}  // namespace xpu
