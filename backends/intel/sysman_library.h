// SPDX-License-Identifier: Apache-2.0
// Level Zero's loader: where it is, and its functions.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "backends/intel/sysman_abi.h"
#include "sdk/helpers/fs.h"

namespace xpu::intel::ze {

// Each is there.
struct Api {
  Result (*init)(std::uint32_t);
  Result (*drivers)(std::uint32_t*, Handle*);
  Result (*devices)(Handle, std::uint32_t*, Handle*);
  Result (*properties)(Handle, DeviceProperties*);
  Result (*pci)(Handle, PciProperties*);
  Result (*state)(Handle, DeviceState*);
  Result (*memories)(Handle, std::uint32_t*, Handle*);
  Result (*memory)(Handle, MemoryProperties*);
  Result (*memory_state)(Handle, MemoryState*);
  Result (*engines)(Handle, std::uint32_t*, Handle*);
  Result (*engine)(Handle, EngineProperties*);
  Result (*activity)(Handle, EngineStats*);
  Result (*ras_sets)(Handle, std::uint32_t*, Handle*);
  Result (*ras)(Handle, RasProperties*);
  Result (*ras_state)(Handle, std::uint8_t clear, RasState*);
};

// Where the loader may be, best first, links followed: where the driver root's ld.so.cache says,
// else in the usual folders.
std::vector<std::string> loaders(const sdk::Root& driver_root);
// What to say where there is none.
std::string no_loader(const sdk::Root& driver_root);

struct Loaded {
  std::optional<Api> api;  // initialised
  // Why not; it may be right a moment later where `transient`.
  std::string problem;
  bool transient = false;
};

// Never unloaded: drivers of this kind keep threads and handlers.
Loaded load(const std::string& path);

// "permission denied"
std::string words(Result result);
// "0000:03:00.0"
std::string address_of(const PciProperties& pci);

inline constexpr std::uint32_t kMost = 256;  // drivers, devices of one, parts of one

// The handles that `list` gives when it is asked twice, for their number and for them.
template <class List>
Result handles(List list, std::vector<Handle>& out) {
  std::uint32_t count = 0;
  Result result = list(&count, nullptr);
  if (result != kSuccess || count == 0) {
    return result;
  }
  count = std::min(count, kMost);
  out.resize(count);
  result = list(&count, out.data());
  out.resize(result == kSuccess ? std::min<std::size_t>(count, out.size()) : 0);
  return result;
}

}  // namespace xpu::intel::ze
