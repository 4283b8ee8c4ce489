// SPDX-License-Identifier: Apache-2.0
#include "core/plugin_host/pin.h"

#include <fcntl.h>
#include <sha256.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <vector>

#include "core/base/error.h"

namespace xpu {
namespace {

constexpr std::size_t kChunk = 256 << 10;
constexpr off_t kLargest = 256 << 20;
// Newer than the C library's header. It keeps nobody from mapping the file as code.
constexpr unsigned kNoExecSeal = 8;

// Bytes of `fd` from `offset` on, into `buffer`; 0 at its end.
std::size_t read_some(int fd, const std::string& path, off_t offset, std::vector<char>& buffer) {
  for (;;) {
    const ssize_t got = pread(fd, buffer.data(), buffer.size(), offset);
    if (got >= 0) {
      return static_cast<std::size_t>(got);
    }
    if (errno != EINTR) {
      fail_errno(path, ": cannot be read");
    }
  }
}

Fd memory_file(const std::string& path) {
  const std::string name = path.substr(path.rfind('/') + 1);
  constexpr unsigned kFlags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  Fd copy(memfd_create(name.c_str(), kFlags | kNoExecSeal));
  if (!copy && errno == EINVAL) {
    copy.reset(memfd_create(name.c_str(), kFlags));
  }
  if (!copy) {
    fail_errno(path, ": cannot make a file in memory for the copy that is loaded");
  }
  return copy;
}

void write_all(int fd, const std::string& path, const char* bytes, std::size_t size) {
  while (size > 0) {
    const ssize_t wrote = write(fd, bytes, size);
    if (wrote < 0 && errno != EINTR) {
      fail_errno(path, ": cannot be copied to memory");
    }
    if (wrote > 0) {
      bytes += wrote;
      size -= static_cast<std::size_t>(wrote);
    }
  }
}

Fd sealed_copy(int fd, const std::string& path) {
  struct stat st;
  if (fstat(fd, &st) != 0) {
    fail_errno(path);
  }
  if (st.st_size > kLargest) {
    fail(path, ": the library is larger than ", kLargest >> 20, " MiB");
  }
  Fd copy = memory_file(path);
  std::vector<char> buffer(kChunk);
  off_t done = 0;
  while (done < st.st_size) {
    const std::size_t got = read_some(fd, path, done, buffer);
    if (got == 0) {
      break;
    }
    write_all(copy.get(), path, buffer.data(), got);
    done += static_cast<off_t>(got);
  }
  if (fcntl(copy.get(), F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) !=
      0) {
    fail_errno(path, ": the copy in memory cannot be sealed");
  }
  return copy;
}

std::string hash_of(int fd, const std::string& path) {
  SHA256_CTX context;
  SHA256_Init(&context);
  std::vector<char> buffer(kChunk);
  off_t done = 0;
  while (const std::size_t got = read_some(fd, path, done, buffer)) {
    SHA256_Update(&context, reinterpret_cast<const std::uint8_t*>(buffer.data()), got);
    done += static_cast<off_t>(got);
  }
  char text[SHA256_DIGEST_STRING_LENGTH];
  return SHA256_End(&context, text);
}

}  // namespace

Fd pinned(int fd, const std::string& path, const std::string& sha256) {
  Fd copy = sealed_copy(fd, path);
  const std::string found = hash_of(copy.get(), path);
  if (found != sha256) {
    fail(path, ": the library is not the one that its manifest states: sha256 ", sha256,
         " is expected, ", found, " is found; install its package again");
  }
  return copy;
}

}  // namespace xpu
