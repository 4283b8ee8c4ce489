// SPDX-License-Identifier: Apache-2.0
#include "core/catalog/mount_options.h"

namespace xpu {

std::vector<std::string> mount_options(FileKind kind) {
  switch (kind) {
    case FileKind::kSocket:
      return {"bind", "nosuid", "nodev", "noexec", "rprivate"};
    case FileKind::kDirectory:
      return {"rbind", "ro", "nosuid", "nodev", "rprivate"};
    default:
      return {"bind", "ro", "nosuid", "nodev", "rprivate"};
  }
}

std::vector<std::string> generated_mount_options() {
  return {"bind", "ro", "nosuid", "nodev", "noexec", "rprivate"};
}

}  // namespace xpu
