// SPDX-License-Identifier: Apache-2.0
#include "core/heal/rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/error.h"
#include "tests/unit/base/temp_dir.h"

namespace xpu::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// What a program of these instructions answers: the kernel's interpreter, for as much as is used.
std::uint64_t run(const std::vector<bpf_insn>& program, const bpf_cgroup_dev_ctx& context) {
  std::uint64_t registers[11] = {};
  for (std::size_t at = 0; at < program.size(); ++at) {
    const bpf_insn& one = program[at];
    std::uint64_t& to = registers[one.dst_reg];
    const auto value = static_cast<std::uint64_t>(static_cast<std::int64_t>(one.imm));
    const auto skip = static_cast<std::size_t>(one.off);
    switch (one.code) {
      case BPF_LDX | BPF_W | BPF_MEM:
        std::memcpy(&to, reinterpret_cast<const char*>(&context) + one.off, 4);
        break;
      case BPF_ALU64 | BPF_MOV | BPF_K:
        to = value;
        break;
      case BPF_ALU64 | BPF_MOV | BPF_X:
        to = registers[one.src_reg];
        break;
      case BPF_ALU64 | BPF_AND | BPF_K:
        to &= value;
        break;
      case BPF_ALU64 | BPF_RSH | BPF_K:
        to >>= value;
        break;
      case BPF_JMP | BPF_JNE | BPF_K:
        at += to != value ? skip : 0;
        break;
      case BPF_JMP | BPF_JEQ | BPF_K:
        at += to == value ? skip : 0;
        break;
      case BPF_JMP | BPF_EXIT:
        return registers[0];
      default:
        ADD_FAILURE() << "instruction " << at << " has the code " << int{one.code};
        return 2;
    }
  }
  ADD_FAILURE() << "the program has no end";
  return 2;
}

Node node(char type, std::uint32_t major, std::uint32_t minor, const std::string& access = "rw") {
  Node out;
  out.type = type;
  out.major = major;
  out.minor = minor;
  if (access != "rw") {
    NodeTerms terms;
    terms.access = access;
    out.terms = std::make_shared<NodeTerms>(terms);
  }
  return out;
}

bool program_allows(const std::vector<DeviceRule>& rules, const Node& asked) {
  const std::string access = access_of(asked);
  bpf_cgroup_dev_ctx context = {};
  const unsigned wanted = (may(access, 'r') ? 2U : 0U) | (may(access, 'w') ? 4U : 0U);
  context.access_type = wanted << 16 | (asked.type == 'b' ? 1U : 2U);
  context.major = asked.major;
  context.minor = asked.minor;
  return run(program_of(rules), context) == 1;
}

// Of both, which must be one.
bool may_open(const std::vector<DeviceRule>& rules, const Node& asked) {
  const std::vector<DeviceRule> in_force = rules_in_force(rules);
  const bool out = allowed(in_force, asked);
  EXPECT_EQ(program_allows(in_force, asked), out)
      << asked.type << ' ' << asked.major << ':' << asked.minor << ' ' << access_of(asked);
  return out;
}

const DeviceRule kDenyAll = {false, 'a', {}, {}, "rwm"};

TEST(HealRules, AreReadFromConfigJson) {
  const std::string text = R"({"ociVersion":"1.0.2","linux":{"resources":{"devices":[
      {"allow":false,"access":"rwm"},
      {"allow":true,"type":"c","major":240,"minor":0,"access":"rw"},
      {"allow":true,"type":"b","major":8,"access":"r"},
      {"allow":false,"type":"c","major":-1,"minor":-1,"access":"m"}]}}})";
  EXPECT_THAT(rules_in(text, "c.json"),
              ElementsAre(kDenyAll, DeviceRule{true, 'c', 240, 0, "rw"},
                          DeviceRule{true, 'b', 8, {}, "r"}, DeviceRule{false, 'c', {}, {}, "m"}));
  EXPECT_THAT(rules_in(R"({"linux":{}})", "c.json"), IsEmpty());
  EXPECT_THAT(error_of([] { rules_in("{", "c.json"); }), HasSubstr("c.json"));
  EXPECT_EQ(error_of([] { rules_in(R"({"linux":{"resources":{"devices":{}}}})", "c.json"); }),
            "c.json: linux.resources.devices is no array");
  EXPECT_EQ(error_of([] { rules_in(R"({"linux":{"resources":{"devices":[1]}}})", "c.json"); }),
            "c.json: linux.resources.devices holds what is no rule");
}

TEST(HealRules, AllowWhatEveryContainerHas) {
  for (const auto& [major, minor] :
       {std::pair{1U, 3U}, {1U, 9U}, {5U, 0U}, {5U, 2U}, {136U, 77U}}) {
    EXPECT_TRUE(may_open({}, node('c', major, minor)));
    EXPECT_TRUE(may_open({kDenyAll}, node('c', major, minor)));
  }
  EXPECT_FALSE(may_open({kDenyAll}, node('c', 1, 1)));  // the memory
  EXPECT_FALSE(may_open({kDenyAll}, node('b', 1, 3)));  // not the other type
  EXPECT_FALSE(may_open({kDenyAll}, node('c', 240, 0)));
}

TEST(HealRules, AllowWhatIsNamed) {
  const std::vector<DeviceRule> rules = {kDenyAll, {true, 'c', 240, 0, "rw"}};
  EXPECT_TRUE(may_open(rules, node('c', 240, 0)));
  EXPECT_TRUE(may_open(rules, node('c', 240, 0, "r")));
  EXPECT_FALSE(may_open(rules, node('c', 240, 1)));
  EXPECT_FALSE(may_open(rules, node('c', 241, 0)));
  EXPECT_FALSE(may_open(rules, node('b', 240, 0)));
}

TEST(HealRules, AllowEveryMinorOfAMajor) {
  const std::vector<DeviceRule> rules = {kDenyAll, {true, 'c', 240, {}, "rwm"}};
  EXPECT_TRUE(may_open(rules, node('c', 240, 1048575)));
  EXPECT_FALSE(may_open(rules, node('c', 24, 0)));
}

TEST(HealRules, AddUpForOneAccess) {
  const std::vector<DeviceRule> rules = {
      kDenyAll, {true, 'c', 240, {}, "r"}, {true, 'c', 240, 0, "w"}};
  EXPECT_TRUE(may_open(rules, node('c', 240, 0)));
  EXPECT_TRUE(may_open(rules, node('c', 240, 1, "r")));
  EXPECT_FALSE(may_open(rules, node('c', 240, 1)));
}

TEST(HealRules, DenyWhatALaterRuleDenies) {
  const std::vector<DeviceRule> rules = {kDenyAll,
                                         {true, 'c', 240, {}, "rwm"},
                                         {false, 'c', 240, 1, "w"},
                                         {false, 'c', 10, 229, "rwm"}};
  EXPECT_TRUE(may_open(rules, node('c', 240, 0)));
  EXPECT_TRUE(may_open(rules, node('c', 240, 1, "r")));
  EXPECT_FALSE(may_open(rules, node('c', 240, 1)));
  EXPECT_FALSE(may_open(rules, node('c', 240, 1, "w")));
  // Also of what every container has.
  EXPECT_FALSE(may_open({kDenyAll, {false, 'c', 1, 3, "rwm"}}, node('c', 1, 3)));
}

TEST(HealRules, AllowEverythingToAPrivilegedContainer) {
  const std::vector<DeviceRule> rules = {
      kDenyAll, {true, 'a', {}, {}, "rwm"}, {false, 'c', 240, 0, "rwm"}};
  EXPECT_TRUE(may_open(rules, node('b', 8, 0)));
  EXPECT_TRUE(may_open(rules, node('c', 1, 1)));
  EXPECT_FALSE(may_open(rules, node('c', 240, 0)));
}

TEST(HealRules, VoidWhatStandsBeforeADenialOfAll) {
  const std::vector<DeviceRule> rules = {
      {true, 'a', {}, {}, "rwm"}, {true, 'c', 240, 0, "rwm"}, kDenyAll, {true, 'c', 241, 0, "rwm"}};
  EXPECT_FALSE(may_open(rules, node('c', 240, 0)));
  EXPECT_TRUE(may_open(rules, node('c', 241, 0)));
  EXPECT_TRUE(may_open(rules, node('c', 1, 3)));
}

// Each of a few rules about one device, in every order: both ways of reading them agree.
TEST(HealRules, MeanTheSameAsProgramAndAsList) {
  const std::vector<DeviceRule> some = {{true, 'c', 240, 0, "r"},    {false, 'c', 240, 0, "w"},
                                        {true, 'a', {}, {}, "w"},    {false, 'c', {}, 0, "r"},
                                        {true, 'c', 240, {}, "rwm"}, {false, 'a', {}, {}, "rwm"},
                                        {true, 'b', {}, {}, "rw"}};
  for (const DeviceRule& a : some) {
    for (const DeviceRule& b : some) {
      for (const DeviceRule& c : some) {
        for (const char* const access : {"r", "w", "rw"}) {
          may_open({a, b, c}, node('c', 240, 0, access));
          may_open({a, b, c}, node('b', 240, 1, access));
        }
      }
    }
  }
}

}  // namespace
}  // namespace xpu::test
