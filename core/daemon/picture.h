// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/daemon/difference.h"
#include "core/daemon/told.h"
#include "core/health/lost.h"
#include "core/plugin/refresh.h"
#include "core/record/record.h"

namespace xpu {

using Bursts = std::map<std::string, std::vector<watch::Event>>;  // by backend

// What is known of the host's devices, and the telling of what became of them: whatever differs
// from what the journal says is told once, in the journal and in the log. An xpud that was killed
// in between tells it when it is started again.
class Picture {
 public:
  explicit Picture(std::string state_dir);

  // A look at some backends, or at all. `cause`: for a person, where no event of `bursts` tells
  // why. Gives the names of backends of which something changed.
  std::vector<std::string> take(std::vector<BackendStatus> looked_at, bool everything,
                                const Bursts& bursts, std::string_view cause);
  // A backend says how a device is: marks and tells it.
  void take_health(const std::string& backend, const watch::Event& event);
  // Devices that these containers hold and that are gone or have failed.
  void take_live(const std::vector<Record>& live);
  // Anything else. A time of 0 is now.
  void tell(std::vector<HostEvent> events);

  const std::vector<BackendStatus>& statuses() const { return statuses_; }
  const std::vector<HealthMark>& marks() const { return marks_; }
  const std::vector<LostDevice>& lost() const { return lost_; }
  // How many events of each kind were told.
  const std::map<HostEventKind, std::uint64_t>& counts() const { return counts_; }
  // When each backend was last looked at with success, since 1970.
  const std::map<std::string, std::int64_t>& described_ns() const { return described_ns_; }

 private:
  void take_state(const BackendStatus* before, const BackendStatus& now,
                  std::vector<HostEvent>& events);
  void take_devices(const std::string& backend, KnownDevices now,
                    const std::vector<watch::Event>& burst, std::string_view cause,
                    std::vector<HostEvent>& events);
  void forget_marks(const std::vector<HostEvent>& events);
  void compare_health(const std::string& backend, std::vector<HostEvent>& events);
  void change_marks(const std::function<void(std::vector<HealthMark>&)>& change);

  std::string state_dir_;
  Told told_;
  std::vector<BackendStatus> statuses_;
  std::map<std::string, KnownDevices> known_;  // by backend
  std::vector<HealthMark> marks_;
  std::vector<LostDevice> lost_;
  std::map<HostEventKind, std::uint64_t> counts_;
  std::map<std::string, std::int64_t> described_ns_;
};

}  // namespace xpu
