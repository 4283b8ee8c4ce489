// SPDX-License-Identifier: Apache-2.0
// Devices by what they are, in the list of XPU_VISIBLE_DEVICES or over variables of their own:
//
//   count=2,vram>=24GiB,arch>=sm_90,vendor=acme|globex,link=direct
//
//   count      = <= >=            how many: a number, or all; XPU_COUNT (=), XPU_MAX_GPU (<=)
//   vram       < <= > >=          see sizes.h; XPU_MIN_VRAM (>=)
//   arch       = != < <= > >=     see tests.h; XPU_MIN_ARCH (>=)
//   driver     = != < <= > >=     a version
//   numa       = != < <= > >=     number of a NUMA node
//   vendor     = !=               XPU_DEVICE_TYPE (=, also a list with commas, or `any`)
//   model      = !=               a pattern in which '*' stands for any characters
//   kind       = !=               gpu, partition, npu or accelerator
//   link       =                  direct: each two with a link of their own
//   strategy   =                  see wish.h; XPU_STRATEGY
//   sharing    =                  shared or exclusive; XPU_SHARING
//   affinity   =                  numa-local or none; XPU_AFFINITY
//
// '|' separates alternatives of arch, driver, numa, vendor, model and kind, with = and != only.
// XPU_ENABLE_MULTI_GPU: true for as many devices as there are, up to XPU_MAX_GPU; false for one.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/request/settings.h"
#include "core/request/wish.h"

namespace xpu {

struct Description {
  std::vector<Test> tests;
  std::optional<Wish> count;  // how many, when that is said
  std::string count_source;   // what says it
  bool direct_links = false;
  std::optional<Strategy> strategy;
  std::optional<bool> exclusive;
  std::string sharing_source;  // what says whether it is
  std::optional<bool> numa_local;
};

// Whether the elements of the list are attributes. Throws Error where only some are.
bool has_attributes(const Setting& list);

// What the settings say together. Throws Error, naming them as they were written, for what cannot
// be understood and for two that contradict each other.
Description describe(const Settings& settings);

}  // namespace xpu
