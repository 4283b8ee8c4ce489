// SPDX-License-Identifier: Apache-2.0
// The built library watching and measuring a machine that is made of files. Uevents come from a
// testbed of umockdev, and what the compute driver tells from pipes: this program answers its ioctl
// (outside.cc).
#pragma once

#include <umockdev.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/plugin_host/collector.h"
#include "tests/unit/amd/world.h"
#include "xpu/hotplug.h"
#include "xpu/metrics.h"

namespace xpu::test {

// The library, opened, with its two extensions.
class Live {
 public:
  Live(const std::string& root, const std::map<std::string, std::string>& options);
  ~Live();

  xpu_status start_watching();
  // Dispatches until there is nothing to do for `quiet_ms`.
  void dispatch(int quiet_ms = 100);
  // Dispatches until `done` is, for five seconds at most.
  bool until(const std::function<bool()>& done);
  std::uint32_t dispatch_once();
  int descriptor() const;
  void stop_watching();

  xpu_status start_sampling();
  xpu_status sample();
  void stop_sampling();

  // "added 0000:03:00.0: text", "health failed amd:0: text", "lost : text", in their order; taken.
  std::vector<std::string> events();
  const std::vector<std::string>& seen() const { return events_; }
  // "amd:0 memory-used": 17, "amd:0 temperature core": 45; of the last sample.
  std::map<std::string, double> values;
  // "amd:0 4711 memory": 17
  std::map<std::string, double> processes;
  std::vector<std::string> log();  // "2 text", so far
  std::string error() const { return collector_.error(); }

 private:
  Manifest manifest_;
  int log_;
  Collector collector_;
  const xpu_backend* backend_ = nullptr;
  void* self_ = nullptr;
  const xpu_hotplug_1* hotplug_ = nullptr;
  const xpu_metrics_1* metrics_ = nullptr;
  bool watching_ = false, sampling_ = false;
  std::vector<std::string> events_;
  xpu_event_sink event_sink_{};
  xpu_metric_sink metric_sink_{};
};

// A machine whose GPUs are in a testbed too, so that they can come and go.
class LiveMachine : public Machine {
 protected:
  using Properties = std::map<std::string, std::string>;

  void SetUp() override;
  void TearDown() override;
  void start(const std::map<std::string, std::string>& options = {});
  // Another device of the testbed; its path there. Says "add".
  std::string plug(const std::string& subsystem, const std::string& name, const std::string& parent,
                   const Properties& properties);
  // As the kernel says it of a device at this path.
  void tell(const std::string& path, const std::string& action, const Properties& properties = {});
  // Path in the testbed of a GPU's PCI function, and of its card.
  std::string function_of(const std::string& pci) const { return "/sys/devices/" + pci; }
  std::string card_of(const std::string& pci) const { return cards_.at(pci); }
  void write(const std::string& inside, const std::string& text) const { tree_.file(inside, text); }
  static std::string folder_of(const std::string& pci) {
    return "/sys/devices/pci0000:00/0000:00:01.1/" + pci;
  }

  UMockdevTestbed* testbed_ = nullptr;
  std::map<std::string, std::string> cards_;
  std::unique_ptr<Live> live_;
};

// What this program answers in place of the kernel.
namespace outside {
// The end of a pipe for the events of a GPU that the listener does not have.
int kfd_events_of(std::uint32_t gpu_id);
// The ioctl fails from now on; 0: it works.
void fail_ioctl(int error);
// The mask of events that a listener has asked for; 0: nobody has since the last time.
std::uint64_t asked_of(std::uint32_t gpu_id);
// The next look for a uevent finds that some were lost.
void lose_uevents();
void reset();
}  // namespace outside

}  // namespace xpu::test
