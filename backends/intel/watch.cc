// SPDX-License-Identifier: Apache-2.0
#include "backends/intel/watch.h"

#include <algorithm>

#include "sdk/helpers/path.h"
#include "sdk/helpers/pci.h"
#include "sdk/helpers/text.h"

namespace xpu::intel {
namespace {

// Gaudis' drivers say nothing when a status changes.
constexpr std::chrono::milliseconds kLook{5000};
constexpr int kMostAtOnce = 1000;  // events; the descriptor stays readable

bool is_our_id(std::uint16_t vendor, std::uint32_t device_class) {
  const std::uint32_t kind = device_class >> 16;
  return vendor == kHabana || (vendor == kIntel && (kind == 0x03 || kind == 0x12));
}

bool is_ours(const sdk::PciDevice& device) {
  return is_our_id(device.vendor, device.device_class);
}

// "8086:56A0" and "30000".
std::optional<bool> by_properties(const sdk::Uevent& event) {
  const std::string id = event.property("PCI_ID");
  const auto vendor = sdk::parse_number("0x" + id.substr(0, id.find(':')));
  const auto kind = sdk::parse_number("0x" + event.property("PCI_CLASS"));
  if (!vendor || !kind) {
    return std::nullopt;
  }
  return is_our_id(static_cast<std::uint16_t>(*vendor), static_cast<std::uint32_t>(*kind));
}

// Nodes that containers are given; not connectors of displays.
bool is_node(const std::string& name) {
  for (const char* prefix :
       {"card", "renderD", "accel", "accel_controlD", "hl", "hl_controlD", "uverbs"}) {
    if (numbered(name, prefix)) {
      return true;
    }
  }
  return false;
}

}  // namespace

std::chrono::seconds reset_patience(const std::string& value) {
  const auto number = sdk::parse_number(value);
  if (!number || *number < 1 || *number > 3600) {
    throw sdk::Invalid("option reset-seconds is \"" + value + "\"; it takes a number, 1 to 3600");
  }
  return std::chrono::seconds(*number);
}

void Watch::start(sdk::Events& events) {
  host_.emplace(host_of(events));
  rules_.emplace(health_rules(events));
  patience_ = reset_patience(events.option("reset-seconds"));
  known_.clear();
  resets_.clear();
  // Before the first look, so that nothing falls between the two.
  monitor_.open({"pci", "drm", "accel", "habanalabs", "infiniband_verbs", "module"});
  for (const sdk::PciDevice& device : sdk::pci_devices(host_->sys_root)) {
    if (intel::is_ours(device)) {
      known_.insert(device.address);
    }
  }
  const bool driver = std::any_of(std::begin(kDrivers), std::end(kDrivers), [&](const char* name) {
    return host_->sys_root.is_folder(kDriversOnBus + std::string(name));
  });
  if (known_.empty() && !driver) {
    monitor_.close();
    throw sdk::Absent(
        "no Intel GPU, NPU or Gaudi is on the PCI bus, and no driver for one is loaded");
  }
  find_statuses();
}

std::uint32_t Watch::dispatch(sdk::Events& events) {
  monitor_.each(
      kMostAtOnce, [&](const sdk::Uevent& event) { tell(events, event); },
      [&] {
        events.lost("messages of the kernel about devices were lost");
        // The end of a reset may have been among them.
        resets_.clear();
        find_statuses();
      });
  look_at_resets(events);
  look_at_statuses(events);
  return next_ms();
}

std::uint32_t Watch::next_ms() const {
  Clock::time_point next = Clock::time_point::max();
  if (!statuses_.empty()) {
    next = next_look_;
  }
  for (const auto& [pci, until] : resets_) {
    next = std::min(next, until);
  }
  if (next == Clock::time_point::max()) {
    return XPU_NO_TIMEOUT;
  }
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(next - Clock::now());
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(left.count(), 50, 3'600'000));
}

// An address keeps its device until another one says that it is there: when a device goes, nothing
// else is left of it.
bool Watch::is_ours(const sdk::Uevent& event) {
  const std::string pci = event.pci();
  if (pci.empty()) {
    return event.subsystem == "habanalabs";
  }
  if (const auto said = by_properties(event)) {
    *said ? void(known_.insert(pci)) : void(known_.erase(pci));
    return *said;
  }
  if (known_.count(pci) != 0) {
    return true;
  }
  const auto device = sdk::pci_device(host_->sys_root, pci);
  if (!device || !intel::is_ours(*device)) {
    return false;
  }
  known_.insert(pci);
  return true;
}

void Watch::tell(sdk::Events& events, const sdk::Uevent& event) {
  if (event.subsystem == "module") {
    tell_module(events, event);
    return;
  }
  if (!is_ours(event) || tell_health(events, event)) {
    return;
  }
  if (event.subsystem == "pci") {
    tell_pci(events, event);
  } else {
    tell_node(events, event);
  }
  find_statuses();
}

void Watch::tell_module(sdk::Events& events, const sdk::Uevent& event) {
  const std::string name = event.sysname;
  if (std::find(std::begin(kDrivers), std::end(kDrivers), name) == std::end(kDrivers)) {
    return;
  }
  if (event.action == "add") {
    events.report(sdk::EventKind::kAdded, "", "the kernel module " + name + " was loaded");
  } else if (event.action == "remove") {
    events.report(sdk::EventKind::kRemoved, "", "the kernel module " + name + " was unloaded");
  }
}

void Watch::tell_pci(sdk::Events& events, const sdk::Uevent& event) {
  const std::string pci = event.pci();
  const std::string driver =
      event.driver.empty() ? "its driver" : "the driver " + sdk::readable(event.driver);
  if (event.action == "add") {
    const auto physical =
        linked_address(host_->sys_root, sdk::join(sdk::kPciDevices, pci) + "/physfn");
    events.report(sdk::EventKind::kAdded, pci,
                  physical ? "it appeared as a virtual function of " + *physical
                           : "it appeared on the PCI bus");
  } else if (event.action == "remove") {
    resets_.erase(pci);
    events.report(sdk::EventKind::kRemoved, pci, "it is no longer on the PCI bus");
  } else if (event.action == "bind") {
    events.report(sdk::EventKind::kAdded, pci, driver + " was bound to it");
  } else if (event.action == "unbind") {
    resets_.erase(pci);
    events.report(sdk::EventKind::kRemoved, pci, driver + " was unbound from it");
  } else {
    events.report(sdk::EventKind::kChanged, pci,
                  "the kernel says that it changed, as with its virtual functions");
  }
}

void Watch::tell_node(sdk::Events& events, const sdk::Uevent& event) {
  if (!is_node(event.sysname)) {
    return;
  }
  const std::string node = sdk::readable(event.devnode.empty() ? event.sysname : event.devnode);
  if (event.action == "add") {
    events.report(sdk::EventKind::kAdded, event.pci(), "its node " + node + " appeared");
  } else if (event.action == "remove") {
    events.report(sdk::EventKind::kRemoved, event.pci(), "its node " + node + " is gone");
  }
  // "change" tells of displays that were plugged in, and the like.
}

// Whether the event was about health.
bool Watch::tell_health(sdk::Events& events, const sdk::Uevent& event) {
  const std::string pci = event.pci();
  if (event.action != "change" || pci.empty()) {
    return false;
  }
  const std::string wedged = event.property("WEDGED");
  if (!wedged.empty()) {
    const Condition condition = condition_of_wedged(wedged);
    say(events, pci, condition,
        condition == Condition::kRecovered ? "its driver has reset it (WEDGED=none)"
                                           : "its driver has given it up (WEDGED=" + wedged + ")");
    return true;
  }
  const std::string status = event.property("DEVICE_STATUS");
  if (status == "NEEDS_RESET") {
    const std::string reason = event.property("REASON");
    say(events, pci, Condition::kWedged,
        "its driver says that it needs a reset" + (reason.empty() ? "" : " (" + reason + ")"));
    return true;
  }
  if (event.property("IVPU_PM_EVENT") == "IVPU_RECOVER") {
    say(events, pci, Condition::kRecovered, "its driver has reset it (IVPU_RECOVER)");
    return true;
  }
  if (!event.property("L3_PARITY_ERROR").empty()) {
    say(events, pci, Condition::kCacheParity, "its driver found a parity error in the L3 cache");
    return true;
  }
  if (event.property("ERROR").empty() && event.property("RESET").empty()) {
    return false;
  }
  tell_reset(events, pci, event);
  return true;
}

// i915 says ERROR=1 for a hang, RESET=1 before it resets, and ERROR=0 when that has helped. When it
// has not it says nothing more.
void Watch::tell_reset(sdk::Events& events, const std::string& pci, const sdk::Uevent& event) {
  if (event.property("ERROR") == "0") {
    resets_.erase(pci);
    say(events, pci, Condition::kRecovered, "its driver has reset it after a hang (ERROR=0)");
    return;
  }
  // Of a reset that nobody hears the end of because the driver may not reset there is none.
  if (event.property("RESET") == "1") {
    resets_[pci] = Clock::now() + patience_;
  }
  if (event.property("ERROR") == "1") {
    say(events, pci, Condition::kHang, "its driver found a hang (ERROR=1)");
  }
}

void Watch::say(sdk::Events& events, const std::string& pci, Condition condition,
                const std::string& words) {
  events.health(pci, rules_->of(condition),
                std::string(name_of(condition)) + ": " + sdk::readable(words));
}

void Watch::look_at_resets(sdk::Events& events) {
  const Clock::time_point now = Clock::now();
  for (auto at = resets_.begin(); at != resets_.end();) {
    if (at->second > now) {
      ++at;
      continue;
    }
    say(events, at->first, Condition::kResetUnfinished,
        "its driver began a reset and has not said for " + std::to_string(patience_.count()) +
            " s that it is over");
    at = resets_.erase(at);
  }
}

// Keeps what is known of those that are still there, so that a change meanwhile is told.
void Watch::find_statuses() {
  std::vector<Status> found;
  for (const Accelerator& gaudi : find_gaudis(host_->sys_root)) {
    const auto before = std::find_if(statuses_.begin(), statuses_.end(),
                                     [&](const Status& old) { return old.pci == gaudi.pci; });
    found.push_back(
        {gaudi.pci, gaudi.status_file, before == statuses_.end() ? gaudi.status : before->text});
  }
  statuses_ = std::move(found);
}

void Watch::look_at_statuses(sdk::Events& events) {
  const Clock::time_point now = Clock::now();
  if (statuses_.empty() || now < next_look_) {
    return;
  }
  next_look_ = now + kLook;
  for (Status& status : statuses_) {
    const std::string text = host_->sys_root.read_line(status.file);
    if (text.empty() || text == status.text) {
      continue;
    }
    status.text = text;
    const std::string words = "its driver says \"" + text + "\"";
    if (const auto condition = condition_of_status(text)) {
      say(events, status.pci, *condition, words);
    } else {
      events.health(status.pci, sdk::Health::kOk, sdk::readable(words));
    }
  }
}

}  // namespace xpu::intel
