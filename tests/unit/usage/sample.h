// SPDX-License-Identifier: Apache-2.0
// Leases for tests.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/usage/usage.h"

namespace xpu::test {

inline constexpr std::int64_t kUsd = 1'000'000;  // millionths

inline UsedDevice device(const std::string& id, std::optional<std::int64_t> price,
                         const std::string& currency = "USD") {
  UsedDevice out;
  out.id = id;
  out.key = "key-" + id;
  out.vendor = id.substr(0, id.find(':'));
  out.model = out.vendor == "acme" ? "Anvil" : "Orb";
  out.price = price;
  out.currency = price ? currency : "";
  return out;
}

inline Usage usage(const std::string& lease, std::int64_t begin, std::optional<std::int64_t> end,
                   std::vector<UsedDevice> devices) {
  Usage out;
  out.lease = lease;
  out.container = "id-" + lease;
  out.name = lease;
  out.image = "image";
  out.engine = "docker";
  out.begin_unix = begin;
  out.end_unix = end;
  out.devices = std::move(devices);
  return out;
}

}  // namespace xpu::test
