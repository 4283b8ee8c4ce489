// SPDX-License-Identifier: Apache-2.0
// User-space libraries of a vendor that images usually bring themselves, and the option that says
// whether the host's are injected.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "fs.h"
#include "xpu/backend.hpp"

namespace xpu::sdk {

enum class InjectDrivers {
  kNever,    // "never", false
  kMissing,  // "missing": where the image has none
  kAlways,   // "always"
};

// The value of the option `name`; throws Invalid for any other value. "true" means `if_true`.
InjectDrivers inject_option(const Sink& sink, const std::string& name = "inject-drivers",
                            InjectDrivers if_true = InjectDrivers::kMissing);

// The value of an option that is an absolute path; throws Invalid for any other value.
std::string path_option(const Sink& sink, const std::string& name);

struct UserLibrary {
  std::string path;  // of the file inside the root, links followed
  std::string soname;
  std::string architecture;
  std::vector<std::string> links;  // further names in its folder that lead to it
};

// The shared libraries in these folders of the root (absolute; not below them), by SONAME, each
// once: of two with one SONAME the one of the earlier folder. Programs, other architectures than
// this one's, and anything that is no library are left out. With `names` only files that begin with
// one of them are looked at: folders of a distribution hold thousands.
std::vector<UserLibrary> user_libraries(const Root& root, const std::vector<std::string>& folders,
                                        const std::vector<std::string>& names = {});

// Emits the libraries. With kMissing all or none of them come into a container: only where the
// image has nothing of `marks`, as in xpu_scope.image_lacks, because libraries of two releases do
// not work together.
void emit_user_libraries(Sink& sink, const Scope& scope, InjectDrivers inject, const Root& root,
                         const std::vector<UserLibrary>& libraries, const std::string& marks);

}  // namespace xpu::sdk
