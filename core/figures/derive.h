// SPDX-License-Identifier: Apache-2.0
// From entries and descriptions to the figures of each device.
#pragma once

#include <string>
#include <vector>

#include "core/figures/entries.h"
#include "core/figures/figures.h"

namespace xpu {

// The properties of a device that say its figures.
inline constexpr std::string_view kPriceProperty = "price-per-hour";
inline constexpr std::string_view kCurrencyProperty = "price-currency";
inline constexpr std::string_view kPerformanceProperty = "tflops-fp16";

struct FigureEntries {
  std::vector<PriceEntry> prices;
  std::vector<ModelEntry> models;
  std::string prices_name, models_name;  // of the files, for sources
};

// A property that cannot be used is a warning, one for each backend, and counts as not there.
Figures derive_figures(const FigureEntries& entries, const std::vector<BackendStatus>& backends,
                       std::vector<std::string>* warnings);

}  // namespace xpu
