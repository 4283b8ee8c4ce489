// SPDX-License-Identifier: Apache-2.0
#include "core/attribution/fdinfo.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>

namespace xpu {
namespace {

// A driver has a handful of each; a file that names more is not one of a driver.
constexpr std::size_t kMostNames = 64, kLabelBytes = 32;

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = std::min(text.find_first_not_of(" \t"), text.size());
  const std::size_t end = text.find_last_not_of(" \t\r");
  return end == text.npos || end < begin ? "" : text.substr(begin, end + 1 - begin);
}

bool is_label(std::string_view name) {
  constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz0123456789";
  return !name.empty() && name.size() <= kLabelBytes && kLetters.find(name[0]) != kLetters.npos &&
         std::all_of(name.begin(), name.end(), [&](char c) {
           return kLetters.find(c) != kLetters.npos || c == '.' || c == '_' || c == '-';
         });
}

// "1234 ns", "17 MiB" or "5"; nullopt for what is no number of that kind.
struct Amount {
  std::uint64_t number = 0;
  std::string_view unit;
};
std::optional<Amount> amount_of(std::string_view text) {
  Amount out;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), out.number);
  if (error != std::errc()) {
    return std::nullopt;
  }
  out.unit = trimmed(text.substr(static_cast<std::size_t>(stop - text.data())));
  return out;
}

std::optional<double> bytes_of(std::string_view text) {
  const std::optional<Amount> amount = amount_of(text);
  if (!amount) {
    return std::nullopt;
  }
  const double number = static_cast<double>(amount->number);
  return amount->unit.empty()    ? std::optional(number)
         : amount->unit == "KiB" ? std::optional(number * 1024)
         : amount->unit == "MiB" ? std::optional(number * 1024 * 1024)
                                 : std::nullopt;
}

// "drm-memory-vram" → "vram" for the prefix "drm-memory-"; "" for another key or no label.
std::string_view name_after(std::string_view key, std::string_view prefix) {
  const std::string_view name = key.starts_with(prefix) ? key.substr(prefix.size()) : "";
  return is_label(name) ? name : "";
}

class Parser {
 public:
  DrmUsage parse(std::string_view text) {
    while (!text.empty()) {
      const std::size_t end = std::min(text.find('\n'), text.size());
      const std::string_view line = text.substr(0, end);
      if (const std::size_t colon = line.find(':');
          colon != line.npos && line.starts_with("drm-")) {
        take(line.substr(0, colon), trimmed(line.substr(colon + 1)));
      }
      text.remove_prefix(std::min(end + 1, text.size()));
    }
    // What is in memory now says more than what was asked for. "memory" is the older name of
    // "resident".
    for (const auto* const told : {&resident_, &memory_, &total_}) {
      out_.regions.insert(told->begin(), told->end());
    }
    return std::move(out_);
  }

 private:
  void take(std::string_view key, std::string_view value) {
    if (key == "drm-driver") {
      out_.driver = value;
    } else if (key == "drm-pdev") {
      out_.device = value;
    } else if (key == "drm-client-id") {
      out_.client = value;
    } else if (key.starts_with("drm-engine-") || key.starts_with("drm-cycles-") ||
               key.starts_with("drm-total-cycles-")) {
      take_engine(key, value);
    } else {
      take_memory(key, value);
    }
  }

  void take_engine(std::string_view key, std::string_view value) {
    const std::optional<Amount> amount = amount_of(value);
    if (!amount) {
      return;
    }
    if (const std::string_view name = name_after(key, "drm-engine-capacity-"); !name.empty()) {
      if (DrmEngine* const engine = engine_called(name); engine != nullptr && amount->number > 0) {
        engine->capacity = static_cast<unsigned>(std::min<std::uint64_t>(amount->number, 1024));
      }
    } else if (const std::string_view busy = name_after(key, "drm-engine-"); !busy.empty()) {
      if (DrmEngine* const engine = engine_called(busy);
          engine != nullptr && amount->unit == "ns") {
        engine->seconds = static_cast<double>(amount->number) / 1e9;
        engine->timed = true;
      }
    } else if (const std::string_view all = name_after(key, "drm-total-cycles-"); !all.empty()) {
      if (DrmEngine* const engine = engine_called(all)) {
        engine->total_cycles = amount->number;
      }
    } else if (const std::string_view some = name_after(key, "drm-cycles-"); !some.empty()) {
      if (DrmEngine* const engine = engine_called(some)) {
        engine->cycles = amount->number;
      }
    }
  }

  DrmEngine* engine_called(std::string_view name) {
    const auto found = out_.engines.find(std::string(name));
    if (found != out_.engines.end()) {
      return &found->second;
    }
    return out_.engines.size() < kMostNames ? &out_.engines[std::string(name)] : nullptr;
  }

  void take_memory(std::string_view key, std::string_view value) {
    for (const auto& [prefix, told] : {std::pair{"drm-resident-", &resident_},
                                       {"drm-memory-", &memory_},
                                       {"drm-total-", &total_}}) {
      const std::string_view name = name_after(key, prefix);
      const std::optional<double> bytes = name.empty() ? std::nullopt : bytes_of(value);
      if (bytes && told->size() < kMostNames) {
        told->emplace(name, *bytes);
        return;
      }
    }
  }

  DrmUsage out_;
  std::map<std::string, double> resident_, memory_, total_;
};

}  // namespace

DrmUsage parse_fdinfo(std::string_view text) {
  return Parser().parse(text);
}

double memory_of(const std::map<std::string, double>& regions) {
  double own = 0, all = 0;
  bool apart = false;
  for (const auto& [name, bytes] : regions) {
    const bool is_own = name.starts_with("vram") || name.starts_with("local");
    apart |= is_own;
    own += is_own ? bytes : 0;
    all += bytes;
  }
  return apart ? own : all;
}

}  // namespace xpu
