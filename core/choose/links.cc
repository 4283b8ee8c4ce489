// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "core/choose/choose.h"

namespace xpu {
namespace {

bool joins(const Links::Link& link, std::size_t a, std::size_t b) {
  return (link.a == a && link.b == b) || (link.a == b && link.b == a);
}

}  // namespace

void Links::add(std::size_t a, std::size_t b, std::uint32_t weight, bool direct) {
  if (a != b) {
    links_.push_back(
        {static_cast<std::uint32_t>(a), static_cast<std::uint32_t>(b), weight, direct});
  }
}

std::uint32_t Links::weight(std::size_t a, std::size_t b) const {
  std::uint32_t greatest = 0;
  for (const Link& link : links_) {
    greatest = joins(link, a, b) ? std::max(greatest, link.weight) : greatest;
  }
  return greatest;
}

bool Links::direct(std::size_t a, std::size_t b) const {
  return std::any_of(links_.begin(), links_.end(),
                     [&](const Link& link) { return link.direct && joins(link, a, b); });
}

}  // namespace xpu
