// SPDX-License-Identifier: Apache-2.0
#include "core/apps/facts.h"

#include <unistd.h>

#include <algorithm>

#include "core/apps/ps.h"
#include "core/base/contains.h"
#include "core/base/error.h"
#include "core/lease/lease.h"
#include "core/start/account.h"

namespace xpu {
namespace {

constexpr double kNs = 1e9;

std::string host_name() {
  char name[256] = {};
  return ::gethostname(name, sizeof name - 1) == 0 ? name : "";
}

const Device* whole_of(const Catalog& catalog, const Device& part) {
  const auto found = std::find_if(catalog.devices.begin(), catalog.devices.end(),
                                  [&](const Device& one) { return one.id == part.parent; });
  return part.parent.empty() || found == catalog.devices.end() ? nullptr : &*found;
}

// As a backend may call it in a sample.
bool is_called(const Device& device, const std::string& name) {
  return name == device.id || name == device.uuid || (name == device.pci && !name.empty());
}

class Building {
 public:
  Building(const Facts& facts, const Measured& measured) : facts_(facts), measured_(measured) {}

  View view() {
    out_.time_unix = measured_.time_ns / 1'000'000'000;
    out_.host = host_name();
    out_.notes = facts_.warnings;
    for (const BackendStatus& backend : facts_.backends) {
      add_backend(backend);
    }
    for (const Record& record : facts_.containers) {
      add_container(record);
    }
    for (const OutsideRow& row : facts_.outside) {
      add_outside(row);
    }
    for (const LostDevice& lost : facts_.lost) {
      add_lost(lost);
    }
    for (const ProcessUse& process : facts_.uses.processes) {
      add_process(process);
    }
    add_holders();
    return std::move(out_);
  }

 private:
  void add_backend(const BackendStatus& backend) {
    const std::string& name = backend.found.manifest.name;
    if (backend.state == BackendState::kFailed || backend.state == BackendState::kRefused) {
      out_.notes.push_back(backend.reason);
    }
    if (backend.state != BackendState::kReady) {
      return;
    }
    const auto sample = measured_.samples.find(name);
    const auto problem = measured_.problems.find(name);
    const std::optional<double> age =
        sample == measured_.samples.end() ? std::nullopt : std::optional(age_of(sample->second));
    if (problem != measured_.problems.end()) {
      out_.notes.push_back(cat(name, ": ", problem->second));
    }
    if (age && is_old(*age)) {
      out_.notes.push_back(
          cat(name, ": its values are ", age_text(static_cast<std::int64_t>(*age)), " old"));
    }
    for (const Device& device : backend.catalog.devices) {
      DeviceView view = described(backend, device);
      if (age) {
        view.age_s = age;
        view.old = is_old(*age);
        take_values(view, device, sample->second);
      }
      out_.devices.push_back(std::move(view));
    }
  }

  double age_of(const watch::Sample& sample) const {
    return std::max(0.0, static_cast<double>(measured_.time_ns - sample.time_ns) / kNs);
  }
  // One that is late by no more than it takes is not.
  bool is_old(double age) const { return age > 2.5 * measured_.interval_s + 1; }

  DeviceView described(const BackendStatus& backend, const Device& device) const {
    DeviceView out;
    out.id = device.id;
    out.key = lease_key(device);
    out.name = device.name;
    out.backend = backend.found.manifest.name;
    out.kind = std::string(to_string(device.kind));
    out.parent = device.parent;
    if (device.memory_bytes > 0) {
      out.memory_total = static_cast<double>(device.memory_bytes);
    }
    const DeviceHealth health = health_of(device, whole_of(backend.catalog, device), facts_.marks);
    out.health = health.state;
    out.reason = health.reason;
    if (!device.available && health.state != "failed") {
      out.health = "unavailable";
      out.reason = device.reason;
    }
    return out;
  }

  void take_values(DeviceView& view, const Device& device, const watch::Sample& sample) const {
    for (const watch::Value& value : sample.values) {
      if (is_called(device, value.device)) {
        take_value(view, value);
      }
    }
  }

  static void take_value(DeviceView& view, const watch::Value& value) {
    const struct {
      const char* key;
      std::optional<double> DeviceView::*one;
    } plain[] = {{"memory-total", &DeviceView::memory_total},
                 {"memory-used", &DeviceView::memory_used},
                 {"power", &DeviceView::power},
                 {"power-limit", &DeviceView::power_limit},
                 {"fan", &DeviceView::fan}};
    for (const auto& item : plain) {
      if (value.key == item.key) {
        view.*item.one = value.value;
      }
    }
    const struct {
      const char* key;
      std::vector<Labelled> DeviceView::*some;
    } labelled[] = {{"utilisation", &DeviceView::utilisation},
                    {"temperature", &DeviceView::temperature},
                    {"clock", &DeviceView::clock}};
    for (const auto& item : labelled) {
      if (value.key == item.key) {
        (view.*item.some).emplace_back(value.label, value.value);
      }
    }
    if (value.key == "throttled" && value.value > 0) {
      view.throttled.push_back(value.label);
    }
  }

  static std::vector<UseView> uses_of(const std::vector<ContainerUse>& uses) {
    std::vector<UseView> out;
    for (const ContainerUse& use : uses) {
      auto found = std::find_if(out.begin(), out.end(),
                                [&](const UseView& one) { return one.device == use.device; });
      if (found == out.end()) {
        out.push_back({use.device, std::nullopt, {}, {}, {}});
        found = out.end() - 1;
      }
      if (use.key == "memory") {
        found->memory = use.value;
      } else if (use.key == "memory-region") {
        found->regions.emplace_back(use.label, use.value);
      } else if (use.key == "utilisation") {
        found->utilisation.emplace_back(use.label, use.value);
      } else if (use.key == "engine-time") {
        found->engine_time.emplace_back(use.label, use.value);
      }
    }
    return out;
  }

  void add_container(const Record& record) {
    ContainerView out;
    out.id = record.id;
    out.runtime_root = record.runtime_root;
    out.origin = record.origin;
    out.sharing = sharing_of(record);
    out.age_s = std::max<std::int64_t>(0, out_.time_unix - record.created_unix);
    for (const HeldRecord& held : record.held) {
      out.devices.push_back(held.id);
    }
    if (!record.held.empty()) {
      const auto cost = facts_.costs.find(usage_of(record).lease);
      out.cost = cost == facts_.costs.end() ? "" : cost->second;
    }
    for (const Attributed& one : facts_.uses.containers) {
      if (one.container == record.id && one.runtime_root == record.runtime_root) {
        out.pids = one.pids;
        out.uses = uses_of(one.uses);
      }
    }
    out_.containers.push_back(std::move(out));
  }

  ContainerView* shown(const std::string& id, const std::string& root) {
    const auto found = std::find_if(
        out_.containers.begin(), out_.containers.end(),
        [&](const ContainerView& one) { return one.id == id && one.runtime_root == root; });
    return found == out_.containers.end() ? nullptr : &*found;
  }

  // One that has devices from us and others from elsewhere is one row.
  void add_outside(const OutsideRow& row) {
    if (ContainerView* const ours = shown(row.id, row.runtime_root)) {
      for (const std::string& device : row.devices) {
        if (!contains(ours->devices, device)) {
          ours->devices.push_back(device);
        }
      }
      return;
    }
    ContainerView out;
    out.id = row.id;
    out.runtime_root = row.runtime_root;
    out.outside = true;
    out.devices = row.devices;
    out_.containers.push_back(std::move(out));
  }

  void add_lost(const LostDevice& lost) {
    if (ContainerView* const holder = shown(lost.container, lost.runtime_root)) {
      holder->lost.push_back(cat(lost.device, ' ', lost.reason));
    }
    const bool known =
        std::any_of(out_.devices.begin(), out_.devices.end(),
                    [&](const DeviceView& device) { return device.key == lost.key; });
    if (!known) {
      DeviceView gone;
      gone.id = lost.device;
      gone.key = lost.key;
      gone.health = "lost";
      gone.reason = lost.reason;
      out_.devices.push_back(std::move(gone));
    }
  }

  void add_process(const ProcessUse& process) {
    ProcessView out;
    out.pid = process.pid;
    out.command = process.command;
    out.container = process.container;
    out.uses = uses_of(process.uses);
    for (const ContainerView& container : out_.containers) {
      if (container.id == process.container) {
        out.container_name = shown_name(container);
      }
    }
    out_.processes.push_back(std::move(out));
  }

  // A device keeps its key when it gets another number; what others gave is known by id alone.
  void add_holders() {
    for (DeviceView& device : out_.devices) {
      for (const Record& record : facts_.containers) {
        const bool holds =
            std::any_of(record.held.begin(), record.held.end(),
                        [&](const HeldRecord& held) { return held.key == device.key; });
        if (holds) {
          device.holders.push_back(shown_name(*shown(record.id, record.runtime_root)));
        }
      }
      for (const OutsideRow& row : facts_.outside) {
        if (contains(row.devices, device.id)) {
          device.holders.push_back(shown_name(*shown(row.id, row.runtime_root)));
        }
      }
    }
  }

  const Facts& facts_;
  const Measured& measured_;
  View out_;
};

}  // namespace

View view_of(const Facts& facts, const Measured& measured) {
  return Building(facts, measured).view();
}

}  // namespace xpu
