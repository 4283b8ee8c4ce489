// SPDX-License-Identifier: Apache-2.0
// Names of PCI devices from the host's pci.ids, where it is installed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "fs.h"

namespace xpu::sdk {

class PciIds {
 public:
  // Nothing is read before the first question.
  explicit PciIds(const Root& root) : root_(root) {}

  // "DG2 [Arc A770]"; "" when there is no pci.ids or it does not know the device.
  std::string name(std::uint16_t vendor, std::uint16_t device) const;

 private:
  const Root& root_;
  mutable std::optional<std::string> text_;
};

// What people call it: the words in the last brackets, else all ("DG2 [Arc A770]" → "Arc A770").
std::string marketing_name(const std::string& pci_name);

}  // namespace xpu::sdk
