// SPDX-License-Identifier: Apache-2.0
// The inside of xpu-metrics-server: texts that come over one socket go out over another, by HTTP.
//
// Nothing that a client does holds up another one: each connection is for one request and has ten
// seconds for all of it, and where there are too many, the oldest has to go. One thread.
#pragma once

#include <string_view>

#include "core/base/fd.h"

namespace xpu::http {

inline constexpr unsigned kConnections = 512;    // at a time
inline constexpr unsigned kSecondsForAll = 10;   // of one connection
inline constexpr unsigned kRequestBytes = 8192;  // what one connection may take for its request

// Serves until the other end of `channel` is closed. Throws Error.
void serve(Fd listener, Fd channel);

// Whether an Accept header asks for OpenMetrics rather than for the older format.
bool wants_openmetrics(std::string_view accept);

}  // namespace xpu::http
