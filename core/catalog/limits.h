// SPDX-License-Identifier: Apache-2.0
// How much one backend may describe. Far above any real machine; a description beyond it is a bug.
#pragma once

#include <cstddef>
#include <cstdint>

namespace xpu::limits {

inline constexpr std::size_t kDevices = 4096;
inline constexpr std::size_t kEdits =
    65536;  // nodes, files, variables, links, values, ... together
inline constexpr std::size_t kInterconnects = 65536;
inline constexpr std::size_t kConditions = 1024;
inline constexpr std::size_t kCapabilities = 64;
inline constexpr std::size_t kAliases = 32;     // of one device
inline constexpr std::size_t kProperties = 64;  // of one device, or of the backend
inline constexpr std::size_t kFileLinks = 32;   // of one library

inline constexpr std::size_t kName = 32;  // vendors, capabilities, indices, items, values
inline constexpr std::size_t kText = 1024;
inline constexpr std::size_t kPath = 4095;
inline constexpr std::size_t kEnvValue = 32768;
inline constexpr std::size_t kFileText = 65536;  // of a generated file

inline constexpr std::uint64_t kSecondsToLive = 31536000;
inline constexpr std::size_t kContentBytes = 65536;
// Of a description as JSON.
inline constexpr std::size_t kCatalogBytes = 64U << 20;

}  // namespace xpu::limits
