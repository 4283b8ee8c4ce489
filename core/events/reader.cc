// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/stat.h>

#include "core/base/error.h"
#include "core/base/trust.h"
#include "core/events/events.h"

namespace xpu {
namespace {

constexpr std::size_t kLineBytes = 64 << 10;  // a longer line is none of ours
constexpr std::size_t kBlockBytes = 64 << 10;

struct stat status_of(const Fd& file, const std::string& path) {
  struct stat out {};
  if (::fstat(file.get(), &out) != 0) {
    fail_errno("cannot read ", path);
  }
  return out;
}

bool same_file(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

// Empty for none. What is shown as this host's history must be.
Fd open_journal(const std::string& path) {
  Fd file(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!file && (errno == ENOENT || errno == ENOTDIR)) {
    return {};
  }
  if (!file && errno == ELOOP) {
    fail("cannot read ", path, ": it is a symbolic link; remove it");
  }
  if (!file) {
    fail_errno("cannot read ", path);
  }
  const struct stat status = status_of(file, path);
  if (!S_ISREG(status.st_mode)) {
    fail("cannot read ", path, ": it is not a regular file; remove it");
  }
  if (!trusted_owner(status.st_uid)) {
    fail("cannot believe ", path, ": it belongs to user ", status.st_uid, "; remove it");
  }
  if ((status.st_mode & 022) != 0) {
    fail("cannot believe ", path, ": others can write it; remove it");
  }
  return file;
}

}  // namespace

void EventReader::read(Fd& file, std::vector<HostEvent>& out) {
  std::string block(kBlockBytes, '\0');
  for (;;) {
    const ssize_t got = ::read(file.get(), block.data(), block.size());
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got < 0) {
      fail_errno("cannot read the events in ", dir_);
    }
    if (got == 0) {
      return;
    }
    rest_.append(block, 0, static_cast<std::size_t>(got));
    std::size_t begin = 0;
    for (std::size_t end; (end = rest_.find('\n', begin)) != rest_.npos; begin = end + 1) {
      const std::string_view line = std::string_view(rest_).substr(begin, end - begin);
      if (std::optional<HostEvent> event = parse_host_event(line)) {
        out.push_back(std::move(*event));
      }
    }
    rest_.erase(0, begin);
    if (rest_.size() > kLineBytes) {
      rest_ = "-";  // with the rest of it, still no event
    }
  }
}

std::vector<HostEvent> EventReader::next() {
  const std::string path = cat(dir_, '/', kEventsFile), old_path = cat(path, ".1");
  const auto is = [&](const Fd& a, const Fd& b) {
    return a && b && same_file(status_of(a, path), status_of(b, path));
  };
  std::vector<HostEvent> out;
  if (file_) {
    read(file_, out);
  }
  // In this order: what is renamed in between is met as the older of the two.
  Fd newest = open_journal(path);
  if (!newest || is(newest, file_)) {
    return out;
  }
  if (Fd older = open_journal(old_path); older && !is(older, newest)) {
    if (is(older, file_)) {
      read(file_, out);  // what was written up to its change of name
    } else if (!is(older, older_)) {
      rest_.clear();
      read(older, out);
    }
    older_ = std::move(older);
  }
  rest_.clear();
  file_ = std::move(newest);
  read(file_, out);
  return out;
}

}  // namespace xpu
