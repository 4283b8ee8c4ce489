// SPDX-License-Identifier: Apache-2.0
#include "sdk/helpers/ld_cache.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <sstream>

#include "tests/unit/sdk/tree.h"

namespace xpu::sdk {
namespace {

using test::Tree;
using testing::ElementsAre;
using testing::IsEmpty;

struct Item {
  std::uint32_t flags;
  std::string soname, path;
};

void put(std::string& bytes, std::uint32_t value) {
  bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
}

std::string make_cache(const std::vector<Item>& items) {
  std::string entries, strings;
  const std::size_t base = 48 + items.size() * 24;
  for (const Item& item : items) {
    put(entries, item.flags);
    put(entries, static_cast<std::uint32_t>(base + strings.size()));
    strings.append(item.soname).push_back('\0');
    put(entries, static_cast<std::uint32_t>(base + strings.size()));
    strings.append(item.path).push_back('\0');
    entries.append(12, '\0');
  }
  std::string bytes = "glibc-ld.so.cache1.1";
  put(bytes, static_cast<std::uint32_t>(items.size()));
  put(bytes, static_cast<std::uint32_t>(strings.size()));
  bytes.append(20, '\0');
  return bytes + entries + strings;
}

std::string behind_old_head(const std::string& cache, std::uint32_t count, std::size_t align) {
  std::string bytes("ld.so-1.7.0\0", 12);
  put(bytes, count);
  bytes.append(count * 12, '\0');
  bytes.append((align - bytes.size() % align) % align, '\0');
  return bytes + cache;
}

const std::vector<Item> kItems = {{0x303, "libacme.so.1", "/usr/lib64/libacme.so.1"},
                                  {0x003, "libacme.so.1", "/usr/lib/libacme.so.1"},
                                  {0xa03, "libarm.so.2", "/usr/lib64/libarm.so.2"},
                                  {0x777, "libodd.so", "/odd/libodd.so"}};

TEST(LdCache, Reads) {
  const auto entries = parse_ld_cache(make_cache(kItems));
  ASSERT_TRUE(entries);
  ASSERT_EQ(entries->size(), 4u);
  EXPECT_EQ((*entries)[0].soname, "libacme.so.1");
  EXPECT_EQ((*entries)[0].path, "/usr/lib64/libacme.so.1");
  EXPECT_EQ((*entries)[0].architecture, "x86_64");
  EXPECT_EQ((*entries)[1].architecture, "i386");
  EXPECT_EQ((*entries)[2].architecture, "aarch64");
  EXPECT_EQ((*entries)[3].architecture, "");
}

TEST(LdCache, BehindTheOldFormat) {
  for (const std::uint32_t count : {0u, 1u, 2u}) {
    for (const std::size_t align : {4u, 8u}) {
      const auto entries = parse_ld_cache(behind_old_head(make_cache(kItems), count, align));
      ASSERT_TRUE(entries) << count << " aligned to " << align;
      EXPECT_EQ(entries->at(2).path, "/usr/lib64/libarm.so.2");
    }
  }
}

TEST(LdCache, Find) {
  const Tree tree;
  tree.file("/etc/ld.so.cache", make_cache(kItems));
  const LdCache cache = LdCache::load(Root(tree.path()));
  EXPECT_THAT(cache.find("libacme.so.1", "x86_64"), ElementsAre("/usr/lib64/libacme.so.1"));
  EXPECT_THAT(cache.find("libacme.so.1", ""),
              ElementsAre("/usr/lib64/libacme.so.1", "/usr/lib/libacme.so.1"));
  EXPECT_THAT(cache.find("libacme.so", "x86_64"), IsEmpty());
  EXPECT_THAT(LdCache::load(Root(tree.at("/none"))).entries(), IsEmpty());
}

TEST(LdCache, MalformedIsEmpty) {
  const Tree tree;
  tree.file("/etc/ld.so.cache", "glibc-ld.so.cache1.1 and no more");
  EXPECT_THAT(LdCache::load(Root(tree.path())).entries(), IsEmpty());
}

TEST(LdCache, EveryTruncationIsRefused) {
  for (const std::string& whole : {make_cache(kItems), behind_old_head(make_cache(kItems), 3, 8)}) {
    for (std::size_t size = 0; size < whole.size(); ++size) {
      const std::string part = whole.substr(0, size);
      EXPECT_FALSE(parse_ld_cache(part)) << size;
    }
  }
}

TEST(LdCache, CountsAndOffsetsAreChecked) {
  const std::string whole = make_cache(kItems);
  for (const std::size_t at : {20u, 48u + 4u, 48u + 8u}) {  // count, name, path
    for (const std::uint32_t value : {0xffffffffu, 0x7fffffffu, 0x80000000u, 1000000u}) {
      std::string bytes = whole;
      std::memcpy(bytes.data() + at, &value, sizeof value);
      EXPECT_FALSE(parse_ld_cache(bytes)) << at << " = " << value;
    }
  }
  std::string old = behind_old_head(whole, 1, 8);
  const std::uint32_t huge = 0xffffffff;
  std::memcpy(old.data() + 12, &huge, sizeof huge);
  EXPECT_FALSE(parse_ld_cache(old));
}

TEST(LdCache, SharedStringsCannotEatMemory) {
  // 200,000 entries that all point to the same 4,000 bytes would need 1.6 GB.
  const std::uint32_t count = 200000;
  std::string bytes = "glibc-ld.so.cache1.1";
  put(bytes, count);
  bytes.append(24, '\0');
  for (std::uint32_t i = 0; i < count; ++i) {
    put(bytes, 0x303);
    put(bytes, 48 + count * 24);
    put(bytes, 48 + count * 24);
    bytes.append(12, '\0');
  }
  bytes.append(4000, 'x').push_back('\0');
  EXPECT_FALSE(parse_ld_cache(bytes));
}

// "\tlibx.so.1 (libc6,x86-64) => /lib/libx.so.1" of ldconfig -p, as "libx.so.1 /lib/libx.so.1".
std::vector<std::string> listed_by_ldconfig(const std::string& file) {
  std::vector<std::string> lines;
  std::istringstream in(test::output_of("/sbin/ldconfig -p -C " + file));
  for (std::string line; std::getline(in, line);) {
    const std::size_t paren = line.find(" ("), arrow = line.rfind(" => ");
    if (line[0] == '\t' && arrow != std::string::npos) {
      lines.push_back(line.substr(1, paren - 1) + " " + line.substr(arrow + 4));
    }
  }
  return lines;
}

TEST(LdCache, AgreesWithLdconfig) {
  std::vector<std::string> files = {"/etc/ld.so.cache"};
  for (const char* tree : {"rootfs-1", "rootfs-2"}) {
    files.push_back(
        test::fixture("nvidia/nct-testdata-lookup/" + std::string(tree) + "/etc/ld.so.cache"));
  }
  for (const std::string& file : files) {
    if (file.empty()) {
      GTEST_SKIP() << "no fixtures (XPU_FIXTURES)";
    }
    const auto entries = parse_ld_cache(test::bytes_of(file));
    ASSERT_TRUE(entries) << file;
    std::vector<std::string> ours;
    for (const LdCacheEntry& entry : *entries) {
      ours.push_back(entry.soname + " " + entry.path);
    }
    EXPECT_THAT(ours, testing::ElementsAreArray(listed_by_ldconfig(file))) << file;
    EXPECT_FALSE(ours.empty());
  }
}

}  // namespace
}  // namespace xpu::sdk
