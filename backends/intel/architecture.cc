// SPDX-License-Identifier: Apache-2.0
// Device ids by architecture, as the kernel's include/drm/intel/pciids.h groups them by platform.
#include <algorithm>
#include <iterator>

#include "backends/intel/gpus.h"

namespace xpu::intel {
namespace {

// Tiger Lake, Rocket Lake, Alder Lake, Raptor Lake
constexpr std::uint16_t kXeLp[] = {
    0x9a60, 0x9a68, 0x9a70, 0x9a40, 0x9a49, 0x9a59, 0x9a78, 0x9ac0, 0x9ac9, 0x9ad9, 0x9af8,
    0x4c80, 0x4c8a, 0x4c8b, 0x4c8c, 0x4c90, 0x4c9a, 0x4680, 0x4682, 0x4688, 0x468a, 0x468b,
    0x4690, 0x4692, 0x4693, 0x46a0, 0x46a1, 0x46a2, 0x46a3, 0x46a6, 0x46a8, 0x46aa, 0x462a,
    0x4626, 0x4628, 0x46b0, 0x46b1, 0x46b2, 0x46b3, 0x46c0, 0x46c1, 0x46c2, 0x46c3, 0x46d0,
    0x46d1, 0x46d2, 0x46d3, 0x46d4, 0xa780, 0xa781, 0xa782, 0xa783, 0xa788, 0xa789, 0xa78a,
    0xa78b, 0xa721, 0xa7a1, 0xa7a9, 0xa7ac, 0xa7ad, 0xa720, 0xa7a0, 0xa7a8, 0xa7aa, 0xa7ab};
// DG1
constexpr std::uint16_t kXeLpDiscrete[] = {0x4905, 0x4906, 0x4907, 0x4908, 0x4909};
// DG2 and ATS-M
constexpr std::uint16_t kXeHpg[] = {0x56a0, 0x56a1, 0x56a2, 0x56be, 0x56bf, 0x5690, 0x5691,
                                    0x5692, 0x56a5, 0x56a6, 0x56b0, 0x56b1, 0x56ba, 0x56bb,
                                    0x56bc, 0x56bd, 0x5693, 0x5694, 0x5695, 0x56a3, 0x56a4,
                                    0x56b2, 0x56b3, 0x5696, 0x5697, 0x56c0, 0x56c1, 0x56c2};
// Ponte Vecchio
constexpr std::uint16_t kXeHpc[] = {0x0b69, 0x0b6e, 0x0bd4, 0x0bd5, 0x0bd6, 0x0bd7, 0x0bd8,
                                    0x0bd9, 0x0bda, 0x0bdb, 0x0be0, 0x0be1, 0x0be5};
// Meteor Lake, Arrow Lake S and U
constexpr std::uint16_t kXeLpg[] = {0x7d40, 0x7d45, 0x7d55, 0x7d60, 0x7dd5, 0x7d41, 0x7d67};
// Arrow Lake H
constexpr std::uint16_t kXeLpgPlus[] = {0x7d51, 0x7dd1};
// Lunar Lake
constexpr std::uint16_t kXe2Lpg[] = {0x6420, 0x64a0, 0x64b0};
// Battlemage
constexpr std::uint16_t kXe2Hpg[] = {0xe202, 0xe209, 0xe20b, 0xe20c, 0xe20d, 0xe210, 0xe211,
                                     0xe212, 0xe216, 0xe220, 0xe221, 0xe222, 0xe223};
// Panther Lake
constexpr std::uint16_t kXe3Lpg[] = {0xb080, 0xb081, 0xb082, 0xb083, 0xb084, 0xb085,
                                     0xb086, 0xb087, 0xb08f, 0xb090, 0xb0a0, 0xb0b0};

struct Family {
  const char* architecture;
  bool integrated;
  const std::uint16_t *first, *last;
};

template <std::size_t N>
constexpr Family family(const char* architecture, bool integrated, const std::uint16_t (&ids)[N]) {
  return {architecture, integrated, ids, ids + N};
}

constexpr Family kFamilies[] = {
    family("xe-lp", true, kXeLp),     family("xe-lp", false, kXeLpDiscrete),
    family("xe-hpg", false, kXeHpg),  family("xe-hpc", false, kXeHpc),
    family("xe-lpg", true, kXeLpg),   family("xe-lpg-plus", true, kXeLpgPlus),
    family("xe2-lpg", true, kXe2Lpg), family("xe2-hpg", false, kXe2Hpg),
    family("xe3-lpg", true, kXe3Lpg),
};

const Family* family_of(std::uint16_t device_id) {
  const auto found = std::find_if(std::begin(kFamilies), std::end(kFamilies), [&](const Family& f) {
    return std::find(f.first, f.last, device_id) != f.last;
  });
  return found == std::end(kFamilies) ? nullptr : found;
}

}  // namespace

std::string architecture_of(std::uint16_t device_id) {
  const Family* found = family_of(device_id);
  return found != nullptr ? found->architecture : "";
}

std::optional<bool> integrated_by_id(std::uint16_t device_id) {
  const Family* found = family_of(device_id);
  return found != nullptr ? std::optional(found->integrated) : std::nullopt;
}

}  // namespace xpu::intel
