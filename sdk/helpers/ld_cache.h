// SPDX-License-Identifier: Apache-2.0
// What /etc/ld.so.cache of a driver root knows: which file answers to a SONAME. Reads the format
// that glibc has written since 2.2 ("glibc-ld.so.cache1.1"), also behind the head of the older one.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fs.h"

namespace xpu::sdk {

struct LdCacheEntry {
  std::string soname;
  std::string path;          // as the cache has it, inside its root
  std::string architecture;  // "x86_64", "i386", ...; "" for one that is not known here
};

// Entries in the order of the file. nullopt for anything that is not a well-formed cache: every
// count, offset and string end is checked, and memory stays in proportion to the input.
std::optional<std::vector<LdCacheEntry>> parse_ld_cache(std::string_view bytes);

class LdCache {
 public:
  // A cache that is missing or malformed is an empty one.
  static LdCache load(const Root& root, std::string_view inside = "/etc/ld.so.cache");

  const std::vector<LdCacheEntry>& entries() const { return entries_; }
  // Paths for a SONAME, best first; architecture "" takes all.
  std::vector<std::string> find(std::string_view soname, std::string_view architecture) const;

 private:
  std::vector<LdCacheEntry> entries_;
};

}  // namespace xpu::sdk
