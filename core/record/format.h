// SPDX-License-Identifier: Apache-2.0
// A container record as JSON.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/record/record.h"

namespace xpu {

std::string record_to_json(const Record& record);
// nullopt for a version that this program does not know. Throws Error naming `source` for what is
// not a record.
std::optional<Record> record_from_json(std::string_view text, const std::string& source);

}  // namespace xpu
