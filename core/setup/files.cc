// SPDX-License-Identifier: Apache-2.0
#include "core/setup/files.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <array>
#include <climits>
#include <deque>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/path.h"

namespace xpu::setup {
namespace {

constexpr std::size_t kFileLimit = std::size_t{16} << 20;
constexpr int kMaxLinks = 40;

// Beside the file; for a folder of drop-ins above it, as some engines read whatever lies there.
std::string beside(const std::string& path, std::string_view suffix) {
  const std::string folder = folder_of(path);
  const std::string place = folder.ends_with(".d") ? folder_of(folder) : folder;
  return cat(place == "/" ? "" : place, '/', file_name_of(path), suffix);
}

std::optional<std::string> link_text(const std::string& path) {
  std::array<char, PATH_MAX> buffer{};
  const ssize_t size = ::readlink(path.c_str(), buffer.data(), buffer.size());
  return size < 0 ? std::nullopt
                  : std::optional(std::string(buffer.data(), static_cast<std::size_t>(size)));
}

Fd open_to_read(const std::string& path) {
  return Fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
}

// Whatever the umask of who calls: an engine's other users read there too. What belongs to a user
// alone is theirs to open.
void make_folders(const std::string& path) {
  std::string at;
  for (const std::string_view part : path_parts(path)) {
    at += cat('/', part);
    if (::mkdir(at.c_str(), 0755) == 0) {
      if (::geteuid() == 0 && ::chmod(at.c_str(), 0755) != 0) {
        fail_errno("cannot set the mode of the folder ", at);
      }
    } else if (errno != EEXIST && errno != EROFS) {
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
  backup_path_ = beside(real_, ".xpu-backup");
  written_path_ = beside(real_, ".xpu-written");
  found_ = open_to_read(real_);
  kept_.text = read_file_if_present(real_, kFileLimit);
  kept_.backup = read_file_if_present(backup_path_, kFileLimit);
  kept_.written = read_file_if_present(written_path_, 2 * kFileLimit);
}

void ConfigFile::put(const std::string& path, const Text& text) const {
  const std::string dir = folder_of(path);
  const Fd folder(::open(dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder) {
    fail_errno("cannot open the folder ", dir);
  }
  if (!text) {
    if (::unlinkat(folder.get(), file_name_of(path).c_str(), 0) != 0 && errno != ENOENT) {
      fail_errno("cannot remove ", path);
    }
    return;
  }
  // What it is to be like: the file itself, or what it was.
  const Fd present = open_to_read(real_);
  const Fd& like = present ? present : found_;
  WriteOptions options;
  options.sync = true;
  struct stat st {};
  if (like && ::fstat(like.get(), &st) == 0) {
    options.mode = st.st_mode & 07777;
    options.uid = st.st_uid;
    options.gid = st.st_gid;
    options.attributes_of = like.get();
    options.all_attributes = true;
  }
  write_file_atomic(folder.get(), dir, file_name_of(path), *text, options);
}

// What a later --remove needs is there before the file is changed, and goes only after it.
void ConfigFile::apply(const Kept& after) const {
  make_folders(folder_of(real_));
  const Fd lock = open_locked(folder_of(real_));
  if (read_file_if_present(real_, kFileLimit) != kept_.text) {
    fail(path_, " was changed meanwhile by somebody else; nothing was done, try again");
  }
  struct Step {
    const std::string& path;
    const Text &before, &after;
  };
  const Step backup{backup_path_, kept_.backup, after.backup};
  const Step written{written_path_, kept_.written, after.written};
  const Step file{real_, kept_.text, after.text};
  std::vector<Step> steps;
  for (const Step* step : {&backup, &written}) {
    if (step->after) {
      steps.push_back(*step);
    }
  }
  steps.push_back(file);
  for (const Step* step : {&backup, &written}) {
    if (!step->after) {
      steps.push_back(*step);
    }
  }
  std::size_t done = 0;
  try {
    for (; done < steps.size(); ++done) {
      if (steps[done].after != steps[done].before) {
        put(steps[done].path, steps[done].after);
      }
    }
  } catch (const Error&) {
    while (done-- > 0) {
      if (steps[done].after != steps[done].before) {
        put(steps[done].path, steps[done].before);
      }
    }
    throw;
  }
}

void ConfigFile::undo(const Kept& after) const {
  const Fd lock = open_locked(folder_of(real_));
  if (after.text != kept_.text) {
    put(real_, kept_.text);
  }
  if (after.backup != kept_.backup) {
    put(backup_path_, kept_.backup);
  }
  if (after.written != kept_.written) {
    put(written_path_, kept_.written);
  }
}

}  // namespace xpu::setup
