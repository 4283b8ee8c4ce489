// SPDX-License-Identifier: Apache-2.0
#include "backends/amd/names.h"

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <string_view>

#include "sdk/helpers/path.h"

namespace xpu::amd {
namespace {

constexpr std::size_t kTableLimit = 1 << 20;

struct OldGpu {
  unsigned first, last;  // PCI device ids
  const char* gfx;
};

// From the kernel's list of ids (amdgpu_drv.c); gfx names from LLVM's AMDGPU guide.
constexpr OldGpu kOldGpus[] = {
    {0x13fe, 0x13fe, "gfx1013"}, {0x143f, 0x143f, "gfx1013"}, {0x15d8, 0x15d8, "gfx902"},
    {0x15dd, 0x15dd, "gfx902"},  {0x15e7, 0x15e7, "gfx90c"},  {0x1636, 0x1636, "gfx90c"},
    {0x1638, 0x1638, "gfx90c"},  {0x163f, 0x163f, "gfx1033"}, {0x164c, 0x164c, "gfx90c"},
    {0x164d, 0x164d, "gfx1035"}, {0x1681, 0x1681, "gfx1035"}, {0x66a0, 0x66af, "gfx906"},
    {0x67c0, 0x67df, "gfx803"},  {0x67e0, 0x67ff, "gfx803"},  {0x6860, 0x686f, "gfx900"},
    {0x687f, 0x687f, "gfx900"},  {0x694c, 0x694f, "gfx803"},  {0x6980, 0x699f, "gfx803"},
    {0x69a0, 0x69af, "gfx904"},  {0x6fdf, 0x6fdf, "gfx803"},  {0x7300, 0x730f, "gfx803"},
    {0x7310, 0x731f, "gfx1010"}, {0x7340, 0x734f, "gfx1012"}, {0x7360, 0x7362, "gfx1011"},
    {0x7388, 0x7390, "gfx908"},  {0x73a0, 0x73bf, "gfx1030"}, {0x73c0, 0x73df, "gfx1031"},
    {0x73e0, 0x73ff, "gfx1032"}, {0x7408, 0x7410, "gfx90a"},  {0x7420, 0x743f, "gfx1034"},
    {0x9874, 0x9874, "gfx801"},  {0x98e4, 0x98e4, "gfx810"},
};

// "APU" in LLVM's AMDGPU guide. gfx942 is left out: it is both.
constexpr std::string_view kIntegrated[] = {
    "gfx801",  "gfx810",  "gfx902",  "gfx909",  "gfx90c",  "gfx1013", "gfx1033", "gfx1035",
    "gfx1036", "gfx1037", "gfx1103", "gfx1150", "gfx1151", "gfx1152", "gfx1153",
};

}  // namespace

std::string gfx_name(std::uint64_t version) {
  if (version == 0 || version > 999999) {
    return "";
  }
  const auto number = static_cast<unsigned>(version);
  char text[32];
  std::snprintf(text, sizeof text, "gfx%u%x%x", number / 10000, number / 100 % 100, number % 100);
  return text;
}

std::string gfx_name_of_device(std::uint64_t device) {
  for (const OldGpu& known : kOldGpus) {
    if (device >= known.first && device <= known.last) {
      return known.gfx;
    }
  }
  return "";
}

bool is_integrated(const std::string& gfx) {
  return std::find(std::begin(kIntegrated), std::end(kIntegrated), gfx) != std::end(kIntegrated);
}

MarketingNames::MarketingNames(const sdk::Root& driver_root) {
  for (const char* path : {"/opt/amdgpu/share/libdrm/amdgpu.ids", "/usr/share/libdrm/amdgpu.ids"}) {
    if (table_.empty()) {
      table_ = driver_root.read(path, kTableLimit).value_or("");
    }
  }
}

// "740F,\t02,\tAMD Instinct MI210"
std::string MarketingNames::find(unsigned device, unsigned revision) const {
  char wanted[32];
  std::snprintf(wanted, sizeof wanted, "%04X,\t%02X,\t", device, revision);
  const std::string_view head(wanted);
  for (std::string_view left = table_; !left.empty();) {
    const std::size_t end = std::min(left.find('\n'), left.size());
    if (sdk::starts_with(left, head)) {
      return sdk::trimmed(left.substr(head.size(), end - head.size()));
    }
    left.remove_prefix(std::min(end + 1, left.size()));
  }
  return "";
}

std::string usable_name(const std::string& name) {
  const std::string text = sdk::trimmed(name);
  std::string lower = text;
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const bool printable =
      std::all_of(text.begin(), text.end(), [](unsigned char c) { return c >= 0x20 && c < 0x7f; });
  return !printable || lower == "n/a" || lower == "unknown" || sdk::starts_with(lower, "0x") ? ""
                                                                                             : text;
}

}  // namespace xpu::amd
