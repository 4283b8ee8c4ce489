// SPDX-License-Identifier: Apache-2.0
#include "core/record/record.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

#include <tuple>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/host.h"
#include "core/record/alive.h"
#include "core/record/files.h"
#include "core/record/format.h"
#include "core/record/ledger.h"
#include "core/record/process.h"

namespace xpu {
namespace {

using record_files::kSuffix;

// Of a record that can be opened but not read: out of the way, for a person to look at.
void put_away(int dirfd, const std::string& file) {
  const std::string bad = cat(file.substr(0, file.size() - kSuffix.size()), ".bad");
  ::renameat(dirfd, file.c_str(), dirfd, bad.c_str());
}

void put(const Fd& folder, const std::string& dir, const Record& record) {
  WriteOptions options;
  options.mode = 0600;
  write_file_atomic(folder.get(), dir,
                    cat(record_files::name_of(record.runtime_root, record.id), kSuffix),
                    record_to_json(record), options);
}

bool same_lease(const Record& a, const Record& b) {
  const auto identity = [](const Record& record) {
    return std::tie(record.created_unix, record.created_ns, record.creator.pid,
                    record.creator.start_time, record.creator.boot_id);
  };
  return identity(a) == identity(b);
}

// A second name for an older record of the same container, so that its end is not lost when the
// first is written over; "" when there is none.
std::string keep_older(const Fd& folder, const Record& record) {
  const std::string name = record_files::name_of(record.runtime_root, record.id);
  const std::string file = cat(name, kSuffix);
  const Fd fd = record_files::open_file(folder.get(), file);
  struct stat status = {};
  if (!fd || ::fstat(fd.get(), &status) != 0) {
    return "";
  }
  try {
    const std::optional<Record> older = record_from_json(record_files::read(fd, file), file);
    if (!older || same_lease(*older, record)) {
      return "";
    }
  } catch (const Error&) {
    return "";
  }
  std::string ended = record_files::ended_name(name, status.st_ino);
  const int linked = ::linkat(folder.get(), file.c_str(), folder.get(), ended.c_str(), 0);
  return linked == 0 ? ended : "";
}

std::uint64_t inode_of(const std::string& path) {
  struct stat status = {};
  return ::lstat(path.c_str(), &status) == 0 ? status.st_ino : 0;
}

}  // namespace

Records::Records(std::string state_dir)
    : state_dir_(std::move(state_dir)), dir_(cat(state_dir_, "/containers")) {}

std::string Records::state_folder(const std::string& runtime_root, const std::string& id) const {
  return cat(dir_, '/', record_files::name_of(runtime_root, id));
}

std::optional<Record> Records::find(const std::string& runtime_root, const std::string& id) const {
  const std::string path = cat(state_folder(runtime_root, id), kSuffix);
  const Fd fd = record_files::open_file(AT_FDCWD, path);
  if (!fd) {
    return std::nullopt;
  }
  try {
    std::optional<Record> record = record_from_json(record_files::read(fd, path), path);
    if (record && (record->id != id || record->runtime_root != runtime_root)) {
      return std::nullopt;
    }
    return record;
  } catch (const Error&) {
    put_away(AT_FDCWD, path);
    return std::nullopt;
  }
}

std::vector<Record> Records::all(std::vector<std::string>* newer) const {
  std::vector<Record> out;
  const Fd folder(::open(dir_.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!folder) {
    if (errno != ENOENT && errno != ENOTDIR) {
      fail_errno("cannot open the folder ", dir_);
    }
    return out;
  }
  for (const std::string& name : list_dir(folder.get(), dir_)) {
    const Fd fd = name.ends_with(kSuffix) && name.front() != '.'
                      ? record_files::open_file(folder.get(), name)
                      : Fd();
    if (!fd) {
      continue;
    }
    try {
      std::optional<Record> record = record_from_json(record_files::read(fd, name), name);
      if (record) {
        out.push_back(std::move(*record));
      } else if (newer != nullptr) {
        newer->push_back(cat(dir_, '/', name));
      }
    } catch (const Error&) {
      put_away(folder.get(), name);
    }
  }
  return out;
}

void Records::write(const Record& record) {
  const Fd folder = open_state_dir(dir_);
  record_files::lock(folder, dir_);
  const std::string ended = keep_older(folder, record);
  try {
    put(folder, dir_, record);
  } catch (const Error&) {
    if (!ended.empty()) {
      ::unlinkat(folder.get(), ended.c_str(), 0);
    }
    throw;
  }
}

void Records::stamp_end(const std::string& runtime_root, const std::string& id) noexcept {
  try {
    if (!find(runtime_root, id)) {
      return;
    }
    Fd folder = record_files::open_locked(dir_);
    std::optional<Record> record = find(runtime_root, id);
    if (!folder || !record) {
      return;
    }
    const std::uint64_t inode = inode_of(cat(runtime_root, '/', id));
    record->end = EndStamp{static_cast<std::int64_t>(::time(nullptr)), inode};
    put(folder, dir_, *record);
    folder.reset();  // the lock of the ledger is always taken first
    if (!record->held.empty() && inode != 0) {
      stamp_lease(state_dir_, runtime_root, id, inode);
    }
  } catch (const std::exception&) {
    // Then the end is the time at which somebody misses the container.
  }
}

void Records::remove(const std::string& runtime_root, const std::string& id) noexcept {
  try {
    const Fd folder(::open(dir_.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (folder) {
      const std::string name = record_files::name_of(runtime_root, id);
      record_files::remove_tree(folder.get(), name);
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
  LeaseRow lease;
  lease.id = record.id;
  lease.runtime_root = record.runtime_root;
  lease.pid = record.creator.pid;
  lease.start_time = record.creator.start_time;
  lease.ended_inode = record.end ? record.end->state_inode : 0;
  return container_lives(lease);
}

}  // namespace xpu
