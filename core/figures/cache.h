// SPDX-License-Identifier: Apache-2.0
// <state_dir>/catalog/figures: what was derived from the files and descriptions that `key` stands
// for. Lines of fields with tabs between them:
//
//   xpu-figures KEY
//   ID  PRICE  CURRENCY  PERFORMANCE  PRICE-SOURCE  PERFORMANCE-SOURCE   sorted by id; "" is
//   unknown !   WARNING end
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/figures/figures.h"

namespace xpu {

struct CachedFigures {
  Figures figures;
  std::vector<std::string> warnings;
};

// Changes whenever a figure could: the files, by who they are and when they last changed, and of
// the devices of ready backends all that figures are made from.
std::uint64_t figures_key(const std::string& prices, const std::string& models,
                          const std::vector<BackendStatus>& backends);

// nullopt when there is none of that key that can be believed.
std::optional<CachedFigures> read_figures(const std::string& state_dir, std::uint64_t key);
// Without a cache everything works, only slower: never throws.
void write_figures(const std::string& state_dir, std::uint64_t key, const CachedFigures& cached);

}  // namespace xpu
