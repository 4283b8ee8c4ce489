// SPDX-License-Identifier: Apache-2.0
// /etc/ld.so.cache of glibc: the new format ("glibc-ld.so.cache1.1", since 2.2; extensions since
// 2.32), also behind an old-format head. Read, changed and written without running ldconfig.
// Facts from glibc's sysdeps/generic/dl-cache.h and elf/cache.c.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace xpu {

// Borrows its texts: of the bytes that its cache was read from, or of whoever made it. Images have
// caches of thousands of entries.
struct LdCacheEntry {
  std::int32_t flags = 0;  // 0x0303 x86-64 libc6, 0x0003 i386 libc6, 0x0a03 aarch64, ...
  std::string_view soname;
  std::string_view path;
  std::uint32_t os_version = 0;
  std::uint64_t hwcap = 0;  // also glibc-hwcaps index with its marker bit
};

struct LdCache {
  std::vector<LdCacheEntry> entries;
  std::vector<std::string> hwcaps_names;  // extension: glibc-hwcaps subdirectories by index
  std::string generator;                  // extension: text; "" for none
  std::shared_ptr<const std::string>
      bytes;  // what the entries of a cache that was read borrow from
};

// nullopt for anything that is not a well-formed cache of this machine's byte order; every offset
// and count is checked.
std::optional<LdCache> parse_ld_cache(std::string bytes);
// New format, sorted as glibc's binary search expects.
std::string serialize_ld_cache(const LdCache& cache);

// Flags of entries for libraries of an architecture (uname -m style); nullopt for unknown ones.
std::optional<std::int32_t> ld_cache_flags(std::string_view architecture);

}  // namespace xpu
