// SPDX-License-Identifier: Apache-2.0
#include "core/apps/release.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ctime>

#include "core/base/error.h"
#include "core/record/ledger.h"
#include "tests/unit/base/temp_dir.h"

namespace xpu {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;
using testing::UnorderedElementsAre;

class ReleaseTest : public testing::Test {
 protected:
  ReleaseTest() : state_(dir_ / "state"), root_(dir_ / "root"), records_(state_) {
    std::filesystem::create_directory(root_);
  }

  void hold(const std::string& id, const std::string& name, const std::string& device, bool live) {
    Record record;
    record.id = id;
    record.runtime_root = root_;
    record.creator = this_process();
    record.creator.start_time += 1;  // long gone
    record.created_unix = std::time(nullptr) - 7500;
    record.created_ns = record.created_unix * 1000000000;
    record.exclusive = true;
    record.held = {{device, "KEY-" + device, "", "acme", "Acme One", {}, ""}};
    record.origin.name = name;
    records_.write(record);
    if (live) {
      std::filesystem::create_directory(root_ + "/" + id);
    }
  }
  std::string release(const std::string& container, bool force = false) {
    return release_container(state_, container, force,
                             [this](const Record& record, auto...) { told_.push_back(record.id); });
  }
  std::string refusal(const std::string& container, bool force = false) {
    return test::error_of([&] { release(container, force); });
  }

  test::TempDir dir_;
  std::string state_, root_;
  Records records_;
  std::vector<std::string> told_;
};

TEST_F(ReleaseTest, EndsTheLeaseOfADeadContainer) {
  hold("0123456789abcdef", "web", "acme:0", false);
  EXPECT_EQ(release("web"), "released acme:0, held by web (0123456789abcdef) for 2h 5m");
  EXPECT_THAT(told_, ElementsAre("0123456789abcdef"));
  EXPECT_FALSE(records_.find(root_, "0123456789abcdef"));
}

TEST_F(ReleaseTest, ALiveContainerNeedsForce) {
  hold("c1", "", "acme:0", true);
  EXPECT_EQ(refusal("c1"),
            "container c1 runs and uses acme:0; stop it, or release it with --force: others may "
            "then get the device, and it keeps its access until it ends");
  EXPECT_THAT(look_at_leases(state_).leases(), SizeIs(1));
  EXPECT_EQ(release("c1", true),
            "released acme:0, held by c1 for 2h 5m; the container runs on and keeps its access "
            "until it ends");
  EXPECT_THAT(told_, ElementsAre("c1"));
  EXPECT_THAT(look_at_leases(state_).leases(), IsEmpty());
  // Not even a ledger that is made anew knows of it.
  ASSERT_TRUE(std::filesystem::remove(state_ + "/leases"));
  EXPECT_THAT(look_at_leases(state_).leases(), IsEmpty());
  EXPECT_TRUE(records_.find(root_, "c1"));
  EXPECT_EQ(refusal("c1", true), "no container 'c1' holds a device; devices are held by nobody");
  // Its end is told once, not again when it ends.
  std::filesystem::remove(root_ + "/c1");
  records_.finish_dead([this](const Record& record, auto...) { told_.push_back(record.id); });
  EXPECT_THAT(told_, SizeIs(1));
  EXPECT_FALSE(records_.find(root_, "c1"));
}

TEST_F(ReleaseTest, EndsTheOtherDeadThatItFinds) {
  hold("a", "", "acme:0", false);
  hold("b", "", "acme:1", false);
  release("a");
  EXPECT_THAT(told_, UnorderedElementsAre("a", "b"));
  EXPECT_FALSE(records_.find(root_, "b"));
}

TEST_F(ReleaseTest, AnAccountThatCannotBeWrittenDoesNotKeepTheDevice) {
  hold("c1", "", "acme:0", true);
  EXPECT_THAT(release_container(state_, "c1", true, [](auto&&...) { fail("disk full"); }),
              StartsWith("released acme:0, held by c1 "));
  EXPECT_THAT(look_at_leases(state_).leases(), IsEmpty());
  EXPECT_THAT(records_.find(root_, "c1")->held, IsEmpty());
}

TEST_F(ReleaseTest, AnIdGoesBeforeANameAndANameBeforeABeginning) {
  hold("aa", "", "acme:0", true);
  hold("aab", "aa", "acme:1", true);
  hold("zz1", "aab", "acme:2", true);
  hold("zz2", "z", "acme:3", true);
  release("aa", true);
  release("aa", true);
  release("aab", true);
  release("zz", true);
  EXPECT_THAT(told_, ElementsAre("aa", "aab", "zz1", "zz2"));
}

TEST_F(ReleaseTest, SaysWhoIsThereWhenNobodyOrSeveralAreMeant) {
  hold("aa1", "web", "acme:0", false);
  hold("aa2", "web", "acme:1", false);
  EXPECT_THAT(refusal("shop"),
              StartsWith("no container 'shop' holds a device; devices are held by "));
  EXPECT_THAT(refusal("shop"),
              AllOf(HasSubstr("web (aa1) in " + root_), HasSubstr("web (aa2) in " + root_)));
  for (const char* text : {"web", "aa"}) {
    EXPECT_THAT(refusal(text), AllOf(StartsWith(std::string("'") + text + "' can mean several"),
                                     HasSubstr("aa1"), HasSubstr("aa2"), HasSubstr("whole id")));
  }
  EXPECT_THAT(refusal(""), StartsWith("say which container: its id or its name; "));
  EXPECT_THAT(told_, IsEmpty());
}

}  // namespace
}  // namespace xpu
