// SPDX-License-Identifier: Apache-2.0
#include "core/apps/health_view.h"

#include <algorithm>
#include <boost/json.hpp>

#include "core/apps/json_array.h"
#include "core/apps/table.h"
#include "core/base/contains.h"
#include "core/base/error.h"
#include "core/base/joined.h"
#include "core/base/utc.h"
#include "core/lease/lease.h"
#include "core/log/format.h"
#include "core/select/match.h"

namespace xpu {
namespace {

namespace bj = boost::json;

constexpr std::size_t kShortId = 12;

std::string title(const std::string& id, const std::string& name) {
  const std::string brief = id.size() > kShortId ? id.substr(0, kShortId) : id;
  return log::printable(name.empty() || name == id ? brief : cat(name, " (", brief, ")"));
}

const Device* whole_of(const Device& device, const Catalog& catalog) {
  for (const Device& other : catalog.devices) {
    if (!device.parent.empty() && other.id == device.parent) {
      return &other;
    }
  }
  return nullptr;
}

std::vector<std::string> holders_of(const std::string& key, const std::vector<Record>& live) {
  std::vector<std::string> out;
  for (const Record& record : live) {
    if (std::any_of(record.held.begin(), record.held.end(),
                    [&](const HeldRecord& held) { return held.key == key; })) {
      out.push_back(record.origin.name.empty() ? record.id : record.origin.name);
    }
  }
  return out;
}

HealthRow row_of(const HealthMark& mark, const std::vector<Record>& live) {
  return {mark.id,
          mark.key,
          mark.backend,
          mark.failed ? "failed" : "degraded",
          cat(mark.reason, " (since ", utc_text(mark.since_unix), ")"),
          true,
          mark.since_unix,
          holders_of(mark.key, live)};
}

bj::object lost_object(const LostDevice& lost) {
  return {{"container", lost.container},
          {"runtime_root", lost.runtime_root},
          {"name", lost.name},
          {"device", lost.device},
          {"key", lost.key},
          {"reason", lost.reason}};
}

bj::object row_object(const HealthRow& row) {
  bj::object out{{"device", row.id},       {"key", row.key},
                 {"backend", row.backend}, {"health", row.state.empty() ? "unknown" : row.state},
                 {"reason", row.reason},   {"marked", row.marked},
                 {"since_unix", nullptr},  {"containers", strings(row.containers)}};
  if (row.marked) {
    out["since_unix"] = row.since_unix;
  }
  return out;
}

// The keys that marks of the device can have.
std::vector<std::string> keys_of(const std::string& name,
                                 const std::vector<BackendStatus>& backends) {
  std::vector<std::string> out = {name};
  for (const BackendStatus& backend : backends) {
    for (const Device& device : backend.catalog.devices) {
      if (answers_to(device, name)) {
        out.push_back(lease_key(device));
      }
    }
  }
  return out;
}

[[noreturn]] void fail_without_mark(const std::string& name,
                                    const std::vector<BackendStatus>& backends,
                                    const std::vector<HealthMark>& marks) {
  for (const HealthRow& row : health_rows(backends, marks, {})) {
    if (!contains(keys_of(name, backends), row.key) || !row.unhealthy()) {
      continue;
    }
    fail(row.marked ? cat(row.id, " is a part of a device that is marked: ")
                    : cat("there is no mark of ", row.id, ", and its backend says: "),
         row.reason, "; xpu-runtime health shows all marks");
  }
  fail("there is no mark of '", name, "'; xpu-runtime health shows all marks");
}

}  // namespace

std::vector<HealthRow> health_rows(const std::vector<BackendStatus>& backends,
                                   const std::vector<HealthMark>& marks,
                                   const std::vector<Record>& live) {
  std::vector<HealthRow> out;
  std::vector<std::string> seen;
  for (const BackendStatus& backend : backends) {
    if (backend.state != BackendState::kReady) {
      continue;
    }
    for (const Device& device : backend.catalog.devices) {
      const DeviceHealth health = health_of(device, whole_of(device, backend.catalog), marks);
      seen.push_back(lease_key(device));
      out.push_back({device.id, lease_key(device), backend.found.manifest.name, health.state,
                     health.reason, health.mark != nullptr,
                     health.mark == nullptr ? 0 : health.mark->since_unix,
                     holders_of(lease_key(device), live)});
    }
  }
  for (const HealthMark& mark : marks) {
    if (!contains(seen, mark.key)) {
      out.push_back(row_of(mark, live));
    }
  }
  return out;
}

std::string lost_text(const LostDevice& lost) {
  return cat("the container ", title(lost.container, lost.name), " holds ",
             log::printable(lost.device), ", which ", log::printable(lost.reason));
}

std::string lost_json(const std::vector<LostDevice>& lost) {
  return bj::serialize(objects(lost, lost_object));
}

std::string unhealthy_json(const std::vector<HealthRow>& rows) {
  std::vector<HealthRow> unhealthy;
  std::copy_if(rows.begin(), rows.end(), std::back_inserter(unhealthy),
               [](const HealthRow& row) { return row.unhealthy(); });
  return bj::serialize(objects(unhealthy, row_object));
}

std::string health_text(const std::vector<HealthRow>& rows, const std::vector<LostDevice>& lost) {
  Table table({"DEVICE", "HEALTH", "HELD BY", "REASON"});
  for (const HealthRow& row : rows) {
    table.row({row.id, row.state.empty() ? "unknown" : row.state,
               row.containers.empty() ? "-" : log::printable(first_joined(row.containers, 2)),
               row.reason.empty() ? "-" : log::printable(row.reason)});
  }
  std::string out = rows.empty() ? "No device is known.\n" : table.text();
  for (const LostDevice& one : lost) {
    out += cat(&one == &lost.front() ? "\n" : "", "Lost: ", lost_text(one), "\n");
  }
  return out;
}

std::string health_json(const std::vector<HealthRow>& rows, const std::vector<LostDevice>& lost) {
  return bj::serialize(bj::object{{"devices", objects(rows, row_object)},
                                  {"lost", objects(lost, lost_object)}}) +
         "\n";
}

std::string clear_health(const std::string& state_dir, const std::string& device,
                         const std::vector<BackendStatus>& backends) {
  const std::vector<std::string> keys = keys_of(device, backends);
  std::vector<HealthMark> cleared, before;
  change_health_marks(state_dir, [&](std::vector<HealthMark>& marks) {
    before = marks;
    std::erase_if(marks, [&](const HealthMark& mark) {
      const bool meant = mark.id == device || contains(keys, mark.key);
      if (meant) {
        cleared.push_back(mark);
      }
      return meant;
    });
  });
  if (cleared.empty()) {
    fail_without_mark(device, backends, before);
  }
  std::string out;
  for (const HealthMark& mark : cleared) {
    out += cat("Forgot that ", log::printable(mark.id),
               mark.failed ? " failed: " : " is degraded: ", log::printable(mark.reason), "\n");
  }
  return out;
}

}  // namespace xpu
