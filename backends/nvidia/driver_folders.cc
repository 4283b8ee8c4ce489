// SPDX-License-Identifier: Apache-2.0
#include "backends/nvidia/driver_folders.h"

#include <algorithm>
#include <map>

#include "backends/nvidia/driver_table.h"
#include "backends/nvidia/hardware.h"
#include "sdk/helpers/path.h"

namespace xpu::nvidia {
namespace {

// Every folder that holds one folder per driver.
std::vector<std::string> parents() {
  std::vector<std::string> out = {std::string(kDebianFolder), "/etc/nvidia"};
  for (std::string_view folder : kNativeFolders) {
    out.push_back(sdk::join(folder, "nvidia"));
  }
  for (std::string_view folder : kCompatFolders) {
    out.push_back(sdk::join(folder, "nvidia"));
  }
  return out;
}

struct Side {
  std::set<std::string> folders, versions;
};

}  // namespace

std::string_view library_version(std::string_view name) {
  std::size_t at = name.find(".so.");
  return at == std::string_view::npos ? std::string_view() : name.substr(at + 4);
}

DriverFolders::DriverFolders(const sdk::Root& root, const std::string& version) {
  std::map<std::string, Side> sides;
  for (const std::string& parent : parents()) {
    for (const std::string& name : root.list(parent)) {
      const auto folder = root.resolve(sdk::join(parent, name));
      if (!folder || !root.is_folder(*folder)) {
        continue;
      }
      Side& side = sides[name];
      side.folders.insert(*folder);
      for (const std::string& file : root.list(*folder)) {
        if (is_driver_version(library_version(file))) {
          side.versions.insert(std::string(library_version(file)));
        }
      }
    }
  }
  for (const auto& [name, side] : sides) {
    if (side.versions.count(version)) {
      own_.push_back(sdk::join(kDebianFolder, name));
    } else if (side.versions.empty()) {
      unknown_.push_back(sdk::join(kDebianFolder, name));
    } else {
      others_.insert(side.folders.begin(), side.folders.end());
    }
  }
}

bool DriverFolders::of_other(std::string_view real) const {
  return std::any_of(others_.begin(), others_.end(), [&](const std::string& folder) {
    return sdk::starts_with(real, folder + "/");
  });
}

}  // namespace xpu::nvidia
