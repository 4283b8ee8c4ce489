// SPDX-License-Identifier: Apache-2.0
// What devices cost, from leases. A pure function.
//
// A device costs its price for every second that somebody holds it. In a second in which n leases
// hold it, each of them has 1/n of that second and pays 1/n of the price that it was given for;
// what all of them pay is then the time the device was held times its price. What has no known
// price is counted as time without one, never as zero. A lease that began and ended within one
// second has a row with no time.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/usage/shares.h"
#include "core/usage/usage.h"

namespace xpu {

enum class CostBy { kContainer, kImage, kDevice, kVendor, kLabel, kLease };

struct CostQuery {
  // Seconds since 1970; what lies outside of [since, until) or after `now` does not count.
  std::int64_t since = 0, until = 0, now = 0;
  CostBy by = CostBy::kContainer;
};

// Time in seconds, and of what has a price that price times the time: millionths of the currency,
// times 3600.
struct CostPart {
  Shares time, price;
};

struct CostRow {
  std::string key;   // container id, image, lease_key() of the device, ...; "" for unknown
  std::string name;  // for people; of the latest lease
  std::int64_t held_seconds = 0;          // of each lease and device, not shared out
  std::map<std::string, CostPart> parts;  // by currency; "" for what has no known price
};

struct CostReport {
  CostQuery query;
  std::vector<CostRow> rows;  // the most expensive first; with several currencies the longest
  CostRow total;
  std::vector<std::string> unknown_models;  // without a price, sorted
  unsigned open = 0;                        // leases that count and have no end yet
  unsigned estimated = 0;                   // that ended unseen
};

CostReport summarise(const std::vector<Usage>& usages, const CostQuery& query);

// Of every lease until `now`: "1.2345 USD", "1.2345 USD + unknown", "unknown".
std::map<std::string, std::string> costs_so_far(const std::vector<Usage>& usages, std::int64_t now);

// "1.2345" and "1.234500"; an amount of 0.00005 is rounded up.
std::string money_text(const CostPart& part);
std::string money_exact(const CostPart& part);
// Of all parts of a row.
Shares time_of(const CostRow& row);

}  // namespace xpu
