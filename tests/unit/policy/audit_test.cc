// SPDX-License-Identifier: Apache-2.0
#include "core/policy/audit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/unit/base/temp_dir.h"

namespace xpu {
namespace {

using test::slurp;
using test::TempDir;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;

AuditEntry entry() {
  AuditEntry out;
  out.rule = "environment";
  out.source = "environment";
  out.name = "XPU_VISIBLE_DEVICES";
  out.container = "c1";
  out.engine = "docker";
  out.bundle = "/run/b";
  out.devices = {"acme:0", "acme:1"};
  return out;
}

TEST(AuditLine, SaysWhoWhatAndWhichRule) {
  AuditEntry denied = entry();
  EXPECT_EQ(audit_line(denied, 1700000000, 1000),
            R"({"time":"2023-11-14T22:13:20Z","event":"denied","rule":"environment",)"
            R"("source":"environment","name":"XPU_VISIBLE_DEVICES","container":"c1",)"
            R"("engine":"docker","bundle":"/run/b","uid":1000,"devices":["acme:0","acme:1"]})");
  denied.event = AuditEntry::Event::kPassedOver;
  denied.devices.clear();
  EXPECT_THAT(audit_line(denied, 0, 0), HasSubstr(R"("event":"passed-over")"));
  EXPECT_THAT(audit_line(denied, 0, 0), HasSubstr(R"("uid":0,"devices":[]})"));
}

TEST(AuditLine, HoldsNoValue) {
  AuditEntry denied = entry();
  denied.name = "XPU_LABEL=secret=more";
  EXPECT_THAT(audit_line(denied, 0, 0), HasSubstr(R"("name":"XPU_LABEL",)"));
}

TEST(AuditLine, IsOneLineWhateverTheContainerSays) {
  AuditEntry denied = entry();
  denied.container = "a\n\"event\":\x1b[0m\xff";
  EXPECT_THAT(audit_line(denied, 0, 0),
              HasSubstr(R"("container":"a\\n\"event\":\\x1b[0m\\xff","engine")"));
}

class AuditTest : public testing::Test {
 protected:
  std::string stderr_of(const Config& config) const {
    testing::internal::CaptureStderr();
    audit_denial(config, entry());
    return testing::internal::GetCapturedStderr();
  }

  const TempDir dir_;
  Config config_;
};

TEST_F(AuditTest, AppendsALine) {
  config_.audit_log = dir_ / "log/audit.jsonl";
  EXPECT_EQ(stderr_of(config_), "");
  EXPECT_EQ(stderr_of(config_), "");
  EXPECT_THAT(slurp(config_.audit_log),
              MatchesRegex("(.\"time\":\"20..-..-..T..:..:..Z\",\"event\":\"denied\"[^\n]*\n)+"));
  struct stat st {};
  ASSERT_EQ(::stat(config_.audit_log.c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 0777, 0640u);
}

TEST_F(AuditTest, IsOffWithoutAPath) {
  EXPECT_EQ(stderr_of(config_), "");
}

TEST_F(AuditTest, BeginsANewFileAtTenMebibytes) {
  config_.audit_log = dir_ / "audit";
  dir_.write("audit", std::string((10 << 20) - 1, 'x') + "\n", 0640);
  EXPECT_EQ(stderr_of(config_), "");
  EXPECT_EQ(std::filesystem::file_size(dir_ / "audit.1"), 10u << 20);
  EXPECT_LT(std::filesystem::file_size(dir_ / "audit"), 1000u);
}

TEST_F(AuditTest, IsNoReasonToFail) {
  config_.audit_log = dir_ / "no/folder/audit";
  EXPECT_THAT(stderr_of(config_),
              HasSubstr("warning: the audit log lacks a line: cannot create the folder " +
                        (dir_ / "no/folder") + ": No such file or directory\n"));
  std::filesystem::create_symlink("/dev/null", dir_ / "link");
  config_.audit_log = dir_ / "link";
  EXPECT_THAT(stderr_of(config_), HasSubstr("it is a symbolic link; remove it"));
  for (const char* path : {"audit", "/", "/var/"}) {
    config_.audit_log = path;
    EXPECT_THAT(stderr_of(config_), HasSubstr("is not the absolute path of a file")) << path;
  }
}

}  // namespace
}  // namespace xpu
