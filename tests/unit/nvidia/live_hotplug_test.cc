// SPDX-License-Identifier: Apache-2.0
// Messages of the kernel, nodes, and a driver that comes and goes.
#include <dirent.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <linux/netlink.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/nvidia/live_host.h"

namespace xpu::test {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::UnorderedElementsAre;

class LiveHotplug : public testing::Test {
 protected:
  LiveHotplug() : live_(host_.options()) { std::filesystem::create_directories(host_ / "/dev"); }
  void begin() {
    ASSERT_EQ(live_.start_watching(), XPU_OK) << live_.error();
    live_.dispatch();
  }

  LiveHost host_;
  Live live_;
};

TEST_F(LiveHotplug, NodesThatAppearAndGo) {
  begin();
  host_.file("/dev/nvidia2", "");
  host_.file("/dev/sda", "");
  host_.file("/dev/dri/card0", "");
  EXPECT_THAT(live_.dispatch(), ElementsAre("changed : /dev/nvidia2 appeared"));
  std::filesystem::remove(host_ / "/dev/nvidia2");
  EXPECT_THAT(live_.dispatch(), ElementsAre("changed : /dev/nvidia2 went"));
  // A folder that was not there when watching began, gone and made once more.
  for (int i = 0; i < 2; ++i) {
    std::filesystem::create_directories(host_ / "/dev/nvidia-caps");
    EXPECT_THAT(live_.dispatch(), Contains("changed : /dev/nvidia-caps appeared"));
    host_.file("/dev/nvidia-caps/nvidia-cap1", "");
    EXPECT_THAT(live_.dispatch(), ElementsAre("changed : /dev/nvidia-caps/nvidia-cap1 appeared"));
    std::filesystem::remove_all(host_ / "/dev/nvidia-caps");
    EXPECT_THAT(live_.dispatch(), Contains("changed : /dev/nvidia-caps went"));
  }
}

TEST_F(LiveHotplug, ADriverThatGoesAndComesAgain) {
  begin();
  EXPECT_EQ(host_.users_of_nvml(), 1);
  host_.unload_driver();
  std::filesystem::remove(host_ / "/dev/nvidia0");
  host_.file("/dev/nvidia0", "");  // makes it look at once
  EXPECT_THAT(live_.dispatch(), Contains("removed : the NVIDIA driver is gone"));
  EXPECT_THAT(live_.all_events(), Contains("removed 0000:65:00.0: the driver has lost a GPU"));
  EXPECT_EQ(host_.users_of_nvml(), 0);
  EXPECT_EQ(live_.next_ms(), 5000u);
  host_.load_driver();
  host_.file("/dev/nvidia1", "");
  const auto seen = live_.dispatch();
  EXPECT_THAT(seen, Contains("added : the NVIDIA driver is loaded"));
  EXPECT_THAT(seen, Contains("added 0000:ca:00.0: the driver has a new GPU"));
  EXPECT_EQ(host_.users_of_nvml(), 1);
  host_.xid(0, 79);
  EXPECT_THAT(live_.dispatch(), ElementsAre(HasSubstr(kFirst + " failed: Xid 79")));
}

TEST_F(LiveHotplug, AHostWithoutADriverIsWatched) {
  host_.unload_driver();
  begin();
  EXPECT_EQ(live_.status(), XPU_OK);
  EXPECT_THAT(live_.log(), IsEmpty());
  EXPECT_EQ(host_.users_of_nvml(), 0);
  host_.load_driver();
  // Nobody says so: it is looked at.
  EXPECT_TRUE(live_.comes("added : the NVIDIA driver is loaded"));
  EXPECT_EQ(host_.users_of_nvml(), 1);
}

TEST_F(LiveHotplug, OneGpuLessAndNvmlIsOpenedAnew) {
  begin();
  std::filesystem::remove_all(host_ / "/proc/driver/nvidia/gpus/0000:ca:00.0");
  host_.file("/usr/lib64/fake-nvml.conf",
             "driver 550.163.01\ngpu 00000000:65:00.0\nuuid GPU-new\n");
  EXPECT_THAT(live_.dispatch(), IsEmpty());
  host_.xid(0, 95);
  EXPECT_TRUE(live_.comes("health GPU-new failed: Xid 95"));
  EXPECT_EQ(host_.users_of_nvml(), 1);
}

TEST_F(LiveHotplug, InstancesThatChangeWithoutAWord) {
  const std::string mig = "/proc/driver/nvidia/capabilities/gpu1/mig/";
  host_.file(mig + "gi7/access", "");
  host_.file(mig + "gi7/ci0/access", "");
  begin();
  host_.file(mig + "gi8/ci0/access", "");
  EXPECT_TRUE(live_.comes("changed : MIG instances of /dev/nvidia1 changed"));
}

TEST_F(LiveHotplug, AnNvmlThatDoesNotAnswerIsAskedAgain) {
  std::filesystem::rename(host_ / "/usr/lib64/fake-nvml.conf", host_ / "/usr/lib64/kept");
  begin();
  EXPECT_THAT(live_.log(),
              ElementsAre(HasSubstr("Driver Not Loaded): errors of GPUs are not seen")));
  std::filesystem::rename(host_ / "/usr/lib64/kept", host_ / "/usr/lib64/fake-nvml.conf");
  host_.xid(0, 79);
  EXPECT_TRUE(live_.comes("failed: Xid 79"));
  EXPECT_THAT(live_.log(), Contains("NVML answers again"));
}

// Where the kernel's own messages can be had: not in a network namespace of a container.
class KernelMessages : public LiveHotplug {
 protected:
  void SetUp() override {
    if (access("/run/udev/control", F_OK) == 0) {
      GTEST_SKIP() << "udevd passes the messages on, as it likes";
    }
    begin();
    if (!trigger("/sys/class/mem/null/uevent", "change")) {
      GTEST_SKIP() << "needs root: sysfs is read-only";
    }
    if (!readable()) {
      GTEST_SKIP() << "the kernel's messages do not come into this namespace";
    }
    live_.dispatch();
  }

  static bool trigger(const std::string& file, const std::string& action) {
    const int fd = open(file.c_str(), O_WRONLY | O_CLOEXEC);
    const bool done = fd >= 0 && write(fd, action.data(), action.size()) > 0;
    close(fd);
    return done;
  }
  bool readable() const {
    pollfd polled{live_.descriptor(), POLLIN, 0};
    return poll(&polled, 1, 500) == 1;
  }
  // The library's socket, which is in this process.
  static int kernel_socket() {
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
      const int fd = std::stoi(entry.path().filename());
      int domain = 0, protocol = 0;
      socklen_t size = sizeof domain;
      if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain == AF_NETLINK &&
          getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &size) == 0 &&
          protocol == NETLINK_KOBJECT_UEVENT) {
        return fd;
      }
    }
    return -1;
  }
};

TEST_F(KernelMessages, ThoseOfOthersSayNothing) {
  ASSERT_TRUE(trigger("/sys/class/mem/null/uevent", "change"));
  for (const auto& device : std::filesystem::directory_iterator("/sys/bus/pci/devices")) {
    std::ifstream vendor(device.path() / "vendor");
    std::string id;
    vendor >> id;
    if (id != "0x10de") {
      ASSERT_TRUE(trigger(device.path() / "uevent", "add"));
      break;
    }
  }
  ASSERT_TRUE(readable());
  EXPECT_THAT(live_.dispatch(), IsEmpty());
}

// A host whose tree says that the machine's first PCI device is a GPU of ours.
TEST_F(KernelMessages, ThoseOfItsGpusAreTold) {
  const auto first = std::filesystem::directory_iterator("/sys/bus/pci/devices");
  if (first == std::filesystem::directory_iterator()) {
    GTEST_SKIP() << "this machine has no PCI device";
  }
  const std::string address = first->path().filename();
  const std::string folder = "/sys/bus/pci/devices/" + address;
  host_.file(folder + "/vendor", "0x10de\n");
  host_.file(folder + "/device", "0x20b0\n");
  host_.file(folder + "/class", "0x030200\n");
  Live live(host_.options());
  ASSERT_EQ(live.start_watching(), XPU_OK);
  live.dispatch();
  const std::vector<std::pair<std::string, std::string>> wanted = {
      {"add", "added " + address + ": PCI device was added"},
      {"bind", "added " + address + ": driver "},
      {"change", "changed " + address + ": PCI device reports \"change\""},
      {"unbind", "removed " + address + ": driver was unbound"},
      {"remove", "removed " + address + ": PCI device was removed"}};
  for (const auto& [action, text] : wanted) {
    ASSERT_TRUE(trigger(first->path() / "uevent", action));
    EXPECT_TRUE(live.comes(text, std::chrono::seconds(2))) << action;
  }
  // What was removed is no GPU of ours any more.
  ASSERT_TRUE(trigger(first->path() / "uevent", "change"));
  EXPECT_FALSE(live.comes("PCI device", std::chrono::milliseconds(200)));
}

TEST_F(KernelMessages, LostOnesAreSaid) {
  const int fd = kernel_socket();
  ASSERT_GE(fd, 0);
  const int tiny = 1;  // the kernel's least
  ASSERT_EQ(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &tiny, sizeof tiny), 0);
  for (int i = 0; i < 200; ++i) {
    ASSERT_TRUE(trigger("/sys/class/mem/null/uevent", "change"));
  }
  EXPECT_THAT(live_.dispatch(), Contains("lost : messages of the kernel about devices were lost"));
  EXPECT_EQ(live_.status(), XPU_OK);
  // And then it goes on as before.
  EXPECT_THAT(live_.dispatch(), IsEmpty());
}

}  // namespace
}  // namespace xpu::test
