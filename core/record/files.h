// SPDX-License-Identifier: Apache-2.0
// The files that records are kept in. For core/record only.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/base/fd.h"
#include "core/record/record.h"

namespace xpu::record_files {

inline constexpr std::string_view kSuffix = ".json";
// <name>-<inode>.ended: a record whose container is dead and whose end is not told yet.
inline constexpr std::string_view kEnded = ".ended";

// A hash: an id is never part of a path, and roots may be long.
std::string name_of(const std::string& runtime_root, const std::string& id);

// An open record file; empty when it is not there.
Fd open_file(int dirfd, const std::string& path);
// Its bytes. Throws Error for a file that others could have written.
std::string read(const Fd& fd, const std::string& path);

// Removes a file or a folder with all that is in it; no error when it is not there.
void remove_tree(int dirfd, const std::string& name);

// The folder of records, locked for a change of who is in it, which is a matter of microseconds.
// An empty Fd when there is no folder. Throws Error when others hold it for too long.
Fd open_locked(const std::string& dir);
void lock(const Fd& folder, const std::string& dir);

// Puts the record <name>.json aside as one that has ended; the folder is locked. False, and nothing
// has changed, when it is not the file `inode` any more.
bool put_aside(int folder, const std::string& name, std::uint64_t inode);
std::string ended_name(const std::string& name, std::uint64_t inode);

}  // namespace xpu::record_files
