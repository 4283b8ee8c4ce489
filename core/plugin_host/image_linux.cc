// SPDX-License-Identifier: Apache-2.0
#include "core/plugin_host/image.h"

#include <elf.h>
#include <sys/stat.h>
#include <unistd.h>

#include <type_traits>
#include <vector>

#include "core/base/error.h"

namespace xpu {
namespace {

#if defined(__x86_64__)
constexpr unsigned kMachine = EM_X86_64;
#elif defined(__aarch64__)
constexpr unsigned kMachine = EM_AARCH64;
#elif defined(__riscv)
constexpr unsigned kMachine = EM_RISCV;
#elif defined(__powerpc64__)
constexpr unsigned kMachine = EM_PPC64;
#elif defined(__s390x__)
constexpr unsigned kMachine = EM_S390;
#elif defined(__loongarch64)
constexpr unsigned kMachine = EM_LOONGARCH;
#else
#error "name this architecture's ELF machine here"
#endif
constexpr unsigned kClass = sizeof(void*) == 8 ? ELFCLASS64 : ELFCLASS32;

using Header = std::conditional_t<sizeof(void*) == 8, Elf64_Ehdr, Elf32_Ehdr>;
using Segment = std::conditional_t<sizeof(void*) == 8, Elf64_Phdr, Elf32_Phdr>;
using Dynamic = std::conditional_t<sizeof(void*) == 8, Elf64_Dyn, Elf32_Dyn>;

// Reads `count` items of a table, or fails: a file that ends early would kill us with SIGBUS once
// it is mapped.
template <class T>
std::vector<T> table(int fd, const std::string& path, std::uint64_t offset, std::size_t count) {
  std::vector<T> items(count);
  const ssize_t size = static_cast<ssize_t>(count * sizeof(T));
  if (offset > INT64_MAX ||
      pread(fd, items.data(), static_cast<std::size_t>(size), static_cast<off_t>(offset)) != size) {
    fail(path, ": the library is cut off");
  }
  return items;
}

Header read_header(int fd, const std::string& path) {
  Header header{};
  const ssize_t got = pread(fd, &header, sizeof header, 0);
  if (got < SELFMAG || std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) {
    fail(path, ": not a shared library (no ELF file)");
  }
  if (got < static_cast<ssize_t>(sizeof header)) {
    fail(path, ": the library is cut off");
  }
  if (header.e_ident[EI_CLASS] != kClass || header.e_machine != kMachine) {
    fail(path, ": the library is for another architecture (ELF machine ", header.e_machine,
         ", this program has ", kMachine, ")");
  }
  if (header.e_type != ET_DYN || header.e_phentsize != sizeof(Segment) || header.e_phnum > 128) {
    fail(path, ": not a shared library (ELF type ", header.e_type, ")");
  }
  return header;
}

// Search paths of its own would let a library bring in files that nobody checked. The one for its
// own folder is no exception: it is mapped through a descriptor and has no folder.
void refuse_search_paths(int fd, const std::string& path, const Segment& dynamic) {
  const std::size_t count = dynamic.p_filesz / sizeof(Dynamic);
  if (count > 4096) {
    fail(path, ": the library's dynamic section is too large");
  }
  for (const Dynamic& entry : table<Dynamic>(fd, path, dynamic.p_offset, count)) {
    if (entry.d_tag == DT_NULL) {
      return;
    }
    if (entry.d_tag == DT_RPATH || entry.d_tag == DT_RUNPATH) {
      fail(path, ": the library has a search path of its own (",
           entry.d_tag == DT_RPATH ? "RPATH" : "RUNPATH", "); link it without");
    }
  }
}

}  // namespace

void check_image(int fd, const std::string& path) {
  const Header header = read_header(fd, path);
  struct stat st;
  if (fstat(fd, &st) != 0) {
    fail_errno(path);
  }
  for (const Segment& segment : table<Segment>(fd, path, header.e_phoff, header.e_phnum)) {
    if (segment.p_type == PT_LOAD &&
        (segment.p_filesz > static_cast<std::uint64_t>(st.st_size) ||
         segment.p_offset > static_cast<std::uint64_t>(st.st_size) - segment.p_filesz)) {
      fail(path, ": the library is cut off");
    }
    if (segment.p_type == PT_DYNAMIC) {
      refuse_search_paths(fd, path, segment);
    }
  }
}

std::string image_place(int fd, const std::string&) {
  return cat("/proc/self/fd/", fd);
}

}  // namespace xpu
