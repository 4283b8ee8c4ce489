// SPDX-License-Identifier: Apache-2.0
#include "core/plugin_host/symbols.h"

#include <elf.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <type_traits>

#include "core/base/error.h"

namespace xpu {
namespace {

constexpr bool k64 = sizeof(void*) == 8;
using Header = std::conditional_t<k64, Elf64_Ehdr, Elf32_Ehdr>;
using Section = std::conditional_t<k64, Elf64_Shdr, Elf32_Shdr>;
using Dynamic = std::conditional_t<k64, Elf64_Dyn, Elf32_Dyn>;
using Symbol = std::conditional_t<k64, Elf64_Sym, Elf32_Sym>;

constexpr std::uint64_t kLargest = 64 << 20;

class Reader {
 public:
  Reader(int fd, const std::string& path) : fd_(fd), path_(path) {
    const auto header = items<Header>(0, sizeof(Header)).at(0);
    if (header.e_shentsize == sizeof(Section)) {
      sections_ = items<Section>(header.e_shoff, header.e_shnum * sizeof(Section));
    }
  }

  Symbols read() const {
    Symbols out;
    for (const Section& section : sections_) {
      if (section.sh_type == SHT_DYNSYM) {
        const std::string names = strings(section);
        for (const Symbol& symbol : items<Symbol>(section.sh_offset, section.sh_size)) {
          if (is_exported(symbol)) {
            out.exported.push_back(name(names, symbol.st_name));
          }
        }
      } else if (section.sh_type == SHT_DYNAMIC) {
        const std::string names = strings(section);
        for (const Dynamic& entry : items<Dynamic>(section.sh_offset, section.sh_size)) {
          if (entry.d_tag == DT_NEEDED) {
            out.needed.push_back(name(names, entry.d_un.d_val));
          }
        }
      }
    }
    if (sections_.empty()) {
      fail(path_, ": the library has no section table; strip it with `strip` only");
    }
    std::sort(out.exported.begin(), out.exported.end());
    return out;
  }

 private:
  static bool is_exported(const Symbol& symbol) {
    const int visibility = symbol.st_other & 3;
    const int type = symbol.st_info & 15, binding = symbol.st_info >> 4;
    return symbol.st_shndx != SHN_UNDEF && binding != STB_LOCAL && type != STT_SECTION &&
           symbol.st_shndx != SHN_ABS && visibility != STV_HIDDEN && visibility != STV_INTERNAL;
  }

  template <class T>
  std::vector<T> items(std::uint64_t offset, std::uint64_t bytes) const {
    if (bytes > kLargest || offset > INT64_MAX) {
      fail(path_, ": the library's tables are too large");
    }
    std::vector<T> out(bytes / sizeof(T));
    const std::size_t wanted = out.size() * sizeof(T);
    if (pread(fd_, out.data(), wanted, static_cast<off_t>(offset)) !=
        static_cast<ssize_t>(wanted)) {
      fail(path_, ": the library is cut off");
    }
    return out;
  }

  // The names that a section's entries refer to.
  std::string strings(const Section& section) const {
    if (section.sh_link >= sections_.size()) {
      fail(path_, ": the library's section table is broken");
    }
    const Section& names = sections_[section.sh_link];
    const std::vector<char> bytes = items<char>(names.sh_offset, names.sh_size);
    return {bytes.begin(), bytes.end()};
  }

  std::string name(const std::string& names, std::uint64_t at) const {
    if (at >= names.size()) {
      fail(path_, ": the library's section table is broken");
    }
    return names.c_str() + at;
  }

  int fd_;
  const std::string& path_;
  std::vector<Section> sections_;
};

}  // namespace

Symbols read_symbols(int fd, const std::string& path) {
  return Reader(fd, path).read();
}

}  // namespace xpu
