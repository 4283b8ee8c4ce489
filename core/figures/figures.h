// SPDX-License-Identifier: Apache-2.0
// What devices cost and how fast they are, by their models: prices.toml and models.toml. What
// neither of them nor the backend says is unknown, never zero.
//
// Reading both files takes a millisecond, so the figures of the devices at hand are kept in
// <state-dir>/catalog/figures, for as long as the files and the catalogs are those they were made
// from.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/config/config.h"
#include "core/plugin/refresh.h"

namespace xpu {

struct Figure {
  std::optional<std::int64_t> price;  // millionths of `currency` per hour
  std::string currency;               // "USD"; "" without a price
  std::optional<double> performance;  // dense FP16 TFLOPS
  // Where each comes from, for people: "prices.toml: 'A100*', 2026-05-24", "property tflops-fp16 of
  // the backend", "half of acme:1" for a partition.
  std::string price_source, performance_source;
};

// By device id. Devices of one model have theirs in common, as a thousand of them take long to
// copy.
class Figures {
 public:
  using Shared = std::shared_ptr<const Figure>;

  // Nothing for an id that is there.
  void add(const std::string& id, Shared figure) { by_id_.emplace(id, std::move(figure)); }
  void add(const std::string& id, Figure figure) {
    add(id, std::make_shared<const Figure>(std::move(figure)));
  }
  // nullptr for none.
  const Figure* find(std::string_view id) const {
    const auto found = by_id_.find(id);
    return found == by_id_.end() ? nullptr : found->second.get();
  }
  std::size_t size() const { return by_id_.size(); }
  bool empty() const { return by_id_.empty(); }
  void reserve(std::size_t count) { by_id_.reserve(count); }
  std::vector<std::string> ids() const;  // in order
  // That of most prices, of several the first by name; "" without a price.
  std::string usual_currency() const;

 private:
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  std::unordered_map<std::string, Shared, Hash, std::equal_to<>> by_id_;
};

// Of every device of the ready backends: what its backend says, else the first entry of the file
// that matches it. Of a part of a device, where only the entry of the whole matches or none, its
// share of what the whole has: its memory over that of the whole, or over that of all parts
// together where they say more, as parts do that have all memory in common. Never throws: a file
// that cannot be used is a warning, and its figures are unknown.
Figures figures_of(const Config& config, const std::vector<BackendStatus>& backends,
                   std::vector<std::string>* warnings);

// prices.toml that counts: [cost] prices, else prices.toml beside config.toml where there is one,
// else the shipped one.
std::string prices_file(const Config& config);

// figures_of() from these files, either of which may be missing.
Figures figures_from(const std::string& prices, const std::string& models,
                     const std::string& state_dir, const std::vector<BackendStatus>& backends,
                     std::vector<std::string>* warnings);

}  // namespace xpu
