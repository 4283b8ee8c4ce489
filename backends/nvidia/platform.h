// SPDX-License-Identifier: Apache-2.0
// What kind of host this is, where configuration does not say.
#pragma once

#include "backends/nvidia/hardware.h"
#include "backends/nvidia/options.h"
#include "xpu/backend.hpp"

namespace xpu::nvidia {

// kNvml, kWsl or kCsv.
Mode mode_of(const Options& options);
// What decides it.
void watch_mode(sdk::Sink& sink, const Options& options);

// A GPU that is part of the processor: it has nodes of its own kind.
bool is_integrated(const Gpu& gpu);

// Descriptions of the other platforms; they throw as Backend::describe() does.
void describe_wsl(sdk::Sink& sink, const Options& options);
void describe_tegra(sdk::Sink& sink, const Options& options);

// A driver that does not answer may a moment later: seconds until it is asked again.
inline constexpr unsigned kRetrySeconds = 30;
// For containers that ask for everything that a Tegra system specifies. Known on every platform,
// so that an image for Tegra runs on the others too.
inline constexpr const char* kJetpackAll = "jetpack-all";
void emit_capabilities(sdk::Sink& sink);
// Of the whole host; "" is left out.
void emit_properties(sdk::Sink& sink, const Hardware& hardware, const std::string& source);

}  // namespace xpu::nvidia
