// SPDX-License-Identifier: Apache-2.0
#include "core/apps/monitor_tables.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <numeric>

#include "core/apps/monitor_pages.h"
#include "core/apps/ps.h"
#include "core/base/ascii.h"
#include "core/base/error.h"
#include "core/base/joined.h"

namespace xpu {
namespace {

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
constexpr std::size_t kBar = 10, kShortId = 12;

// What a row is sorted by in one column: a number, the highest first, else a text.
struct SortKey {
  SortKey(double value) : number(value), is_number(true) {}
  SortKey(const std::optional<double>& value) : SortKey(value.value_or(kUnknown)) {}
  SortKey(std::string value) : text(std::move(value)) {}
  double number = kUnknown;
  std::string text;
  bool is_number = false;
};

struct SortedRow {
  std::vector<Cell> cells;
  std::vector<SortKey> keys;
};

// What is not known comes last, whichever way.
bool before(const SortKey& a, const SortKey& b, bool reverse) {
  if (!a.is_number) {
    return reverse ? b.text < a.text : a.text < b.text;
  }
  if (std::isnan(a.number) || std::isnan(b.number)) {
    return !std::isnan(a.number) && std::isnan(b.number);
  }
  return reverse ? a.number < b.number : a.number > b.number;
}

void fill(Pane& pane, std::vector<SortedRow> rows, const Order& order) {
  const auto found = std::find(pane.keys.begin(), pane.keys.end(), order.column);
  if (!order.column.empty() && found != pane.keys.end()) {
    const auto column = static_cast<std::size_t>(found - pane.keys.begin());
    pane.marked = static_cast<int>(column);
    std::stable_sort(rows.begin(), rows.end(), [&](const SortedRow& a, const SortedRow& b) {
      return before(a.keys[column], b.keys[column], order.reverse);
    });
  } else if (order.reverse) {
    std::reverse(rows.begin(), rows.end());
  }
  for (SortedRow& row : rows) {
    pane.rows.push_back(std::move(row.cells));
  }
}

std::string or_dash(std::string text) {
  return text.empty() ? "-" : std::move(text);
}

Style health_style(const std::string& health) {
  return health == "ok"         ? Style::kGood
         : health == "degraded" ? Style::kWarn
         : health.empty()       ? Style::kDim
                                : Style::kBad;
}

// What is not as it should be is seen without colour too.
std::string health_text(const std::string& health) {
  std::string out = health;
  if (health != "ok" && health != "degraded") {
    std::transform(out.begin(), out.end(), out.begin(), [](char c) {
      return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    });
  }
  return or_dash(out);
}

Cell power_cell(const DeviceView& device) {
  if (!device.power) {
    return {"-"};
  }
  const std::string watts = cat(std::lround(*device.power));
  return {
      device.power_limit ? cat(watts, '/', std::lround(*device.power_limit), 'W') : cat(watts, 'W'),
      device.throttled.empty() ? Style::kPlain : Style::kWarn};
}

std::optional<double> temperature_of(const DeviceView& device) {
  for (const auto& [sensor, degrees] : device.temperature) {
    if (sensor == "core") {
      return degrees;
    }
  }
  const Labelled* const hottest = busiest(device.temperature);
  return hottest == nullptr ? std::nullopt : std::optional(hottest->second);
}

std::optional<double> busy(const Labelled* engine) {
  return engine == nullptr ? std::nullopt : std::optional(engine->second);
}

double seconds_of(const std::vector<UseView>& uses) {
  double out = 0;
  for (const UseView& use : uses) {
    for (const auto& [engine, seconds] : use.engine_time) {
      out += seconds;
    }
  }
  return out;
}

Pane devices_pane(const View& view, const Order& order) {
  Pane out;
  out.title = "devices";
  out.empty = "no device";
  out.columns = {{"DEVICE", 0, false, 8, true},
                 {"HEALTH"},
                 {"MEMORY", 0, false, 0, false, kBar},
                 {"UTIL", 0, false, 0, false, kBar},
                 {"TEMP", 3, true},
                 {"POWER", 4, true},
                 {"HELD BY", 2, false, 8},
                 {"NAME", 5, false, 8},
                 {"AGE", 6, true}};
  out.keys = {"device", "health", "memory", "util", "temp", "power", "holder", "name", ""};
  std::vector<SortedRow> rows;
  for (const DeviceView& device : view.devices) {
    const std::optional<double> degrees = temperature_of(device);
    const std::string holders = joined(device.holders, ",");
    std::vector<Cell> cells = {{device.id, Style::kStrong},
                               {health_text(device.health), health_style(device.health)},
                               memory_cell(device.memory_used, device.memory_total),
                               busy_cell(engine_shown(device.utilisation)),
                               {degrees ? cat(std::lround(*degrees), 'C') : "-",
                                degrees && *degrees >= 90 ? Style::kWarn : Style::kPlain},
                               power_cell(device),
                               {or_dash(holders)},
                               {or_dash(device.name)},
                               {device.age_s ? age_text(std::lround(*device.age_s)) : "-"}};
    if (device.old) {
      for (const std::size_t i : {2, 3, 4, 5, 8}) {
        cells[i].style = Style::kDim;
      }
    }
    rows.push_back(
        {std::move(cells),
         {device.id, device.health == "ok" ? std::string("ok") : cat(" ", device.health),
          device.memory_used, busy(engine_shown(device.utilisation)), degrees, device.power,
          holders.empty() ? std::string("\x7f") : holders, device.name, device.age_s}});
  }
  fill(out, std::move(rows), order);
  return out;
}

Pane containers_pane(const View& view, const Order& order) {
  Pane out;
  out.title = "containers";
  out.empty = "no container holds a device";
  out.columns = {{"CONTAINER", 0, false, 10, true},
                 {"ENGINE", 3},
                 {"DEVICES", 0, false, 7},
                 {"MEMORY", 0, true},
                 {"UTIL", 0, false, 0, false, kBar},
                 {"TIME", 4, true},
                 {"COST", 2, true},
                 {"AGE", 1, true},
                 {"IMAGE", 6, false, 8, true},
                 {"ID", 5}};
  out.keys = {"name", "engine", "", "memory", "util", "time", "cost", "age", "image", ""};
  std::vector<SortedRow> rows;
  for (const ContainerView& container : view.containers) {
    const std::optional<double> memory = memory_of(container.uses);
    const double seconds = seconds_of(container.uses);
    const Labelled* const engine = busiest(container.uses);
    std::vector<Cell> cells = {
        {shown_name(container), container.lost.empty() ? Style::kStrong : Style::kBad},
        {container.outside ? "outside" : or_dash(container.origin.engine)},
        {devices_text(container.devices)},
        {memory ? short_bytes(*memory) : "-"},
        busy_cell(engine),
        {seconds > 0 ? seconds_text(seconds) : "-"},
        {or_dash(container.cost)},
        {container.age_s ? age_text(*container.age_s) : "-"},
        {or_dash(container.origin.image)},
        {container.id.substr(0, kShortId), Style::kDim}};
    rows.push_back(
        {std::move(cells),
         {shown_name(container), container.origin.engine, std::string(), memory, busy(engine),
          seconds, container.cost.empty() ? kUnknown : std::strtod(container.cost.c_str(), nullptr),
          container.age_s ? static_cast<double>(*container.age_s) : kUnknown,
          container.origin.image, std::string()}});
  }
  fill(out, std::move(rows), order);
  return out;
}

Pane processes_pane(const View& view, const Order& order) {
  Pane out;
  out.title = "processes";
  out.empty = "no process is seen on a device";
  out.columns = {
      {"PID", 0, true},         {"COMMAND", 0, false, 8}, {"CONTAINER", 1, false, 10, true},
      {"DEVICES", 2, false, 7}, {"MEMORY", 0, true},      {"UTIL", 0, false, 0, false, kBar},
      {"TIME", 3, true}};
  out.keys = {"pid", "name", "container", "", "memory", "util", "time"};
  std::vector<SortedRow> rows;
  for (const ProcessView& process : view.processes) {
    std::vector<std::string> devices;
    for (const UseView& use : process.uses) {
      devices.push_back(use.device);
    }
    const std::optional<double> memory = memory_of(process.uses);
    const double seconds = seconds_of(process.uses);
    const Labelled* const engine = busiest(process.uses);
    std::vector<Cell> cells = {{cat(process.pid)},
                               {or_dash(process.command), Style::kStrong},
                               {or_dash(process.container_name)},
                               {devices_text(devices)},
                               {memory ? short_bytes(*memory) : "-"},
                               busy_cell(engine),
                               {seconds > 0 ? seconds_text(seconds) : "-"}};
    // Numbers of processes are not amounts: the lowest first.
    rows.push_back({std::move(cells),
                    {-static_cast<double>(process.pid), process.command, process.container_name,
                     std::string(), memory, busy(engine), seconds}});
  }
  fill(out, std::move(rows), order);
  return out;
}

void keep(Pane& pane, const std::string& filter) {
  const std::string wanted = to_lower(filter);
  std::erase_if(pane.rows, [&](const std::vector<Cell>& row) {
    return std::none_of(row.begin(), row.end(), [&](const Cell& cell) {
      return to_lower(cell.text).find(wanted) != std::string::npos;
    });
  });
  pane.empty = cat("nothing has '", filter, "'");
}

}  // namespace

const Labelled* engine_shown(const std::vector<Labelled>& utilisation) {
  const Labelled* out = nullptr;
  for (const Labelled& one : utilisation) {
    if (one.first != "memory" && (out == nullptr || one.second > out->second)) {
      out = &one;
    }
  }
  return out;
}

std::vector<Pane> panes_of(const View& view, Page page, const Order& order,
                           const std::string& filter) {
  std::vector<Pane> out;
  if (page == Page::kEngines) {
    out.push_back(usage_pane(view));
  } else if (page == Page::kMemory) {
    out.push_back(memory_pane(view));
  } else {
    out.push_back(devices_pane(view, order));
    out.push_back(containers_pane(view, order));
    out.push_back(processes_pane(view, order));
  }
  for (Pane& pane : out) {
    if (!filter.empty()) {
      keep(pane, filter);
    }
    if (!view.looked) {
      pane.empty = "not looked at yet";
    }
  }
  return out;
}

std::vector<std::string> sort_names() {
  std::vector<std::string> out;
  for (const Pane& pane : panes_of(View(), Page::kOverview, {})) {
    for (const std::string& key : pane.keys) {
      if (!key.empty() && std::find(out.begin(), out.end(), key) == out.end()) {
        out.push_back(key);
      }
    }
  }
  return out;
}

}  // namespace xpu
