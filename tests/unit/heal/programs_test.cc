// SPDX-License-Identifier: Apache-2.0
// With the kernel's own programs, on a cgroup of cgroup v2 that is made for it.
#include "core/heal/programs.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "core/base/error.h"
#include "core/heal/access.h"
#include "core/heal/program.h"
#include "core/heal/rules.h"
#include "tests/unit/base/temp_dir.h"

namespace xpu::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const DeviceRule kDenyAll = {false, 'a', {}, {}, "rwm"};
const DeviceRule kFull = {true, 'c', 1, 7, "rw"};

Node null_node() {
  return {"/dev/null", "/dev/null", 'c', 1, 3, 0, 0, 0, nullptr};
}
Node random_node() {
  return {"/dev/random", "/dev/random", 'c', 1, 8, 0, 0, 0, nullptr};
}

class ProgramsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::optional<CgroupMount> mount = cgroup_mount("", "");
    if (!mount) {
      GTEST_SKIP() << "cgroup v2 is not mounted";
    }
    path = mount->folder + "/xpu-heal-test-" + std::to_string(::getpid());
    std::error_code error;
    if (!std::filesystem::create_directory(path, error)) {
      GTEST_SKIP() << "no cgroup can be made: " << error.message();
    }
    cgroup = {::getpid(), true, path, path};
    folder = Fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    try {
      programs_of(folder, path);
    } catch (const Error& problem) {
      GTEST_SKIP() << problem.what();
    }
  }
  void TearDown() override {
    if (!path.empty()) {
      ::rmdir(path.c_str());
    }
  }

  // As a runtime or systemd does.
  void attach_foreign(const std::vector<DeviceRule>& rules,
                      std::uint32_t flags = BPF_F_ALLOW_MULTI) {
    attach_program(folder, path, load_program(program_of(rules), "other"), flags);
  }
  std::size_t count() const { return programs_of(folder, path).ids.size(); }
  std::vector<std::string> names() const {
    std::vector<std::string> out;
    for (const std::uint32_t id : programs_of(folder, path).ids) {
      out.push_back(name_of_program(open_program(id)));
    }
    return out;
  }
  std::vector<std::string> denied() const {
    std::vector<std::string> out;
    const auto found = denied_nodes(cgroup, {null_node(), random_node()});
    EXPECT_TRUE(found.has_value());
    for (const Node& node : found.value_or(std::vector<Node>())) {
      out.push_back(node.host_path);
    }
    return out;
  }
  std::vector<std::string> heal(const std::vector<DeviceRule>& rules) const {
    return replace_programs(path, program_of(rules_in_force(rules)), [&] {
      EXPECT_GE(count(), 1U) << "a moment without a program";
      return denied().empty();
    });
  }

  std::string path;
  ContainerCgroup cgroup;
  Fd folder;
};

TEST_F(ProgramsTest, AreAskedByAccessAlone) {
  EXPECT_THAT(denied(), IsEmpty());
  attach_foreign({kFull, {true, 'c', 1, 3, "r"}, {true, 'c', 1, 8, "rw"}});
  EXPECT_THAT(denied(), ElementsAre("/dev/null"));
  Node readable = null_node();
  NodeTerms terms;
  terms.access = "r";
  readable.terms = std::make_shared<NodeTerms>(terms);
  EXPECT_THAT(*denied_nodes(cgroup, {readable}), IsEmpty());
}

// Every answer of a real program is that of the list.
TEST_F(ProgramsTest, SayWhatTheRulesSay) {
  for (const std::vector<DeviceRule>& rules : std::vector<std::vector<DeviceRule>>{
           {},
           {kDenyAll},
           {{true, 'a', {}, {}, "rwm"}},
           {kDenyAll, {false, 'c', 1, 8, "w"}},
           {{true, 'a', {}, {}, "rwm"}, {false, 'c', 1, {}, "r"}},
           {kDenyAll, {false, 'c', 1, 3, "rwm"}, {true, 'c', 1, 3, "r"}}}) {
    const std::vector<DeviceRule> in_force = rules_in_force(rules);
    const Fd program = load_program(program_of(in_force));
    attach_program(folder, path, program, BPF_F_ALLOW_MULTI);
    std::vector<std::string> expected;
    for (const Node& node : {null_node(), random_node()}) {
      if (!allowed(in_force, node)) {
        expected.push_back(node.host_path);
      }
    }
    EXPECT_EQ(denied(), expected);
    detach_program(folder, path, program);
  }
}

TEST_F(ProgramsTest, TakeTheOneOffThatDenies) {
  attach_foreign({kFull});
  EXPECT_THAT(denied(), SizeIs(2));
  EXPECT_THAT(heal({kDenyAll}), ElementsAre(HasSubstr("(other)")));
  EXPECT_THAT(denied(), IsEmpty());
  EXPECT_THAT(names(), ElementsAre(kProgramName));
}

TEST_F(ProgramsTest, LeaveThoseThatDenyNothing) {
  attach_foreign(rules_in_force({}));
  attach_foreign({kFull});  // it denies
  attach_foreign(rules_in_force({kFull}));
  EXPECT_THAT(heal({}), SizeIs(1));
  EXPECT_THAT(denied(), IsEmpty());
  EXPECT_THAT(count(), 3U);
}

TEST_F(ProgramsTest, TakeSeveralOffWhereSeveralDeny) {
  attach_foreign({kFull});
  attach_foreign(rules_in_force({}));
  attach_foreign({{true, 'c', 1, 8, "rwm"}});
  EXPECT_THAT(heal({}), SizeIs(2));
  EXPECT_THAT(denied(), IsEmpty());
  EXPECT_THAT(count(), 2U);
}

TEST_F(ProgramsTest, AttachOurOwnOnce) {
  for (int i = 0; i < 3; ++i) {
    attach_foreign({kFull});
    heal({});
  }
  EXPECT_THAT(names(), ElementsAre(kProgramName));
}

TEST_F(ProgramsTest, ReplaceTheOnlyOneWhereThereCanBeOne) {
  attach_foreign({kFull}, 0);
  EXPECT_THAT(heal({}), ElementsAre(HasSubstr("(other)")));
  EXPECT_THAT(denied(), IsEmpty());
  EXPECT_THAT(names(), ElementsAre(kProgramName));
}

TEST_F(ProgramsTest, StayAsTheyWereWhereTheyAreNotWhy) {
  // The container's own rules do not allow it either: nothing that is taken off helps.
  attach_foreign({kFull});
  attach_foreign(rules_in_force({}));
  const std::vector<std::string> before = names();
  const std::string problem = error_of([&] { heal({{false, 'c', 1, 3, "rwm"}}); });
  EXPECT_EQ(problem, "what denies it is not attached to " + path + ", but to a cgroup above");
  EXPECT_EQ(names(), before);
  EXPECT_THAT(error_of([&] { heal({{false, 'c', 1, 3, "rwm"}}); }), HasSubstr("above"));
}

TEST_F(ProgramsTest, AreNoneWhereTheCgroupAboveDenies) {
  EXPECT_EQ(error_of([&] { heal({}); }),
            "what denies it is not attached to " + path + ", but to a cgroup above");
}

TEST_F(ProgramsTest, AreNotAskedInAFrozenCgroup) {
  const std::string file = path + "/cgroup.freeze";
  if (::access(file.c_str(), W_OK) != 0) {
    GTEST_SKIP() << "this kernel freezes no cgroup v2";
  }
  std::ofstream(file) << "1";
  EXPECT_EQ(denied_nodes(cgroup, {null_node()}), std::nullopt);
  std::ofstream(file) << "0";
  EXPECT_THAT(denied(), IsEmpty());
}

TEST(Program, ThatTheKernelRefusesSaysWhy) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "only root loads programs";
  }
  const std::string problem = error_of([] { load_program({}); });
  EXPECT_THAT(problem, HasSubstr("the kernel takes no program for devices"));
}

}  // namespace
}  // namespace xpu::test
