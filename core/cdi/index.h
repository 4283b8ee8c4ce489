// SPDX-License-Identifier: Apache-2.0
// <state_dir>/catalog/cdi-files.json: which CDI file defines which devices, as long as folders and
// files are what they were.
#pragma once

#include <sys/stat.h>
#include <time.h>

#include <string>
#include <vector>

#include "core/base/fd.h"
#include "core/cdi/files.h"

namespace xpu::cdi {

// What stands for a folder or file as it is: another text once it changed, its rights included.
std::string stamp_of(const struct stat& status);
// The same by path; "" for what is not there.
std::string stamp_now(const std::string& path);

// Nothing here throws.
class Index {
 public:
  // No index where `state_dir` is "" or cannot be used.
  Index(const std::string& state_dir, const Where& where);

  // Fills both where all of it holds still.
  bool read(std::vector<Folder>& folders, std::vector<File>& files) const;
  // `begin`: when the scan began. What changed right before it may change once more without a
  // difference in its times, and is not written down.
  void write(const std::vector<Folder>& folders, const std::vector<File>& files,
             const timespec& begin) const;

 private:
  std::string dir_, key_;
  Fd fd_;
};

}  // namespace xpu::cdi
