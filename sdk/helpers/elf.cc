// SPDX-License-Identifier: Apache-2.0
#include "elf.h"

#include <elf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace xpu::sdk {
namespace {

constexpr std::size_t kMaxDynamic = 1u << 20;
constexpr std::size_t kMaxString = 4096;
constexpr std::size_t kMaxNeeded = 1024;

// Bytes at an offset: from memory or from a file.
class Source {
 public:
  explicit Source(std::string_view bytes) : bytes_(bytes) {}
  explicit Source(int fd) : fd_(fd) {}

  // At most `size` bytes; fewer at the end of the file.
  std::string take(std::uint64_t offset, std::size_t size) const {
    if (fd_ < 0) {
      return offset < bytes_.size() ? std::string(bytes_.substr(offset, size)) : "";
    }
    if (offset > INT64_MAX - size) {
      return "";
    }
    std::string out(size, '\0');
    const ssize_t count = ::pread(fd_, out.data(), size, static_cast<off_t>(offset));
    out.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
    return out;
  }

  template <class T>
  bool get(std::uint64_t offset, T& value) const {
    const std::string bytes = take(offset, sizeof value);
    if (bytes.size() != sizeof value) {
      return false;
    }
    std::memcpy(&value, bytes.data(), sizeof value);
    return true;
  }

 private:
  std::string_view bytes_;
  int fd_ = -1;
};

struct Elf32 {
  using Header = Elf32_Ehdr;
  using Segment = Elf32_Phdr;
  using Dynamic = Elf32_Dyn;
};
struct Elf64 {
  using Header = Elf64_Ehdr;
  using Segment = Elf64_Phdr;
  using Dynamic = Elf64_Dyn;
};

std::string architecture_of(unsigned machine, bool wide) {
  switch (machine) {
    case EM_X86_64:
      return wide ? "x86_64" : "x32";
    case EM_386:
      return "i386";
    case EM_AARCH64:
      return wide ? "aarch64" : "";
    case EM_ARM:
      return "arm";
    case EM_PPC64:
      return "ppc64le";
    case EM_RISCV:
      return wide ? "riscv64" : "riscv32";
    default:
      return "";
  }
}

template <class Segment>
std::optional<std::uint64_t> file_offset(const std::vector<Segment>& segments,
                                         std::uint64_t address) {
  for (const Segment& segment : segments) {
    if (segment.p_type == PT_LOAD && address >= segment.p_vaddr &&
        address - segment.p_vaddr < segment.p_filesz) {
      return segment.p_offset + (address - segment.p_vaddr);
    }
  }
  return std::nullopt;
}

std::optional<std::string> string_at(const Source& source, std::uint64_t offset) {
  const std::string bytes = source.take(offset, kMaxString);
  const std::size_t end = bytes.find('\0');
  return end == std::string::npos ? std::nullopt : std::optional(bytes.substr(0, end));
}

template <class Class>
bool read_dynamic(const Source& source, const std::vector<typename Class::Segment>& segments,
                  const typename Class::Segment& dynamic, Elf& elf) {
  using Entry = typename Class::Dynamic;
  if (dynamic.p_filesz > kMaxDynamic) {
    return false;
  }
  const std::string bytes = source.take(dynamic.p_offset, dynamic.p_filesz);
  if (bytes.size() != dynamic.p_filesz) {
    return false;
  }
  std::uint64_t strings = 0;
  std::vector<std::pair<std::int64_t, std::uint64_t>> names;  // tag, offset in the string table
  for (std::size_t at = 0; bytes.size() - at >= sizeof(Entry); at += sizeof(Entry)) {
    Entry entry;
    std::memcpy(&entry, bytes.data() + at, sizeof entry);
    if (entry.d_tag == DT_NULL) {
      break;
    }
    if (entry.d_tag == DT_STRTAB) {
      strings = entry.d_un.d_ptr;
    } else if (entry.d_tag == DT_SONAME || entry.d_tag == DT_NEEDED) {
      names.emplace_back(entry.d_tag, entry.d_un.d_val);
    }
  }
  if (names.empty()) {
    return true;
  }
  const auto table = file_offset(segments, strings);
  if (!table || names.size() > kMaxNeeded) {
    return false;
  }
  for (const auto& [tag, offset] : names) {
    const auto name = string_at(source, *table + offset);
    if (!name) {
      return false;
    }
    if (tag == DT_SONAME) {
      elf.soname = *name;
    } else {
      elf.needed.push_back(*name);
    }
  }
  return true;
}

template <class Class>
std::optional<Elf> parse_class(const Source& source, bool wide) {
  typename Class::Header header;
  if (!source.get(0, header) || (header.e_type != ET_DYN && header.e_type != ET_EXEC)) {
    return std::nullopt;
  }
  Elf elf;
  elf.architecture = architecture_of(header.e_machine, wide);
  elf.shared = header.e_type == ET_DYN;
  if (header.e_phnum > 0 && header.e_phentsize != sizeof(typename Class::Segment)) {
    return std::nullopt;
  }
  std::vector<typename Class::Segment> segments(header.e_phnum);
  for (std::size_t i = 0; i < segments.size(); ++i) {
    if (!source.get(header.e_phoff + i * sizeof segments[i], segments[i])) {
      return std::nullopt;
    }
  }
  const auto dynamic = std::find_if(segments.begin(), segments.end(), [](const auto& segment) {
    return segment.p_type == PT_DYNAMIC;
  });
  if (dynamic != segments.end() && !read_dynamic<Class>(source, segments, *dynamic, elf)) {
    return std::nullopt;
  }
  return elf;
}

std::optional<Elf> parse(const Source& source) {
  unsigned char ident[EI_NIDENT];
  if (!source.get(0, ident) || std::memcmp(ident, ELFMAG, SELFMAG) != 0 ||
      ident[EI_DATA] != ELFDATA2LSB) {
    return std::nullopt;
  }
  switch (ident[EI_CLASS]) {
    case ELFCLASS32:
      return parse_class<Elf32>(source, false);
    case ELFCLASS64:
      return parse_class<Elf64>(source, true);
    default:
      return std::nullopt;
  }
}

}  // namespace

std::optional<Elf> parse_elf(std::string_view bytes) {
  return parse(Source(bytes));
}

std::optional<Elf> read_elf(const Root& root, std::string_view inside) {
  const auto resolved = root.resolve(inside);
  if (!resolved) {
    return std::nullopt;
  }
  const int fd = ::open(root.host_path(*resolved).c_str(),
                        O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
  if (fd < 0) {
    return std::nullopt;
  }
  struct stat status;
  std::optional<Elf> elf;
  if (::fstat(fd, &status) == 0 && S_ISREG(status.st_mode)) {
    elf = parse(Source(fd));
  }
  ::close(fd);
  return elf;
}

}  // namespace xpu::sdk
