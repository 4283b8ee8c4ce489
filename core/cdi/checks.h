// SPDX-License-Identifier: Apache-2.0
// What single values of a CDI specification may be.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/cdi/spec.h"

namespace xpu::cdi {

inline constexpr std::uint32_t kMostId = 4294967294;  // the one above means "no change"
inline constexpr std::int64_t kMostDeviceNumber = 4294967295;
inline constexpr std::int64_t kMostSeconds = 86400;
inline constexpr std::size_t kMostAnnotationBytes = 256U << 10;  // as orchestrators have it

inline constexpr std::string_view kLeastVersion = "0.3.0";  // that minimum_version() knows

// "0.5.0": one that was published.
bool is_version(std::string_view text);
std::string versions();  // all, for messages
bool is_older(std::string_view version, std::string_view than);

// A name of at most 63 letters, digits, '-', '_' and '.', before it a domain and '/' or nothing.
bool is_annotation_key(std::string_view text);
bool is_hook_name(std::string_view text);
// At most 15 bytes, no slash, colon or space.
bool is_interface_name(std::string_view text);
// A mount of a file or folder of the host, not of a file system.
bool is_bind(const Mount& mount);

}  // namespace xpu::cdi
