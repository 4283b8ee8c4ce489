// SPDX-License-Identifier: Apache-2.0
// Messages that no machine without such a GPU sends: played by umockdev.
#include <gmock/gmock.h>
#include <unistd.h>

#include "tests/unit/nvidia/live_host.h"
#include "tests/unit/sdk/testbed.h"

namespace xpu::test {
namespace {

using sdk::test::Testbed;
using testing::ElementsAre;
using testing::IsEmpty;

std::string add_pci(Testbed& bed, const char* address, const char* vendor, const char* id,
                    const char* device_class, const char* short_class) {
  return bed.add("pci", address, "",
                 {{"vendor", vendor}, {"device", "0x20b0"}, {"class", device_class}},
                 {{"PCI_ID", id},
                  {"PCI_CLASS", short_class},
                  {"PCI_SLOT_NAME", address},
                  {"DRIVER", "nvidia"}});
}

// What is emitted until nothing more comes.
std::vector<std::string> all(Live& live) {
  std::vector<std::string> out;
  for (int i = 0; i < 10; ++i) {
    for (const std::string& seen : live.dispatch()) {
      out.push_back(seen);
    }
    usleep(20000);
  }
  return out;
}

TEST(LiveTestbed, GpusModulesAndNodes) {
  XPU_IN_TESTBED();
  Testbed bed;
  // Not where a GPU was when watching began: messages say enough of it.
  LiveHost host;
  std::filesystem::create_directories(host / "/dev");
  Live live(host.options());
  ASSERT_EQ(live.start_watching(), XPU_OK) << live.error();
  EXPECT_THAT(all(live), IsEmpty());

  const std::string gpu = add_pci(bed, "0000:65:00.0", "0x10de", "10DE:20B0", "0x030200", "30200");
  EXPECT_THAT(all(live), ElementsAre("added 0000:65:00.0: PCI device was added"));
  bed.event(gpu, "bind");
  EXPECT_THAT(all(live), ElementsAre("added 0000:65:00.0: driver nvidia was bound"));
  const std::string card =
      bed.add("drm", "drm/card0", gpu, {{"dev", "226:0"}}, {{"DEVNAME", "dri/card0"}});
  EXPECT_THAT(all(live), ElementsAre("changed 0000:65:00.0: DRM node card0 reports \"add\""));
  bed.event(card, "change");  // a monitor
  EXPECT_THAT(all(live), IsEmpty());

  // The sound of the GPU, another vendor's GPU and its node, and modules of others.
  add_pci(bed, "0000:65:00.1", "0x10de", "10DE:10F0", "0x040300", "40300");
  const std::string other =
      add_pci(bed, "0000:03:00.0", "0x1002", "1002:7312", "0x030000", "30000");
  bed.add("drm", "drm/card1", other, {{"dev", "226:1"}}, {});
  bed.add("module", "snd", "", {}, {});
  EXPECT_THAT(all(live), IsEmpty());

  const std::string module = bed.add("module", "nvidia_uvm", "", {}, {});
  EXPECT_THAT(all(live), ElementsAre("added : kernel module nvidia_uvm was loaded"));
  bed.event(module, "remove");
  EXPECT_THAT(all(live), ElementsAre("removed : kernel module nvidia_uvm was unloaded"));

  bed.event(card, "remove");
  bed.event(gpu, "unbind");
  bed.event(gpu, "remove");
  EXPECT_THAT(all(live), ElementsAre("changed 0000:65:00.0: DRM node card0 reports \"remove\"",
                                     "removed 0000:65:00.0: driver was unbound",
                                     "removed 0000:65:00.0: PCI device was removed"));
}

}  // namespace
}  // namespace xpu::test
