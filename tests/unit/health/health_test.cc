// SPDX-License-Identifier: Apache-2.0
#include "core/health/health.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "core/base/error.h"
#include "core/base/host.h"

namespace xpu::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

HealthMark mark(const std::string& key, bool failed = true) {
  return {key, "acme:" + key, "acme", failed, 1'700'000'000, "Xid 79: fell off the bus"};
}

class HealthTest : public ::testing::Test {
 protected:
  HealthTest() {
    char pattern[] = "/tmp/health-test-XXXXXX";
    dir = ::mkdtemp(pattern);
  }
  ~HealthTest() override { std::filesystem::remove_all(dir); }

  void write(const std::string& text) const { std::ofstream(file()) << text; }
  std::string read() const {
    std::ostringstream out;
    out << std::ifstream(file()).rdbuf();
    return out.str();
  }
  std::string file() const { return dir + "/health"; }
  void add(const HealthMark& added) const {
    change_health_marks(dir, [&](std::vector<HealthMark>& marks) { marks.push_back(added); });
  }

  std::string dir;
};

TEST_F(HealthTest, KnowsNothingWithoutAFile) {
  EXPECT_THAT(health_marks(dir), IsEmpty());
  EXPECT_THAT(health_marks(dir + "/none"), IsEmpty());
}

TEST_F(HealthTest, GivesBackWhatWasMarked) {
  add(mark("0"));
  add(mark("1", false));
  EXPECT_THAT(health_marks(dir), ElementsAre(mark("0"), mark("1", false)));
  EXPECT_EQ(read(), "xpu-health 1 " + boot_id() +
                        "\n0\tacme:0\tacme\tfailed\t1700000000\tXid 79: fell off the bus\n"
                        "1\tacme:1\tacme\tdegraded\t1700000000\tXid 79: fell off the bus\n");
}

TEST_F(HealthTest, RemovesTheFileWithTheLastMark) {
  add(mark("0"));
  change_health_marks(dir, [](std::vector<HealthMark>& marks) { marks.clear(); });
  EXPECT_FALSE(std::filesystem::exists(file()));
}

TEST_F(HealthTest, DoesNotWriteWhereNothingChanges) {
  change_health_marks(dir, [](std::vector<HealthMark>&) {});
  EXPECT_FALSE(std::filesystem::exists(file()));
  add(mark("0"));
  const auto before = std::filesystem::last_write_time(file());
  change_health_marks(dir, [](std::vector<HealthMark>&) {});
  EXPECT_EQ(std::filesystem::last_write_time(file()), before);
}

TEST_F(HealthTest, KeepsWhatSeveralWritersAdd) {
  std::vector<std::thread> writers;
  for (int i = 0; i < 8; ++i) {
    writers.emplace_back([&, i] { add(mark(std::to_string(i))); });
  }
  for (std::thread& writer : writers) {
    writer.join();
  }
  EXPECT_EQ(health_marks(dir).size(), 8U);
}

TEST_F(HealthTest, TakesNoLineOrFieldFromAReason) {
  HealthMark sly = mark("0");
  sly.reason = "a\tb\nACME-1\tacme:1\tacme\tfailed\t1\tx";
  add(sly);
  ASSERT_EQ(health_marks(dir).size(), 1U);
  EXPECT_EQ(health_marks(dir)[0].reason, "a b ACME-1 acme:1 acme failed 1 x");
}

TEST_F(HealthTest, ForgetsAnotherBoot) {
  write("xpu-health 1 another-boot\n0\tacme:0\tacme\tfailed\t1\tx\n");
  EXPECT_THAT(health_marks(dir), IsEmpty());
}

TEST_F(HealthTest, BelievesNothingThatIsDamaged) {
  const std::string head = "xpu-health 1 " + boot_id() + "\n";
  for (const char* const line : {
           "0\tacme:0\tacme\tfailed\t1\n",         // a field too few
           "0\tacme:0\tacme\tfailed\t1\tx\ty\n",   // one too many
           "0\tacme:0\tacme\tbroken\t1\tx\n",      // no health
           "0\tacme:0\tacme\tfailed\tnever\tx\n",  // no time
           "\tacme:0\tacme\tfailed\t1\tx\n",       // no key
           "0\tacme:0\tacme\tfailed\t1\tx",        // torn
           "\n",
       }) {
    write(head + line);
    EXPECT_THAT(health_marks(dir), IsEmpty()) << line;
  }
  write(head + "0\tacme:0\tacme\tfailed\t1\tx\n");
  EXPECT_EQ(health_marks(dir).size(), 1U);
}

TEST_F(HealthTest, BelievesNothingThatOthersCouldHaveWritten) {
  add(mark("0"));
  ASSERT_EQ(::chmod(file().c_str(), 0666), 0);
  EXPECT_THAT(health_marks(dir), IsEmpty());
  ASSERT_EQ(::chmod(file().c_str(), 0600), 0);
  ASSERT_EQ(::link(file().c_str(), (dir + "/other").c_str()), 0);
  EXPECT_THAT(health_marks(dir), IsEmpty());
  ASSERT_EQ(::unlink(file().c_str()), 0);
  ASSERT_EQ(::symlink("other", file().c_str()), 0);
  EXPECT_THAT(health_marks(dir), IsEmpty());
}

TEST_F(HealthTest, RefusesALockThatIsNotOurs) {
  std::ofstream(dir + "/health.lock");
  ASSERT_EQ(::chmod((dir + "/health.lock").c_str(), 0666), 0);
  try {
    add(mark("0"));
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("health.lock is no file of ours, or others can write it"));
  }
}

Device device(const std::string& index, const std::string& health = "",
              const std::string& reason = "") {
  Device out;
  out.id = "acme:" + index;
  out.uuid = "ACME-" + index;
  if (!health.empty()) {
    out.properties.emplace_back("health", health);
  }
  if (!reason.empty()) {
    out.properties.emplace_back("health-reason", reason);
  }
  return out;
}

TEST(WhyFailed, IsWhatTheBackendSays) {
  EXPECT_EQ(why_failed(device("0"), "", {}), "");
  EXPECT_EQ(why_failed(device("0", "ok"), "", {}), "");
  EXPECT_EQ(why_failed(device("0", "degraded"), "", {}), "");
  EXPECT_EQ(why_failed(device("0", "failed"), "", {}), "its driver says so");
  EXPECT_EQ(why_failed(device("0", "failed", "wedged"), "", {}), "wedged");
}

TEST(WhyFailed, IsAMarkOfItOrOfTheWholeDevice) {
  const std::vector<HealthMark> marks = {mark("ACME-0")};
  const std::string why = "Xid 79: fell off the bus (since 2023-11-14T22:13:20Z)";
  EXPECT_EQ(why_failed(device("0"), "", marks), why);
  EXPECT_EQ(why_failed(device("0:1"), "ACME-0", marks), why);
  EXPECT_EQ(why_failed(device("1"), "", marks), "");
  EXPECT_EQ(why_failed(device("0"), "", {mark("ACME-0", false)}), "");
}

TEST(HealthOf, IsTheWorstThatIsKnown) {
  const Device whole = device("0", "degraded", "ECC errors"), part = device("0:1", "ok");
  EXPECT_EQ(health_of(device("1"), nullptr, {}).state, "");
  EXPECT_EQ(health_of(part, nullptr, {}).state, "ok");
  EXPECT_EQ(health_of(part, &whole, {}).state, "degraded");
  EXPECT_EQ(health_of(part, &whole, {}).reason, "ECC errors");
  const std::vector<HealthMark> marks = {mark("ACME-0")};
  EXPECT_EQ(health_of(part, &whole, marks).state, "failed");
  EXPECT_EQ(health_of(part, &whole, marks).mark, &marks[0]);
}

}  // namespace
}  // namespace xpu::test
