// SPDX-License-Identifier: Apache-2.0
#include "core/figures/derive.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <unordered_map>

#include "core/base/error.h"

namespace xpu {
namespace {

const std::string* property(const Device& device, std::string_view name) {
  const auto found = std::find_if(device.properties.begin(), device.properties.end(),
                                  [&](const auto& one) { return one.first == name; });
  return found == device.properties.end() ? nullptr : &found->second;
}

bool parse_number(const std::string& text, double* number) {
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, *number);
  return error == std::errc() && stop == end;
}

std::string source_text(const std::string& file, const ModelPattern& entry) {
  return cat(file, ": '", entry.model, '\'', entry.date.empty() ? "" : ", ", entry.date);
}

// The figures of one backend's devices, in their order: parents come first.
class Deriver {
 public:
  Deriver(const FigureEntries& entries, const Catalog& catalog, std::vector<std::string>* warnings,
          Figures* figures)
      : entries_(entries), catalog_(catalog), warnings_(warnings), figures_(*figures) {}

  void run() {
    for (const Device& device : catalog_.devices) {
      devices_.emplace(device.id, &device);
      if (!device.parent.empty()) {
        parts_bytes_[device.parent] += device.memory_bytes;
      }
    }
    for (const Device& device : catalog_.devices) {
      const auto parent = devices_.find(device.parent);
      const Device* const whole = parent == devices_.end() ? nullptr : parent->second;
      Figure figure;
      set_price(device, whole, &figure);
      set_performance(device, whole, &figure);
      figures_.add(device.id, std::move(figure));
    }
  }

 private:
  void set_price(const Device& device, const Device* whole, Figure* figure) {
    if (price_property(device, figure)) {
      return;
    }
    if (const PriceEntry* const entry = first_match(entries_.prices, device, whole)) {
      figure->price = entry->price;
      figure->currency = entry->currency;
      figure->price_source = source_text(entries_.prices_name, *entry);
      return;
    }
    const Figure* const of_whole = whole == nullptr ? nullptr : figure_of(*whole);
    const double share = of_whole != nullptr && of_whole->price ? share_of(device, *whole) : 0;
    if (share > 0) {
      figure->price = std::llround(static_cast<double>(*of_whole->price) * share);
      figure->currency = of_whole->currency;
      figure->price_source = share_text(*whole, share, of_whole->price_source);
    }
  }

  void set_performance(const Device& device, const Device* whole, Figure* figure) {
    if (const std::string* const text = property(device, kPerformanceProperty)) {
      double tflops = 0;
      if (parse_number(*text, &tflops) && is_performance(tflops)) {
        figure->performance = tflops;
        figure->performance_source = property_source(kPerformanceProperty);
        return;
      }
      warn(device, kPerformanceProperty, *text, "a number above 0, at most 1000000");
    }
    if (const ModelEntry* const entry = first_match(entries_.models, device, whole)) {
      figure->performance = entry->tflops_fp16;
      figure->performance_source = source_text(entries_.models_name, *entry);
      return;
    }
    const Figure* const of_whole = whole == nullptr ? nullptr : figure_of(*whole);
    const double share =
        of_whole != nullptr && of_whole->performance ? share_of(device, *whole) : 0;
    if (share > 0) {
      figure->performance = *of_whole->performance * share;
      figure->performance_source = share_text(*whole, share, of_whole->performance_source);
    }
  }

  bool price_property(const Device& device, Figure* figure) {
    const std::string* const text = property(device, kPriceProperty);
    if (text == nullptr) {
      return false;
    }
    double per_hour = 0;
    std::int64_t price = 0;
    if (!parse_number(*text, &per_hour) || !to_price(per_hour, &price)) {
      warn(device, kPriceProperty, *text, "a number from 0 to 1000000");
      return false;
    }
    const std::string* const currency = property(device, kCurrencyProperty);
    if (currency != nullptr && !is_currency(*currency)) {
      warn(device, kCurrencyProperty, *currency, "three capital letters");
      return false;
    }
    figure->price = price;
    figure->currency = currency == nullptr ? "USD" : *currency;
    figure->price_source = property_source(kPriceProperty);
    return true;
  }

  // 0 where it is unknown.
  double share_of(const Device& part, const Device& whole) const {
    const std::uint64_t all = std::max(whole.memory_bytes, parts_bytes_.at(whole.id));
    return all == 0 ? 0 : static_cast<double>(part.memory_bytes) / static_cast<double>(all);
  }

  const Figure* figure_of(const Device& device) const { return figures_.find(device.id); }

  std::string property_source(std::string_view name) const {
    return cat("property ", name, " of the backend ", catalog_.backend);
  }

  static std::string share_text(const Device& whole, double share, const std::string& source) {
    return cat(std::lround(share * 100), " % of ", whole.id, " (", source, ')');
  }

  void warn(const Device& device, std::string_view name, const std::string& value,
            std::string_view wanted) {
    if (!warned_) {
      warned_ = true;
      warnings_->push_back(cat("backend ", catalog_.backend, ": the property ", name, " of ",
                               device.id, " must be ", wanted, ", not '", value,
                               "'; it is passed over"));
    }
  }

  const FigureEntries& entries_;
  const Catalog& catalog_;
  std::vector<std::string>* warnings_;
  Figures& figures_;
  std::unordered_map<std::string_view, const Device*> devices_;
  std::unordered_map<std::string_view, std::uint64_t> parts_bytes_;  // by parent
  bool warned_ = false;
};

}  // namespace

Figures derive_figures(const FigureEntries& entries, const std::vector<BackendStatus>& backends,
                       std::vector<std::string>* warnings) {
  Figures figures;
  for (const BackendStatus& backend : backends) {
    if (backend.state == BackendState::kReady) {
      Deriver(entries, backend.catalog, warnings, &figures).run();
    }
  }
  return figures;
}

}  // namespace xpu
