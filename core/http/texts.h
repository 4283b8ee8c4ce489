// SPDX-License-Identifier: Apache-2.0
// How texts come to xpu-metrics-server: each pair of them lies in a file in memory, whose
// descriptor is in a packet. So a packet is whole or is not there, and nobody waits for a reader.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/base/fd.h"

namespace xpu::http {

inline constexpr std::size_t kTextBytes = 64U << 20;  // of both together

struct TextPair {
  std::string prometheus, openmetrics;
};

enum class Sent { kYes, kFull, kGone };

// Never waits. Throws Error where there is no memory for it.
Sent send_texts(int channel, std::string_view prometheus, std::string_view openmetrics);

// The newest that has come; nullopt for none. `closed`: nothing will come any more. Throws Error
// for what is no such packet.
std::optional<TextPair> receive_texts(int channel, bool& closed);

}  // namespace xpu::http
