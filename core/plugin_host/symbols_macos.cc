// SPDX-License-Identifier: Apache-2.0
#include "core/plugin_host/symbols.h"

#include <mach-o/loader.h>
#include <mach-o/nlist.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "core/base/error.h"

namespace xpu {
namespace {

constexpr std::uint64_t kLargest = 64 << 20;

class Reader {
 public:
  Reader(int fd, const std::string& path) : fd_(fd), path_(path) {}

  template <class T>
  std::vector<T> items(std::uint64_t offset, std::size_t count) const {
    if (count > kLargest / sizeof(T)) {
      fail(path_, ": the library's tables are too large");
    }
    std::vector<T> out(count);
    const ssize_t size = static_cast<ssize_t>(count * sizeof(T));
    if (pread(fd_, out.data(), static_cast<std::size_t>(size), static_cast<off_t>(offset)) !=
        size) {
      fail(path_, ": the library is cut off");
    }
    return out;
  }

  // Names that the table defines for others, without the underscore that C names begin with.
  std::vector<std::string> exported(const symtab_command& table) const {
    std::vector<char> text = items<char>(table.stroff, table.strsize);
    text.push_back('\0');
    std::vector<std::string> names;
    for (const nlist_64& symbol : items<nlist_64>(table.symoff, table.nsyms)) {
      const bool defined = (symbol.n_type & N_STAB) == 0 && (symbol.n_type & N_TYPE) != N_UNDF;
      const bool shown = (symbol.n_type & N_EXT) != 0 && (symbol.n_type & N_PEXT) == 0;
      if (defined && shown && symbol.n_un.n_strx < text.size()) {
        const char* name = text.data() + symbol.n_un.n_strx;
        names.emplace_back(name[0] == '_' ? name + 1 : name);
      }
    }
    std::sort(names.begin(), names.end());
    return names;
  }

 private:
  int fd_;
  const std::string& path_;
};

template <class T>
T command_at(const std::vector<char>& commands, std::size_t at, const std::string& path) {
  T out{};
  if (at > commands.size() || commands.size() - at < sizeof out) {
    fail(path, ": the library is cut off");
  }
  std::memcpy(&out, commands.data() + at, sizeof out);
  return out;
}

}  // namespace

Symbols read_symbols(int fd, const std::string& path) {
  const Reader reader(fd, path);
  const mach_header_64 header = reader.items<mach_header_64>(0, 1).at(0);
  std::vector<char> commands = reader.items<char>(sizeof header, header.sizeofcmds);
  Symbols symbols;
  std::size_t at = 0;
  for (std::uint32_t i = 0; i < header.ncmds; ++i) {
    const auto command = command_at<load_command>(commands, at, path);
    if (command.cmd == LC_SYMTAB) {
      symbols.exported = reader.exported(command_at<symtab_command>(commands, at, path));
    } else if (command.cmd == LC_LOAD_DYLIB || command.cmd == LC_LOAD_WEAK_DYLIB) {
      const std::size_t name = at + command_at<dylib_command>(commands, at, path).dylib.name.offset;
      const std::size_t end = std::min<std::size_t>(at + command.cmdsize, commands.size());
      if (name < end) {
        symbols.needed.emplace_back(commands.data() + name,
                                    strnlen(commands.data() + name, end - name));
      }
    }
    at += command.cmdsize;
  }
  return symbols;
}

}  // namespace xpu
