// SPDX-License-Identifier: Apache-2.0
// The format, all numbers in the machine's byte order:
//
//   [old head "ld.so-1.7.0", count, entries of 12 bytes, padding to 8]      optional
//   new head, 48 bytes: magic and version, count, length of strings, byte order, extension offset
//   count entries of 24 bytes: flags, name, path, OS version, hwcap
//   strings, ended by NUL; offsets count from the new head
//   [extension: magic, count, sections of (tag, flags, offset, size); offsets count from the file]
#include "core/rootfs/ld_cache.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <tuple>
#include <unordered_map>

namespace xpu {
namespace {

constexpr std::string_view kOldMagic = "ld.so-1.7.0";
constexpr std::size_t kOldHead = 16;
constexpr std::size_t kOldEntry = 12;
constexpr std::string_view kNewMagic = "glibc-ld.so.cache1.1";
constexpr std::size_t kNewHead = 48;
constexpr std::size_t kNewEntry = 24;
constexpr std::uint32_t kExtensionMagic = 0xeaa42174;
constexpr std::uint32_t kTagGenerator = 0;
constexpr std::uint32_t kTagHwcaps = 1;
constexpr std::size_t kSection = 16;
constexpr std::uint64_t kHwcapsMarker = 1ULL << 62;
constexpr std::uint8_t kByteOrder = std::endian::native == std::endian::little ? 2 : 3;

// Strings may overlap, so a small file can claim huge ones: together they may not be larger than
// any honest cache makes them. Not in proportion to the file: one with the same strings may be
// smaller.
constexpr std::size_t kMostText = 32U << 20;

// Reads numbers and strings at offsets that nobody has checked.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  template <class T>
  bool number(std::size_t offset, T& out) const {
    if (offset > bytes_.size() || bytes_.size() - offset < sizeof(T)) {
      return false;
    }
    std::memcpy(&out, bytes_.data() + offset, sizeof(T));
    return true;
  }

  bool text(std::size_t offset, std::string_view& out) {
    if (offset >= bytes_.size()) {
      return false;
    }
    const std::size_t end = bytes_.find('\0', offset);
    if (end == std::string_view::npos || end - offset > allowance_) {
      return false;
    }
    allowance_ -= end - offset;
    out = bytes_.substr(offset, end - offset);
    return true;
  }

  bool block(std::size_t offset, std::size_t size, std::string_view& out) const {
    if (offset > bytes_.size() || bytes_.size() - offset < size) {
      return false;
    }
    out = bytes_.substr(offset, size);
    return true;
  }

 private:
  std::string_view bytes_;
  std::size_t allowance_ = kMostText;
};

bool read_hwcaps(Reader& file, std::string_view section, LdCache& cache) {
  if (section.size() % 4 != 0 || !cache.hwcaps_names.empty()) {
    return false;
  }
  const Reader offsets(section);
  for (std::size_t at = 0; at < section.size(); at += 4) {
    std::uint32_t offset = 0;
    std::string_view name;
    if (!offsets.number(at, offset) || !file.text(offset, name)) {
      return false;
    }
    cache.hwcaps_names.emplace_back(name);
  }
  return true;
}

bool read_extensions(Reader& file, std::uint32_t offset, LdCache& cache) {
  std::uint32_t magic = 0, count = 0;
  if (offset % 4 != 0 || !file.number(offset, magic) || magic != kExtensionMagic ||
      !file.number(offset + 4, count)) {
    return false;
  }
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::size_t at = std::size_t{offset} + 8 + i * kSection;
    std::uint32_t tag = 0, start = 0, size = 0;
    std::string_view section;
    if (!file.number(at, tag) || !file.number(at + 8, start) || !file.number(at + 12, size) ||
        !file.block(start, size, section)) {
      return false;
    }
    if (tag == kTagGenerator) {
      cache.generator.assign(section);
    } else if (tag == kTagHwcaps && !read_hwcaps(file, section, cache)) {
      return false;
    }
  }
  return true;
}

struct NewEntry {
  std::int32_t flags;
  std::uint32_t name, path, os_version;
  std::uint64_t hwcap;
};
static_assert(sizeof(NewEntry) == kNewEntry);

std::optional<LdCache> parse_new(std::string_view bytes, std::size_t start) {
  Reader file(bytes);
  Reader body(bytes.substr(start));
  std::uint32_t count = 0, extension = 0;
  std::uint8_t order = 0;
  if (!body.number(20, count) || !body.number(28, order) || !body.number(32, extension) ||
      bytes.size() - start < kNewHead || (bytes.size() - start - kNewHead) / kNewEntry < count ||
      (order != 0 && order != kByteOrder)) {
    return std::nullopt;
  }
  LdCache cache;
  cache.entries.resize(count);
  const char* at = bytes.data() + start + kNewHead;
  for (LdCacheEntry& entry : cache.entries) {
    NewEntry raw;
    std::memcpy(&raw, at, kNewEntry);
    at += kNewEntry;
    entry.flags = raw.flags;
    entry.os_version = raw.os_version;
    entry.hwcap = raw.hwcap;
    if (!body.text(raw.name, entry.soname) || !body.text(raw.path, entry.path)) {
      return std::nullopt;
    }
  }
  if (extension != 0 && !read_extensions(file, extension, cache)) {
    return std::nullopt;
  }
  return cache;
}

bool has_new_head(std::string_view bytes, std::size_t start) {
  return start < bytes.size() && bytes.substr(start).starts_with(kNewMagic);
}

// A cache of the old format, with the new one behind it in all but ancient images.
std::optional<LdCache> parse_old(std::string_view bytes) {
  Reader file(bytes);
  std::uint32_t count = 0;
  if (!file.number(12, count) || (bytes.size() - kOldHead) / kOldEntry < count) {
    return std::nullopt;
  }
  const std::size_t strings = kOldHead + count * kOldEntry;
  const std::size_t next = (strings + 7) / 8 * 8;
  if (has_new_head(bytes, next)) {
    return parse_new(bytes, next);
  }
  LdCache cache;
  cache.entries.resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    LdCacheEntry& entry = cache.entries[i];
    const std::size_t at = kOldHead + i * kOldEntry;
    std::uint32_t name = 0, path = 0;
    if (!file.number(at, entry.flags) || !file.number(at + 4, name) || !file.number(at + 8, path) ||
        !file.text(strings + name, entry.soname) || !file.text(strings + path, entry.path)) {
      return std::nullopt;
    }
  }
  return cache;
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

std::uint32_t take_number(std::string_view& text) {
  std::uint32_t value = 0;  // wraps as the loader's own does
  while (!text.empty() && is_digit(text.front())) {
    value = value * 10 + static_cast<std::uint32_t>(text.front() - '0');
    text.remove_prefix(1);
  }
  return value;
}

// The loader's comparison of names: runs of digits count as numbers. Its binary search depends on
// exactly this order.
int compare_names(std::string_view a, std::string_view b) {
  while (!a.empty() && !b.empty()) {
    const bool digit = is_digit(a.front());
    if (digit != is_digit(b.front())) {
      return digit ? 1 : -1;
    }
    if (digit) {
      const std::uint32_t left = take_number(a);
      const std::uint32_t right = take_number(b);
      if (left != right) {
        // glibc subtracts, which is no order for numbers that are half the range apart.
        return static_cast<std::int32_t>(left) < static_cast<std::int32_t>(right) ? -1 : 1;
      }
      continue;
    }
    if (a.front() != b.front()) {
      return a.front() - b.front();
    }
    a.remove_prefix(1);
    b.remove_prefix(1);
  }
  return (a.empty() ? '\0' : a.front()) - (b.empty() ? '\0' : b.front());
}

// Names descend; within a name the loader stops at the first entry without a glibc-hwcaps marker,
// so those with one come first. Beyond that the given order stays.
bool goes_before(const LdCacheEntry& a, const LdCacheEntry& b) {
  const int names = compare_names(b.soname, a.soname);
  if (names != 0) {
    return names < 0;
  }
  if (a.flags != b.flags) {
    return a.flags > b.flags;
  }
  return (a.hwcap & kHwcapsMarker) > (b.hwcap & kHwcapsMarker);
}

class Writer {
 public:
  template <class T>
  void number(T value) {
    char bytes[sizeof(T)];
    std::memcpy(bytes, &value, sizeof(T));
    out_.append(bytes, sizeof(T));
  }
  void append(std::string_view text) { out_.append(text); }
  void pad_to(std::size_t size) { out_.resize(std::max(out_.size(), size), '\0'); }
  std::size_t size() const { return out_.size(); }
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

// Strings, each once, at offsets that begin after head and entries. Borrows them.
class Strings {
 public:
  explicit Strings(std::size_t base) : base_(base) {}

  std::uint32_t offset(std::string_view text) {
    const auto [place, added] = offsets_.try_emplace(text, 0);
    if (added) {
      place->second = static_cast<std::uint32_t>(base_ + bytes_.size());
      bytes_.append(text).push_back('\0');
    }
    return place->second;
  }
  const std::string& bytes() const { return bytes_; }

 private:
  std::size_t base_;
  std::string bytes_;
  std::unordered_map<std::string_view, std::uint32_t> offsets_;
};

// Stable. Most of it is an image's own cache, which is in order already.
std::vector<LdCacheEntry> sorted(std::vector<LdCacheEntry> entries) {
  const auto rest = std::is_sorted_until(entries.begin(), entries.end(), goes_before);
  std::stable_sort(rest, entries.end(), goes_before);
  std::inplace_merge(entries.begin(), rest, entries.end(), goes_before);
  return entries;
}

void write_extensions(Writer& out, const LdCache& cache,
                      const std::vector<std::uint32_t>& hwcaps_offsets) {
  const bool generator = !cache.generator.empty();
  const bool hwcaps = !hwcaps_offsets.empty();
  const auto sections = static_cast<std::uint32_t>(generator) + static_cast<std::uint32_t>(hwcaps);
  const std::size_t data = out.size() + 8 + sections * kSection;
  const std::size_t hwcaps_size = hwcaps_offsets.size() * 4;
  out.number(kExtensionMagic);
  out.number(sections);
  const auto section = [&](std::uint32_t tag, std::size_t offset, std::size_t size) {
    out.number(tag);
    out.number(std::uint32_t{0});
    out.number(static_cast<std::uint32_t>(offset));
    out.number(static_cast<std::uint32_t>(size));
  };
  if (generator) {
    section(kTagGenerator, data + hwcaps_size, cache.generator.size());
  }
  if (hwcaps) {
    section(kTagHwcaps, data, hwcaps_size);
  }
  for (const std::uint32_t offset : hwcaps_offsets) {
    out.number(offset);
  }
  out.append(cache.generator);
}

}  // namespace

std::optional<LdCache> parse_ld_cache(std::string bytes) {
  const auto kept = std::make_shared<const std::string>(std::move(bytes));
  std::optional<LdCache> cache;
  if (has_new_head(*kept, 0)) {
    cache = parse_new(*kept, 0);
  } else if (kept->starts_with(kOldMagic) && kept->size() >= kOldHead) {
    cache = parse_old(*kept);
  }
  if (cache) {
    cache->bytes = kept;
  }
  return cache;
}

std::string serialize_ld_cache(const LdCache& cache) {
  const std::vector<LdCacheEntry> entries = sorted(cache.entries);
  Strings strings(kNewHead + entries.size() * kNewEntry);
  Writer body;
  for (const LdCacheEntry& entry : entries) {
    body.number(entry.flags);
    body.number(strings.offset(entry.soname));
    body.number(strings.offset(entry.path));
    body.number(entry.os_version);
    body.number(entry.hwcap);
  }
  std::vector<std::uint32_t> hwcaps_offsets;
  for (const std::string& name : cache.hwcaps_names) {
    hwcaps_offsets.push_back(strings.offset(name));
  }
  const bool extended = !cache.generator.empty() || !hwcaps_offsets.empty();
  const std::size_t extension =
      (kNewHead + entries.size() * kNewEntry + strings.bytes().size() + 3) / 4 * 4;

  Writer out;
  out.append(kNewMagic);
  out.number(static_cast<std::uint32_t>(entries.size()));
  out.number(static_cast<std::uint32_t>(strings.bytes().size()));
  out.number(kByteOrder);
  out.pad_to(32);
  out.number(extended ? static_cast<std::uint32_t>(extension) : 0U);
  out.pad_to(kNewHead);
  out.append(body.take());
  out.append(strings.bytes());
  if (extended) {
    out.pad_to(extension);
    write_extensions(out, cache, hwcaps_offsets);
  }
  return out.take();
}

std::optional<std::int32_t> ld_cache_flags(std::string_view architecture) {
  static constexpr std::tuple<std::string_view, std::int32_t> kFlags[] = {
      {"x86_64", 0x0303},  {"i386", 0x0003},    {"i486", 0x0003},  {"i586", 0x0003},
      {"i686", 0x0003},    {"aarch64", 0x0a03}, {"arm", 0x0903},   {"armv7l", 0x0903},
      {"ppc64le", 0x0503}, {"riscv64", 0x1003}, {"s390x", 0x0403},
  };
  for (const auto& [name, flags] : kFlags) {
    if (name == architecture) {
      return flags;
    }
  }
  return std::nullopt;
}

}  // namespace xpu
