// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <linux/limits.h>
#include <sys/random.h>
#include <sys/xattr.h>

#include <algorithm>
#include <array>
#include <climits>
#include <cstring>

#include "core/base/error.h"
#include "core/base/platform.h"

namespace xpu::platform {

std::string_view library_suffix() {
  return ".so";
}

std::string own_program() {
  std::array<char, PATH_MAX> buffer{};
  const ssize_t size = ::readlink("/proc/self/exe", buffer.data(), buffer.size());
  if (size <= 0) {
    fail_errno("cannot read /proc/self/exe; is /proc mounted?");
  }
  return std::string(buffer.data(), static_cast<std::size_t>(size));
}

bool random_bytes(void* out, std::size_t size) {
  return ::getrandom(out, size, GRND_NONBLOCK) == static_cast<ssize_t>(size);
}

std::int64_t modified_ns(const struct stat& st) {
  return std::int64_t{st.st_mtim.tv_sec} * 1000000000 + st.st_mtim.tv_nsec;
}

std::int64_t changed_ns(const struct stat& st) {
  return std::int64_t{st.st_ctim.tv_sec} * 1000000000 + st.st_ctim.tv_nsec;
}

Fd open_object(int folder, const char* name) {
  return Fd(::openat(folder, name, O_PATH | O_NOFOLLOW | O_CLOEXEC));
}

ssize_t read_link(const Fd& link, int, const char*, char* out, std::size_t size) {
  return ::readlinkat(link.get(), "", out, size);
}

void make_pipe(Fd& read_end, Fd& write_end) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) {
    fail_errno("cannot create a pipe");
  }
  read_end.reset(ends[0]);
  write_end.reset(ends[1]);
}

namespace {

constexpr const char* kAccessList = "system.posix_acl_access";

// What belongs to the file. Signatures of the former content would be wrong ones, and what a file
// system keeps for itself is its own.
bool is_copied(std::string_view name) {
  if (name == "security.ima" || name == "security.evm" || name.starts_with("trusted.overlay.")) {
    return false;
  }
  for (const std::string_view kind : {"security.", "user.", "system.", "trusted."}) {
    if (name.starts_with(kind)) {
      return true;
    }
  }
  return false;
}

// Calls `read(buffer, size)` with a buffer that is large enough; -1 and errno when it fails.
template <class Read>
ssize_t read_growing(std::string& buffer, const Read& read) {
  for (buffer.resize(std::max<std::size_t>(buffer.size(), 1024));;) {
    const ssize_t size = read(buffer.data(), buffer.size());
    if (size >= 0 || errno != ERANGE || buffer.size() > XATTR_SIZE_MAX) {
      return size;
    }
    buffer.resize(buffer.size() * 4);
  }
}

// False, with errno, when `to` cannot get the attribute that `from` has.
bool copy_attribute(int from, int to, const char* name) {
  std::string value, present;
  const ssize_t size = read_growing(
      value, [&](char* out, std::size_t room) { return ::fgetxattr(from, name, out, room); });
  if (size < 0) {
    return errno == ENODATA || errno == ENOTSUP;
  }
  // A label that the folder gives is there already, and setting it may need a right of its own.
  const ssize_t known = read_growing(
      present, [&](char* out, std::size_t room) { return ::fgetxattr(to, name, out, room); });
  const auto length = static_cast<std::size_t>(size);
  if (known == size && std::memcmp(value.data(), present.data(), length) == 0) {
    return true;
  }
  return ::fsetxattr(to, name, value.data(), length, 0) == 0;
}

}  // namespace

std::string copy_attributes(int from, int to) {
  std::string names;
  const ssize_t length = read_growing(
      names, [&](char* out, std::size_t room) { return ::flistxattr(from, out, room); });
  if (length < 0) {
    return errno == ENOTSUP ? "" : "(their list)";
  }
  bool has_list = false;
  const char* const end = names.data() + length;
  for (const char* name = names.data(); name < end; name += std::strlen(name) + 1) {
    has_list = has_list || std::string_view(name) == kAccessList;
    if (is_copied(name) && std::string_view(name) != kAccessList &&
        !copy_attribute(from, to, name)) {
      return name;
    }
  }
  // Last, as it may take the right to write away. One that the folder gave goes.
  const bool good =
      has_list ? copy_attribute(from, to, kAccessList)
               : ::fremovexattr(to, kAccessList) == 0 || errno == ENODATA || errno == ENOTSUP;
  return good ? "" : kAccessList;
}

}  // namespace xpu::platform
