// SPDX-License-Identifier: Apache-2.0
// Level Zero Sysman, loaded when it is there: names, UUIDs, memory and health.
//
// Only zesInit() is used. Loaders older than 1.10 do not have it; their Sysman is switched on by
// ZES_ENABLE_SYSMAN in the environment, which a backend must not change. With such a loader the
// host is described from sysfs: names then come from pci.ids, UUIDs and health are not known.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "backends/intel/health.h"
#include "sdk/helpers/fs.h"

namespace xpu::intel {

struct SysmanDevice {
  std::string pci;
  std::uint16_t device_id = 0;
  std::string name, uuid, serial;  // "" when not known
  std::uint64_t memory_bytes = 0;  // of its own
  bool integrated = false;
  unsigned tiles = 1;
  unsigned compute_units = 0;         // Xe cores; 0: not known
  std::optional<sdk::Health> health;  // nullopt when not known
  std::string problem;                // why it cannot be used; "" otherwise
};

struct Sysman {
  std::string library;  // on the host; "" when there is none
  bool answered = false;
  // Why not; it may answer a moment later where `transient`.
  std::string problem;
  bool transient = false;
  std::vector<SysmanDevice> devices;  // by PCI address

  const SysmanDevice* find(const std::string& pci) const;
};

// The loader below the driver root: where its ld.so.cache says, else in the usual folders.
Sysman ask_sysman(const sdk::Root& driver_root, const HealthRules& rules);

}  // namespace xpu::intel
