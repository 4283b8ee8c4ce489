// SPDX-License-Identifier: Apache-2.0
#include "core/apps/monitor_pages.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "core/apps/ps.h"
#include "core/base/error.h"

namespace xpu {
namespace {

constexpr std::size_t kWideBar = 24;
// What is missing from a sum by less is how drivers count, not somebody's.
constexpr double kWorthSaying = 1 << 20;

Style level(double ratio) {
  return ratio >= 0.95 ? Style::kBad : ratio >= 0.8 ? Style::kWarn : Style::kGood;
}

std::optional<double> value_of(const std::vector<Labelled>& values, const std::string& label) {
  for (const auto& [name, value] : values) {
    if (name == label) {
      return value;
    }
  }
  return std::nullopt;
}

const UseView* use_of(const std::vector<UseView>& uses, const std::string& device) {
  const auto found = std::find_if(uses.begin(), uses.end(),
                                  [&](const UseView& use) { return use.device == device; });
  return found == uses.end() ? nullptr : &*found;
}

void add_engine(std::vector<std::string>& out, const std::vector<Labelled>& values) {
  for (const auto& [name, value] : values) {
    if (std::find(out.begin(), out.end(), name) == out.end()) {
      out.push_back(name);
    }
  }
}

// Those of the device, then those that only the kernel's accounts of containers know.
std::vector<std::string> engines_of(const View& view, const DeviceView& device) {
  std::vector<std::string> out;
  add_engine(out, device.utilisation);
  for (const ContainerView& container : view.containers) {
    if (const UseView* const use = use_of(container.uses, device.id)) {
      add_engine(out, use->utilisation);
      add_engine(out, use->engine_time);
    }
  }
  return out;
}

Cell ratio_cell(const std::optional<double>& ratio) {
  const Labelled engine("", ratio.value_or(0));
  return busy_cell(ratio ? &engine : nullptr);
}

// Rows of what uses a device, and how much of its memory they account for.
class MemoryRows {
 public:
  MemoryRows(const View& view, const DeviceView& device, Pane& pane)
      : view_(view), device_(device), pane_(pane) {}

  void add() {
    pane_.rows.push_back({{device_.id, Style::kStrong},
                          {"all"},
                          {""},
                          memory_cell(device_.memory_used, device_.memory_total),
                          {""}});
    for (const ContainerView& container : view_.containers) {
      const UseView* const use = use_of(container.uses, device_.id);
      if (use != nullptr && use->memory) {
        row(shown_name(container), "", *use);
        sum_ += *use->memory;
        processes(container.id);
      }
    }
    sum_ += processes("");
    const double rest = device_.memory_used.value_or(0) - sum_;
    if (device_.memory_used && rest >= kWorthSaying) {
      UseView other;
      other.memory = rest;
      row("the driver, or not told", "", other);
    }
  }

 private:
  // Those of a container, or those of none; what they have.
  double processes(const std::string& container) {
    double out = 0;
    for (const ProcessView& process : view_.processes) {
      const UseView* const use = use_of(process.uses, device_.id);
      if (process.container == container && use != nullptr && use->memory) {
        row(container.empty() ? "outside of containers" : "",
            cat(process.pid, ' ', process.command), *use);
        out += *use->memory;
      }
    }
    return out;
  }

  void row(const std::string& container, const std::string& process, const UseView& use) {
    std::string regions;
    for (const auto& [region, bytes] : use.regions) {
      regions += cat(regions.empty() ? "" : ", ", region, ' ', short_bytes(bytes));
    }
    Cell memory{short_bytes(*use.memory)};
    if (device_.memory_total && *device_.memory_total > 0) {
      memory.ratio = *use.memory / *device_.memory_total;
    }
    pane_.rows.push_back({{""}, {container}, {process}, memory, {regions, Style::kDim}});
  }

  const View& view_;
  const DeviceView& device_;
  Pane& pane_;
  double sum_ = 0;
};

}  // namespace

Pane usage_pane(const View& view) {
  Pane out;
  out.title = "utilisation";
  out.empty = "no device says how busy it is";
  out.columns = {{"DEVICE", 0, false, 8, true},
                 {"ENGINE"},
                 {"CONTAINER", 0, false, 10, true},
                 {"UTILISATION", 0, false, 0, false, kWideBar},
                 {"TIME", 1, true}};
  out.keys.resize(out.columns.size());
  for (const DeviceView& device : view.devices) {
    std::string id = device.id;
    for (const std::string& engine : engines_of(view, device)) {
      out.rows.push_back({{id, Style::kStrong},
                          {engine},
                          {"all"},
                          ratio_cell(value_of(device.utilisation, engine)),
                          {""}});
      id.clear();
      for (const ContainerView& container : view.containers) {
        const UseView* const use = use_of(container.uses, device.id);
        const std::optional<double> ratio =
            use == nullptr ? std::nullopt : value_of(use->utilisation, engine);
        const std::optional<double> seconds =
            use == nullptr ? std::nullopt : value_of(use->engine_time, engine);
        if (ratio || seconds) {
          out.rows.push_back({{""},
                              {""},
                              {shown_name(container)},
                              ratio_cell(ratio),
                              {seconds ? seconds_text(*seconds) : "-"}});
        }
      }
    }
  }
  return out;
}

Pane memory_pane(const View& view) {
  Pane out;
  out.title = "memory";
  out.empty = "no device says how much memory it has";
  out.columns = {{"DEVICE", 0, false, 8, true},
                 {"CONTAINER", 0, false, 10, true},
                 {"PROCESS", 0, false, 8},
                 {"MEMORY", 0, false, 0, false, kWideBar},
                 {"REGIONS", 1, false, 8}};
  out.keys.resize(out.columns.size());
  for (const DeviceView& device : view.devices) {
    MemoryRows(view, device, out).add();
  }
  return out;
}

Cell memory_cell(const std::optional<double>& used, const std::optional<double>& total) {
  if (!used) {
    return {total && *total > 0 ? cat("-/", short_bytes(*total)) : "-"};
  }
  if (!total || *total <= 0) {
    return {short_bytes(*used)};
  }
  const double ratio = *used / *total;
  return {cat(short_bytes(*used), '/', short_bytes(*total)), level(ratio), ratio};
}

Cell busy_cell(const Labelled* engine) {
  return engine == nullptr ? Cell{"-"}
                           : Cell{percent(engine->second), Style::kGood, engine->second};
}

std::string seconds_text(double seconds) {
  if (seconds >= 100) {
    return age_text(std::lround(seconds));
  }
  char text[32];
  std::snprintf(text, sizeof text, seconds < 10 ? "%.1fs" : "%.0fs", seconds);
  return text;
}

}  // namespace xpu
