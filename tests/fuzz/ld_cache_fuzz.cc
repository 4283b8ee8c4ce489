// SPDX-License-Identifier: Apache-2.0
// Any bytes as /etc/ld.so.cache: not a cache, or one that is written and read as itself.
#include "core/rootfs/ld_cache.h"
#include "tests/fuzz/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::optional<xpu::LdCache> cache =
      xpu::parse_ld_cache({reinterpret_cast<const char*>(data), size});
  if (cache) {
    const std::string bytes = xpu::serialize_ld_cache(*cache);
    const std::optional<xpu::LdCache> again = xpu::parse_ld_cache(bytes);
    xpu::check(again.has_value(), "what we write is a cache");
    xpu::check(again->entries.size() == cache->entries.size(), "no entry is lost");
    xpu::check(xpu::serialize_ld_cache(*again) == bytes, "round trip");
  }
  return 0;
}
