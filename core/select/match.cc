// SPDX-License-Identifier: Apache-2.0
#include "core/select/match.h"

#include <algorithm>

#include "core/base/ascii.h"

namespace xpu {
namespace {

// "0000:65:00.0", "00000000:65:00.0" and "65:00.0" are one address.
std::string_view without_zero_domain(std::string_view pci) {
  const std::size_t colon = pci.find(':');
  const bool has_domain = std::count(pci.begin(), pci.end(), ':') == 2;
  if (!has_domain || colon < 4) {
    return pci;
  }
  // A domain has four digits; longer ones may be padded.
  const std::string_view extra = pci.substr(0, colon - 4);
  if (extra.find_first_not_of('0') == extra.npos) {
    pci.remove_prefix(colon - 4);
    return pci.starts_with("0000:") ? pci.substr(5) : pci;
  }
  return pci;
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
