// SPDX-License-Identifier: Apache-2.0
#include "core/apps/view.h"

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>
#include <cstdio>

#include "core/apps/json_array.h"
#include "core/apps/ps.h"
#include "core/base/error.h"
#include "core/base/joined.h"
#include "core/base/nearest.h"

namespace xpu {
namespace {

namespace bj = boost::json;

constexpr std::size_t kShortId = 12, kListed = 8;

// Bytes and whole numbers without an exponent.
bj::value number(double value) {
  constexpr double kExact = 1LL << 53;
  return std::abs(value) < kExact && std::trunc(value) == value
             ? bj::value(static_cast<std::int64_t>(value))
             : bj::value(value);
}
bj::value number(const std::optional<double>& value) {
  return value ? number(*value) : bj::value();
}

bj::object by_label(const std::vector<Labelled>& values) {
  bj::object out;
  for (const auto& [label, value] : values) {
    out[label] = number(value);
  }
  return out;
}

bj::object device_object(const DeviceView& device) {
  return {{"id", device.id},
          {"key", device.key},
          {"name", device.name},
          {"backend", device.backend},
          {"kind", device.kind},
          {"parent", device.parent},
          {"health", device.health},
          {"reason", device.reason},
          {"memory_total_bytes", number(device.memory_total)},
          {"memory_used_bytes", number(device.memory_used)},
          {"utilisation", by_label(device.utilisation)},
          {"temperature_celsius", by_label(device.temperature)},
          {"power_watts", number(device.power)},
          {"power_limit_watts", number(device.power_limit)},
          {"fan", number(device.fan)},
          {"clock_hertz", by_label(device.clock)},
          {"throttled", strings(device.throttled)},
          {"sample_age_seconds", number(device.age_s)},
          {"containers", strings(device.holders)}};
}

bj::object use_object(const UseView& use) {
  return {{"device", use.device},
          {"memory_bytes", number(use.memory)},
          {"memory_regions_bytes", by_label(use.regions)},
          {"utilisation", by_label(use.utilisation)},
          {"engine_seconds", by_label(use.engine_time)}};
}

bj::object container_object(const ShownContainer& container) {
  return {{"container", container.id},
          {"runtime_root", container.runtime_root},
          {"engine", container.origin.engine},
          {"name", container.origin.name},
          {"image", container.origin.image},
          {"pod", container.origin.pod},
          {"pod_namespace", container.origin.pod_namespace},
          {"outside", container.outside},
          {"devices", strings(container.devices)},
          {"sharing", container.sharing},
          {"cost", container.cost},
          {"age_seconds", container.age_s ? bj::value(*container.age_s) : bj::value()},
          {"pids", bj::array(container.pids.begin(), container.pids.end())},
          {"memory_bytes", number(memory_of(container.uses))},
          {"uses", objects(container.uses, use_object)},
          {"lost", strings(container.lost)}};
}

bj::object process_object(const ProcessView& process) {
  return {{"pid", process.pid},
          {"command", process.command},
          {"container", process.container},
          {"memory_bytes", number(memory_of(process.uses))},
          {"uses", objects(process.uses, use_object)}};
}

template <class Matches>
std::vector<const ShownContainer*> those(const View& view, Matches matches) {
  std::vector<const ShownContainer*> out;
  for (const ShownContainer& container : view.containers) {
    if (matches(container)) {
      out.push_back(&container);
    }
  }
  return out;
}

std::string list_of(const std::vector<std::string>& names) {
  return first_joined(names, kListed);
}

std::string title_of(const ShownContainer& container) {
  const std::string name = shown_name(container), id = container.id.substr(0, kShortId);
  return name == id ? id : cat(name, " (", id, ')');
}

}  // namespace

std::string shown_name(const ShownContainer& container) {
  const std::string name = name_of(container.origin);
  return name == "-" ? container.id.substr(0, kShortId) : name;
}

std::optional<double> memory_of(const std::vector<UseView>& uses) {
  std::optional<double> out;
  for (const UseView& use : uses) {
    if (use.memory) {
      out = out.value_or(0) + *use.memory;
    }
  }
  return out;
}

const Labelled* busiest(const std::vector<Labelled>& values) {
  const auto found =
      std::max_element(values.begin(), values.end(),
                       [](const Labelled& a, const Labelled& b) { return a.second < b.second; });
  return found == values.end() ? nullptr : &*found;
}

const Labelled* busiest(const std::vector<UseView>& uses) {
  const Labelled* out = nullptr;
  for (const UseView& use : uses) {
    const Labelled* const one = busiest(use.utilisation);
    if (one != nullptr && (out == nullptr || one->second > out->second)) {
      out = one;
    }
  }
  return out;
}

const ShownContainer& container_of(const View& view, const std::string& wanted) {
  using Found = std::vector<const ShownContainer*>;
  Found found = those(view, [&](const ShownContainer& c) { return c.id == wanted; });
  if (found.empty()) {
    found = those(view, [&](const ShownContainer& c) {
      return !wanted.empty() &&
             (c.origin.name == wanted || c.origin.pod == wanted ||
              cat(c.origin.pod_namespace, '/', c.origin.pod) == wanted || shown_name(c) == wanted);
    });
  }
  if (found.empty()) {
    found = those(
        view, [&](const ShownContainer& c) { return !wanted.empty() && c.id.starts_with(wanted); });
  }
  if (found.size() == 1) {
    return *found.front();
  }
  std::vector<std::string> names;
  if (found.size() > 1) {
    for (const ShownContainer* const one : found) {
      names.push_back(cat(title_of(*one), " in ", one->runtime_root));
    }
    fail("'", wanted, "' can mean several containers: ", list_of(names),
         "; use the whole id of one");
  }
  if (view.containers.empty()) {
    fail("no container '", wanted, "': no container holds a device");
  }
  std::vector<std::string> known;
  for (const ShownContainer& container : view.containers) {
    names.push_back(title_of(container));
    known.push_back(shown_name(container));
  }
  fail("no container '", wanted, "' holds a device",
       did_you_mean(wanted, std::vector<std::string_view>(known.begin(), known.end())),
       "; those that do: ", list_of(names));
}

std::string to_json(const View& view) {
  return bj::serialize(bj::object{{"time_unix", view.time_unix},
                                  {"host", view.host},
                                  {"devices", objects(view.devices, device_object)},
                                  {"containers", objects(view.containers, container_object)},
                                  {"processes", objects(view.processes, process_object)},
                                  {"notes", strings(view.notes)}});
}

std::string to_json(const View& view, const ShownContainer& container) {
  bj::object out = container_object(container);
  bj::array processes;
  for (const ProcessView& process : view.processes) {
    if (process.container == container.id) {
      processes.push_back(process_object(process));
    }
  }
  out["processes"] = std::move(processes);
  out["notes"] = strings(view.notes);
  return bj::serialize(out);
}

std::string short_bytes(double bytes) {
  constexpr const char* kUnits = "BKMGTP";
  int unit = 0;
  for (; bytes >= 1000 && kUnits[unit + 1] != '\0'; ++unit) {
    bytes /= 1024;
  }
  char text[32];
  std::snprintf(text, sizeof text, bytes < 99.95 && unit > 2 ? "%.1f%c" : "%.0f%c", bytes,
                kUnits[unit]);
  return text;
}

std::string percent(double ratio) {
  return cat(std::lround(std::clamp(ratio, 0.0, 99.0) * 100), '%');
}

}  // namespace xpu
