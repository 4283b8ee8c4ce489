// SPDX-License-Identifier: Apache-2.0
#include "core/attribution/attribution.h"

#include <algorithm>
#include <optional>
#include <set>
#include <tuple>
#include <unordered_map>

#include "core/attribution/counters.h"
#include "core/attribution/fdinfo.h"
#include "core/attribution/processes.h"
#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/lease/lease.h"
#include "core/record/cgroup.h"
#include "core/select/match.h"

namespace xpu {
namespace {

// How long the open files of a process are believed to be the same: at first and at most.
constexpr double kFirstBelief = 4, kLongestBelief = 30;
// Files that take a second more of it, each: looking at many costs much.
constexpr double kFilesPerSecond = 250;
// A rate over less says nothing.
constexpr double kShortestSpan = 0.05;
// When a container whose cgroup is not found is looked for again.
constexpr double kSearchAgain = 10;

constexpr const char *kMemory = "memory", *kRegion = "memory-region", *kTime = "engine-time",
                     *kUtilisation = "utilisation";

double seconds_now() {
  return static_cast<double>(monotonic_ns()) / 1e9;
}

using Uses = std::map<std::tuple<std::string, std::string, std::string>, double>;

std::vector<ContainerUse> listed(const Uses& uses) {
  std::vector<ContainerUse> out;
  for (const auto& [what, value] : uses) {
    const auto& [device, key, label] = what;
    out.push_back({device, key, label, value});
  }
  return out;
}

struct Process {
  std::vector<OpenDevice> devices;  // that it has open
  std::vector<OpenDevice> drm;      // those of them of which the kernel keeps accounts
  std::uint64_t open_files = 0;     // as the kernel counts them
  double looked_at = -1, belief = kFirstBelief;
};

// What is kept of one container from look to look.
struct Container {
  std::optional<ContainerCgroup> cgroup;
  double searched_at = -1;
  std::map<int, Process> processes;
  Counters counters;
  std::map<EngineOf, double> before;  // sums of the last look
};

// What a client of a driver had used when it was last looked at.
struct Client {
  std::map<std::string, DrmEngine> engines;
  std::map<std::string, double> seconds;  // derived from cycles
  unsigned unseen = 0;
};

std::string key_of(const Record& record) {
  return cat(record.runtime_root, '\n', record.id, '\n', record.created_ns);
}

}  // namespace

class Attribution::State {
 public:
  explicit State(std::string root) : root_(std::move(root)), proc_(root_ + "/proc") {}

  Look look(const std::vector<Record>& live, const std::vector<BackendStatus>& backends,
            const std::map<std::string, watch::Sample>& samples) {
    begin(backends);
    for (const Record& record : live) {
      if (!record.held.empty()) {
        gather(record);
      }
    }
    for (const auto& [backend, sample] : samples) {
      take(backend, sample);
      counted_[backend] = counters_in(sample);
    }
    // A backend that says nothing now does not say that its processes are gone.
    for (const auto& [backend, sample] : counted_) {
      if (!samples.contains(backend)) {
        take(backend, sample);
      }
    }
    Look out = finish();
    forget(live);
    return out;
  }

 private:
  // A container or a process in this look.
  struct Row {
    const Record* record = nullptr;
    Container* container = nullptr;
    std::set<int> pids;
    Uses uses;
    std::map<EngineOf, unsigned> capacity;
  };

  void begin(const std::vector<BackendStatus>& backends) {
    backends_ = &backends;
    const double now = seconds_now();
    span_ = last_ < 0 ? 0 : now - last_;
    last_ = now_ = now;
    rows_.clear();
    row_of_pid_.clear();
    processes_.clear();
    seen_.clear();
    numbers_.reset();
  }

  // --- processes and what they have open ---------------------------------------------------------

  void gather(const Record& record) {
    Container& container = containers_[key_of(record)];
    Row& row = rows_.emplace_back();
    row.record = &record;
    row.container = &container;
    for (const int pid : pids_of(record, container)) {
      row_of_pid_.emplace(pid, rows_.size() - 1);
      Process& process = container.processes[pid];
      if (record.nodes.empty()) {
        continue;
      }
      look_at(pid, process, record);
      if (!process.devices.empty()) {
        row.pids.insert(pid);
        processes_[pid].container = record.id;
      }
      for (const OpenDevice& open : process.drm) {
        take_drm(pid, open, row);
      }
    }
  }

  // Processes that are gone are forgotten.
  std::set<int> pids_of(const Record& record, Container& container) {
    std::optional<std::set<int>> pids;
    if (container.cgroup) {
      pids = processes_in(root_ + container.cgroup->folder);
    }
    if (!pids && (container.searched_at < 0 || container.cgroup ||
                  now_ - container.searched_at >= kSearchAgain)) {
      container.searched_at = now_;
      container.cgroup = container_cgroup(root_, record);
      pids = container.cgroup ? processes_in(root_ + container.cgroup->folder) : std::nullopt;
    }
    std::set<int> out = pids.value_or(std::set<int>());
    std::erase_if(container.processes,
                  [&](const auto& known) { return !out.contains(known.first); });
    return out;
  }

  void look_at(int pid, Process& process, const Record& record) {
    const std::uint64_t count = open_file_count(proc_, pid);
    const bool changed = count != process.open_files;
    if (process.looked_at >= 0 && !changed && now_ - process.looked_at < process.belief) {
      return;
    }
    const OpenFiles open = open_devices(proc_, pid, numbers(record));
    process.belief = std::min(changed ? kFirstBelief : 2 * process.belief, kLongestBelief) +
                     static_cast<double>(open.count) / kFilesPerSecond;
    process.looked_at = now_;
    process.open_files = count;
    process.devices = open.devices;
    process.drm.clear();
    for (const OpenDevice& device : open.devices) {
      if (usage_of(pid, device.fd).is_drm()) {
        process.drm.push_back(device);
      }
    }
  }

  DrmUsage usage_of(int pid, int fd) const {
    return parse_fdinfo(small_file(cat(proc_, '/', pid, "/fdinfo/", fd)));
  }

  // Of all devices; made when it is asked for.
  const std::set<DeviceNumber>& numbers(const Record& record) {
    if (!numbers_) {
      numbers_.emplace();
      for (const BackendStatus& backend : *backends_) {
        for (const EditGroup& group : backend.catalog.edits) {
          for (const Node& node : group.nodes) {
            numbers_->insert(device_number(node.type, node.major, node.minor));
          }
        }
      }
    }
    for (const Node& node : record.nodes) {
      numbers_->insert(device_number(node.type, node.major, node.minor));
    }
    return *numbers_;
  }

  // --- what the kernel accounts ------------------------------------------------------------------

  void take_drm(int pid, const OpenDevice& open, Row& row) {
    const DrmUsage usage = usage_of(pid, open.fd);
    const Device* const device = usage.is_drm() ? device_of(usage, open, *row.record) : nullptr;
    if (device == nullptr) {
      return;
    }
    // Copies of one open file, in this process or another, are one client. A driver that does not
    // number them is believed to have no copies.
    const std::string name = usage.client.empty()
                                 ? cat("fd ", pid, ' ', open.fd)
                                 : cat("drm ", usage.device, ' ', device->id, ' ', usage.client);
    if (!seen_.insert(name).second) {
      return;
    }
    for (Uses* const uses : {&row.uses, &uses_of(pid)}) {
      (*uses)[{device->id, kMemory, ""}] += memory_of(usage.regions);
      for (const auto& [region, bytes] : usage.regions) {
        (*uses)[{device->id, kRegion, region}] += bytes;
      }
    }
    for (const auto& [label, engine] : usage.engines) {
      const EngineOf of = {device->id, label};
      row.capacity[of] = std::max(row.capacity[of], engine.capacity);
      take_time(pid, name, of, seconds_of(name, label, engine), engine.capacity, row);
    }
    clients_[name].unseen = 0;
  }

  // Where the driver counts cycles, time is that share of the time since the last look.
  double seconds_of(const std::string& client, const std::string& label, const DrmEngine& engine) {
    if (engine.timed) {
      return engine.seconds;
    }
    Client& known = clients_[client];
    double& seconds = known.seconds[label];
    if (const auto before = known.engines.find(label);
        before != known.engines.end() && engine.total_cycles > before->second.total_cycles &&
        engine.cycles >= before->second.cycles) {
      seconds += span_ * static_cast<double>(engine.cycles - before->second.cycles) /
                 static_cast<double>(engine.total_cycles - before->second.total_cycles);
    }
    known.engines[label] = engine;
    return seconds;
  }

  // Which of the devices with that address: one that the container holds, and of several parts of
  // one device that whose node was opened.
  const Device* device_of(const DrmUsage& usage, const OpenDevice& open,
                          const Record& record) const {
    std::vector<const Device*> held;
    const Device* other = nullptr;
    for (const BackendStatus& backend : *backends_) {
      for (const Device& device : backend.catalog.devices) {
        if (usage.device.empty() ? !has_node(backend.catalog, device, open.number)
                                 : device.pci.empty() || !answers_to(device, usage.device)) {
          continue;
        }
        if (holds(record, device)) {
          held.push_back(&device);
        } else if (other == nullptr || (!other->parent.empty() && device.parent.empty())) {
          other = &device;
        }
      }
    }
    for (const Device* const one : held) {
      if (held.size() > 1 && is_node_of(*one, open.number)) {
        return one;
      }
    }
    return held.empty() ? other : held.front();
  }

  static bool holds(const Record& record, const Device& device) {
    return std::any_of(record.held.begin(), record.held.end(),
                       [&](const HeldRecord& held) { return held.key == lease_key(device); });
  }
  static bool has_node(const Catalog& catalog, const Device& device, DeviceNumber number) {
    return std::any_of(catalog.edits.begin(), catalog.edits.end(), [&](const EditGroup& group) {
      return group.scope.device == device.id &&
             std::any_of(group.nodes.begin(), group.nodes.end(), [&](const Node& node) {
               return device_number(node.type, node.major, node.minor) == number;
             });
    });
  }
  bool is_node_of(const Device& device, DeviceNumber number) const {
    return std::any_of(backends_->begin(), backends_->end(), [&](const BackendStatus& backend) {
      return has_node(backend.catalog, device, number);
    });
  }

  // --- what backends say -------------------------------------------------------------------------

  static watch::Sample counters_in(const watch::Sample& sample) {
    watch::Sample out;
    std::copy_if(sample.processes.begin(), sample.processes.end(),
                 std::back_inserter(out.processes),
                 [](const watch::ProcessValue& value) { return value.key == kTime; });
    return out;
  }

  void take(const std::string& backend, const watch::Sample& sample) {
    const auto status =
        std::find_if(backends_->begin(), backends_->end(),
                     [&](const BackendStatus& one) { return one.found.manifest.name == backend; });
    if (status == backends_->end()) {
      return;
    }
    for (const watch::ProcessValue& value : sample.processes) {
      const Device* const device = device_called(value.device, status->catalog);
      if (device == nullptr) {
        continue;
      }
      const auto row = row_of_pid_.find(value.pid);
      Row* const its = row == row_of_pid_.end() ? nullptr : &rows_[row->second];
      if (its != nullptr) {
        its->pids.insert(value.pid);
        processes_[value.pid].container = its->record->id;
      }
      take_value(backend, value, device->id, its);
    }
  }

  void take_value(const std::string& backend, const watch::ProcessValue& value,
                  const std::string& device, Row* row) {
    if (value.key == kTime) {
      const std::string client = cat("pid ", backend, ' ', value.pid);
      Row none;
      take_time(value.pid, client, {device, value.label}, value.value, 1,
                row == nullptr ? none : *row);
      return;
    }
    uses_of(value.pid)[{device, value.key, value.label}] += value.value;
    if (row != nullptr) {
      double& sum = row->uses[{device, value.key, value.label}];
      sum += value.value;
      sum = value.key == kUtilisation ? std::min(sum, 1.0) : sum;
    }
  }

  static const Device* device_called(const std::string& name, const Catalog& catalog) {
    const Device* part = nullptr;
    for (const Device& device : catalog.devices) {
      if (answers_to(device, name)) {
        if (device.parent.empty() || device.id == name) {
          return &device;
        }
        part = part == nullptr ? &device : part;
      }
    }
    return part;
  }

  // --- sums --------------------------------------------------------------------------------------

  Uses& uses_of(int pid) { return uses_[pid]; }

  void take_time(int pid, const std::string& client, const EngineOf& engine, double seconds,
                 unsigned capacity, Row& row) {
    const auto& [device, label] = engine;
    Uses& uses = uses_of(pid);
    uses[{device, kTime, label}] += seconds;
    Client& known = clients_[client];
    known.unseen = 0;
    const std::string what = cat(device, ' ', label);
    const auto before = times_.find({client, what});
    if (before != times_.end() && span_ >= kShortestSpan && seconds >= before->second) {
      double& rate = uses[{device, kUtilisation, label}];
      rate = std::min(rate + (seconds - before->second) / span_ / capacity, 1.0);
    }
    times_[{client, what}] = seconds;
    if (row.container != nullptr) {
      row.container->counters.set(client, engine, seconds);
    }
  }

  void finish_container(Row& row) {
    Container& container = *row.container;
    container.counters.end_look();
    const std::map<EngineOf, double> sums = container.counters.sums();
    for (const auto& [engine, seconds] : sums) {
      const auto& [device, label] = engine;
      row.uses[{device, kTime, label}] = seconds;
      // A client that was there before us says what it used then, which is no rate.
      const auto before = container.before.find(engine);
      if (before != container.before.end() && span_ >= kShortestSpan) {
        const auto capacity = row.capacity.find(engine);
        const double engines = capacity == row.capacity.end() ? 1 : capacity->second;
        row.uses[{device, kUtilisation, label}] =
            std::clamp((seconds - before->second) / span_ / engines, 0.0, 1.0);
      }
    }
    container.before = sums;
  }

  Look finish() {
    Look out;
    for (Row& row : rows_) {
      finish_container(row);
      out.containers.push_back({row.record->id,
                                row.record->runtime_root,
                                {row.pids.begin(), row.pids.end()},
                                listed(row.uses)});
    }
    for (const auto& [pid, uses] : uses_) {
      processes_[pid].uses = listed(uses);
    }
    for (auto& [pid, process] : processes_) {
      process.pid = pid;
      process.command = small_file(cat(proc_, '/', pid, "/comm"));
      process.command.erase(std::min(process.command.find('\n'), process.command.size()));
      out.processes.push_back(std::move(process));
    }
    uses_.clear();
    return out;
  }

  void forget(const std::vector<Record>& live) {
    std::set<std::string> keys;
    for (const Record& record : live) {
      keys.insert(key_of(record));
    }
    std::erase_if(containers_, [&](const auto& known) { return !keys.contains(known.first); });
    for (auto client = clients_.begin(); client != clients_.end();) {
      client = client->second.unseen++ > 0 ? clients_.erase(client) : std::next(client);
    }
    std::erase_if(times_, [&](const auto& known) { return !clients_.contains(known.first.first); });
  }

  const std::string root_, proc_;
  double last_ = -1;
  std::map<std::string, Container> containers_;
  std::unordered_map<std::string, Client> clients_;
  std::map<std::string, watch::Sample> counted_;  // by backend: the counters of its last sample
  // Seconds of a client and engine at the last look.
  std::map<std::pair<std::string, std::string>, double> times_;

  // Of one look.
  const std::vector<BackendStatus>* backends_ = nullptr;
  double now_ = 0, span_ = 0;
  std::vector<Row> rows_;
  std::unordered_map<int, std::size_t> row_of_pid_;
  std::map<int, ProcessUse> processes_;
  std::map<int, Uses> uses_;
  std::set<std::string> seen_;  // clients
  std::optional<std::set<DeviceNumber>> numbers_;
};

Attribution::Attribution(std::string root) : state_(std::make_unique<State>(std::move(root))) {}

Attribution::~Attribution() = default;

Attribution::Look Attribution::look(const std::vector<Record>& live,
                                    const std::vector<BackendStatus>& backends,
                                    const std::map<std::string, watch::Sample>& samples) {
  return state_->look(live, backends, samples);
}

}  // namespace xpu
