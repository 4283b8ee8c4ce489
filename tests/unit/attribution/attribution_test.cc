// SPDX-License-Identifier: Apache-2.0
#include "core/attribution/attribution.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "tests/unit/base/temp_dir.h"

namespace xpu::test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// A tree with /proc and /sys of a host; the device is /dev/full of this one: 1:7.
class AttributionTest : public ::testing::Test {
 protected:
  AttributionTest() {
    write("/proc/self/mountinfo",
          "25 20 0:22 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n"
          "30 25 0:27 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n");
    BackendStatus acme;
    acme.found.manifest.name = "acme";
    acme.state = BackendState::kReady;
    Device device;
    device.id = "acme:0";
    device.vendor = "acme";
    device.index = "0";
    device.uuid = "ACME-0";
    device.pci = "0000:03:00.0";
    acme.catalog.devices = {device};
    EditGroup group;
    group.scope.device = "acme:0";
    group.nodes = {node()};
    acme.catalog.edits = {group};
    backends = {acme};
  }

  static Node node() { return {"/dev/full", "/dev/full", 'c', 1, 7, 0, 0, 0, nullptr}; }

  void write(const std::string& path, const std::string& text) const {
    const std::filesystem::path full = dir.path() + path;
    std::filesystem::create_directories(full.parent_path());
    std::ofstream(full) << text;
  }
  void link(const std::string& path, const std::string& target) const {
    const std::filesystem::path full = dir.path() + path;
    std::filesystem::create_directories(full.parent_path());
    std::filesystem::remove(full);
    std::filesystem::create_symlink(target, full);
  }
  void remove(const std::string& path) const { std::filesystem::remove_all(dir.path() + path); }

  Record container(const std::string& id, int pid, const std::vector<int>& processes) {
    Record out;
    out.id = id;
    out.runtime_root = "/run/runc";
    out.nodes = {node()};
    out.held = {{"acme:0", "ACME-0", "", "acme", "Anvil", {}, ""}};
    write("/run/runc/" + id + "/state.json",
          "{\"init_process_pid\":" + std::to_string(pid) +
              ",\"cgroup_paths\":{\"\":\"/sys/fs/cgroup/unified/box/" + id + "\"}}");
    write("/proc/" + std::to_string(pid) + "/cgroup", "0::/box/" + id + "\n");
    procs(id, processes);
    return out;
  }
  void procs(const std::string& id, const std::vector<int>& pids) const {
    std::string text;
    for (const int pid : pids) {
      text += std::to_string(pid) + "\n";
      write("/proc/" + std::to_string(pid) + "/comm", "worker" + std::to_string(pid) + "\n");
    }
    write("/sys/fs/cgroup/unified/box/" + id + "/cgroup.procs", text);
  }
  void open_drm(int pid, int fd, const std::string& client, const std::string& rest) const {
    const std::string base = "/proc/" + std::to_string(pid);
    link(base + "/fd/" + std::to_string(fd), "/dev/full");
    write(base + "/fdinfo/" + std::to_string(fd),
          "pos:\t0\ndrm-driver:\tacme\ndrm-pdev:\t0000:03:00.0\ndrm-client-id:\t" + client + "\n" +
              rest);
  }
  Attribution::Look look() { return attribution.look(live, backends, samples); }
  static double use(const std::vector<ContainerUse>& uses, const std::string& key,
                    const std::string& label = "") {
    for (const ContainerUse& one : uses) {
      if (one.key == key && one.label == label && one.device == "acme:0") {
        return one.value;
      }
    }
    return -1;
  }

  TempDir dir;
  std::vector<BackendStatus> backends;
  std::vector<Record> live;
  std::map<std::string, watch::Sample> samples;
  Attribution attribution{dir.path()};
};

TEST_F(AttributionTest, HasNothingToSayOfAContainerWithoutWork) {
  live = {container("c1", 100, {100})};
  const Attribution::Look seen = look();
  ASSERT_THAT(seen.containers, SizeIs(1));
  EXPECT_EQ(seen.containers[0].container, "c1");
  EXPECT_THAT(seen.containers[0].pids, IsEmpty());
  EXPECT_THAT(seen.containers[0].uses, IsEmpty());
  EXPECT_THAT(seen.processes, IsEmpty());
}

TEST_F(AttributionTest, PassesOverContainersWithoutDevices) {
  live = {container("c1", 100, {100})};
  live[0].held.clear();
  EXPECT_THAT(look().containers, IsEmpty());
}

TEST_F(AttributionTest, IsWhatTheKernelAccounts) {
  live = {container("c1", 100, {100, 101})};
  open_drm(101, 5, "1",
           "drm-engine-render:\t2000000000 ns\ndrm-memory-vram:\t3 KiB\n"
           "drm-memory-gtt:\t1 KiB\n");
  const Attribution::Look seen = look();
  ASSERT_THAT(seen.containers, SizeIs(1));
  EXPECT_THAT(seen.containers[0].pids, ElementsAre(101));
  const std::vector<ContainerUse>& uses = seen.containers[0].uses;
  EXPECT_EQ(use(uses, "memory"), 3072);
  EXPECT_EQ(use(uses, "memory-region", "vram"), 3072);
  EXPECT_EQ(use(uses, "memory-region", "gtt"), 1024);
  EXPECT_EQ(use(uses, "engine-time", "render"), 2);
  EXPECT_EQ(use(uses, "utilisation", "render"), -1) << "there is no look before this";
  ASSERT_THAT(seen.processes, SizeIs(1));
  EXPECT_EQ(seen.processes[0].pid, 101);
  EXPECT_EQ(seen.processes[0].command, "worker101");
  EXPECT_EQ(seen.processes[0].container, "c1");
  EXPECT_EQ(use(seen.processes[0].uses, "memory"), 3072);
  EXPECT_EQ(use(seen.processes[0].uses, "engine-time", "render"), 2);
}

TEST_F(AttributionTest, CountsCopiesOfAFileOnce) {
  live = {container("c1", 100, {100, 101})};
  const std::string rest = "drm-engine-render:\t2000000000 ns\ndrm-memory-vram:\t3 KiB\n";
  open_drm(100, 5, "1", rest);
  open_drm(100, 6, "1", rest);
  open_drm(101, 5, "1", rest);
  open_drm(101, 7, "2", rest);
  const Attribution::Look seen = look();
  EXPECT_EQ(use(seen.containers[0].uses, "memory"), 2 * 3072);
  EXPECT_EQ(use(seen.containers[0].uses, "engine-time", "render"), 4);
  EXPECT_THAT(seen.containers[0].pids, ElementsAre(100, 101));
}

TEST_F(AttributionTest, TellsContainersApart) {
  live = {container("c1", 100, {100}), container("c2", 200, {200})};
  open_drm(100, 5, "1", "drm-memory-vram:\t1 KiB\n");
  open_drm(200, 5, "2", "drm-memory-vram:\t2 KiB\n");
  const Attribution::Look seen = look();
  EXPECT_EQ(use(seen.containers[0].uses, "memory"), 1024);
  EXPECT_EQ(use(seen.containers[1].uses, "memory"), 2048);
}

TEST_F(AttributionTest, FindsProcessesInCgroupsBelow) {
  live = {container("c1", 100, {100})};
  write("/sys/fs/cgroup/unified/box/c1/init.scope/deep/cgroup.procs", "105\n");
  open_drm(105, 5, "1", "drm-memory-vram:\t1 KiB\n");
  EXPECT_EQ(use(look().containers[0].uses, "memory"), 1024);
}

// systemd in a container moves itself into a cgroup below.
TEST_F(AttributionTest, KnowsTheContainersCgroupFromItsRuntime) {
  live = {container("c1", 100, {})};
  write("/proc/100/cgroup", "0::/box/c1/init.scope\n");
  write("/sys/fs/cgroup/unified/box/c1/init.scope/cgroup.procs", "100\n");
  write("/sys/fs/cgroup/unified/box/c1/work/cgroup.procs", "101\n");
  open_drm(101, 5, "1", "drm-memory-vram:\t1 KiB\n");
  EXPECT_EQ(use(look().containers[0].uses, "memory"), 1024);
}

TEST_F(AttributionTest, PassesOverFilesThatAreNoDevicesOfACatalog) {
  live = {container("c1", 100, {100})};
  open_drm(100, 5, "1", "drm-memory-vram:\t1 KiB\n");
  link("/proc/100/fd/5", "/dev/null");
  EXPECT_THAT(look().containers[0].pids, IsEmpty());
}

TEST_F(AttributionTest, CountsADeviceThatIsOpenWithoutAccounts) {
  live = {container("c1", 100, {100})};
  link("/proc/100/fd/5", "/dev/full");
  write("/proc/100/fdinfo/5", "pos:\t0\n");
  const Attribution::Look seen = look();
  EXPECT_THAT(seen.containers[0].pids, ElementsAre(100));
  EXPECT_THAT(seen.containers[0].uses, IsEmpty());
  EXPECT_THAT(seen.processes, SizeIs(1));
}

TEST_F(AttributionTest, KeepsWhatEndedProcessesUsed) {
  live = {container("c1", 100, {100, 101})};
  open_drm(101, 5, "1", "drm-engine-render:\t2000000000 ns\ndrm-memory-vram:\t1 KiB\n");
  look();
  procs("c1", {100});
  remove("/proc/101");
  const Attribution::Look seen = look();
  EXPECT_EQ(use(seen.containers[0].uses, "engine-time", "render"), 2);
  EXPECT_EQ(use(seen.containers[0].uses, "memory"), -1);
  EXPECT_THAT(seen.containers[0].pids, IsEmpty());
}

TEST_F(AttributionTest, ForgetsAContainerThatIsGone) {
  live = {container("c1", 100, {100})};
  open_drm(100, 5, "1", "drm-engine-render:\t2000000000 ns\n");
  look();
  const std::vector<Record> before = live;
  live.clear();
  EXPECT_THAT(look().containers, IsEmpty());
  live = before;
  remove("/proc/100/fd/5");
  EXPECT_THAT(look().containers[0].uses, IsEmpty());
}

TEST_F(AttributionTest, SaysHowBusyEnginesWere) {
  live = {container("c1", 100, {100})};
  open_drm(100, 5, "1",
           "drm-engine-render:\t0 ns\ndrm-engine-video:\t0 ns\n"
           "drm-engine-capacity-video:\t2\ndrm-cycles-copy:\t100\n"
           "drm-total-cycles-copy:\t1000\n");
  look();
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  // Much more than the time that went by, half of it for two engines, and half of the cycles.
  open_drm(100, 5, "1",
           "drm-engine-render:\t900000000000 ns\ndrm-engine-video:\t100000000 ns\n"
           "drm-engine-capacity-video:\t2\ndrm-cycles-copy:\t600\n"
           "drm-total-cycles-copy:\t2000\n");
  const Attribution::Look seen = look();
  const std::vector<ContainerUse>& uses = seen.containers[0].uses;
  EXPECT_EQ(use(uses, "utilisation", "render"), 1);
  EXPECT_NEAR(use(uses, "utilisation", "video"), 0.25, 0.1);
  EXPECT_NEAR(use(uses, "utilisation", "copy"), 0.5, 0.01);
  EXPECT_NEAR(use(uses, "engine-time", "copy"), 0.1, 0.05);
  EXPECT_NEAR(use(seen.processes[0].uses, "utilisation", "copy"), 0.5, 0.01);
}

TEST_F(AttributionTest, TakesWhatBackendsSayOfProcesses) {
  live = {container("c1", 100, {100, 101})};
  samples["acme"].processes = {{"acme:0", 100, "memory", "", 10},
                               {"ACME-0", 101, "memory", "", 20},
                               {"0000:03:00.0", 100, "utilisation", "compute", 0.75},
                               {"acme:0", 101, "utilisation", "compute", 0.75},
                               {"acme:0", 101, "engine-time", "compute", 4},
                               {"acme:0", 999, "memory", "", 30},
                               {"acme:9", 100, "memory", "", 40}};
  const Attribution::Look seen = look();
  EXPECT_THAT(seen.containers[0].pids, ElementsAre(100, 101));
  EXPECT_EQ(use(seen.containers[0].uses, "memory"), 30);
  EXPECT_EQ(use(seen.containers[0].uses, "utilisation", "compute"), 1);
  EXPECT_EQ(use(seen.containers[0].uses, "engine-time", "compute"), 4);
  ASSERT_THAT(seen.processes, SizeIs(3));
  EXPECT_EQ(seen.processes[2].pid, 999);
  EXPECT_EQ(seen.processes[2].container, "");
  EXPECT_EQ(use(seen.processes[2].uses, "memory"), 30);
}

// The process that asks the backend is started anew: its processes do not count twice.
TEST_F(AttributionTest, KeepsCountersOfABackendThatSaysNothing) {
  live = {container("c1", 100, {100})};
  samples["acme"].processes = {{"acme:0", 100, "engine-time", "compute", 4}};
  look();
  const auto sample = samples;
  samples.clear();
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(use(look().containers[0].uses, "engine-time", "compute"), 4);
  }
  samples = sample;
  EXPECT_EQ(use(look().containers[0].uses, "engine-time", "compute"), 4);
}

TEST_F(AttributionTest, GivesAPartOfADeviceWhatIsUsedThroughItsNode) {
  Device part = backends[0].catalog.devices[0], other = part;
  part.id = "acme:0:0";
  part.uuid = "ACME-0-0";
  other.id = "acme:0:1";
  other.uuid = "ACME-0-1";
  part.parent = other.parent = "acme:0";
  backends[0].catalog.devices.push_back(part);
  backends[0].catalog.devices.push_back(other);
  EditGroup group;
  group.scope.device = "acme:0:1";
  group.nodes = {node()};
  backends[0].catalog.edits = {group};
  live = {container("c1", 100, {100})};
  live[0].held = {{"acme:0:0", "ACME-0-0", "ACME-0", "acme", "Anvil", {}, ""},
                  {"acme:0:1", "ACME-0-1", "ACME-0", "acme", "Anvil", {}, ""}};
  open_drm(100, 5, "1", "drm-memory-vram:\t1 KiB\n");
  const Attribution::Look seen = look();
  ASSERT_THAT(seen.containers[0].uses, SizeIs(2));
  EXPECT_EQ(seen.containers[0].uses[0].device, "acme:0:1");
}

TEST_F(AttributionTest, SurvivesATreeWithoutAnything) {
  Record record;
  record.id = "gone";
  record.runtime_root = "/run/runc";
  record.held = {{"acme:0", "ACME-0", "", "acme", "Anvil", {}, ""}};
  live = {record};
  EXPECT_THAT(look().containers, SizeIs(1));
  remove("/proc");
  EXPECT_THAT(look().containers, SizeIs(1));
}

}  // namespace
}  // namespace xpu::test
