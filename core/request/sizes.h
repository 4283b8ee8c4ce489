// SPDX-License-Identifier: Apache-2.0
// Sizes and times as people write them.
//
// A size is a number of bytes, whole or with a point and at most six digits behind it, and a unit:
//
//   B, or none                     bytes
//   K, M, G, T, KB, MB, GB, TB     powers of 1000, as cards are sold: "24GB" is 24,000,000,000
//   Ki, Mi, Gi, Ti, KiB, MiB, ...  powers of 1024: "24GiB" is 25,769,803,776
//
// in any case, with or without a space before the unit. A fraction of a byte is dropped.
//
// A time is a whole number of seconds, or one with the unit s, m or h.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace xpu {

// Bytes. Throws Error that begins with `source`.
std::uint64_t parse_size(std::string_view text, const std::string& source);

// Seconds. Throws Error that begins with `source`.
std::uint64_t parse_wait(std::string_view text, const std::string& source);

// "16.0 GiB", "512 bytes": for messages.
std::string size_text(std::uint64_t bytes);

}  // namespace xpu
