// SPDX-License-Identifier: Apache-2.0
// Uevents of a testbed, and of the kernel itself: those of /dev/null, which anybody who is root can
// ask for.
#include "sdk/helpers/uevents.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "tests/unit/sdk/testbed.h"

namespace xpu::sdk {
namespace {

using Got = UeventMonitor::Got;
using test::readable;

constexpr const char* kNull = "/sys/class/mem/null/uevent";

#define XPU_NEEDS_KERNEL_EVENTS()                                \
  if (geteuid() != 0 || access(kNull, W_OK) != 0) {              \
    GTEST_SKIP() << "needs root: it asks the kernel for events"; \
  }

void ask_kernel(int times = 1) {
  for (int i = 0; i < times; ++i) {
    const int fd = open(kNull, O_WRONLY | O_CLOEXEC);
    ASSERT_GE(fd, 0);
    ASSERT_EQ(write(fd, "change", 6), 6);
    close(fd);
  }
}

// Waits for one; ones that came before it was asked for are let go by.
Got next(UeventMonitor& monitor, Uevent& out) {
  const bool ready = readable(monitor.fd(), 2000);
  return ready ? monitor.next(out) : Got::kNothing;
}

// Runs `body` with mounts of its own, where /run/udev/control exists; whether nothing failed.
template <class Body>
bool with_udevd_socket(Body body) {
  const pid_t child = fork();
  if (child == 0) {
    const bool made = unshare(CLONE_NEWNS) == 0 &&
                      mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
                      mount("tmpfs", "/run", "tmpfs", 0, nullptr) == 0 &&
                      mkdir("/run/udev", 0755) == 0;
    const int fd = made ? open("/run/udev/control", O_CREAT | O_WRONLY | O_CLOEXEC, 0600) : -1;
    EXPECT_GE(fd, 0) << strerror(errno);
    if (fd >= 0) {
      body();
    }
    _exit(testing::Test::HasFailure() ? 1 : 0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

TEST(Uevent, BelongsToTheNearestPciDevice) {
  Uevent event;
  event.devpath = "/devices/pci0000:00/0000:00:01.0/0000:03:00.0/drm/card0";
  EXPECT_EQ(event.pci(), "0000:03:00.0");
  event.devpath = "/devices/pci0000:00/0000:00:01.0";
  EXPECT_EQ(event.pci(), "0000:00:01.0");
  event.devpath = "/devices/platform/soc/406400000.gpu/drm/card1";
  EXPECT_EQ(event.pci(), "");
  event.devpath = "";
  EXPECT_EQ(event.pci(), "");
  event.properties["A"] = "1";
  EXPECT_EQ(event.property("A"), "1");
  EXPECT_EQ(event.property("B"), "");
}

TEST(UeventMonitor, IsNothingBeforeItIsOpened) {
  UeventMonitor monitor;
  Uevent event;
  EXPECT_EQ(monitor.fd(), -1);
  EXPECT_EQ(monitor.next(event), Got::kNothing);
  EXPECT_FALSE(monitor.from_udevd());
}

TEST(UeventMonitor, SaysWhatHappenedToADevice) {
  XPU_IN_TESTBED();
  test::Testbed bed;
  UeventMonitor monitor;
  monitor.open({"pci", "drm"});
  const std::string gpu =
      bed.add("pci", "0000:03:00.0", "", {{"vendor", "0x8086"}}, {{"PCI_ID", "8086:56A0"}});
  const std::string card = bed.add("drm", "drm/card0", gpu, {}, {{"DEVTYPE", "drm_minor"}});
  bed.add("usb", "1-1", "", {}, {});
  bed.event(card, "change", {{"WEDGED", "rebind"}});
  bed.remove(card);
  Uevent event;
  ASSERT_EQ(next(monitor, event), Got::kEvent);
  EXPECT_EQ(event.action + event.subsystem + event.sysname, "addpci0000:03:00.0");
  EXPECT_EQ(event.property("PCI_ID"), "8086:56A0");
  ASSERT_EQ(next(monitor, event), Got::kEvent);
  EXPECT_EQ(event.action + event.subsystem + event.sysname, "adddrmcard0");
  EXPECT_EQ(event.devtype, "drm_minor");
  EXPECT_EQ(event.pci(), "0000:03:00.0");
  ASSERT_EQ(next(monitor, event), Got::kEvent) << "what is of no subsystem that was asked for";
  EXPECT_EQ(event.action, "change");
  EXPECT_EQ(event.property("WEDGED"), "rebind");
  ASSERT_EQ(next(monitor, event), Got::kEvent);
  EXPECT_EQ(event.action + event.pci(), "remove0000:03:00.0");
  EXPECT_EQ(monitor.next(event), Got::kNothing);
  EXPECT_FALSE(readable(monitor.fd(), 0));
  monitor.close();
  EXPECT_EQ(monitor.fd(), -1);
}

TEST(UeventMonitor, HearsTheKernel) {
  XPU_NEEDS_KERNEL_EVENTS();
  UeventMonitor monitor, other;
  monitor.open({"mem"});
  other.open({"drm"});
  ask_kernel();
  Uevent event;
  ASSERT_EQ(next(monitor, event), Got::kEvent);
  EXPECT_EQ(event.devpath, "/devices/virtual/mem/null");
  EXPECT_EQ(event.devnode, "/dev/null");
  EXPECT_EQ(event.action, "change");
  EXPECT_EQ(other.next(event), Got::kNothing);
}

TEST(UeventMonitor, SaysThatMessagesWereLost) {
  XPU_NEEDS_KERNEL_EVENTS();
  UeventMonitor monitor;
  monitor.open({"mem"}, 1);  // the least that the kernel gives
  ask_kernel(200);
  Uevent event;
  unsigned events = 0, lost = 0;
  for (Got got; (got = next(monitor, event)) != Got::kNothing && events < 200;) {
    (got == Got::kLost ? lost : events) += 1;
    if (!readable(monitor.fd(), 100)) {
      break;
    }
  }
  EXPECT_GE(lost, 1u);
  EXPECT_LT(events, 200u);
  ask_kernel();
  ASSERT_EQ(next(monitor, event), Got::kEvent) << "it goes on";
  EXPECT_EQ(event.sysname, "null");
}

TEST(UeventMonitor, ABurstFitsIn) {
  XPU_NEEDS_KERNEL_EVENTS();
  UeventMonitor monitor;
  monitor.open({"mem"});
  ask_kernel(3000);
  Uevent event;
  unsigned events = 0;
  for (Got got; (got = monitor.next(event)) != Got::kNothing;) {
    ASSERT_EQ(got, Got::kEvent);
    ++events;
  }
  EXPECT_GE(events, 3000u);
}

// /run/udev of the host in a container with a network of its own.
TEST(UeventMonitor, TakesFromTheKernelWhatUdevdDoesNotPassOn) {
  XPU_NEEDS_KERNEL_EVENTS();
  const bool passed = with_udevd_socket([] {
    ASSERT_EQ(unshare(CLONE_NEWNET), 0);
    UeventMonitor monitor;
    monitor.open({"mem"});
    EXPECT_TRUE(monitor.from_udevd());
    ask_kernel();
    Uevent event;
    ASSERT_TRUE(readable(monitor.fd(), 1000));
    EXPECT_EQ(monitor.next(event), Got::kNothing) << "udevd may be about to pass it on";
    EXPECT_FALSE(readable(monitor.fd(), 100));
    ASSERT_TRUE(readable(monitor.fd(), 4000)) << "without anything else happening";
    ASSERT_EQ(monitor.next(event), Got::kEvent);
    EXPECT_EQ(event.sysname, "null");
    EXPECT_FALSE(monitor.from_udevd());
    EXPECT_EQ(monitor.next(event), Got::kNothing);
    EXPECT_FALSE(readable(monitor.fd(), 0));
    ask_kernel();
    ASSERT_TRUE(readable(monitor.fd(), 1000));
    EXPECT_EQ(monitor.next(event), Got::kEvent) << "and the next one at once";
  });
  EXPECT_TRUE(passed);
}

TEST(UeventMonitor, TakesOnceWhatBothSay) {
  if (geteuid() != 0) {
    GTEST_SKIP() << "needs root: mounts of its own";
  }
  XPU_IN_TESTBED();
  const bool passed = with_udevd_socket([] {
    test::Testbed bed;
    UeventMonitor monitor;
    monitor.open({"pci"});
    bed.add("pci", "0000:03:00.0", "", {}, {});
    bed.add("pci", "0000:04:00.0", "", {}, {});
    Uevent event;
    for (const char* name : {"0000:03:00.0", "0000:04:00.0"}) {
      ASSERT_EQ(next(monitor, event), Got::kEvent);
      EXPECT_EQ(event.sysname, name);
    }
    EXPECT_EQ(monitor.next(event), Got::kNothing);
    EXPECT_TRUE(monitor.from_udevd());
    EXPECT_FALSE(readable(monitor.fd(), 3200)) << "the kernel's are forgotten";
  });
  EXPECT_TRUE(passed);
}

}  // namespace
}  // namespace xpu::sdk
