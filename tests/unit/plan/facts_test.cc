// SPDX-License-Identifier: Apache-2.0
#include <sched.h>

#include "tests/unit/plan/fixture.h"

namespace xpu {
namespace {

using test::link;
using test::PlanTest;
using test::put;
namespace fs = std::filesystem;

class GatherFacts : public PlanTest {
 protected:
  Facts gather(const std::string& linux_object = "{}", const std::string& mounts = "") {
    load(mounts, R"(,"linux":)" + linux_object);
    return gather_facts(*spec_, *view_, "/state");
  }
};

TEST_F(GatherFacts, AnOrdinaryContainer) {
  const Facts facts = gather();
  EXPECT_EQ(facts.caller_is_root, ::geteuid() == 0);
  EXPECT_FALSE(facts.privileged);
  EXPECT_FALSE(facts.root_readonly_flag);
  EXPECT_EQ(facts.root_uid, 0U);
  EXPECT_EQ(facts.root_gid, 0U);
  EXPECT_EQ(facts.state_dir, "/state");
  EXPECT_FALSE(facts.native_architecture.empty());
  EXPECT_EQ(facts.loader.kind, LoaderKind::kNone);
  EXPECT_FALSE(facts.ld_cache.has_value());
}

TEST_F(GatherFacts, UserNamespacesWithMappings) {
  const Facts facts = gather(R"({"namespaces":[{"type":"pid"},{"type":"user"}],
    "uidMappings":[{"containerID":1,"hostID":5,"size":9},{"containerID":0,"hostID":100000,"size":1}],
    "gidMappings":[{"containerID":0,"hostID":200000,"size":65536}]})");
  EXPECT_TRUE(facts.container_user_namespace);
  EXPECT_EQ(facts.root_uid, 100000U);
  EXPECT_EQ(facts.root_gid, 200000U);
}

TEST_F(GatherFacts, UserNamespacesThatAreJoinedHaveTheOwnerOfTheRoot) {
  if (::chown(root().c_str(), 4321, 4322) != 0) {
    GTEST_SKIP() << "cannot change owners here";
  }
  const Facts facts = gather(R"({"namespaces":[{"type":"user","path":"/proc/1/ns/user"}]})");
  EXPECT_TRUE(facts.container_user_namespace);
  EXPECT_EQ(facts.root_uid, 4321U);
  EXPECT_EQ(facts.root_gid, 4322U);
}

TEST_F(GatherFacts, TheCallersOwnUserNamespace) {
  // In a program of its own: what a process is to the kernel is asked once.
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto in_a_new_one = [&] {
    if (::unshare(CLONE_NEWUSER) != 0) {
      ::_exit(0);  // a machine without them has no such callers
    }
    const Facts facts = gather();
    fs::remove_all(scratch_.path());
    ::_exit(facts.caller_in_user_namespace && facts.container_user_namespace ? 0 : 1);
  };
  EXPECT_EXIT(in_a_new_one(), testing::ExitedWithCode(0), "");
}

TEST_F(GatherFacts, PrivilegedMeansAllDevices) {
  EXPECT_TRUE(gather(R"({"resources":{"devices":[{"allow":true,"access":"rwm"}]}})").privileged);
  EXPECT_FALSE(gather(R"({"resources":{"devices":[{"allow":false,"access":"rwm"}]}})").privileged);
}

TEST_F(GatherFacts, TheCacheThatTheContainerWillSee) {
  link(root() / "lib64", "usr/lib64");
  for (const char* lib : {"usr/lib/x86_64-linux-gnu", "usr/lib/aarch64-linux-gnu"}) {
    put(root() / lib / "libc.so.6");
  }
  put(root() / "usr/lib64/ld-linux-x86-64.so.2");
  put(root() / "lib/ld-linux-aarch64.so.1");
  put_cache({{"libroot.so.1", "/usr/lib/libroot.so.1"}});
  Facts facts = gather();
  if (facts.loader.kind != LoaderKind::kGlibc) {
    GTEST_SKIP() << "no fixture for this architecture";
  }
  ASSERT_TRUE(facts.ld_cache.has_value());
  EXPECT_EQ(facts.ld_cache->entries.at(0).soname, "libroot.so.1");

  LdCache other;
  other.entries = {{0x0303, "libvolume.so.1", "/usr/lib/libvolume.so.1", 0, 0}};
  put(scratch_ / "volume/ld.so.cache", serialize_ld_cache(other));
  facts = gather("{}", bind("/etc", scratch_ / "volume"));
  ASSERT_TRUE(facts.ld_cache.has_value());
  EXPECT_EQ(facts.ld_cache->entries.at(0).soname, "libvolume.so.1");

  put(root() / "etc/ld.so.cache", "garbage");
  EXPECT_FALSE(gather().ld_cache.has_value());
}

}  // namespace
}  // namespace xpu
