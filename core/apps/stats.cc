// SPDX-License-Identifier: Apache-2.0
#include "core/apps/stats.h"

#include <algorithm>
#include <boost/json.hpp>

#include "core/apps/monitor_pages.h"
#include "core/apps/ps.h"
#include "core/base/error.h"
#include "core/base/joined.h"
#include "core/log/format.h"

namespace xpu {
namespace {

constexpr std::size_t kShortId = 12;

std::string or_dash(std::string text) {
  return text.empty() ? "-" : std::move(text);
}

std::string memory_text(const std::optional<double>& bytes) {
  return bytes ? short_bytes(*bytes) : "-";
}

// "compute 45%, copy 3%": of each engine the most, over the devices.
std::string engines_text(const std::vector<UseView>& uses) {
  std::vector<Labelled> most;
  for (const UseView& use : uses) {
    for (const Labelled& one : use.utilisation) {
      const auto found = std::find_if(most.begin(), most.end(), [&](const Labelled& other) {
        return other.first == one.first;
      });
      if (found == most.end()) {
        most.push_back(one);
      } else {
        found->second = std::max(found->second, one.second);
      }
    }
  }
  std::vector<std::string> out;
  for (const auto& [engine, ratio] : most) {
    out.push_back(cat(engine, ' ', percent(ratio)));
  }
  return or_dash(joined(out));
}

std::string times_text(const UseView& use) {
  std::vector<std::string> out;
  for (const auto& [engine, seconds] : use.engine_time) {
    out.push_back(cat(engine, ' ', seconds_text(seconds)));
  }
  return or_dash(joined(out));
}

std::string regions_text(const UseView& use) {
  std::vector<std::string> out;
  for (const auto& [region, bytes] : use.regions) {
    out.push_back(cat(region, ' ', short_bytes(bytes)));
  }
  return or_dash(joined(out));
}

std::string notes_text(const View& view) {
  std::string out;
  for (const std::string& note : view.notes) {
    out += cat(log::printable(note), "\n");
  }
  return out;
}

void add_field(std::string& out, std::string_view name, const std::string& value) {
  if (!value.empty()) {
    out += cat(name, ':', std::string(13 - name.size(), ' '), log::printable(value), "\n");
  }
}

std::string head_text(const ContainerView& container) {
  const Origin& origin = container.origin;
  std::string out;
  add_field(out, "Container", shown_name(container));
  add_field(out, "Id", container.id);
  add_field(out, "Engine", container.outside ? "its devices were given by others" : origin.engine);
  add_field(out, "Image", origin.image);
  add_field(out, "Label", origin.label);
  add_field(out, "Age", container.age_s ? age_text(*container.age_s) : "");
  add_field(out, "Sharing", container.sharing);
  add_field(out, "Cost so far", container.cost);
  for (const std::string& lost : container.lost) {
    add_field(out, "Lost", lost);
  }
  return out;
}

const UseView* use_of(const ContainerView& container, const std::string& device) {
  const auto found = std::find_if(container.uses.begin(), container.uses.end(),
                                  [&](const UseView& use) { return use.device == device; });
  return found == container.uses.end() ? nullptr : &*found;
}

std::vector<Line> devices_of(const ContainerView& container, bool memory_breakdown,
                             std::size_t width, const Glyphs& glyphs) {
  std::vector<Column> heads = {{"DEVICE", 0, false, 8, true}, {"MEMORY", 0, true}};
  if (memory_breakdown) {
    heads.push_back({"REGIONS", 0, false, 12});
  }
  heads.push_back({"UTILISATION", 0, false, 11});
  heads.push_back({"TIME", 0, false, 8});
  std::vector<std::vector<Cell>> rows;
  for (const std::string& device : container.devices) {
    const UseView* const found = use_of(container, device);
    const UseView use = found == nullptr ? UseView() : *found;
    std::vector<Cell> row = {{device}, {memory_text(use.memory)}};
    if (memory_breakdown) {
      row.push_back({regions_text(use)});
    }
    row.push_back({engines_text({use})});
    row.push_back({times_text(use)});
    rows.push_back(std::move(row));
  }
  return grid(heads, rows, width, glyphs);
}

std::vector<Line> processes_of(const View& view, const ContainerView& container,
                               bool memory_breakdown, std::size_t width, const Glyphs& glyphs) {
  std::vector<Column> heads = {{"PID", 0, true},
                               {"COMMAND", 0, false, 8},
                               {"DEVICE", 0, false, 8, true},
                               {"MEMORY", 0, true}};
  if (memory_breakdown) {
    heads.push_back({"REGIONS", 0, false, 12});
  }
  heads.push_back({"UTILISATION", 0, false, 11});
  std::vector<std::vector<Cell>> rows;
  for (const ProcessView& process : view.processes) {
    if (process.container != container.id) {
      continue;
    }
    for (const UseView& use : process.uses) {
      std::vector<Cell> row = {
          {cat(process.pid)}, {or_dash(process.command)}, {use.device}, {memory_text(use.memory)}};
      if (memory_breakdown) {
        row.push_back({regions_text(use)});
      }
      row.push_back({engines_text({use})});
      rows.push_back(std::move(row));
    }
  }
  return rows.empty() ? std::vector<Line>{{{"No process of it is seen on a device."}}}
                      : grid(heads, rows, width, glyphs);
}

}  // namespace

std::string stats_text(const View& view, bool memory_breakdown, std::size_t width,
                       const Glyphs& glyphs) {
  if (view.containers.empty()) {
    return cat("No container holds a device.\n", notes_text(view));
  }
  if (memory_breakdown) {
    const Pane pane = memory_pane(view);
    return cat(plain(grid(pane.columns, pane.rows, width, glyphs), glyphs), notes_text(view));
  }
  const std::vector<Column> heads = {
      {"CONTAINER"},       {"NAME", 0, false, 8, true},   {"ENGINE", 1}, {"DEVICES", 0, false, 7},
      {"MEMORY", 0, true}, {"UTILISATION", 0, false, 11}, {"COST"},      {"AGE"}};
  std::vector<std::vector<Cell>> rows;
  for (const ContainerView& container : view.containers) {
    rows.push_back({{container.id.substr(0, kShortId)},
                    {name_of(container.origin)},
                    {container.outside ? "outside" : or_dash(container.origin.engine)},
                    {devices_text(container.devices)},
                    {memory_text(memory_of(container.uses))},
                    {engines_text(container.uses)},
                    {or_dash(container.cost)},
                    {container.age_s ? age_text(*container.age_s) : "-"}});
  }
  return cat(plain(grid(heads, rows, width, glyphs), glyphs), notes_text(view));
}

std::string stats_text(const View& view, const ContainerView& container, bool memory_breakdown,
                       std::size_t width, const Glyphs& glyphs) {
  return cat(shown(head_text(container), glyphs), "\n",
             plain(devices_of(container, memory_breakdown, width, glyphs), glyphs), "\n",
             plain(processes_of(view, container, memory_breakdown, width, glyphs), glyphs),
             notes_text(view));
}

std::string stats_json(const View& view) {
  View only;
  only.time_unix = view.time_unix;
  only.host = view.host;
  only.containers = view.containers;
  only.notes = view.notes;
  boost::json::value out = boost::json::parse(to_json(only));
  out.as_object().erase("devices");
  out.as_object().erase("processes");
  return boost::json::serialize(out);
}

}  // namespace xpu
