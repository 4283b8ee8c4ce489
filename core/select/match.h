// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "core/catalog/catalog.h"

namespace xpu {

// True when a request may call the device so: id, index, UUID (any case), PCI address (any case,
// domain 0 optional) or alias.
bool answers_to(const Device& device, std::string_view name);

// Digits, or several numbers with ':' between: a name that every vendor uses.
bool is_index(std::string_view name);

}  // namespace xpu
