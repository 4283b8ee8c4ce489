// SPDX-License-Identifier: Apache-2.0
#include "fs.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>

#include "path.h"

namespace xpu::sdk {
namespace {

constexpr int kMaxLinks = 40;  // as the kernel's own limit

std::optional<std::string> read_link(const std::string& host_path) {
  char target[PATH_MAX];
  const ssize_t length = ::readlink(host_path.c_str(), target, sizeof target);
  if (length <= 0 || length == static_cast<ssize_t>(sizeof target)) {
    return std::nullopt;
  }
  return std::string(target, static_cast<std::size_t>(length));
}

std::optional<std::string> read_all(int fd, std::size_t limit) {
  std::string bytes;
  char block[8192];
  while (true) {
    const ssize_t count = ::read(fd, block, sizeof block);
    if (count == 0) {
      return bytes;
    }
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count < 0 || bytes.size() + static_cast<std::size_t>(count) > limit) {
      return std::nullopt;
    }
    bytes.append(block, static_cast<std::size_t>(count));
  }
}

}  // namespace

Root::Root(std::string_view path) : path_(clean(path)) {
  if (path_ == "/") {
    path_.clear();
  }
}

std::string Root::host_path(std::string_view inside) const {
  return inside == "/" && !path_.empty() ? path_ : join(path_, inside);
}

std::optional<std::string> Root::resolve(std::string_view inside) const {
  std::string done;          // resolved so far; "" is the root
  std::string left(inside);  // still to walk
  int links = 0;
  while (!left.empty()) {
    const std::size_t slash = left.find('/');
    const std::string part = left.substr(0, slash);
    left.erase(0, slash == std::string::npos ? left.size() : slash + 1);
    if (part.empty() || part == ".") {
      continue;
    }
    if (part == "..") {
      done.erase(done.empty() ? 0 : done.rfind('/'));
      continue;
    }
    const std::string next = done + "/" + part;
    struct stat status;
    if (::lstat((path_ + next).c_str(), &status) != 0) {
      return std::nullopt;
    }
    if (!S_ISLNK(status.st_mode)) {
      if (!left.empty() && !S_ISDIR(status.st_mode)) {
        return std::nullopt;
      }
      done = next;
      continue;
    }
    const auto target = read_link(path_ + next);
    if (!target || ++links > kMaxLinks || target->size() + left.size() > PATH_MAX) {
      return std::nullopt;
    }
    left = *target + "/" + left;
    if (target->front() == '/') {
      done.clear();
    }
  }
  return done.empty() ? "/" : done;
}

std::optional<unsigned> Root::type_of(std::string_view inside) const {
  const auto resolved = resolve(inside);
  struct stat status;
  if (!resolved || ::lstat(host_path(*resolved).c_str(), &status) != 0) {
    return std::nullopt;
  }
  return status.st_mode & S_IFMT;
}

bool Root::is_file(std::string_view inside) const {
  return type_of(inside) == S_IFREG;
}
bool Root::is_folder(std::string_view inside) const {
  return type_of(inside) == S_IFDIR;
}
bool Root::is_device(std::string_view inside) const {
  return type_of(inside) == S_IFCHR;
}
bool Root::is_socket(std::string_view inside) const {
  return type_of(inside) == S_IFSOCK;
}

std::optional<std::string> Root::link_target(std::string_view inside) const {
  const auto folder = resolve(dir_name(inside));
  return folder ? read_link(host_path(join(*folder, base_name(inside)))) : std::nullopt;
}

std::optional<std::string> Root::read(std::string_view inside, std::size_t limit) const {
  const auto resolved = resolve(inside);
  if (!resolved) {
    return std::nullopt;
  }
  // O_NONBLOCK: a FIFO of that name must not stop us.
  const int fd = ::open(host_path(*resolved).c_str(),
                        O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
  if (fd < 0) {
    return std::nullopt;
  }
  struct stat status;
  std::optional<std::string> bytes;
  if (::fstat(fd, &status) == 0 && S_ISREG(status.st_mode)) {
    bytes = read_all(fd, limit);
  }
  ::close(fd);
  return bytes;
}

std::string Root::read_line(std::string_view inside) const {
  const auto bytes = read(inside);
  return bytes ? trimmed(*bytes) : "";
}

std::optional<std::int64_t> Root::read_number(std::string_view inside) const {
  return parse_number(read_line(inside));
}

std::vector<std::string> Root::list(std::string_view inside) const {
  std::vector<std::string> names;
  const auto resolved = resolve(inside);
  DIR* folder = resolved ? ::opendir(host_path(*resolved).c_str()) : nullptr;
  if (folder == nullptr) {
    return names;
  }
  while (const dirent* entry = ::readdir(folder)) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") {
      names.emplace_back(name);
    }
  }
  ::closedir(folder);
  std::sort(names.begin(), names.end());
  return names;
}

std::optional<std::int64_t> parse_number(std::string_view text) {
  const bool negative = starts_with(text, "-");
  text.remove_prefix(negative ? 1 : 0);
  const bool hex = starts_with(text, "0x") || starts_with(text, "0X");
  text.remove_prefix(hex ? 2 : 0);
  if (text.empty() || text.front() == '-') {
    return std::nullopt;
  }
  std::int64_t value = 0;
  const char* end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, value, hex ? 16 : 10);
  if (result.ec != std::errc() || result.ptr != end) {
    return std::nullopt;
  }
  return negative ? -value : value;
}

}  // namespace xpu::sdk
