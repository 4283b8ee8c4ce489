// SPDX-License-Identifier: Apache-2.0
// Uevents of virtio-gpu and asahi, in a testbed.
#include <gmock/gmock.h>

#include "backends/apple/live.h"
#include "tests/unit/sdk/testbed.h"

namespace xpu::apple {
namespace {

using sdk::test::Testbed;
using testing::ElementsAre;
using testing::IsEmpty;

class Heard {
 public:
  Heard() {
    sink_ = {sizeof sink_, 0, this, [](void* ctx, const xpu_event* event) {
               static_cast<Heard*>(ctx)->events_.push_back(std::to_string(event->kind) + " " +
                                                           event->reason);
               return XPU_OK;
             }};
    live_->start_watching(to_);
  }
  std::vector<std::string> events(int milliseconds = 2000) {
    sdk::test::readable(live_->descriptor(), milliseconds);
    events_.clear();
    EXPECT_EQ(live_->dispatch(to_), XPU_NO_TIMEOUT);
    return events_;
  }

 private:
  std::unique_ptr<Live> live_ = make_live();
  xpu_event_sink sink_{};
  sdk::Events to_{nullptr, &sink_};
  std::vector<std::string> events_;
};

TEST(AppleWatch, AGpuComesAndGoes) {
  XPU_IN_TESTBED();
  Testbed bed;
  Heard heard;
  const std::string virtio = bed.add("virtio", "virtio0", "", {}, {{"DRIVER", "virtio_gpu"}});
  const std::string node =
      bed.add("drm", "drm/renderD128", virtio, {}, {{"DEVNAME", "/dev/dri/renderD128"}});
  EXPECT_THAT(heard.events(), ElementsAre("1 the device virtio0 appeared",
                                          "1 the node /dev/dri/renderD128 appeared"));
  bed.remove(node);
  bed.remove(virtio);
  EXPECT_THAT(heard.events(), ElementsAre("2 the node /dev/dri/renderD128 is gone",
                                          "2 the device virtio0 is gone"));
  bed.add("platform", "406400000.gpu", "", {}, {});
  bed.add("module", "asahi", "", {}, {});
  EXPECT_THAT(heard.events(), ElementsAre("1 the device 406400000.gpu appeared",
                                          "1 the kernel module asahi appeared"));
}

TEST(AppleWatch, NothingElse) {
  XPU_IN_TESTBED();
  Testbed bed;
  Heard heard;
  const std::string disk = bed.add("virtio", "virtio1", "", {}, {{"DRIVER", "virtio_blk"}});
  bed.add("platform", "serial8250", "", {}, {});
  bed.add("module", "ext4", "", {}, {});
  const std::string card = bed.add("drm", "drm/card0", disk, {}, {});
  bed.add("drm", "drm/card0-HDMI-A-1", disk, {}, {});
  EXPECT_THAT(heard.events(), ElementsAre("1 the node card0 appeared"));
  bed.event(card, "change", {{"HOTPLUG", "1"}});
  EXPECT_THAT(heard.events(500), IsEmpty());
}

TEST(AppleWatch, LinuxMeasuresNothing) {
  EXPECT_FALSE(make_live()->samples());
}

}  // namespace
}  // namespace xpu::apple
