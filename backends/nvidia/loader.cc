// SPDX-License-Identifier: Apache-2.0
#include "backends/nvidia/loader.h"

#include <dlfcn.h>
#include <link.h>

#include <algorithm>

#include "sdk/helpers/fs.h"
#include "sdk/helpers/path.h"

namespace xpu::nvidia {

std::vector<std::string> loader_folders(const std::vector<std::string>& names) {
  std::vector<std::string> folders;
  for (const std::string& name : names) {
    // Stays open: unloading a driver library has been seen to crash.
    void* library = dlopen(name.c_str(), RTLD_LAZY | RTLD_LOCAL);
    struct link_map* map = nullptr;
    if (!library || dlinfo(library, RTLD_DI_LINKMAP, &map) != 0 || !map || map->l_name[0] != '/') {
      continue;
    }
    const auto real = sdk::Root("/").resolve(map->l_name);
    const std::string folder = real ? sdk::dir_name(*real) : "";
    if (real && std::find(folders.begin(), folders.end(), folder) == folders.end()) {
      folders.push_back(folder);
    }
  }
  return folders;
}

std::vector<std::string> loaded_libraries() {
  std::vector<std::string> found;
  dl_iterate_phdr(
      [](dl_phdr_info* info, std::size_t, void* to) {
        static_cast<std::vector<std::string>*>(to)->emplace_back(info->dlpi_name);
        return 0;
      },
      &found);
  return found;
}

}  // namespace xpu::nvidia
