// SPDX-License-Identifier: Apache-2.0
// The files of one driver version below a driver root, each with the capabilities it serves.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "backends/nvidia/driver_folders.h"
#include "backends/nvidia/driver_table.h"
#include "sdk/helpers/fs.h"

namespace xpu::nvidia {

enum class DriverFileKind { kLibrary, kProgram, kData, kSocket, kSocketFolder, kFolder };

struct DriverFile {
  DriverFileKind kind = DriverFileKind::kData;
  std::string path;                         // inside the driver root, links followed
  std::string container_path;               // for a library "" or "<subfolder>/<name>"
  std::string soname, architecture, links;  // libraries
  // Capability bits, each enough by itself; 0: whatever is asked for. With kCompat32, that one and
  // one of the others are wanted.
  std::uint8_t capabilities = 0;
};

struct DriverFiles {
  std::vector<DriverFile> files;
  // Paths inside the driver root whose appearance would add a file.
  std::vector<std::string> missing;
  // Folders inside the driver root whose entries decide which files there are.
  std::vector<std::string> folders;
  // Libraries of this version that no table knows and no known library needs.
  std::vector<std::string> unknown;
  // For the log: what was left out although it is there.
  std::vector<std::string> refused;

  // libcuda or NVML of this version: without one of them no container can use a GPU.
  bool usable() const;
};

DriverFiles find_driver_files(const sdk::Root& driver_root, const sdk::Root& sys_root,
                              const std::string& version);

// Folders that may hold 64-bit (or 32-bit) driver libraries, the loader cache's own first; links
// followed, only those that exist.
std::vector<std::string> library_folders(const sdk::Root& driver_root, bool compat);

// Where NVML may be, best first: absolute paths on the host, of this version first. `version` ""
// takes any.
std::vector<std::string> nvml_candidates(const sdk::Root& driver_root, const std::string& version);

// Library discovery alone; find_driver_files() adds the rest.
void find_libraries(const sdk::Root& driver_root, const std::string& version,
                    const DriverFolders& folders, bool compat, DriverFiles& out);

}  // namespace xpu::nvidia
