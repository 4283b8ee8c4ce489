// SPDX-License-Identifier: Apache-2.0
// Whether a device is as a container describes it.
//
// Architectures are of one of two families that have an order: numbers ("9.0", also written
// "sm_90", where the last digit is the minor one and letters behind it do not count) and gfx names
// ("gfx90a", by the number that their hexadecimal digits are). All others are only equal, in any
// case, or not. Different families are never equal, and in no order.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/catalog/catalog.h"
#include "core/request/wish.h"

namespace xpu {

// What the device does not say of itself (memory 0, no architecture, no driver, NUMA node -1) meets
// no test. When false, `why` says what the device has and what is asked, to follow its id: "has
// 16.0 GiB of memory; XPU_MIN_VRAM=24GB asks for 22.3 GiB".
bool meets(const Test& test, const Device& device, std::string* why);

// Whether no device can meet both.
bool contradict(const Test& a, const Test& b);

// Negative, 0 or positive; nullopt for architectures that have no order between them.
std::optional<int> compare_architectures(std::string_view a, std::string_view b);

// Whether it is of a family that has an order.
bool has_order(std::string_view architecture);

}  // namespace xpu
