// SPDX-License-Identifier: Apache-2.0
// What NVML reports by itself while it is open, and what it answers about the health of GPUs.
#pragma once

#include <map>
#include <string>

#include "backends/nvidia/gpu_health.h"
#include "backends/nvidia/nvml_session.h"
#include "backends/nvidia/xids.h"
#include "xpu/live.hpp"

namespace xpu::nvidia {

class NvmlEvents {
 public:
  NvmlEvents(NvmlSession& session, const Xids& xids) : session_(session), xids_(xids) {}

  // After the session was opened: asks to be told. A driver that tells nothing is watched by
  // check_health() alone.
  void begin(sdk::Events& events);
  // Before the session is closed.
  void end();
  bool begun() const { return begun_; }

  // Emits what has come, without waiting. False with the reason when NVML has to be opened anew.
  bool poll(sdk::Events& events, std::string& reason);
  // Emits what is different from the last time, and in the beginning what is not well.
  void check_health(sdk::Events& events);

 private:
  void emit(sdk::Events& events, const nvml::EventData& data);
  void emit_xid(sdk::Events& events, const OpenGpu& gpu, const nvml::EventData& data);

  NvmlSession& session_;
  const Xids& xids_;
  nvml::EventSet set_ = nullptr;
  bool begun_ = false;
  std::map<std::string, sdk::Health> health_;  // of GPUs that were not well
};

}  // namespace xpu::nvidia
