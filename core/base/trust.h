// SPDX-License-Identifier: Apache-2.0
// Who could have written a file that we are about to believe or execute.
//
// Trusted owners are root and, for an unprivileged caller, the caller. In a user namespace the
// host's root shows as the overflow uid, which is then accepted too. No component of the path may
// be writable by group or others, except a sticky folder (/tmp) for what lies below it. Symlinks
// are followed by hand, component by component, and are subject to the same rule.
#pragma once

#include <string>

#include "core/base/fd.h"

namespace xpu {

enum class TrustKind {
  kFile,     // configuration, manifest: regular file
  kProgram,  // low-level runtime: regular file, executable
  kLibrary,  // backend: regular file that is no symlink itself, one link, not set-user-ID
  kFolder,
  kParent,  // folder of which only what lies below is believed: may be sticky
};

// Opens `path` (absolute) read-only (kProgram and kParent: O_PATH) and returns the checked
// descriptor: what was checked is what is used. On ENOENT/ENOTDIR returns an empty Fd. Throws Error
// that names the component at fault, its owner and mode, and what to do.
Fd open_trusted(const std::string& path, TrustKind kind);

// The same for `folder`/`name`, `fd` being that folder as open_trusted() gave it: what leads there
// has been checked.
Fd open_trusted_in(const Fd& fd, const std::string& folder, const std::string& name,
                   TrustKind kind);

// True when uid may own what the caller believes (see above).
bool trusted_owner(unsigned uid);

}  // namespace xpu
