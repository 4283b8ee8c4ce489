// SPDX-License-Identifier: Apache-2.0
#include "backends/amd/rocm_libraries.h"

#include <algorithm>

#include "sdk/helpers/path.h"

namespace xpu::amd {
namespace {

// Whatever uses ROCm loads one of these. With any of them the image has a ROCm of its own, and
// libraries of two releases do not work together.
constexpr const char* kMarks =
    "libhsa-runtime64.so*,libamdhip64.so*,/opt/rocm*/lib/libhsa-runtime64.so*";

constexpr const char* kOpenClLibrary = "libamdocl64.so";
constexpr const char* kOpenClFile = "/etc/OpenCL/vendors/amdocl64.icd";

}  // namespace

void emit_rocm_libraries(sdk::Sink& sink, sdk::InjectDrivers inject, const sdk::Root& driver_root,
                         const std::string& rocm_path) {
  if (inject == sdk::InjectDrivers::kNever) {
    return;
  }
  std::vector<std::string> folders;
  for (const char* name : {"lib", "lib64"}) {
    const std::string folder = sdk::join(rocm_path, name);
    const std::string real = driver_root.resolve(folder).value_or(folder);
    if (std::find(folders.begin(), folders.end(), real) == folders.end()) {
      folders.push_back(real);
      sink.valid_while_listing(driver_root.host_path(real));
    }
  }
  const std::vector<sdk::UserLibrary> libraries = sdk::user_libraries(driver_root, folders);
  if (libraries.empty()) {
    throw sdk::Invalid("inject-drivers asks for ROCm's libraries, and there are none in " +
                       driver_root.host_path(sdk::join(rocm_path, "lib")) +
                       "; set rocm-path where they are, or inject-drivers to \"never\"");
  }
  sdk::emit_user_libraries(sink, sdk::always(), inject, driver_root, libraries, kMarks);
  // OpenCL finds the driver through a file that names it.
  const auto opencl =
      std::find_if(libraries.begin(), libraries.end(), [](const sdk::UserLibrary& library) {
        return sdk::starts_with(library.soname, kOpenClLibrary);
      });
  if (opencl != libraries.end()) {
    const sdk::Scope scope = inject == sdk::InjectDrivers::kMissing
                                 ? sdk::always().unless_image_has(kMarks)
                                 : sdk::always();
    sink.text(scope, kOpenClFile, opencl->soname + "\n");
  }
}

}  // namespace xpu::amd
