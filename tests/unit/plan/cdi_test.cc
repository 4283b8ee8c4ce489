// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <unistd.h>

#include "tests/unit/plan/fixture.h"

namespace xpu {
namespace {

namespace fs = std::filesystem;
using test::link;
using test::PlanTest;
using test::put;
using test::Texts;
using testing::ElementsAre;

class Cdi : public PlanTest {
 protected:
  void add_mount(const std::string& path, const Texts& options = {}, const std::string& type = "",
                 const std::string& source = "") {
    add(edits_.mounts,
        {source.empty() ? (host() / path.substr(1)).string() : source, path, type, options},
        "device other.com/thing=one");
  }
};

TEST_F(Cdi, MountIsAsTheFileSays) {
  put(host() / "opt/a");
  add_mount("/opt/a", {"ro", "bind"});
  add_mount("/scratch", {"size=1m"}, "tmpfs", "tmpfs");
  make();
  const PlannedMount* const bind = mount_at("/opt/a");
  ASSERT_NE(bind, nullptr);
  EXPECT_EQ(bind->type, "bind");
  EXPECT_THAT(bind->options, ElementsAre("ro", "bind"));
  EXPECT_EQ(bind->why, "device other.com/thing=one");
  const PlannedMount* const scratch = mount_at("/scratch");
  ASSERT_NE(scratch, nullptr);
  EXPECT_EQ(scratch->type, "tmpfs");
  EXPECT_EQ(scratch->source, "tmpfs");
  EXPECT_THAT(scratch->options, ElementsAre("size=1m"));
}

TEST_F(Cdi, MountIsABindMountWhereNothingIsSaid) {
  put(host() / "opt/a");
  add_mount("/opt/a", {"ro"});
  make();
  EXPECT_THAT(mount_at("/opt/a")->options, ElementsAre("ro", "rbind"));
}

TEST_F(Cdi, MountOfAFolderComesBeforeThoseBelowIt) {
  put(host() / "opt/a/b");
  add_mount("/opt/a/b");
  add_mount("/opt/a");
  make();
  EXPECT_THAT(destinations(), ElementsAre("/opt/a", "/opt/a/b"));
}

TEST_F(Cdi, MountOfAFolderComesBeforeWhatIsMountedInItByOthers) {
  put(host() / "opt/a/tool");
  put(host() / "opt/a/b/x");
  add_file(FileKind::kBinary, "/opt/a/tool");
  add_mount("/opt/a/b");
  add_mount("/opt/a");
  make();
  EXPECT_THAT(destinations(), ElementsAre("/opt/a", "/opt/a/tool", "/opt/a/b"));
}

TEST_F(Cdi, MountThatCannotHoldTheContainersOwnIsAnError) {
  put(host() / "opt/a/b/x");
  put(host() / "opt/a/file");
  put(host() / "volume/x");
  add_mount("/opt/a", {"ro"});
  load(bind("/opt/a/b", host() / "volume") + "," + bind("/opt/ab/c", host() / "volume"));
  EXPECT_EQ(error(), "");
  load(bind("/opt/a/c", host() / "volume"));
  EXPECT_EQ(error(), "device other.com/thing=one: cannot mount " + (host() / "opt/a").string() +
                         " at /opt/a: the container's own mount at /opt/a/c lies in it, and there "
                         "is no " +
                         (host() / "opt/a/c").string() + " for it");
  edits_.mounts[0].item.options = {};
  EXPECT_EQ(error(), "");  // there the low-level runtime makes the place, for all consumers alike
}

TEST_F(Cdi, MountOfAFolderKnowsWhatLiesInItByLinks) {
  put(host() / "run/a/b");
  put(host() / "volume/x");
  fs::create_directories(root() / "run");
  link(root() / "var/run", "/run");
  add_mount("/var/run/a", {}, "", host() / "run/a");
  load(bind("/var/run/a/b", host() / "volume/x") + "," + bind("/run/a/c", host() / "volume/x") +
       "," + bind("/var/run/d", host() / "volume/x"));
  make();
  const PlannedMount* const folder = mount_at("/run/a");
  ASSERT_NE(folder, nullptr);
  EXPECT_THAT(folder->holds, ElementsAre("/var/run/a/b"));
}

TEST_F(Cdi, MountWithoutASourceIsAnError) {
  add_mount("/opt/a");
  EXPECT_EQ(error(), "device other.com/thing=one: cannot mount " + (host() / "opt/a").string() +
                         " at /opt/a: No such file or directory");
}

TEST_F(Cdi, MountThatCannotBeMadeIsAnError) {
  put(host() / "opt/a");
  put(root() / "opt/a/b");
  add_mount("/opt/a");
  EXPECT_EQ(error(), "device other.com/thing=one: cannot mount " + (host() / "opt/a").string() +
                         " at /opt/a: /opt/a is a folder in the container");
}

TEST_F(Cdi, MountOfAPartOfSysfsToSysfs) {
  const std::string spec = mount("sysfs", "/sys") + "," + mount("proc", "/proc");
  add_mount("/sys/devices/system", {"ro"}, "", "/sys/devices/system");
  add_mount("/sys/kernel/uevent_seqnum", {}, "", "/sys/kernel/uevent_seqnum");
  load(spec);
  make();
  EXPECT_THAT(destinations(), ElementsAre("/sys/devices/system", "/sys/kernel/uevent_seqnum"));
  edits_.mounts.clear();
  add_mount("/sys/devices/no-such-thing", {}, "", "/sys/devices/system");
  EXPECT_EQ(error(),
            "device other.com/thing=one: cannot mount /sys/devices/system at "
            "/sys/devices/no-such-thing: there is no such folder in sysfs");
  edits_.mounts.clear();
  add_mount("/sys/kernel/uevent_seqnum", {}, "", "/sys/devices/system");
  EXPECT_NE(error().find("there is no such folder in sysfs"), std::string::npos);
  // Nothing of another file system, and not all of it.
  put(host() / "devices/x");
  for (const auto& [path, source] : {std::pair("/sys/devices", (host() / "devices").string()),
                                     std::pair("/sys", std::string("/sys/devices")),
                                     std::pair("/sys/devices", std::string("/sys")),
                                     std::pair("/proc/sys", std::string("/sys/devices"))}) {
    edits_.mounts.clear();
    add_mount(path, {}, "", source);
    EXPECT_NE(error().find("nothing can be mounted in the"), std::string::npos) << path << source;
  }
}

TEST_F(Cdi, MountInProcIsForTheFilesThatLowLevelRuntimesAllow) {
  load(mount("proc", "/proc"));
  put(host() / "proc/cpuinfo");
  put(host() / "proc/version");
  add_mount("/proc/cpuinfo");
  make();
  EXPECT_THAT(destinations(), ElementsAre("/proc/cpuinfo"));
  add_mount("/proc/version");
  EXPECT_EQ(error(), "device other.com/thing=one: cannot mount " +
                         (host() / "proc/version").string() +
                         " at /proc/version: nothing can be mounted in the proc mount at /proc");
}

TEST_F(Cdi, GroupThatAUserNamespaceLacksIsLeftOut) {
  add(edits_.gids, 44U, "device a/b=c");
  add(edits_.gids, 2000U, "device a/b=c");
  load("", R"(,"linux":{"namespaces":[{"type":"user"}],
    "uidMappings":[{"containerID":0,"hostID":0,"size":1000}],
    "gidMappings":[{"containerID":0,"hostID":0,"size":1000}]})");
  facts_.container_user_namespace = true;
  const Plan& plan = make();
  ASSERT_EQ(plan.gids.size(), 1U);
  EXPECT_EQ(plan.gids[0].gid, 44U);
  EXPECT_THAT(plan.warnings,
              ElementsAre("the group 2000 (device a/b=c) is left out: the container's user "
                          "namespace has none of that number"));
}

TEST_F(Cdi, HooksAndTheRestStayWhatTheyAre) {
  add(edits_.hooks, {"poststop", "/bin/true", {}, {}, {}}, "device a/b=c");
  add(edits_.net_devices, {"eth0", "in0"}, "device a/b=c");
  add(edits_.gids, 2000U, "device a/b=c");
  edits_.rdt.emplace();
  edits_.rdt->item.clos_id = "fast";
  const Plan& plan = make();
  ASSERT_EQ(plan.hooks.size(), 1U);
  EXPECT_EQ(plan.hooks[0].hook.path, "/bin/true");
  EXPECT_EQ(plan.hooks[0].why, "device a/b=c");
  ASSERT_EQ(plan.net_devices.size(), 1U);
  ASSERT_EQ(plan.gids.size(), 1U);
  EXPECT_EQ(plan.rdt->clos_id, "fast");
}

TEST_F(Cdi, NodeWithNumbersNeedsNoneOnTheHost) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "needs root";
  }
  Node& node = add_node("/dev/thing");
  node.host_path = "/dev/no-such-thing";
  node.terms = std::make_shared<const NodeTerms>(NodeTerms{"rw", 0600, {}, {}, true});
  load("", R"(,"process":{"user":{"uid":12,"gid":34}})");
  const Plan& plan = make();
  ASSERT_EQ(plan.devices.size(), 1U);
  // A mode of its own is for the container's user.
  EXPECT_EQ(*plan.devices[0].node.terms, (NodeTerms{"rw", 0600, 12, 34, true}));
}

}  // namespace
}  // namespace xpu
