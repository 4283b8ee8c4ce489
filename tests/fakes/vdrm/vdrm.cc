// SPDX-License-Identifier: Apache-2.0
// A backend for the DRM devices that a virtual machine has (virtio-gpu on PCI, vgem as a module):
// no accelerators, but devices that really come and go.
#include "sdk/helpers/drm.h"
#include "sdk/helpers/fs.h"
#include "sdk/helpers/pci.h"
#include "sdk/helpers/uevents.h"
#include "xpu/live.hpp"

namespace xpu {
namespace {

class Vdrm : public sdk::LiveBackend {
 public:
  void describe(sdk::Sink& sink) override {
    const sdk::Root root("/");
    sink.valid_while_listing(std::string(sdk::kDrmClass));
    sink.valid_while_listing(std::string(sdk::kDrmNodes));
    sink.capability("compute");
    sink.capability("utility");
    unsigned count = 0;
    for (const std::string& name : root.list(sdk::kDrmClass)) {
      if (name.starts_with("card") && name.find('-') == std::string::npos) {
        count += emit(sink, root, name) ? 1 : 0;
      }
    }
    if (count == 0) {
      throw sdk::Absent("there is no DRM device");
    }
  }

  void start_watching(sdk::Events&) override { monitor_.open({"drm", "pci"}); }
  int descriptor() const override { return monitor_.fd(); }
  std::uint32_t dispatch(sdk::Events& events) override {
    monitor_.each(
        1000, [&](const sdk::Uevent& uevent) { tell(events, uevent); },
        [&] { events.lost("the kernel dropped uevents"); });
    return XPU_NO_TIMEOUT;
  }
  void stop_watching() override { monitor_.close(); }

  void sample(sdk::Samples&) override {}

 private:
  void tell(sdk::Events& events, const sdk::Uevent& uevent) const {
    if (uevent.subsystem != "drm" || uevent.devtype != "drm_minor") {
      return;
    }
    const sdk::EventKind kind = uevent.action == "add"      ? sdk::EventKind::kAdded
                                : uevent.action == "remove" ? sdk::EventKind::kRemoved
                                                            : sdk::EventKind::kChanged;
    events.report(kind, uevent.pci(),
                  "uevent " + uevent.action + " of " + uevent.sysname +
                      (monitor_.from_udevd() ? " from udevd" : " from the kernel"));
  }

  static bool emit(sdk::Sink& sink, const sdk::Root& root, const std::string& card) {
    const auto folder = root.resolve(std::string(sdk::kDrmClass) + "/" + card + "/device");
    const auto drm = folder ? sdk::drm_device(root, *folder) : std::nullopt;
    if (!drm || !sdk::drm_problem(root, *drm).empty()) {
      return false;
    }
    sdk::Device device;
    device.vendor = "vdrm";
    device.index = card.substr(4);
    device.name = "DRM " + card;
    sdk::Uevent place;
    place.devpath = *folder;
    device.pci = place.pci();
    sink.device(device);
    sdk::emit_drm(sink, with(device), root, *drm);
    sdk::watch_drm(sink, root, *drm);
    return true;
  }

  sdk::UeventMonitor monitor_;
};

}  // namespace
}  // namespace xpu

using xpu::Vdrm;
XPU_BACKEND(Vdrm, "vdrm", XPU_VERSION)
