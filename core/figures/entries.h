// SPDX-License-Identifier: Apache-2.0
// prices.toml and models.toml, as written.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/catalog/catalog.h"

namespace xpu {

// What one entry is about and where its figure comes from.
struct ModelPattern {
  std::string model;   // pattern with '*', in any case, for Device::name
  std::string vendor;  // Device::vendor; "" for every one
  std::string source;  // "" where it is not said
  std::string date;    // "2026-05-24"; "" where it is not said
  unsigned line = 0;   // of the file
};

// [[price]]
struct PriceEntry : ModelPattern {
  std::int64_t price = 0;  // per-hour, in millionths of `currency`
  std::string currency;    // "USD"
};

// [[model]]
struct ModelEntry : ModelPattern {
  double tflops_fp16 = 0;
};

// In the order of the file, of which the first that matches counts; none when the file is missing.
// Throw Error with file, line and key: syntax, unknown keys (with the nearest known one), wrong
// types, bad values, a file or folder that somebody else can write.
std::vector<PriceEntry> read_prices(const std::string& file);
std::vector<ModelEntry> read_models(const std::string& file);

bool matches(const ModelPattern& entry, const Device& device);

// The first entry that speaks of the device; of a part of `whole` one that matches the whole as
// well says nothing. nullptr when there is none.
template <class OneEntry>
const OneEntry* first_match(const std::vector<OneEntry>& entries, const Device& device,
                            const Device* whole = nullptr) {
  for (const OneEntry& entry : entries) {
    if (matches(entry, device) && (whole == nullptr || !matches(entry, *whole))) {
      return &entry;
    }
  }
  return nullptr;
}

// The ranges of figures, wherever they come from. A price: from 0 to a million per hour.
bool to_price(double per_hour, std::int64_t* millionths);
// Above 0, at most a million.
bool is_performance(double tflops);
// Three capital letters.
bool is_currency(std::string_view text);

}  // namespace xpu
