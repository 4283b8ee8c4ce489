// SPDX-License-Identifier: Apache-2.0
// Watching of xpu/hotplug.h: messages of the kernel, device nodes, the module's own files, and NVML
// while there are GPUs. It goes on while no driver is loaded.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "backends/nvidia/hotplug.h"
#include "backends/nvidia/node_watch.h"
#include "backends/nvidia/nvml_events.h"
#include "backends/nvidia/nvml_session.h"
#include "backends/nvidia/xids.h"
#include "sdk/helpers/uevents.h"
#include "xpu/live.hpp"

namespace xpu::nvidia {

class Watch {
 public:
  Watch(const Options& options, const Xids& xids, NvmlSession& session)
      : options_(options), session_(session), hotplug_(options.sys_root), nvml_(session, xids) {}
  ~Watch() { stop(); }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  // As of LiveBackend.
  void start();
  int descriptor() const { return epoll_; }
  std::uint32_t dispatch(sdk::Events& events);
  void stop();
  // It is opened again when the time has come.
  void close_nvml();

 private:
  // What procfs tells, which cannot be watched otherwise.
  struct ModuleFiles {
    bool loaded = false;
    std::vector<std::string> gpus;  // by PCI address
    // GPU's number of its node → its instances "gi1/ci0"
    std::map<std::string, std::vector<std::string>> instances;
  };

  ModuleFiles module_files() const;
  void read_uevents(sdk::Events& events);
  void read_nodes(sdk::Events& events);
  void look_at_module(sdk::Events& events);
  void tend_nvml(sdk::Events& events, std::int64_t now_ms);
  void open_nvml(sdk::Events& events, std::int64_t now_ms);

  const Options& options_;
  NvmlSession& session_;
  sdk::UeventMonitor uevents_;
  Hotplug hotplug_;
  NodeWatch nodes_;
  NvmlEvents nvml_;
  ModuleFiles known_;
  int epoll_ = -1;
  bool look_now_ = false;
  std::int64_t next_look_ms_ = 0, next_open_ms_ = 0;
  unsigned failures_ = 0;  // to open NVML, in a row
};

}  // namespace xpu::nvidia
