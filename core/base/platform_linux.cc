// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/random.h>
#include <sys/xattr.h>

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

void copy_attributes(int from, int to) {
  char names[4096];
  char value[4096];
  const ssize_t length = ::flistxattr(from, names, sizeof names);
  for (const char* name = names; name < names + length; name += std::strlen(name) + 1) {
    const std::string_view text = name;
    if (!text.starts_with("security.") && !text.starts_with("user.")) {
      continue;
    }
    const ssize_t size = ::fgetxattr(from, name, value, sizeof value);
    if (size >= 0) {
      ::fsetxattr(to, name, value, static_cast<std::size_t>(size), 0);
    }
  }
}

}  // namespace xpu::platform
