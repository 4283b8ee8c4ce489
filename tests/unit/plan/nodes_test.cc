// SPDX-License-Identifier: Apache-2.0
#include <sys/syscall.h>

#include "tests/unit/plan/fixture.h"

namespace xpu {
namespace {

using test::PlanTest;
using test::put;
using test::Texts;
namespace fs = std::filesystem;

constexpr const char* kAdvice =
    "; give the node mode 0666 with a udev rule, or the container a user or group that may open it";
constexpr const char* kUserNamespace = R"(,"linux":{"namespaces":[{"type":"user"}],
  "uidMappings":[{"containerID":0,"hostID":100000,"size":1000}],
  "gidMappings":[{"containerID":0,"hostID":200000,"size":1000}]})";
// As a rootless engine does: the container's root is user 1234.
constexpr const char* kRootless = R"(,"linux":{"namespaces":[{"type":"user"}],
  "uidMappings":[{"containerID":0,"hostID":1234,"size":1},
                 {"containerID":1,"hostID":300000,"size":65535}],
  "gidMappings":[{"containerID":0,"hostID":1234,"size":1},
                 {"containerID":1,"hostID":300000,"size":65535}]})";
const Texts kBindOptions = {"bind", "nosuid", "noexec", "rprivate"};

class DeviceNode : public PlanTest {
 protected:
  // A node of the host with a mode and an owner; numbers that no driver has.
  bool add_own_node(mode_t mode, uid_t uid, gid_t gid) {
    const std::string path = host() / "dev/acme1";
    fs::create_directories(host() / "dev");
    if (::mknod(path.c_str(), S_IFCHR | mode, makedev(10, 237)) != 0 ||
        ::chmod(path.c_str(), mode) != 0 || ::chown(path.c_str(), uid, gid) != 0) {
      return false;
    }
    edits_.nodes = {{{path, "/dev/acme1", 'c', 10, 237}, "device acme:1"}};
    return true;
  }
  static std::string process(int uid, int gid, const std::string& more = "") {
    return R"(,"process":{"user":{"uid":)" + std::to_string(uid) + R"(,"gid":)" +
           std::to_string(gid) + more + "}}";
  }
  void in_user_namespace(const std::string& process = "") {
    load("", process + kUserNamespace);
    facts_.container_user_namespace = true;
    facts_.root_uid = 100000;
    facts_.root_gid = 200000;
    if (give_root_) {
      ASSERT_EQ(::chown(root().c_str(), 100000, 200000), 0);
    }
  }
  bool give_root_ = ::geteuid() == 0;
  // On a thread that is an ordinary user of group `gid` and, when given, of one further group.
  static void as_user(uid_t uid, gid_t gid, std::optional<gid_t> further,
                      const std::function<void()>& body) {
    std::thread([&] {
      const gid_t list[] = {further.value_or(0)};
      ASSERT_EQ(::syscall(SYS_setgroups, further ? 1 : 0, list), 0);
      ASSERT_EQ(::syscall(SYS_setresgid, gid, gid, gid), 0);
      ASSERT_EQ(::syscall(SYS_setresuid, uid, uid, uid), 0);
      body();
    }).join();
  }
};

TEST_F(DeviceNode, RootfulIsADeviceOfTheSpec) {
  const Node node = add_node();
  load(mount("tmpfs", "/dev"));
  make();
  ASSERT_EQ(plan_.devices.size(), 1U);
  EXPECT_EQ(plan_.devices[0].node, node);
  EXPECT_EQ(plan_.devices[0].why, "device acme:0");
  EXPECT_TRUE(plan_.mounts.empty());
  EXPECT_TRUE(plan_.device_rules.empty());
  EXPECT_TRUE(plan_.notes.empty());
}

TEST_F(DeviceNode, PrivilegedIsTheSameWithANote) {
  add_node();
  facts_.privileged = true;
  make();
  EXPECT_EQ(plan_.devices.size(), 1U);
  EXPECT_EQ(plan_.notes, Texts{"the container is privileged and may open every device of the host, "
                               "not only those it asked for"});
}

TEST_F(DeviceNode, UserNamespaceOfTheContainerIsABindMountAndARule) {
  const Node node = add_node();
  in_user_namespace();
  make();
  EXPECT_TRUE(plan_.devices.empty());
  ASSERT_EQ(plan_.mounts.size(), 1U);
  EXPECT_EQ(plan_.mounts[0],
            (PlannedMount{"/dev/null", "/dev/acme0", "bind", kBindOptions, "device acme:0"}));
  EXPECT_EQ(plan_.device_rules, std::vector<Node>{node});
}

TEST_F(DeviceNode, UserNamespaceOfTheCallerIsABindMountWithoutARule) {
  add_node();
  load();
  facts_.caller_in_user_namespace = facts_.container_user_namespace = true;
  make();
  EXPECT_EQ(destinations(), Texts{"/dev/acme0"});
  EXPECT_TRUE(plan_.devices.empty());
  EXPECT_TRUE(plan_.device_rules.empty());
}

TEST_F(DeviceNode, UserNamespaceWhoseRootCannotOpenTheNodeIsAnError) {
  if (!add_own_node(0660, 0, 44)) {
    GTEST_SKIP() << "cannot make device nodes here";
  }
  in_user_namespace();
  EXPECT_EQ(error(),
            "the container's user 0:0 (100000:200000 outside its user namespace) cannot open the "
            "device node " +
                (host() / "dev/acme1").string() + " (mode 0660, owner 0:44)" + kAdvice);
}

TEST_F(DeviceNode, UserNamespaceWhoseRootCanOpenTheNode) {
  struct {
    mode_t mode;
    uid_t uid;
    gid_t gid;
    bool opens;
  } const cases[] = {
      {0666, 0, 0, true},
      {0600, 100000, 0, true},
      {0400, 100000, 0, false},
      {0060, 0, 200000, true},
      {0660, 0, 200001, false},
      {0600, 100999, 200999, true},
      {0600, 101000, 200999, false},
      {0604, 0, 0, false},
  };
  for (const auto& one : cases) {
    fs::remove_all(host());
    if (!add_own_node(one.mode, one.uid, one.gid)) {
      GTEST_SKIP() << "cannot make device nodes here";
    }
    in_user_namespace();
    EXPECT_EQ(error().empty(), one.opens) << one.mode << ' ' << one.uid << ':' << one.gid;
  }
}

// Of a CDI file.
TEST_F(DeviceNode, OnlyTheAccessThatIsAskedForIsNeeded) {
  const struct {
    mode_t mode;
    const char* access;
    bool opens;
  } cases[] = {
      {0444, "r", true},   {0444, "rm", true},  {0444, "rwm", false}, {0222, "w", true},
      {0222, "r", false},  {0000, "", true},    {0000, "m", true},    {0440, "r", false},
      {0664, "rw", false}, {0666, "rwm", true},
  };
  for (const auto& one : cases) {
    fs::remove_all(host());
    if (!add_own_node(one.mode, 0, 0)) {
      GTEST_SKIP() << "cannot make device nodes here";
    }
    edits_.nodes[0].item.terms =
        std::make_shared<const NodeTerms>(NodeTerms{one.access, {}, {}, {}, false});
    in_user_namespace();
    EXPECT_EQ(error().empty(), one.opens) << one.mode << ' ' << one.access << ": " << error();
    facts_ = {};
    facts_.state_dir = state();
    load(mount("tmpfs", "/dev"));
    facts_.caller_is_root = false;
    facts_.container_user_namespace = true;
    as_user(1234, 1234, {}, [&] {
      EXPECT_EQ(error().empty(), one.opens) << one.mode << ' ' << one.access << ": " << error();
    });
    facts_ = {};
    facts_.state_dir = state();
    load(bind("/dev", host() / "dev"), process(1000, 1000));
    EXPECT_EQ(error().empty(), one.opens) << one.mode << ' ' << one.access << ": " << error();
  }
  fs::remove_all(host());
  ASSERT_TRUE(add_own_node(0440, 0, 0));
  edits_.nodes[0].item.terms = std::make_shared<const NodeTerms>(NodeTerms{"r", {}, {}, {}, false});
  in_user_namespace();
  EXPECT_NE(error().find("; give the node mode 0444 with a udev rule, or"), std::string::npos)
      << error();
}

TEST_F(DeviceNode, UnprivilegedCallerWithoutAccessIsAnError) {
  if (!add_own_node(0660, 0, 44)) {
    GTEST_SKIP() << "cannot make device nodes here";
  }
  load(mount("tmpfs", "/dev"));
  facts_.caller_is_root = false;
  facts_.container_user_namespace = true;
  as_user(1234, 1234, {}, [&] {
    EXPECT_EQ(error(), "user 1234 cannot open the device node " + (host() / "dev/acme1").string() +
                           " (mode 0660, owner 0:44); add the user to the node's group or give the "
                           "node mode 0666 with a udev rule");
  });
}

TEST_F(DeviceNode, UnprivilegedCallerWithAccessThroughAFurtherGroupIsWarned) {
  if (!add_own_node(0660, 0, 44)) {
    GTEST_SKIP() << "cannot make device nodes here";
  }
  load(mount("tmpfs", "/dev"), kRootless);
  facts_.caller_is_root = false;
  facts_.container_user_namespace = true;
  as_user(1234, 1234, 44, [&] { EXPECT_EQ(error(), ""); });
  EXPECT_EQ(destinations(), Texts{"/dev/acme1"});
  ASSERT_EQ(plan_.warnings.size(), 1U);
  EXPECT_EQ(
      plan_.warnings[0],
      "the device node " + (host() / "dev/acme1").string() +
          " (mode 0660, owner 0:44) is open to the caller through a supplementary group only, "
          "which the low-level runtime must keep (podman: --group-add keep-groups)");
  as_user(1234, 44, {}, [&] { EXPECT_EQ(error(), ""); });
  EXPECT_TRUE(plan_.warnings.empty()) << "the caller's own group";
}

TEST_F(DeviceNode, AVolumeOverDevWithTheNodeNeedsNothingMore) {
  add_node("/dev/null");
  load(bind("/dev", "/dev"));
  make();
  EXPECT_EQ(plan_.devices.size(), 1U);
  EXPECT_TRUE(plan_.mounts.empty());
}

TEST_F(DeviceNode, AVolumeOverDevWithAnotherNodeIsMountedOver) {
  const Node node = add_node("/dev/zero");
  load(bind("/dev", "/dev"));
  make();
  EXPECT_TRUE(plan_.devices.empty());
  EXPECT_EQ(destinations(), Texts{"/dev/zero"});
  EXPECT_EQ(plan_.device_rules, std::vector<Node>{node});
}

TEST_F(DeviceNode, AVolumeOverDevWithoutTheNodeIsAnError) {
  add_node();
  fs::create_directories(scratch_ / "volume");
  load(bind("/dev", scratch_ / "volume"));
  EXPECT_EQ(error(), "cannot bring the device node /dev/acme0 into the container: the volume " +
                         (scratch_ / "volume").string() +
                         " at /dev covers it and has no such file");
}

TEST_F(DeviceNode, UserNamespaceWhoseUserCanOpenTheNode) {
  const struct {
    mode_t mode;
    uid_t uid;
    gid_t gid;
    std::string groups;
    bool opens;
  } cases[] = {
      {0600, 100000, 200000, "", false},  // its root could
      {0660, 100000, 200000, "", false},
      {0600, 100500, 200000, "", true},
      {0066, 100500, 200000, "", false},  // as the owner it is nothing else
      {0660, 100000, 200501, "", true},
      {0606, 100000, 200501, "", false},
      {0660, 100000, 200044, R"(,"additionalGids":[7,44])", true},
      {0660, 100000, 200045, R"(,"additionalGids":[7,44])", false},
      {0666, 0, 0, "", true},
  };
  for (const auto& one : cases) {
    fs::remove_all(host());
    if (!add_own_node(one.mode, one.uid, one.gid)) {
      GTEST_SKIP() << "cannot make device nodes here";
    }
    in_user_namespace(process(500, 501, one.groups));
    const std::string found = error();
    EXPECT_EQ(found.empty(), one.opens) << one.mode << ' ' << one.uid << ':' << one.gid << found;
  }
  fs::remove_all(host());
  ASSERT_TRUE(add_own_node(0600, 100000, 100000));
  in_user_namespace(process(500, 501));
  EXPECT_EQ(error(),
            "the container's user 500:501 (100500:200501 outside its user namespace) cannot open "
            "the device node " +
                (host() / "dev/acme1").string() + " (mode 0600, owner 100000:100000)" + kAdvice);
}

TEST_F(DeviceNode, UserNamespaceThatIsJoinedIsTakenForOneRange) {
  if (!add_own_node(0600, 100500, 0)) {
    GTEST_SKIP() << "cannot make device nodes here";
  }
  facts_.container_user_namespace = true;
  facts_.root_uid = facts_.root_gid = 100000;
  ::chmod(root().c_str(), 0777);
  const std::string joined = R"(,"linux":{"namespaces":[{"type":"user","path":"/x"}]})";
  load("", process(500, 500) + joined);
  EXPECT_EQ(error(), "");
  load("", process(501, 500) + joined);
  EXPECT_NE(error().find("user 501:500 (100501:100500 outside"), std::string::npos) << error();
}

TEST_F(DeviceNode, UnprivilegedCallerWhoseContainerIsAnotherUser) {
  if (!add_own_node(0600, 1234, 1234)) {
    GTEST_SKIP() << "cannot make device nodes here";
  }
  facts_.caller_is_root = false;
  facts_.container_user_namespace = true;
  load(mount("tmpfs", "/dev"), process(7, 7) + kRootless);
  as_user(1234, 1234, {}, [&] {
    EXPECT_EQ(error(),
              "the container's user 7:7 (300006:300006 outside its user namespace) cannot open the "
              "device node " +
                  (host() / "dev/acme1").string() + " (mode 0600, owner 1234:1234)" + kAdvice);
  });
  load(mount("tmpfs", "/dev"), process(0, 0) + kRootless);
  as_user(1234, 1234, {}, [&] { EXPECT_EQ(error(), ""); });
}

TEST_F(DeviceNode, AVolumeOverDevWithANodeThatTheUserCannotOpenIsAnError) {
  if (!add_own_node(0600, 0, 0)) {
    GTEST_SKIP() << "cannot make device nodes here";
  }
  load(bind("/dev", host() / "dev"), process(1000, 1000));
  EXPECT_EQ(error(), "the container's user 1000:1000 cannot open the device node " +
                         (host() / "dev/acme1").string() + " (mode 0600, owner 0:0)" + kAdvice);
  load(bind("/dev", host() / "dev"), process(0, 0));
  make();
  EXPECT_EQ(plan_.devices.size(), 1U);
  load(mount("tmpfs", "/dev"), process(1000, 1000));
  make();
  EXPECT_EQ(plan_.devices.size(), 1U) << "the runtime makes it with mode 0666";
}

TEST_F(DeviceNode, AMountWithNodevOverItsPlaceIsMountedOver) {
  const Node node = add_node();
  const auto dev = [](const std::string& options) {
    return R"({"destination":"/dev","type":"tmpfs","source":"tmpfs","options":[)" + options + "]}";
  };
  load(dev(R"("nosuid","nodev")"));
  make();
  EXPECT_TRUE(plan_.devices.empty());
  EXPECT_EQ(destinations(), Texts{"/dev/acme0"});
  EXPECT_EQ(plan_.device_rules, std::vector<Node>{node});
  load(dev(R"("nodev","dev")"));
  make();
  EXPECT_EQ(plan_.devices.size(), 1U);
}

TEST_F(DeviceNode, ARootThatTheMappedRootCannotWriteIsAnError) {
  if (::chown(root().c_str(), 100, 100) != 0) {
    GTEST_SKIP() << "cannot change owners here";
  }
  add_node();
  give_root_ = false;
  in_user_namespace();
  EXPECT_EQ(error(),
            "cannot bring the device node /dev/acme0 into the container: the container's root "
            "(100000:200000 of the host) cannot write / of the root file system, which belongs to "
            "100:100; give the root file system to it");
  for (const auto& [uid, gid] : {std::pair(100000, 100), std::pair(100007, 200007)}) {
    ASSERT_EQ(::chown(root().c_str(), static_cast<uid_t>(uid), static_cast<gid_t>(gid)), 0);
    EXPECT_EQ(error(), "") << uid;
  }
}

TEST_F(DeviceNode, ChangedOrGoneOnTheHostIsAnError) {
  add_node().minor = 4;
  EXPECT_EQ(error(),
            "the device node /dev/null is no longer character device 1:4; run: xpu-runtime "
            "detect --refresh");
  edits_.nodes[0].item = {"/dev/null", "/dev/acme0", 'b', 1, 3};
  EXPECT_EQ(error(),
            "the device node /dev/null is no longer block device 1:3; run: xpu-runtime "
            "detect --refresh");
  put(host() / "file");
  edits_.nodes[0].item = {host() / "file", "/dev/acme0", 'c', 1, 3};
  EXPECT_NE(error().find("is no longer character device 1:3"), std::string::npos);
  edits_.nodes[0].item = {"/dev/acme-gone", "/dev/acme0", 'c', 1, 3};
  EXPECT_EQ(error(), "the device node /dev/acme-gone is gone; run: xpu-runtime detect --refresh");
}

TEST_F(DeviceNode, AReadOnlyRootWithoutDevIsAnError) {
  add_node();
  if (!make_read_only()) {
    GTEST_SKIP() << "cannot mount here";
  }
  EXPECT_EQ(error(),
            "cannot bring the device node /dev/acme0 into the container: the root file "
            "system is read-only and has no /dev/acme0, nor a folder for it that could be "
            "overlaid");
}

}  // namespace
}  // namespace xpu
