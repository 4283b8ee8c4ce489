// SPDX-License-Identifier: Apache-2.0
#include "core/plugin_host/image.h"

#include <mach-o/loader.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <vector>

#include "core/base/error.h"

namespace xpu {
namespace {

constexpr std::uint32_t kMostCommandBytes = 1 << 20;

mach_header_64 read_header(int fd, const std::string& path) {
  mach_header_64 header{};
  const ssize_t got = pread(fd, &header, sizeof header, 0);
  if (got < static_cast<ssize_t>(sizeof header.magic) || header.magic != MH_MAGIC_64) {
    fail(path, ": not a shared library (no 64-bit Mach-O file of one architecture)");
  }
  if (got < static_cast<ssize_t>(sizeof header)) {
    fail(path, ": the library is cut off");
  }
  if (header.cputype != CPU_TYPE_ARM64) {
    fail(path, ": the library is for another architecture (Mach-O processor ", header.cputype,
         ", this program has ", CPU_TYPE_ARM64, ")");
  }
  if (header.filetype != MH_DYLIB && header.filetype != MH_BUNDLE) {
    fail(path, ": not a shared library (Mach-O type ", header.filetype, ")");
  }
  return header;
}

template <class T>
T item(const std::vector<char>& bytes, std::size_t at, const std::string& path) {
  T out{};
  if (at > bytes.size() || bytes.size() - at < sizeof out) {
    fail(path, ": the library is cut off");
  }
  std::memcpy(&out, bytes.data() + at, sizeof out);
  return out;
}

void check_segment(const segment_command_64& segment, std::uint64_t size, const std::string& path) {
  if (segment.filesize > size || segment.fileoff > size - segment.filesize) {
    fail(path, ": the library is cut off");
  }
}

}  // namespace

void check_image(int fd, const std::string& path) {
  const mach_header_64 header = read_header(fd, path);
  struct stat st;
  if (fstat(fd, &st) != 0) {
    fail_errno(path);
  }
  if (header.sizeofcmds > kMostCommandBytes) {
    fail(path, ": the library's load commands are too large");
  }
  std::vector<char> commands(header.sizeofcmds);
  if (pread(fd, commands.data(), commands.size(), sizeof header) !=
      static_cast<ssize_t>(commands.size())) {
    fail(path, ": the library is cut off");
  }
  std::size_t at = 0;
  for (std::uint32_t i = 0; i < header.ncmds; ++i) {
    const auto command = item<load_command>(commands, at, path);
    if (command.cmdsize < sizeof command) {
      fail(path, ": the library's load commands are malformed");
    }
    if (command.cmd == LC_SEGMENT_64) {
      check_segment(item<segment_command_64>(commands, at, path),
                    static_cast<std::uint64_t>(st.st_size), path);
    }
    // As on Linux, where RPATH and RUNPATH are refused: it would bring in files nobody checked.
    if (command.cmd == LC_RPATH) {
      fail(path, ": the library has a search path of its own (LC_RPATH); link it without");
    }
    at += command.cmdsize;
  }
}

std::string image_place(int, const std::string& path) {
  return path;
}

}  // namespace xpu
