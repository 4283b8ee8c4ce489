// SPDX-License-Identifier: Apache-2.0
// Messages that no machine without such a GPU sends: played by umockdev, whose library a process
// must begin with. So the tests run themselves anew.
#include <gmock/gmock.h>
#include <sys/wait.h>
#include <umockdev.h>
#include <unistd.h>

#include "tests/unit/nvidia/live_host.h"

namespace xpu::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr const char* kInside = "XPU_NVIDIA_IN_TESTBED";

bool passes_in_testbed() {
  const testing::TestInfo* test = testing::UnitTest::GetInstance()->current_test_info();
  const std::string filter =
      std::string("--gtest_filter=") + test->test_suite_name() + "." + test->name();
  const pid_t child = fork();
  if (child == 0) {
    setenv(kInside, "1", 1);
    setenv("LD_PRELOAD", "libumockdev-preload.so.0", 1);
    // Sanitizers want to be the first library, and see what GLib keeps until its end.
    setenv("ASAN_OPTIONS", "verify_asan_link_order=0:detect_leaks=0", 1);
    unsetenv("GTEST_OUTPUT");
    alarm(60);
    execl("/proc/self/exe", "test", filter.c_str(), static_cast<char*>(nullptr));
    _exit(127);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

class LiveTestbed : public testing::Test {
 protected:
  LiveTestbed() : bed_(getenv(kInside) == nullptr ? nullptr : umockdev_testbed_new()) {}
  ~LiveTestbed() override {
    if (bed_ != nullptr) {
      g_object_unref(bed_);
    }
  }

  std::string add(const char* subsystem, const char* name, const std::string& parent,
                  std::vector<const char*> attributes, std::vector<const char*> properties) {
    attributes.push_back(nullptr);
    properties.push_back(nullptr);
    gchar* path = umockdev_testbed_add_devicev(
        bed_, subsystem, name, parent.empty() ? nullptr : parent.c_str(),
        const_cast<gchar**>(attributes.data()), const_cast<gchar**>(properties.data()));
    const std::string out = path == nullptr ? "" : path;
    g_free(path);
    EXPECT_NE(out, "") << name;
    return out;
  }
  std::string add_pci(const char* address, const char* vendor, const char* id,
                      const char* device_class, const char* short_class) {
    return add(
        "pci", address, "", {"vendor", vendor, "device", "0x20b0", "class", device_class},
        {"PCI_ID", id, "PCI_CLASS", short_class, "PCI_SLOT_NAME", address, "DRIVER", "nvidia"});
  }
  void event(const std::string& path, const char* action) {
    umockdev_testbed_uevent(bed_, path.c_str(), action);
  }
  // What is emitted until nothing more comes.
  static std::vector<std::string> all(Live& live) {
    std::vector<std::string> out;
    for (int i = 0; i < 10; ++i) {
      for (const std::string& seen : live.dispatch()) {
        out.push_back(seen);
      }
      usleep(20000);
    }
    return out;
  }

  UMockdevTestbed* bed_;
};

TEST_F(LiveTestbed, GpusModulesAndNodes) {
  if (bed_ == nullptr) {
    EXPECT_TRUE(passes_in_testbed()) << "see above: it ran in a testbed";
    return;
  }
  // Not where a GPU was when watching began: messages say enough of it.
  LiveHost host;
  std::filesystem::create_directories(host / "/dev");
  Live live(host.options());
  ASSERT_EQ(live.start_watching(), XPU_OK) << live.error();
  EXPECT_THAT(all(live), IsEmpty());

  const std::string gpu = add_pci("0000:65:00.0", "0x10de", "10DE:20B0", "0x030200", "30200");
  EXPECT_THAT(all(live), ElementsAre("added 0000:65:00.0: PCI device was added"));
  event(gpu, "bind");
  EXPECT_THAT(all(live), ElementsAre("added 0000:65:00.0: driver nvidia was bound"));
  const std::string card = add("drm", "drm/card0", gpu, {"dev", "226:0"}, {"DEVNAME", "dri/card0"});
  EXPECT_THAT(all(live), ElementsAre("changed 0000:65:00.0: DRM node card0 reports \"add\""));
  event(card, "change");  // a monitor
  EXPECT_THAT(all(live), IsEmpty());

  // The sound of the GPU, another vendor's GPU and its node, and modules of others.
  add_pci("0000:65:00.1", "0x10de", "10DE:10F0", "0x040300", "40300");
  const std::string other = add_pci("0000:03:00.0", "0x1002", "1002:7312", "0x030000", "30000");
  add("drm", "drm/card1", other, {"dev", "226:1"}, {});
  add("module", "snd", "", {}, {});
  EXPECT_THAT(all(live), IsEmpty());

  const std::string module = add("module", "nvidia_uvm", "", {}, {});
  EXPECT_THAT(all(live), ElementsAre("added : kernel module nvidia_uvm was loaded"));
  event(module, "remove");
  EXPECT_THAT(all(live), ElementsAre("removed : kernel module nvidia_uvm was unloaded"));

  event(card, "remove");
  event(gpu, "unbind");
  event(gpu, "remove");
  EXPECT_THAT(all(live), ElementsAre("changed 0000:65:00.0: DRM node card0 reports \"remove\"",
                                     "removed 0000:65:00.0: driver was unbound",
                                     "removed 0000:65:00.0: PCI device was removed"));
}

}  // namespace
}  // namespace xpu::test
