// SPDX-License-Identifier: Apache-2.0
#include "ld_cache.h"

#include <cstdint>
#include <cstring>

#include "path.h"

namespace xpu::sdk {
namespace {

constexpr std::string_view kOldMagic = "ld.so-1.7.0";
constexpr std::size_t kOldHeader = 16;  // magic (12 with padding), count
constexpr std::size_t kOldEntry = 12;   // flags, key, value
constexpr std::string_view kMagic = "glibc-ld.so.cache1.1";
constexpr std::size_t kHeader = 48;  // magic, count, length of strings, flags, extensions, unused
constexpr std::size_t kEntry = 24;  // flags, key, value, OS version, hardware capabilities (64 bit)

constexpr std::size_t kMaxFile = 64u << 20;
// Entries may share strings, so a small file could ask for much memory.
constexpr std::size_t kMaxString = 4096;
constexpr std::size_t kMaxText = 64u << 20;

// Callers have checked that the four bytes are there.
std::uint32_t word(std::string_view bytes, std::size_t offset) {
  std::uint32_t value = 0;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

std::optional<std::string_view> string_at(std::string_view bytes, std::size_t offset) {
  if (offset >= bytes.size()) {
    return std::nullopt;
  }
  const std::string_view rest = bytes.substr(offset, kMaxString);
  const std::size_t end = rest.find('\0');
  return end == std::string_view::npos ? std::nullopt : std::optional(rest.substr(0, end));
}

// The part of the file that begins with kMagic; offsets of its strings count from there.
std::string_view new_part(std::string_view bytes) {
  if (!starts_with(bytes, kOldMagic) || bytes.size() < kOldHeader) {
    return bytes;
  }
  const std::size_t count = word(bytes, 12);
  if (count > (bytes.size() - kOldHeader) / kOldEntry) {
    return {};
  }
  const std::size_t end = kOldHeader + count * kOldEntry;
  // Aligned for the 64-bit field of its entries: to 8 bytes, on i386 to 4.
  for (const std::size_t start : {(end + 7) / 8 * 8, (end + 3) / 4 * 4}) {
    if (start <= bytes.size() && starts_with(bytes.substr(start), kMagic)) {
      return bytes.substr(start);
    }
  }
  return {};
}

// Low byte 3: ELF for libc 6; 1: ELF. Next byte: the ABI.
std::string architecture_of(std::uint32_t flags) {
  switch (flags) {
    case 0x0003:
      return "i386";
    case 0x0303:
      return "x86_64";
    case 0x0803:
      return "x32";
    case 0x0903:  // hard float
    case 0x0b03:  // soft float
      return "arm";
    case 0x0a03:
      return "aarch64";
    case 0x0503:
      return "ppc64le";
    case 0x0403:
      return "s390x";
    case 0x1003:  // double float
      return "riscv64";
    default:
      return "";
  }
}

}  // namespace

std::optional<std::vector<LdCacheEntry>> parse_ld_cache(std::string_view bytes) {
  const std::string_view cache = new_part(bytes);
  if (!starts_with(cache, kMagic) || cache.size() < kHeader) {
    return std::nullopt;
  }
  const std::size_t count = word(cache, 20);
  if (count > (cache.size() - kHeader) / kEntry) {
    return std::nullopt;
  }
  std::vector<LdCacheEntry> entries;
  std::size_t text = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t at = kHeader + i * kEntry;
    const auto soname = string_at(cache, word(cache, at + 4));
    const auto path = string_at(cache, word(cache, at + 8));
    if (!soname || !path || (text += soname->size() + path->size()) > kMaxText) {
      return std::nullopt;
    }
    entries.push_back({std::string(*soname), std::string(*path), architecture_of(word(cache, at))});
  }
  return entries;
}

LdCache LdCache::load(const Root& root, std::string_view inside) {
  LdCache cache;
  if (const auto bytes = root.read(inside, kMaxFile)) {
    cache.entries_ = parse_ld_cache(*bytes).value_or(std::vector<LdCacheEntry>());
  }
  return cache;
}

std::vector<std::string> LdCache::find(std::string_view soname,
                                       std::string_view architecture) const {
  std::vector<std::string> paths;
  for (const LdCacheEntry& entry : entries_) {
    if (entry.soname == soname && (architecture.empty() || entry.architecture == architecture)) {
      paths.push_back(entry.path);
    }
  }
  return paths;
}

}  // namespace xpu::sdk
