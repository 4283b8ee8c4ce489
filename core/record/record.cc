// SPDX-License-Identifier: Apache-2.0
#include "core/record/record.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/random.h>
#include <time.h>

#include <algorithm>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/host.h"
#include "core/base/trust.h"
#include "core/record/format.h"
#include "core/record/process.h"

namespace xpu {
namespace {

constexpr std::size_t kMaxBytes = std::size_t{16} << 20;
constexpr std::string_view kSuffix = ".json";
// What has no record and is older than this was left behind by a start that was killed.
constexpr std::int64_t kOrphanSeconds = 3600;

// A hash: an id is never part of a path, and roots may be long.
std::string name_of(const std::string& runtime_root, const std::string& id) {
  return hex64(fnv1a(id, fnv1a(std::string_view("\0", 1), fnv1a(runtime_root))));
}

// The record file's bytes; nullopt when it is not there. A file that others could have written is
// no record.
std::optional<std::string> read_record(int dirfd, const std::string& path) {
  const Fd fd(
      ::openat(dirfd, path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat status = {};
  if (!fd || ::fstat(fd.get(), &status) != 0) {
    return std::nullopt;
  }
  if (!trusted_owner(status.st_uid) || (status.st_mode & 022) != 0) {
    fail("others can write ", path);
  }
  return read_fd(fd.get(), path, kMaxBytes);
}

void remove_tree(int dirfd, const std::string& name) {
  if (::unlinkat(dirfd, name.c_str(), 0) == 0 || errno == ENOENT) {
    return;
  }
  const Fd folder(::openat(dirfd, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (folder) {
    for (const std::string& entry : list_dir(folder.get(), name)) {
      remove_tree(folder.get(), entry);
    }
    ::unlinkat(dirfd, name.c_str(), AT_REMOVEDIR);
  }
}

bool older_than(int dirfd, const std::string& name, std::int64_t seconds) {
  struct stat status = {};
  return ::fstatat(dirfd, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 &&
         ::time(nullptr) - status.st_mtim.tv_sec > seconds;
}

// One entry of the folder of records; true when it was removed. `names` is sorted.
bool sweep_entry(int dirfd, const std::vector<std::string>& names, const std::string& name) {
  if (!name.ends_with(kSuffix)) {
    const bool has_record = std::binary_search(names.begin(), names.end(), cat(name, kSuffix));
    if (has_record || !older_than(dirfd, name, kOrphanSeconds)) {
      return false;
    }
    remove_tree(dirfd, name);
    return true;
  }
  const std::optional<std::string> text = read_record(dirfd, name);
  const std::optional<Record> record = text ? record_from_json(*text, name) : std::nullopt;
  if (!record || Records::live(*record)) {
    return false;
  }
  remove_tree(dirfd, name.substr(0, name.size() - kSuffix.size()));
  ::unlinkat(dirfd, name.c_str(), 0);
  return true;
}

}  // namespace

Records::Records(std::string state_dir) : dir_(cat(state_dir, "/containers")) {}

std::string Records::state_folder(const std::string& runtime_root, const std::string& id) const {
  return cat(dir_, '/', name_of(runtime_root, id));
}

std::optional<Record> Records::find(const std::string& runtime_root, const std::string& id) const {
  const std::string path = cat(state_folder(runtime_root, id), kSuffix);
  try {
    const std::optional<std::string> text = read_record(AT_FDCWD, path);
    std::optional<Record> record = text ? record_from_json(*text, path) : std::nullopt;
    if (record && (record->id != id || record->runtime_root != runtime_root)) {
      return std::nullopt;
    }
    return record;
  } catch (const Error&) {
    const std::string bad = cat(path.substr(0, path.size() - kSuffix.size()), ".bad");
    ::rename(path.c_str(), bad.c_str());
    return std::nullopt;
  }
}

void Records::write(const Record& record) {
  const Fd folder = open_state_dir(dir_);
  WriteOptions options;
  options.mode = 0600;
  write_file_atomic(folder.get(), dir_, cat(name_of(record.runtime_root, record.id), kSuffix),
                    record_to_json(record), options);
}

void Records::remove(const std::string& runtime_root, const std::string& id) noexcept {
  try {
    const Fd folder(::open(dir_.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (folder) {
      const std::string name = name_of(runtime_root, id);
      remove_tree(folder.get(), name);
      ::unlinkat(folder.get(), cat(name, kSuffix).c_str(), 0);
    }
  } catch (const std::exception&) {
    // What is left is dead, and a later sweep takes it.
  }
}

bool Records::live(const Record& record) {
  if (record.creator.boot_id != boot_id()) {
    return false;
  }
  if (process_runs(record.creator.pid, record.creator.start_time)) {
    return true;
  }
  struct stat status = {};
  const std::string state = cat(record.runtime_root, '/', record.id);
  // Only an absence that is certain counts: a root that we may not look into says nothing.
  return ::lstat(state.c_str(), &status) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

void Records::sweep(unsigned most) noexcept {
  try {
    const Fd folder(::open(dir_.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!folder) {
      return;
    }
    const std::vector<std::string> names = list_dir(folder.get(), dir_);
    std::uint32_t start = 0;
    if (::getrandom(&start, sizeof start, GRND_NONBLOCK) != sizeof start) {
      start = static_cast<std::uint32_t>(::getpid());
    }
    unsigned removed = 0;
    // Looking costs time too, so a sweep among many live records ends early.
    const std::size_t looks = std::min<std::size_t>(names.size(), std::size_t{8} * most);
    for (std::size_t i = 0; i < looks && removed < most; ++i) {
      try {
        removed += sweep_entry(folder.get(), names, names[(start + i) % names.size()]) ? 1 : 0;
      } catch (const Error&) {
        // Not ours to judge; find() puts a damaged record aside when its container is asked for.
      }
    }
  } catch (const std::exception&) {
    // A sweep is a service, never a reason to fail a start.
  }
}

}  // namespace xpu
