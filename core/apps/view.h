// SPDX-License-Identifier: Apache-2.0
// Devices, containers and processes of one moment, as plain values: what `monitor` and `stats`
// show.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/record/record.h"

namespace xpu {

// A value of an engine, a sensor, a region of memory, ...
using Labelled = std::pair<std::string, double>;

struct DeviceView {
  std::string id, key, name, backend, kind, parent;
  std::string health;  // "ok", "degraded", "failed", "lost"; "" where nothing tells
  std::string reason;  // of a health that is not "ok"
  std::optional<double> memory_total, memory_used;  // bytes
  std::optional<double> power, power_limit;         // watts
  std::optional<double> fan;                        // ratio
  std::vector<Labelled> utilisation;                // ratio, by engine
  std::vector<Labelled> temperature;                // degrees C, by sensor
  std::vector<Labelled> clock;                      // hertz, by domain
  std::vector<std::string> throttled;               // reasons in force
  std::optional<double> age_s;                      // of the values above; nullopt: there are none
  bool old = false;                                 // they should be newer
  std::vector<std::string> holders;                 // containers, as they are shown
};

// What a container or a process uses of one device.
struct UseView {
  std::string device;                 // id
  std::optional<double> memory;       // bytes
  std::vector<Labelled> regions;      // bytes, by region of memory
  std::vector<Labelled> utilisation;  // ratio, by engine
  std::vector<Labelled> engine_time;  // seconds, by engine
};

struct ContainerView {
  std::string id, runtime_root;
  Origin origin;
  bool outside = false;  // its devices were given by others
  std::vector<std::string> devices;
  std::string sharing, cost;  // "" for none
  std::optional<std::int64_t> age_s;
  std::vector<int> pids;
  std::vector<UseView> uses;
  std::vector<std::string> lost;  // "acme:0 is not there any more: ..."
};

struct ProcessView {
  int pid = 0;
  std::string command;
  std::string container, container_name;  // id and what is shown; "" for none
  std::vector<UseView> uses;
};

struct View {
  bool looked = true;  // else nothing is known yet
  std::int64_t time_unix = 0;
  std::string host;
  std::vector<DeviceView> devices;
  std::vector<ContainerView> containers;
  std::vector<ProcessView> processes;
  std::vector<std::string> notes;  // why something is missing or old, one line each
};

// As `ps` shows it: the name, with pod and namespace, or the beginning of the id.
std::string shown_name(const ContainerView& container);
// Over all devices; nullopt where nothing is known.
std::optional<double> memory_of(const std::vector<UseView>& uses);
// The busiest engine of all devices; nullptr where nothing is known.
const Labelled* busiest(const std::vector<UseView>& uses);
const Labelled* busiest(const std::vector<Labelled>& values);

// The container that is meant: its whole id, its name (also as it is shown, or its pod's), or the
// beginning of its id. Throws Error that says which there are.
const ContainerView& container_of(const View& view, const std::string& wanted);

// One object in one line, without the line's end.
std::string to_json(const View& view);
// Of one container, with its processes.
std::string to_json(const View& view, const ContainerView& container);

// "812M", "12.0G": binary units.
std::string short_bytes(double bytes);
std::string percent(double ratio);

}  // namespace xpu
