// SPDX-License-Identifier: Apache-2.0
// Which folder is whose. Debian keeps each driver in folders of one name ("current", "tesla-535")
// side by side and links one driver's files into place, which need not be the one that is loaded:
// a file whose name tells no version is judged by its folder.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "sdk/helpers/fs.h"

namespace xpu::nvidia {

// What follows ".so." in the name of a library; "" when nothing does.
std::string_view library_version(std::string_view name);

class DriverFolders {
 public:
  DriverFolders(const sdk::Root& root, const std::string& version);

  // Folders of this driver's programs and X modules.
  const std::vector<std::string>& own() const { return own_; }
  // The same where no library tells which driver they are of.
  const std::vector<std::string>& unknown() const { return unknown_; }
  // Whether a path, links followed, lies in a folder of another driver.
  bool of_other(std::string_view real) const;

 private:
  std::vector<std::string> own_, unknown_;
  std::set<std::string> others_;
};

}  // namespace xpu::nvidia
