// SPDX-License-Identifier: Apache-2.0
#include <CommonCrypto/CommonDigest.h>
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <vector>

#include "core/base/error.h"
#include "core/plugin_host/pin.h"

namespace xpu {
namespace {

std::string hash_of(int fd, const std::string& path) {
  CC_SHA256_CTX context;
  CC_SHA256_Init(&context);
  std::vector<char> buffer(256 << 10);
  off_t done = 0;
  for (;;) {
    const ssize_t got = pread(fd, buffer.data(), buffer.size(), done);
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got < 0) {
      fail_errno(path, ": cannot be read");
    }
    if (got == 0) {
      break;
    }
    CC_SHA256_Update(&context, buffer.data(), static_cast<CC_LONG>(got));
    done += got;
  }
  std::array<unsigned char, CC_SHA256_DIGEST_LENGTH> digest{};
  CC_SHA256_Final(digest.data(), &context);
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const unsigned char byte : digest) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

}  // namespace

// The loader takes nothing but paths, so the file itself is what is hashed and mapped; that nobody
// but its owner can change it has been checked.
Fd pinned(int fd, const std::string& path, const std::string& sha256) {
  const std::string found = hash_of(fd, path);
  if (found != sha256) {
    fail(path, ": the library is not the one that its manifest states: sha256 ", sha256,
         " is expected, ", found, " is found; install its package again");
  }
  Fd copy(fcntl(fd, F_DUPFD_CLOEXEC, 0));
  if (!copy) {
    fail_errno(path);
  }
  return copy;
}

}  // namespace xpu
