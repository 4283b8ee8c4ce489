// SPDX-License-Identifier: Apache-2.0
#include "core/figures/figures.h"

#include <unistd.h>

#include <algorithm>
#include <map>

#include "core/base/error.h"
#include "core/figures/cache.h"
#include "core/figures/derive.h"

namespace xpu {
namespace {

std::string name_of(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

template <class Entries>
Entries read_or_warn(Entries (&read)(const std::string&), const std::string& file,
                     std::vector<std::string>* warnings) {
  try {
    return read(file);
  } catch (const Error& error) {
    warnings->push_back(cat(error.what(), "; what this file says is not used"));
    return {};
  }
}

bool exists(const std::string& path) {
  return ::access(path.c_str(), F_OK) == 0;
}

}  // namespace

std::vector<std::string> Figures::ids() const {
  std::vector<std::string> out;
  for (const auto& [id, figure] : by_id_) {
    out.push_back(id);
  }
  std::sort(out.begin(), out.end());
  return out;
}

std::string Figures::usual_currency() const {
  std::map<std::string_view, std::size_t> counts;
  for (const auto& [id, figure] : by_id_) {
    if (figure->price) {
      ++counts[figure->currency];
    }
  }
  const auto most =
      std::max_element(counts.begin(), counts.end(),
                       [](const auto& a, const auto& b) { return a.second < b.second; });
  return most == counts.end() ? "" : std::string(most->first);
}

std::string prices_file(const Config& config) {
  if (!config.prices_file.empty()) {
    return config.prices_file;
  }
  const std::string beside = config.file.empty() ? config_path() : config.file;
  const std::string own = cat(beside.substr(0, beside.rfind('/')), "/prices.toml");
  return exists(own) ? own : shipped_prices_file();
}

Figures figures_from(const std::string& prices, const std::string& models,
                     const std::string& state_dir, const std::vector<BackendStatus>& backends,
                     std::vector<std::string>* warnings) {
  const std::uint64_t key = figures_key(prices, models, backends);
  std::optional<CachedFigures> cached = read_figures(state_dir, key);
  if (!cached) {
    cached.emplace();
    const FigureEntries entries{read_or_warn(read_prices, prices, &cached->warnings),
                                read_or_warn(read_models, models, &cached->warnings),
                                name_of(prices), name_of(models)};
    cached->figures = derive_figures(entries, backends, &cached->warnings);
    write_figures(state_dir, key, *cached);
  }
  warnings->insert(warnings->end(), cached->warnings.begin(), cached->warnings.end());
  return std::move(cached->figures);
}

Figures figures_of(const Config& config, const std::vector<BackendStatus>& backends,
                   std::vector<std::string>* warnings) {
  if (!config.prices_file.empty() && !exists(config.prices_file)) {
    warnings->push_back(cat(config.prices_file, ", which [cost] prices names, is not there; ",
                            "prices are unknown"));
  }
  return figures_from(prices_file(config), shipped_models_file(), config.state_dir, backends,
                      warnings);
}

}  // namespace xpu
