// SPDX-License-Identifier: Apache-2.0
#include "core/select/match.h"

#include <algorithm>

#include "core/base/ascii.h"

namespace xpu {
namespace {

// "0000:65:00.0", "00000000:65:00.0" and "65:00.0" are one address.
std::string_view without_zero_domain(std::string_view pci) {
  if (std::count(pci.begin(), pci.end(), ':') != 2) {
    return pci;
  }
  // A domain has four digits; longer ones may be padded.
  while (pci.find(':') > 4 && pci.front() == '0') {
    pci.remove_prefix(1);
  }
  return pci.starts_with("0000:") ? pci.substr(5) : pci;
}

}  // namespace

bool answers_to(const Device& device, std::string_view name) {
  if (name.empty()) {
    return false;
  }
  return name == device.id || name == device.index || equal_in_any_case(name, device.uuid) ||
         (!device.pci.empty() &&
          equal_in_any_case(without_zero_domain(name), without_zero_domain(device.pci))) ||
         std::find(device.aliases.begin(), device.aliases.end(), name) != device.aliases.end();
}

bool is_index(std::string_view name) {
  return !name.empty() && name.front() != ':' && name.back() != ':' &&
         name.find_first_not_of("0123456789:") == name.npos;
}

}  // namespace xpu
