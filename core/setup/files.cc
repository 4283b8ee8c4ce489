// SPDX-License-Identifier: Apache-2.0
#include "core/setup/files.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <array>
#include <climits>
#include <deque>
#include <utility>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/path.h"

namespace xpu::setup {
namespace {

constexpr std::size_t kFileLimit = std::size_t{16} << 20;
constexpr int kMaxLinks = 40;

// Beside the file; for a folder of drop-ins above it, as some engines read whatever lies there.
std::string backup_of(const std::string& path) {
  const std::string folder = folder_of(path);
  const std::string place = folder.ends_with(".d") ? folder_of(folder) : folder;
  return cat(place == "/" ? "" : place, '/', file_name_of(path), ".xpu-backup");
}

std::optional<std::string> link_text(const std::string& path) {
  std::array<char, PATH_MAX> buffer{};
  const ssize_t size = ::readlink(path.c_str(), buffer.data(), buffer.size());
  return size < 0 ? std::nullopt
                  : std::optional(std::string(buffer.data(), static_cast<std::size_t>(size)));
}

void make_folders(const std::string& path) {
  std::string at;
  for (const std::string_view part : path_parts(path)) {
    at += cat('/', part);
    if (::mkdir(at.c_str(), 0755) != 0 && errno != EEXIST && errno != EROFS) {
      fail_errno("cannot create the folder ", at);
    }
  }
}

// Held while a file of the folder is replaced, so that two of us come one after the other.
Fd open_locked(const std::string& path) {
  Fd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) {
    fail_errno("cannot open the folder ", path);
  }
  ::flock(fd.get(), LOCK_EX);
  return fd;
}

}  // namespace

std::string resolve_in(const std::string& root, const std::string& path) {
  std::deque<std::string> left;
  const auto put_first = [&](const std::string& text) {
    std::deque<std::string> parts;
    for (const std::string_view part : path_parts(text)) {
      parts.emplace_back(part);
    }
    left.insert(left.begin(), parts.begin(), parts.end());
  };
  put_first(path);
  std::string at;
  int links = 0;
  while (!left.empty()) {
    const std::string part = std::exchange(left.front(), "");
    left.pop_front();
    if (part == "." || part == "..") {
      at = part == "." ? at : at.substr(0, at.empty() ? 0 : at.rfind('/'));
      continue;
    }
    const std::string next = cat(at, '/', part);
    const std::optional<std::string> target = link_text(root + next);
    if (!target) {
      at = next;
      continue;
    }
    if (++links > kMaxLinks) {
      fail("cannot follow ", path, ": its links lead in a circle");
    }
    at = target->starts_with('/') ? "" : at;
    put_first(*target);
  }
  return root + at;
}

ConfigFile::ConfigFile(std::string root, std::string path)
    : root_(std::move(root)), path_(std::move(path)), real_(resolve_in(root_, path_)) {
  backup_path_ = backup_of(real_);
  text_ = read_file_if_present(real_, kFileLimit);
  backup_ = read_file_if_present(backup_path_, kFileLimit);
}

void ConfigFile::put(int folder, const std::string& name, const Text& text) const {
  const std::string dir = folder_of(real_);
  if (!text) {
    if (::unlinkat(folder, name.c_str(), 0) != 0 && errno != ENOENT) {
      fail_errno("cannot remove ", dir, '/', name);
    }
    return;
  }
  // What it is to be like: the file itself, else its backup.
  Fd like(::open(real_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!like) {
    like.reset(::open(backup_path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  }
  WriteOptions options;
  options.sync = true;
  struct stat st {};
  if (like && ::fstat(like.get(), &st) == 0) {
    options.mode = st.st_mode & 07777;
    options.uid = st.st_uid;
    options.gid = st.st_gid;
    options.attributes_of = like.get();
  }
  write_file_atomic(folder, dir, name, *text, options);
}

void ConfigFile::apply(const Plan& plan) const {
  make_folders(folder_of(real_));
  const Fd folder = open_locked(folder_of(real_));
  if (read_file_if_present(real_, kFileLimit) != text_) {
    fail(path_, " was changed meanwhile by somebody else; nothing was done, try again");
  }
  const Fd beside(::open(folder_of(backup_path_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const std::string backup = file_name_of(backup_path_);
  if (plan.backup == Plan::Backup::kWrite) {
    put(beside.get(), backup, text_);
  }
  try {
    if (plan.after != text_) {
      put(folder.get(), file_name_of(real_), plan.after);
    }
  } catch (const Error&) {
    if (plan.backup == Plan::Backup::kWrite) {
      put(beside.get(), backup, backup_);
    }
    throw;
  }
  if (plan.backup == Plan::Backup::kDrop) {
    put(beside.get(), backup, std::nullopt);
  }
}

void ConfigFile::undo(const Plan& plan) const {
  const Fd folder = open_locked(folder_of(real_));
  const Fd beside(::open(folder_of(backup_path_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  put(folder.get(), file_name_of(real_), text_);
  if (plan.backup != Plan::Backup::kKeep) {
    put(beside.get(), file_name_of(backup_path_), backup_);
  }
}

}  // namespace xpu::setup
