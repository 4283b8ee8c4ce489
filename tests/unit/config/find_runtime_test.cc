// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "core/base/error.h"
#include "core/config/config.h"
#include "tests/unit/base/temp_dir.h"

namespace xpu {
namespace {

using test::error_of;
using test::TempDir;
using ::testing::HasSubstr;

class FindRuntime : public ::testing::Test {
 protected:
  FindRuntime() {
    ::unsetenv("XPU_CONTAINER_RUNTIME_PATH");
    set_path({"a", "b"});
    config_.file = "/etc/x.toml";
  }
  ~FindRuntime() override {
    ::unsetenv("XPU_CONTAINER_RUNTIME_PATH");
    ::setenv("PATH", old_path_.c_str(), 1);
  }

  void set_path(const std::vector<std::string>& folders) {
    std::string path;
    for (const std::string& folder : folders) {
      path += (path.empty() ? "" : ":") + (dir_ / folder);
    }
    ::setenv("PATH", path.c_str(), 1);
  }
  std::string program(const std::string& name) { return dir_.write(name, "#!/bin/sh\n", 0755); }
  std::string find() { return find_low_level_runtime(config_); }
  std::string error() {
    return error_of([&] { find(); });
  }

  TempDir dir_;
  Config config_;
  std::string old_path_ = std::getenv("PATH");
};

TEST_F(FindRuntime, TakesTheFirstOfTheListThatIsThere) {
  const std::string crun = program("a/crun");
  EXPECT_EQ(find(), crun);
  const std::string runc = program("b/runc");
  EXPECT_EQ(find(), runc);
  config_.runtimes = {"crun", "runc"};
  EXPECT_EQ(find(), crun);
}

TEST_F(FindRuntime, TakesAPathOfTheListAsItIs) {
  program("a/runc");
  const std::string mine = program("opt/my-runc");
  config_.runtimes = {dir_ / "missing", mine, "runc"};
  EXPECT_EQ(find(), mine);
}

TEST_F(FindRuntime, PassesOverUntrustedCandidates) {
  const std::string bad = program("a/runc");
  ::chmod(bad.c_str(), 0777);
  const std::string good = program("b/runc");
  EXPECT_EQ(find(), good);
  std::filesystem::remove(good);
  EXPECT_THAT(error(),
              HasSubstr("no low-level runtime found (docker-runc is not in PATH; refusing " + bad +
                        ": it can be written by group or others (owner "));
  EXPECT_THAT(error(), HasSubstr("; crun is not in PATH); install runc or crun, or set runtimes or "
                                 "runtime-path in /etc/x.toml"));
}

TEST_F(FindRuntime, PassesOverWhatIsNoProgram) {
  dir_.write("a/runc", "", 0644);
  std::filesystem::create_directories(dir_ / "b/runc");
  config_.runtimes = {"runc"};
  EXPECT_EQ(error(), "no low-level runtime found (" + (dir_ / "a/runc") +
                         " is not executable (mode 0644); run: chmod +x " + (dir_ / "a/runc") +
                         "; " + (dir_ / "b/runc") +
                         " is a folder, not a regular file); install runc or crun, or set runtimes "
                         "or runtime-path in /etc/x.toml");
}

TEST_F(FindRuntime, IgnoresRelativeFoldersOfPath) {
  program("sub/runc");
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(dir_ / "sub");
  for (const char* path : {"", ".", ":", "../sub", "::."}) {
    ::setenv("PATH", path, 1);
    EXPECT_THAT(error(), HasSubstr("runc is not in PATH")) << path;
  }
  std::filesystem::current_path(before);
}

TEST_F(FindRuntime, NeverFindsItself) {
  const std::string self = std::filesystem::read_symlink("/proc/self/exe");
  std::filesystem::create_directories(dir_ / "a");
  std::filesystem::create_symlink(self, dir_ / "a/runc");
  const std::string crun = program("b/crun");
  const std::string objection = (dir_ / "a/runc") + " is this program itself";
  // The way to the test program itself may not be trusted; then that is the objection.
  config_.runtimes = {"runc"};
  const std::string why = error();
  if (why.find("refusing") == std::string::npos) {
    EXPECT_EQ(why, "no low-level runtime found (" + objection +
                       "); install runc or crun, or set runtimes or runtime-path in /etc/x.toml");
  }
  config_.runtimes = {"runc", "crun"};
  EXPECT_EQ(find(), crun);
}

// A second name of the running program is still the running program.
TEST_F(FindRuntime, NeverFindsItselfThroughAHardLink) {
  const std::string self = std::filesystem::read_symlink("/proc/self/exe");
  std::filesystem::create_directories(dir_ / "a");
  std::error_code error_code;
  std::filesystem::create_hard_link(self, dir_ / "a/runc", error_code);
  if (error_code) {
    GTEST_SKIP() << "the test program is on another file system";
  }
  config_.runtimes = {"runc"};
  EXPECT_THAT(error(), HasSubstr((dir_ / "a/runc") + " is this program itself"));
  config_.runtime_path = dir_ / "a/runc";
  EXPECT_EQ(error(),
            "the low-level runtime that runtime-path in /etc/x.toml names cannot be used: " +
                (dir_ / "a/runc") + " is this program itself");
}

TEST_F(FindRuntime, ObeysTheVariableThenTheKey) {
  program("a/runc");
  const std::string key = program("opt/key");
  const std::string variable = program("opt/variable");
  config_.runtime_path = key;
  EXPECT_EQ(find(), key);
  ::setenv("XPU_CONTAINER_RUNTIME_PATH", "", 1);
  EXPECT_EQ(find(), key);
  ::setenv("XPU_CONTAINER_RUNTIME_PATH", variable.c_str(), 1);
  EXPECT_EQ(find(), variable);
  ::setenv("XPU_CONTAINER_RUNTIME_PATH", "runc", 1);
  EXPECT_EQ(find(), dir_ / "a/runc");
}

TEST_F(FindRuntime, FailsWhenTheExplicitOneCannotBeUsed) {
  program("a/runc");
  config_.runtime_path = dir_ / "missing";
  EXPECT_EQ(error(),
            "the low-level runtime that runtime-path in /etc/x.toml names cannot be used: " +
                (dir_ / "missing") + " does not exist");
  config_.runtime_path = "other";
  EXPECT_EQ(error(),
            "the low-level runtime that runtime-path in /etc/x.toml names cannot be used: "
            "other is not in PATH");
  const std::string open = program("opt/open");
  ::chmod(open.c_str(), 0757);
  ::setenv("XPU_CONTAINER_RUNTIME_PATH", open.c_str(), 1);
  EXPECT_THAT(error(),
              HasSubstr("the low-level runtime that XPU_CONTAINER_RUNTIME_PATH names cannot "
                        "be used: refusing " +
                        open));
  ::setenv("XPU_CONTAINER_RUNTIME_PATH", "./runc", 1);
  EXPECT_EQ(error(),
            "the low-level runtime that XPU_CONTAINER_RUNTIME_PATH names cannot be used: "
            "./runc is neither a name nor an absolute path");
}

}  // namespace
}  // namespace xpu
