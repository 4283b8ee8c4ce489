// SPDX-License-Identifier: Apache-2.0
#include "tests/fakes/driver_tree/stub_elf.h"

#include <elf.h>

#include <cstring>

namespace xpu::fakes {
namespace {

struct Elf64 {
  using Header = Elf64_Ehdr;
  using Segment = Elf64_Phdr;
  using Symbol = Elf64_Sym;
  using Dynamic = Elf64_Dyn;
  static constexpr unsigned char kClass = ELFCLASS64;
  static constexpr unsigned kMachine = EM_X86_64;
};
struct Elf32 {
  using Header = Elf32_Ehdr;
  using Segment = Elf32_Phdr;
  using Symbol = Elf32_Sym;
  using Dynamic = Elf32_Dyn;
  static constexpr unsigned char kClass = ELFCLASS32;
  static constexpr unsigned kMachine = EM_386;
};

template <class T>
void put(std::string& out, std::size_t at, const T& value) {
  std::memcpy(out.data() + at, &value, sizeof value);
}

template <class Format>
typename Format::Header header(unsigned type, unsigned segments) {
  typename Format::Header head{};
  std::memcpy(head.e_ident, ELFMAG, SELFMAG);
  head.e_ident[EI_CLASS] = Format::kClass;
  head.e_ident[EI_DATA] = ELFDATA2LSB;
  head.e_ident[EI_VERSION] = EV_CURRENT;
  head.e_type = type;
  head.e_machine = Format::kMachine;
  head.e_version = EV_CURRENT;
  head.e_phoff = sizeof head;
  head.e_ehsize = sizeof head;
  head.e_phentsize = sizeof(typename Format::Segment);
  head.e_phnum = segments;
  return head;
}

template <class Format>
typename Format::Segment segment(unsigned type, std::size_t offset, std::size_t size,
                                 unsigned flags, std::size_t align) {
  typename Format::Segment out{};
  out.p_type = type;
  out.p_offset = out.p_vaddr = out.p_paddr = offset;
  out.p_filesz = out.p_memsz = size;
  out.p_flags = flags;
  out.p_align = align;
  return out;
}

template <class Format>
std::string library(const std::string& soname, const std::vector<std::string>& needed) {
  using Dynamic = typename Format::Dynamic;
  std::string strings(1, '\0');
  std::vector<Dynamic> dynamic;
  auto entry = [&](long tag, std::size_t value) {
    Dynamic item{};
    item.d_tag = tag;
    item.d_un.d_val = value;
    dynamic.push_back(item);
  };
  auto name = [&](long tag, const std::string& text) {
    entry(tag, strings.size());
    strings += text + '\0';
  };
  for (const std::string& other : needed) {
    name(DT_NEEDED, other);
  }
  if (!soname.empty()) {
    name(DT_SONAME, soname);
  }

  const std::size_t segments = sizeof(typename Format::Header);
  const std::size_t hash = segments + 3 * sizeof(typename Format::Segment);
  const std::size_t symbols = hash + 4 * sizeof(std::uint32_t);
  const std::size_t texts = symbols + sizeof(typename Format::Symbol);
  const std::size_t table = (texts + strings.size() + 15) / 16 * 16;
  entry(DT_HASH, hash);
  entry(DT_STRTAB, texts);
  entry(DT_SYMTAB, symbols);
  entry(DT_STRSZ, strings.size());
  entry(DT_SYMENT, sizeof(typename Format::Symbol));
  entry(DT_NULL, 0);
  const std::size_t table_size = dynamic.size() * sizeof(Dynamic);

  std::string out(table + table_size, '\0');
  put(out, 0, header<Format>(ET_DYN, 3));
  // The loader writes into the dynamic section, so the one mapping is writable.
  put(out, segments, segment<Format>(PT_LOAD, 0, out.size(), PF_R | PF_W, 0x1000));
  put(out, segments + sizeof(typename Format::Segment),
      segment<Format>(PT_DYNAMIC, table, table_size, PF_R | PF_W, 8));
  put(out, segments + 2 * sizeof(typename Format::Segment),
      segment<Format>(PT_GNU_STACK, 0, 0, PF_R | PF_W, 16));
  const std::uint32_t empty_hash[4] = {1, 1, 0, 0};
  put(out, hash, empty_hash);
  out.replace(texts, strings.size(), strings);
  std::memcpy(out.data() + table, dynamic.data(), table_size);
  return out;
}

}  // namespace

std::string stub_library(const std::string& soname, const std::vector<std::string>& needed,
                         bool elf32) {
  return elf32 ? library<Elf32>(soname, needed) : library<Elf64>(soname, needed);
}

std::string stub_program(const std::string& text) {
  // write(1, text, size); _exit(0)
  std::string code(
      "\xb8\x01\x00\x00\x00"          // mov eax, 1
      "\xbf\x01\x00\x00\x00"          // mov edi, 1
      "\x48\x8d\x35\x10\x00\x00\x00"  // lea rsi, [rip + 16]
      "\xba\x00\x00\x00\x00"          // mov edx, size
      "\x0f\x05"                      // syscall
      "\xb8\x3c\x00\x00\x00"          // mov eax, 60
      "\x31\xff"                      // xor edi, edi
      "\x0f\x05",                     // syscall
      33);
  put(code, 18, static_cast<std::uint32_t>(text.size()));
  constexpr std::size_t base = 0x400000;
  const std::size_t start = sizeof(Elf64_Ehdr) + sizeof(Elf64_Phdr);
  std::string out(start, '\0');
  out += code + text;
  Elf64_Ehdr head = header<Elf64>(ET_EXEC, 1);
  head.e_entry = base + start;
  put(out, 0, head);
  Elf64_Phdr all = segment<Elf64>(PT_LOAD, 0, out.size(), PF_R | PF_X, 0x1000);
  all.p_vaddr = all.p_paddr = base;
  put(out, sizeof head, all);
  return out;
}

}  // namespace xpu::fakes
