// SPDX-License-Identifier: Apache-2.0
// Uevents of virtio-gpu and asahi. There is nothing to measure: neither driver tells of the device
// as a whole, and what processes use the kernel keeps accounts of (fdinfo), which the runtime
// reads.
#include <string_view>

#include "backends/apple/live.h"
#include "sdk/helpers/fs.h"
#include "sdk/helpers/path.h"
#include "sdk/helpers/text.h"
#include "sdk/helpers/uevents.h"

namespace xpu::apple {
namespace {

constexpr int kMostAtOnce = 1000;  // events; the descriptor stays readable

bool is_driver(std::string_view name) {
  return name == "virtio_gpu" || name == "virtio-gpu" || name == "asahi";
}

bool is_node(const std::string& name) {
  for (const char* prefix : {"card", "renderD"}) {
    const std::string digits =
        sdk::starts_with(name, prefix) ? name.substr(std::string_view(prefix).size()) : "";
    if (!digits.empty() && digits.find_first_not_of("0123456789") == std::string::npos) {
      return true;
    }
  }
  return false;
}

class LinuxLive : public Live {
 public:
  // Which of the machine's GPUs is Apple's only a description says: what there is of both drivers
  // is watched, also before there is any.
  void start_watching(sdk::Events& /*events*/) override {
    monitor_.open({"drm", "virtio", "platform", "module"});
  }

  int descriptor() const override { return monitor_.fd(); }

  std::uint32_t dispatch(sdk::Events& events) override {
    monitor_.each(
        kMostAtOnce, [&](const sdk::Uevent& event) { tell(events, event); },
        [&] { events.lost("messages of the kernel about devices were lost"); });
    return XPU_NO_TIMEOUT;
  }

  void stop_watching() override { monitor_.close(); }

  bool samples() const override { return false; }
  void start_sampling(sdk::Samples& /*samples*/) override {}
  void sample(sdk::Samples& /*samples*/) override {}

 private:
  static void tell(sdk::Events& events, const sdk::Uevent& event) {
    std::string what;
    if (event.subsystem == "drm" && is_node(event.sysname)) {
      what = "the node " + (event.devnode.empty() ? event.sysname : event.devnode);
    } else if (event.subsystem == "module" && is_driver(event.sysname)) {
      what = "the kernel module " + event.sysname;
    } else if ((event.subsystem == "virtio" || event.subsystem == "platform") &&
               (is_driver(event.driver) || sdk::ends_with(event.sysname, ".gpu"))) {
      what = "the device " + event.sysname;
    } else {
      return;
    }
    what = sdk::readable(what);
    if (event.action == "add" || event.action == "bind") {
      events.report(sdk::EventKind::kAdded, "", what + " appeared");
    } else if (event.action == "remove" || event.action == "unbind") {
      events.report(sdk::EventKind::kRemoved, "", what + " is gone");
    }
  }

  sdk::UeventMonitor monitor_;
};

}  // namespace

std::unique_ptr<Live> make_live() {
  return std::make_unique<LinuxLive>();
}

}  // namespace xpu::apple
