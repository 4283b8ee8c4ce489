// SPDX-License-Identifier: Apache-2.0
#include "core/rootfs/ld_cache.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <memory>

#include "tests/unit/rootfs/tree.h"

namespace xpu {
namespace {

using test::put;
using test::Scratch;
using test::slurp;
namespace fs = std::filesystem;

std::string output_of(const std::string& command) {
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(command.c_str(), "r"), ::pclose);
  std::string out;
  std::array<char, 4096> block{};
  for (std::size_t n = 0; (n = std::fread(block.data(), 1, block.size(), pipe.get())) > 0;) {
    out.append(block.data(), n);
  }
  return out;
}

// What the real tool lists, less the first line, which names the file.
std::string listing(const fs::path& file) {
  const std::string text = output_of("/sbin/ldconfig -p -C " + file.string() + " 2>&1");
  return text.substr(text.find('\n') + 1);
}

bool same(const LdCacheEntry& a, const LdCacheEntry& b) {
  return a.flags == b.flags && a.soname == b.soname && a.path == b.path &&
         a.os_version == b.os_version && a.hwcap == b.hwcap;
}

void expect_same(const LdCache& a, const LdCache& b) {
  ASSERT_EQ(a.entries.size(), b.entries.size());
  for (std::size_t i = 0; i < a.entries.size(); ++i) {
    EXPECT_TRUE(same(a.entries[i], b.entries[i])) << a.entries[i].soname << " at " << i;
  }
  EXPECT_EQ(a.hwcaps_names, b.hwcaps_names);
  EXPECT_EQ(a.generator, b.generator);
}

LdCache sample() {
  LdCache cache;
  cache.entries = {
      {0x0303, "libacme.so.1", "/usr/lib/libacme.so.1", 0, 0},
      {0x0003, "libacme.so.1", "/usr/lib32/libacme.so.1", 0, 0},
      {0x0303, "libacme.so.10", "/usr/lib/libacme.so.10", 0, 0},
      {0x0303, "libacme.so.9", "/usr/lib/glibc-hwcaps/x86-64-v3/libacme.so.9", 0, 1ULL << 62},
      {0x0303, "libacme.so.9", "/usr/lib/libacme.so.9", 0, 0},
      {0x0303, "libz.so", "/usr/lib/libz.so", 0x03020000, 0},
  };
  cache.hwcaps_names = {"x86-64-v3"};
  cache.generator = "a test";
  return cache;
}

class RealCache : public testing::Test {
 protected:
  // A cache of a folder of real libraries, one of them below glibc-hwcaps, made by ldconfig.
  std::string make(const std::string& format) {
    const fs::path lib = scratch_ / "root/usr/lib/acme";
    fs::create_directories(lib / "glibc-hwcaps/x86-64-v2");
    put(scratch_ / "root/etc/ld.so.conf", "/usr/lib/acme\n");
    put(scratch_ / "a.c", "int a;\n");
    for (const std::string name : {"libacme.so.9", "libacme.so.10", "liba.so.2"}) {
      const std::string command = "cc -shared -nostdlib -o " + (lib / name).string() +
                                  " -Wl,-soname," + name + " " + (scratch_ / "a.c").string();
      EXPECT_EQ(std::system(command.c_str()), 0);
    }
    fs::copy(lib / "libacme.so.9", lib / "glibc-hwcaps/x86-64-v2/libacme.so.9");
    const std::string command = "/sbin/ldconfig -X -c " + format + " -r " +
                                (scratch_ / "root").string() + " -C /etc/ld.so.cache";
    EXPECT_EQ(std::system(command.c_str()), 0);
    return slurp(scratch_ / "root/etc/ld.so.cache");
  }

  Scratch scratch_;
};

TEST_F(RealCache, EveryFormatOfTheRealToolIsRead) {
  for (const std::string format : {"new", "compat", "old"}) {
    SCOPED_TRACE(format);
    const std::string bytes = make(format);
    const std::optional<LdCache> cache = parse_ld_cache(bytes);
    ASSERT_TRUE(cache.has_value());
    std::vector<std::string> paths;
    for (const LdCacheEntry& entry : cache->entries) {
      EXPECT_EQ(entry.flags, ld_cache_flags("x86_64")) << entry.path;
      paths.emplace_back(entry.path);
    }
    const std::vector<std::string> expected = {
        "/usr/lib/acme/libacme.so.10", "/usr/lib/acme/glibc-hwcaps/x86-64-v2/libacme.so.9",
        "/usr/lib/acme/libacme.so.9", "/usr/lib/acme/liba.so.2"};
    if (format == "new") {
      EXPECT_EQ(cache->hwcaps_names, std::vector<std::string>{"x86-64-v2"});
    }
    std::erase_if(paths, [](const std::string& path) { return path.find("acme") == path.npos; });
    EXPECT_EQ(paths, expected);
    fs::remove_all(scratch_ / "root");
  }
}

TEST_F(RealCache, WhatIsWrittenTheRealToolListsAlike) {
  for (const std::string format : {"new", "compat"}) {
    SCOPED_TRACE(format);
    const std::string bytes = make(format);
    const std::optional<LdCache> cache = parse_ld_cache(bytes);
    ASSERT_TRUE(cache.has_value());
    put(scratch_ / "ours", serialize_ld_cache(*cache));
    put(scratch_ / "theirs", bytes);
    EXPECT_NE(listing(scratch_ / "ours").find("x86-64-v2"), std::string::npos);
    EXPECT_EQ(listing(scratch_ / "ours"), listing(scratch_ / "theirs"));
    fs::remove_all(scratch_ / "root");
  }
}

TEST(LdCache, HostCacheSurvivesARoundTrip) {
  const std::string bytes = slurp("/etc/ld.so.cache");
  if (bytes.empty()) {
    GTEST_SKIP() << "this host has no /etc/ld.so.cache";
  }
  const std::optional<LdCache> first = parse_ld_cache(bytes);
  ASSERT_TRUE(first.has_value());
  EXPECT_GT(first->entries.size(), 5U);
  const std::optional<LdCache> second = parse_ld_cache(serialize_ld_cache(*first));
  ASSERT_TRUE(second.has_value());
  expect_same(*first, *second);

  const Scratch scratch;
  put(scratch / "ours", serialize_ld_cache(*first));
  EXPECT_EQ(listing(scratch / "ours"), listing("/etc/ld.so.cache"));
}

TEST(LdCache, EntriesAreSortedForTheLoadersSearch) {
  LdCache shuffled = sample();
  std::reverse(shuffled.entries.begin(), shuffled.entries.end());
  const std::optional<LdCache> cache = parse_ld_cache(serialize_ld_cache(shuffled));
  ASSERT_TRUE(cache.has_value());
  std::vector<std::string> paths;
  for (const LdCacheEntry& entry : cache->entries) {
    paths.emplace_back(entry.path);
  }
  EXPECT_EQ(paths, (std::vector<std::string>{"/usr/lib/libz.so", "/usr/lib/libacme.so.10",
                                             "/usr/lib/glibc-hwcaps/x86-64-v3/libacme.so.9",
                                             "/usr/lib/libacme.so.9", "/usr/lib/libacme.so.1",
                                             "/usr/lib32/libacme.so.1"}));
}

TEST(LdCache, EntriesOutliveWhatTheyWereReadFrom) {
  std::optional<LdCache> copy;
  {
    std::string bytes = serialize_ld_cache(sample());
    const std::optional<LdCache> cache = parse_ld_cache(bytes);
    ASSERT_TRUE(cache.has_value());
    std::fill(bytes.begin(), bytes.end(), 'x');
    copy = *cache;
  }
  EXPECT_EQ(serialize_ld_cache(*copy), serialize_ld_cache(sample()));
}

TEST(LdCache, AnEmptyCacheIsOne) {
  const std::optional<LdCache> cache = parse_ld_cache(serialize_ld_cache({}));
  ASSERT_TRUE(cache.has_value());
  EXPECT_TRUE(cache->entries.empty());
}

TEST(LdCache, WithoutExtensionsThereIsNoSection) {
  LdCache plain = sample();
  plain.generator.clear();
  plain.hwcaps_names.clear();
  std::uint32_t extension = 1;
  const std::string bytes = serialize_ld_cache(plain);
  std::memcpy(&extension, bytes.data() + 32, 4);
  EXPECT_EQ(extension, 0U);
}

TEST(LdCache, MalformedInputIsNoCache) {
  EXPECT_FALSE(parse_ld_cache(""));
  EXPECT_FALSE(parse_ld_cache("ld.so-1.7.0"));
  EXPECT_FALSE(parse_ld_cache("glibc-ld.so.cache1.1"));
  EXPECT_FALSE(parse_ld_cache("glibc-ld.so.cache1.0" + std::string(100, '\0')));
  const std::string good = serialize_ld_cache(sample());
  const auto with = [&](std::size_t offset, std::uint32_t value) {
    std::string bytes = good;
    std::memcpy(bytes.data() + offset, &value, 4);
    return bytes;
  };
  EXPECT_FALSE(parse_ld_cache(with(20, 0xffffffff))) << "count";
  EXPECT_FALSE(parse_ld_cache(with(28, 3))) << "the other byte order";
  EXPECT_FALSE(parse_ld_cache(with(28, 1))) << "no byte order";
  EXPECT_TRUE(parse_ld_cache(with(28, 0))) << "byte order unset";
  EXPECT_FALSE(parse_ld_cache(with(32, 0xfffffff0))) << "extension offset";
  EXPECT_FALSE(parse_ld_cache(with(32, 49))) << "extension not aligned";
  EXPECT_FALSE(parse_ld_cache(with(52, 0xffffffff))) << "name offset";
  EXPECT_FALSE(parse_ld_cache(with(56, static_cast<std::uint32_t>(good.size())))) << "path offset";
}

TEST(LdCache, EveryTruncationAndEveryFlippedByteIsSafe) {
  const std::string good = serialize_ld_cache(sample());
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(parse_ld_cache(good.substr(0, size))) << size;
  }
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string bytes = good;
    bytes[i] = static_cast<char>(~bytes[i]);
    if (const std::optional<LdCache> cache = parse_ld_cache(bytes)) {
      EXPECT_TRUE(parse_ld_cache(serialize_ld_cache(*cache))) << i;
    }
  }
}

TEST(LdCache, OverlappingStringsCannotFillTheMemory) {
  const std::string path(4000, 'y');
  LdCache cache;
  // Every entry shares one string of 4,000 bytes.
  cache.entries.assign(1000, {0x0303, "x", path, 0, 0});
  const std::optional<LdCache> large = parse_ld_cache(serialize_ld_cache(cache));
  ASSERT_TRUE(large) << "4 MB from a file of 30 KB";
  EXPECT_EQ(large->entries.size(), 1000u);
  cache.entries.assign(10'000, {0x0303, "x", path, 0, 0});
  EXPECT_FALSE(parse_ld_cache(serialize_ld_cache(cache))) << "40 MB from a file of 250 KB";
}

TEST(LdCache, FlagsOfArchitectures) {
  EXPECT_EQ(ld_cache_flags("x86_64"), 0x0303);
  EXPECT_EQ(ld_cache_flags("i386"), 0x0003);
  EXPECT_EQ(ld_cache_flags("i686"), 0x0003);
  EXPECT_EQ(ld_cache_flags("aarch64"), 0x0a03);
  EXPECT_EQ(ld_cache_flags("arm"), 0x0903);
  EXPECT_EQ(ld_cache_flags("ppc64le"), 0x0503);
  EXPECT_EQ(ld_cache_flags("s390x"), 0x0403);
  EXPECT_EQ(ld_cache_flags("riscv64"), 0x1003);
  EXPECT_FALSE(ld_cache_flags("pdp11"));
}

}  // namespace
}  // namespace xpu
