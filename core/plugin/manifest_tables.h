// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace xpu {

// A manifest without the lines of its tables [doctor], [[doctor.NAME]] and so on; those that stay
// keep their numbers. toml++ reads every character with care, and a start needs none of these.
std::string without_doctor_tables(std::string text);

}  // namespace xpu
