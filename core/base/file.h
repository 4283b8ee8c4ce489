// SPDX-License-Identifier: Apache-2.0
// Whole-file reading and crash-safe writing.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/fd.h"

namespace xpu {

// The bytes of a regular file. Throws Error naming `path` when it cannot be read, is not a regular
// file or is larger than `limit` bytes.
std::string read_file(const std::string& path, std::size_t limit);
// The same from a descriptor; `path` is for messages only. Works for procfs and sysfs too, whose
// files claim a size of 0.
std::string read_fd(int fd, const std::string& path, std::size_t limit);
// nullopt when the file does not exist (ENOENT, ENOTDIR); Error for every other failure.
std::optional<std::string> read_file_if_present(const std::string& path, std::size_t limit);

struct WriteOptions {
  mode_t mode = 0644;
  std::optional<uid_t> uid;  // unset: the caller's
  std::optional<gid_t> gid;
  bool sync = false;  // fsync of the file before, and of the folder after the rename
  // Descriptor of a file whose extended attributes and access list are copied; -1 for none.
  int attributes_of = -1;
  bool all_attributes = false;  // fail where one of them cannot be
};

// Replaces or creates `name` in the folder `dirfd` (`dir` is for messages): a temporary file with a
// random name (O_EXCL) in the same folder, final mode and owner, then rename. On any failure the
// old file is as it was, the temporary is gone and Error is thrown.
void write_file_atomic(int dirfd, const std::string& dir, const std::string& name,
                       std::string_view bytes, const WriteOptions& options);
// Removes temporaries of write_file_atomic(name) that a killed writer left in the folder.
void remove_stale_temporaries(int dirfd, const std::string& name);
// The same for several names, of which there is one at least, in one listing.
void remove_stale_temporaries(int dirfd, const std::vector<std::string>& names);

// Opens a folder of state (mkdir -p for the last two components, with `mode`). Refuses a symlink, a
// folder of another owner or one that others can write. Throws Error.
Fd open_state_dir(const std::string& path, mode_t mode = 0700);

// Names in a folder without "." and "..", sorted. Throws Error.
std::vector<std::string> list_dir(int dirfd, const std::string& path);

// `path` from the root, without ".", empty components and a slash at its end. Throws Error when the
// working directory is gone.
std::string absolute_path(const std::string& path);

// 64-bit FNV-1a: for cache validity and file names, not a defence against forgery.
std::uint64_t fnv1a(std::string_view bytes, std::uint64_t seed = 0xcbf29ce484222325ULL);
// For texts that may be long, in a tenth of the time; for the same purposes.
std::uint64_t hash_text(std::string_view text);
std::string hex64(std::uint64_t value);

}  // namespace xpu
