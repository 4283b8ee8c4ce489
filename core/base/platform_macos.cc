// SPDX-License-Identifier: Apache-2.0
#include <copyfile.h>
#include <fcntl.h>
#include <mach-o/dyld.h>
#include <stdlib.h>
#include <sys/random.h>

#include <climits>
#include <vector>

#include "core/base/error.h"
#include "core/base/platform.h"

namespace xpu::platform {

std::string_view library_suffix() {
  return ".dylib";
}

std::string own_program() {
  std::uint32_t size = 0;
  ::_NSGetExecutablePath(nullptr, &size);
  std::vector<char> path(size + 1);
  std::vector<char> real(PATH_MAX);
  if (::_NSGetExecutablePath(path.data(), &size) != 0 ||
      ::realpath(path.data(), real.data()) == nullptr) {
    fail_errno("cannot tell which program this is");
  }
  return real.data();
}

bool random_bytes(void* out, std::size_t size) {
  return ::getentropy(out, size) == 0;
}

std::int64_t modified_ns(const struct stat& st) {
  return std::int64_t{st.st_mtimespec.tv_sec} * 1000000000 + st.st_mtimespec.tv_nsec;
}

std::int64_t changed_ns(const struct stat& st) {
  return std::int64_t{st.st_ctimespec.tv_sec} * 1000000000 + st.st_ctimespec.tv_nsec;
}

Fd open_object(int folder, const char* name) {
  return Fd(::openat(folder, name, O_RDONLY | O_SYMLINK | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
}

// Who could exchange the link meanwhile owns it or its folder, and both are checked.
ssize_t read_link(const Fd&, int folder, const char* name, char* out, std::size_t size) {
  return ::readlinkat(folder, name, out, size);
}

void make_pipe(Fd& read_end, Fd& write_end) {
  int ends[2];
  if (::pipe(ends) != 0) {
    fail_errno("cannot create a pipe");
  }
  read_end.reset(ends[0]);
  write_end.reset(ends[1]);
  for (const int end : ends) {
    ::fcntl(end, F_SETFD, FD_CLOEXEC);
  }
}

std::string copy_attributes(int from, int to) {
  return ::fcopyfile(from, to, nullptr, COPYFILE_XATTR | COPYFILE_ACL) == 0 ? "" : "(one of them)";
}

}  // namespace xpu::platform
