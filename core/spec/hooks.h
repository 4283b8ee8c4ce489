// SPDX-License-Identifier: Apache-2.0
// Hooks by which an engine wants a container to be given devices that the runtime gives it itself.
#pragma once

#include <string>
#include <vector>

#include "core/oci/spec.h"

namespace xpu {

// The phases of hooks, as their keys in config.json.
inline constexpr std::string_view kHookPhases[] = {
    "prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"};

// The runtime's own, under which name an engine may have it added too.
inline constexpr std::string_view kOwnHook = "xpu-container-runtime-hook";

struct VendorHook {
  std::string phase;
  std::size_t index = 0;  // in the array of its phase
  std::string path;
  std::string why;  // "its request is served"
};

// The hooks whose program has exactly one of these names, in whatever folder it is, and is called
// as such a hook is: its last argument is "prestart" or the name of the phase. Others are none of
// our business, also those that have the name in their path or arguments. Throws Error for keys
// that are there twice or differ in case only; what is no hook at all is left to the low-level
// runtime.
std::vector<VendorHook> vendor_hooks(const Spec& spec, const std::vector<std::string>& names);

}  // namespace xpu
