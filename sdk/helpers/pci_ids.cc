// SPDX-License-Identifier: Apache-2.0
#include "pci_ids.h"

#include <cstdio>

#include "path.h"

namespace xpu::sdk {
namespace {

constexpr const char* kPlaces[] = {"/usr/share/misc/pci.ids", "/usr/share/hwdata/pci.ids"};
constexpr std::size_t kLimit = 16 << 20;

std::string four_digits(std::uint16_t number) {
  char text[8];
  std::snprintf(text, sizeof text, "%04x", number);
  return text;
}

std::string rest_of_line(const std::string& text, std::size_t at) {
  return trimmed(std::string_view(text).substr(at, text.find('\n', at) - at));
}

}  // namespace

std::string PciIds::name(std::uint16_t vendor, std::uint16_t device) const {
  if (!text_) {
    text_ = "";
    for (const char* place : kPlaces) {
      if (auto text = root_.read(place, kLimit)) {
        text_ = "\n" + std::move(*text);
        break;
      }
    }
  }
  const std::string vendor_line = "\n" + four_digits(vendor) + "  ";
  const std::string device_line = "\t" + four_digits(device) + "  ";
  std::size_t at = text_->find(vendor_line);
  while (at != std::string::npos) {
    at = text_->find('\n', at + 1);
    if (at == std::string::npos || at + 1 >= text_->size()) {
      break;
    }
    const char first = (*text_)[at + 1];
    if (first != '\t' && first != '#' && first != '\n') {
      break;  // the next vendor
    }
    if (text_->compare(at + 1, device_line.size(), device_line) == 0) {
      return rest_of_line(*text_, at + 1 + device_line.size());
    }
  }
  return "";
}

std::string marketing_name(const std::string& pci_name) {
  const std::size_t open = pci_name.rfind('[');
  const std::size_t close = pci_name.rfind(']');
  if (open == std::string::npos || close == std::string::npos || close <= open + 1) {
    return pci_name;
  }
  return pci_name.substr(open + 1, close - open - 1);
}

}  // namespace xpu::sdk
