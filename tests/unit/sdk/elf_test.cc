// SPDX-License-Identifier: Apache-2.0
#include "sdk/helpers/elf.h"

#include <elf.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "tests/unit/sdk/tree.h"

namespace xpu::sdk {
namespace {

using test::Tree;
using testing::ElementsAre;
using testing::HasSubstr;

template <class T>
std::string raw(const T& value) {
  return std::string(reinterpret_cast<const char*>(&value), sizeof value);
}

// One PT_LOAD of the whole file at address 0x1000, one PT_DYNAMIC, strings at the end.
template <class Header, class Segment, class Dynamic>
std::string make_elf(unsigned char elf_class, std::uint16_t machine) {
  const std::string strings = std::string("\0libacme.so.1\0libc.so.6\0", 24);
  Header header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = elf_class;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_type = ET_DYN;
  header.e_machine = machine;
  header.e_phoff = sizeof header;
  header.e_phentsize = sizeof(Segment);
  header.e_phnum = 2;
  Segment load{}, dynamic{};
  load.p_type = PT_LOAD;
  load.p_vaddr = 0x1000;
  dynamic.p_type = PT_DYNAMIC;
  dynamic.p_offset = sizeof header + 2 * sizeof load;
  dynamic.p_filesz = 4 * sizeof(Dynamic);
  load.p_filesz = dynamic.p_offset + dynamic.p_filesz + strings.size();
  Dynamic entries[4] = {};
  entries[0].d_tag = DT_NEEDED;
  entries[0].d_un.d_val = 14;
  entries[1].d_tag = DT_SONAME;
  entries[1].d_un.d_val = 1;
  entries[2].d_tag = DT_STRTAB;
  entries[2].d_un.d_ptr = 0x1000 + dynamic.p_offset + dynamic.p_filesz;
  return raw(header) + raw(load) + raw(dynamic) + raw(entries) + strings;
}

std::string make_elf64(std::uint16_t machine) {
  return make_elf<Elf64_Ehdr, Elf64_Phdr, Elf64_Dyn>(ELFCLASS64, machine);
}
std::string make_elf32(std::uint16_t machine) {
  return make_elf<Elf32_Ehdr, Elf32_Phdr, Elf32_Dyn>(ELFCLASS32, machine);
}

TEST(Elf, Reads64) {
  const auto elf = parse_elf(make_elf64(EM_X86_64));
  ASSERT_TRUE(elf);
  EXPECT_EQ(elf->architecture, "x86_64");
  EXPECT_TRUE(elf->shared);
  EXPECT_EQ(elf->soname, "libacme.so.1");
  EXPECT_THAT(elf->needed, ElementsAre("libc.so.6"));
}

TEST(Elf, Reads32) {
  const auto elf = parse_elf(make_elf32(EM_386));
  ASSERT_TRUE(elf);
  EXPECT_EQ(elf->architecture, "i386");
  EXPECT_EQ(elf->soname, "libacme.so.1");
}

TEST(Elf, Architectures) {
  EXPECT_EQ(parse_elf(make_elf64(EM_AARCH64))->architecture, "aarch64");
  EXPECT_EQ(parse_elf(make_elf32(EM_ARM))->architecture, "arm");
  EXPECT_EQ(parse_elf(make_elf32(EM_X86_64))->architecture, "x32");
  EXPECT_EQ(parse_elf(make_elf64(EM_RISCV))->architecture, "riscv64");
  EXPECT_EQ(parse_elf(make_elf64(EM_SPARC))->architecture, "");
}

TEST(Elf, EveryTruncationIsRefused) {
  for (const std::string& whole : {make_elf64(EM_X86_64), make_elf32(EM_386)}) {
    for (std::size_t size = 0; size + 1 < whole.size(); ++size) {
      const auto elf = parse_elf(whole.substr(0, size));
      EXPECT_FALSE(elf) << size;
    }
  }
}

// Whatever one changed byte says, nothing outside the file is read (the sanitizers watch).
TEST(Elf, SurvivesEveryByteChange) {
  const std::string whole = make_elf64(EM_X86_64);
  int still_whole = 0;
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (const char value : {'\x00', '\x7f', '\xff'}) {
      std::string bytes = whole;
      bytes[at] = value;
      still_whole += parse_elf(bytes).has_value();
    }
  }
  EXPECT_GT(still_whole, 0);
}

TEST(Elf, RefusesOthers) {
  EXPECT_FALSE(parse_elf(""));
  EXPECT_FALSE(parse_elf("#!/bin/sh\n"));
  std::string big = make_elf64(EM_X86_64);
  big[EI_DATA] = ELFDATA2MSB;
  EXPECT_FALSE(parse_elf(big));
  std::string none = make_elf64(EM_X86_64);
  none[EI_CLASS] = 7;
  EXPECT_FALSE(parse_elf(none));
}

TEST(Elf, FromFile) {
  const Tree tree;
  tree.file("/usr/lib/libacme.so.1.2", make_elf64(EM_X86_64));
  tree.link("/lib/libacme.so.1", "/usr/lib/libacme.so.1.2");
  tree.folder("/lib/folder");
  const Root root(tree.path());
  ASSERT_TRUE(read_elf(root, "/lib/libacme.so.1"));
  EXPECT_EQ(read_elf(root, "/lib/libacme.so.1")->soname, "libacme.so.1");
  EXPECT_FALSE(read_elf(root, "/lib/folder"));
  EXPECT_FALSE(read_elf(root, "/lib/none"));
}

TEST(Elf, RealProgram) {
  const auto elf = read_elf(Root("/"), "/proc/self/exe");
  ASSERT_TRUE(elf);
  EXPECT_THAT(testing::PrintToString(elf->needed), HasSubstr("libc.so.6"));
}

}  // namespace
}  // namespace xpu::sdk
