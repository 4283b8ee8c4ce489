// SPDX-License-Identifier: Apache-2.0
// Whatever a backend does becomes one line that names it, and its neighbour is ready all the same.
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <iterator>

#include "core/base/error.h"
#include "tests/unit/plugin/world.h"
#include "xpu/backend.h"

namespace xpu {
namespace {

struct Case {
  std::string mode;
  BackendState state;
  std::string reason;  // $LIB: the library's path
};

void PrintTo(const Case& item, std::ostream* out) {
  *out << item.mode;
}

class Misbehaviour : public World, public testing::WithParamInterface<Case> {};

TEST_P(Misbehaviour, IsOneLineAndHarmsNobody) {
  const Case& item = GetParam();
  config_.backend_timeout_s = item.mode.rfind("hang", 0) == 0 ? 1 : 20;
#if defined(__SANITIZE_ADDRESS__)
  if (item.mode == "ten-gb") {
    GTEST_SKIP() << "AddressSanitizer refuses large allocations itself";
  }
#endif
  install("ok");
  install(item.mode);
  const auto all = load();
  ASSERT_EQ(all.size(), 2U);
  for (const BackendStatus& status : all) {
    if (status.found.manifest.name == "ok") {
      EXPECT_EQ(status.state, BackendState::kReady) << status.reason;
      EXPECT_EQ(status.catalog.devices.size(), 1U);
      continue;
    }
    std::string reason = item.reason;
    if (const std::size_t at = reason.find("$LIB"); at != std::string::npos) {
      reason.replace(at, 4, library(item.mode));
    }
    EXPECT_EQ(to_string(status.state), std::string(to_string(item.state)));
    EXPECT_EQ(status.reason, cat("backend ", item.mode, ": ", reason));
    EXPECT_TRUE(status.catalog.devices.empty());
    EXPECT_TRUE(status.catalog.edits.empty());
  }
}

const std::string kPause =
    "; it is left alone for 30 s (xpu-runtime detect --refresh asks it at once)";

const Case kFailures[] = {
    {"crash", BackendState::kFailed,
     "crashed in describe() (SIGSEGV, Segmentation fault) [XPU_BACKEND_13]"},
    {"crash-load", BackendState::kFailed,
     "crashed while its library was loaded (SIGSEGV, Segmentation fault) [XPU_BACKEND_13]"},
    {"crash-close", BackendState::kFailed,
     "crashed in close() (SIGSEGV, Segmentation fault) [XPU_BACKEND_13]"},
    {"abort", BackendState::kFailed, "crashed in describe() (SIGABRT, Aborted) [XPU_BACKEND_13]"},
    {"hang", BackendState::kFailed,
     "did not answer within 1 s (in describe()) and was killed [XPU_BACKEND_14]" + kPause},
    {"hang-load", BackendState::kFailed,
     "did not answer within 1 s (while its library was loaded) and was killed [XPU_BACKEND_14]" +
         kPause},
    {"exit0", BackendState::kFailed,
     "ended its process with exit status 0 in describe(), without an answer [XPU_BACKEND_13]"},
    {"throws", BackendState::kFailed,
     "describe() threw a C++ exception: surprise [XPU_BACKEND_12]"},
    {"throws-int", BackendState::kFailed, "describe() threw a C++ exception [XPU_BACKEND_12]"},
    {"garbage", BackendState::kFailed,
     "its answer: not a description in JSON: syntax error [XPU_BACKEND_18]"},
    {"flood", BackendState::kFailed, "its answer is larger than 64 MiB [XPU_BACKEND_18]"},
    {"ten-gb", BackendState::kFailed, "describe() ran out of memory [XPU_BACKEND_12]"},
    {"failed", BackendState::kFailed, "describe() failed: the anvil is broken"},
    {"failed-silent", BackendState::kFailed,
     "describe() failed, without saying why [XPU_BACKEND_11]"},
    {"unknown-status", BackendState::kFailed,
     "describe() returned the unknown status 4711, without saying why [XPU_BACKEND_11]"},
    {"emits-early", BackendState::kFailed,
     "open() failed: emit_device: may only be called from within describe()"},
    {"lying-struct", BackendState::kFailed,
     "crashed in describe() (SIGSEGV, Segmentation fault) [XPU_BACKEND_13]"},
    {"absent", BackendState::kAbsent, "no anvil here"},
    {"absent-silent", BackendState::kAbsent,
     "no such hardware, or no driver for it [XPU_BACKEND_11]"},
};
const auto kName = [](const auto& item) {
  std::string name = item.param.mode;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
};
INSTANTIATE_TEST_SUITE_P(Failures, Misbehaviour, testing::ValuesIn(kFailures), kName);

const std::string kTable = std::to_string(sizeof(xpu_backend));
const Case kRefusals[] = {
    {"too-old", BackendState::kRefused,
     "the library follows ABI 0.1; this version accepts 1.0 [XPU_BACKEND_9]"},
    {"too-new", BackendState::kRefused,
     "the library follows ABI 1.1; this version accepts 1.0 [XPU_BACKEND_9]"},
    {"other-major", BackendState::kRefused,
     "the library follows ABI 2.0; this version accepts 1.0 [XPU_BACKEND_9]"},
    {"unsupported", BackendState::kRefused,
     "the library does not support ABI 1.0, without saying why [XPU_BACKEND_8]"},
    {"entry-status", BackendState::kRefused,
     "xpu_backend_entry() returned status -1, without saying why [XPU_BACKEND_8]"},
    {"short-table", BackendState::kRefused,
     "its table has 40 bytes; at least " + kTable + " are wanted [XPU_BACKEND_9]"},
    {"tiny-table", BackendState::kRefused,
     "its table has 4 bytes; at least " + kTable + " are wanted [XPU_BACKEND_9]"},
    {"null-table", BackendState::kRefused, "xpu_backend_entry() returned no table [XPU_BACKEND_8]"},
    {"null-describe", BackendState::kRefused, "its table has no describe [XPU_BACKEND_9]"},
    {"no-symbol", BackendState::kRefused,
     "$LIB: the library does not export xpu_backend_entry [XPU_BACKEND_5]"},
    {"other-name", BackendState::kRefused,
     "the library is the backend \"somebody-else\", its manifest says \"other-name\" "
     "[XPU_BACKEND_10]"},
    {"runpath", BackendState::kRefused,
     "$LIB: the library has a search path of its own (RUNPATH); link it without [XPU_BACKEND_4]"},
};
INSTANTIATE_TEST_SUITE_P(Refusals, Misbehaviour, testing::ValuesIn(kRefusals), kName);

class Behaviour : public World {};

TEST_F(Behaviour, WhatAGoodOneDescribes) {
  install("ok", "simulated = true\n");
  const BackendStatus status = load_one("ok");
  EXPECT_EQ(status.state, BackendState::kReady) << status.reason;
  const Catalog& catalog = status.catalog;
  EXPECT_EQ(catalog.backend, "ok");
  EXPECT_EQ(catalog.version, "9.8");
  EXPECT_EQ(catalog.abi, "1.0");
  EXPECT_TRUE(catalog.simulated);
  ASSERT_EQ(catalog.devices.size(), 1U);
  EXPECT_EQ(catalog.devices[0].id, "acme:0");
  EXPECT_EQ(catalog.devices[0].memory_bytes, 1ULL << 30);
  ASSERT_EQ(catalog.edits.size(), 1U);
  struct stat null = {};
  ASSERT_EQ(stat("/dev/null", &null), 0);
  const Node wanted = {"/dev/null", "/dev/acme0",         'c',         1,
                       3,           null.st_mode & 07777, null.st_uid, null.st_gid};
  EXPECT_THAT(catalog.edits[0].nodes, testing::ElementsAre(wanted));
  ASSERT_EQ(catalog.conditions.size(), 1U);
  EXPECT_EQ(catalog.conditions[0].path, path("watch"));
}

// More bytes than are known, or than there are: only those that are known are read.
TEST_F(Behaviour, SizesThatAreTooLarge) {
  install("large-struct");
  install("large-table");
  EXPECT_EQ(load_one("large-struct").catalog.devices.size(), 1U);
  EXPECT_EQ(load_one("large-table").catalog.devices.size(), 1U);
}

TEST_F(Behaviour, OneThatWasBuiltForTheFrozenAbiKeepsLoading) {
  install("frozen");
  const BackendStatus status = load_one("frozen");
  EXPECT_EQ(status.state, BackendState::kReady) << status.reason;
  EXPECT_EQ(status.catalog.abi, "1.0");
  EXPECT_EQ(status.catalog.devices.size(), 1U);
}

struct Item {
  std::string mode;
  std::size_t devices;
  std::string warning;
};

void PrintTo(const Item& item, std::ostream* out) {
  *out << item.mode;
}

class RefusedItem : public World, public testing::WithParamInterface<Item> {};

TEST_P(RefusedItem, IsLeftOutWithAWarning) {
  const Item& item = GetParam();
  install(item.mode);
  write("log", "");
  log::configure({.program = "test", .level = log::Level::kInfo, .debug_file = path("log")});
  const BackendStatus status = load_one(item.mode);
  log::configure({});
  EXPECT_EQ(status.state, BackendState::kReady) << status.reason;
  EXPECT_EQ(status.catalog.devices.size(), item.devices);
  EXPECT_TRUE(status.catalog.edits.empty());
  std::string log = read("log");
  std::erase(log, '\\');  // the log quotes
  EXPECT_THAT(log, testing::HasSubstr(cat("backend ", item.mode, ": an item is left out: ",
                                          item.warning, " [XPU_BACKEND_17]")));
  EXPECT_LE(std::count(log.begin(), log.end(), '\n'), 22);
}

const Item kItems[] = {
    {"million-devices", 4096, "emit_device: more than 4096 devices"},
    {"duplicate-ids", 1, "emit_device: device acme:0 was emitted before"},
    {"small-struct", 0,
     "emit_device: xpu_device.struct_size is 20; at least " + std::to_string(sizeof(xpu_device)) +
         " is wanted"},
    {"null-struct", 0, "emit_device: xpu_device is NULL"},
    {"bad-utf8", 0, "emit_device: xpu_device.name is not UTF-8 or has control characters"},
    {"endless-text", 0, "emit_device: xpu_device.name is longer than 1024 bytes"},
    {"unknown-kind", 0, "emit_device: xpu_device.kind is 77; 1 to 4 are known"},
    {"unknown-device", 0, "emit_alias: device acme:9 was not emitted before"},
    {"dot-dot", 1,
     "emit_node: a device node on the host, \"/dev/../dev/null\" is not an absolute path without "
     "\"..\", \".\" and double slashes"},
    {"no-node", 1, "emit_node: /etc/passwd is not a device node"},
    {"bad-condition", 0,
     "emit_condition: a condition of kind stat for /proc/version, which is on sysfs or procfs, "
     "where times mean nothing; use kind content or listing"},
    {"bad-alias", 2,
     "emit_alias: device acme:0 has the alias \"a,b\"; an alias has no comma and no space"},
    {"index-alias", 2, "emit_alias: the alias 1 of device acme:0 is the index of another device"},
    {"bad-env", 2, "emit_env: the variable \"A B\" is not [A-Za-z_][A-Za-z0-9_]*"},
    {"bad-scope", 2, "emit_env: an edit is for the capability \"video\", which was not declared"},
    {"bad-link", 2, "emit_interconnect: device acme:0 is connected to itself"},
};
INSTANTIATE_TEST_SUITE_P(Sinks, RefusedItem, testing::ValuesIn(kItems), kName);

// Umask, folder, environment and signals are the child's own.
TEST_F(Behaviour, ProcessStateIsItsOwn) {
  install("cwd");
  const std::string before = std::filesystem::current_path();
  write("log", "");
  log::configure({.program = "test", .level = log::Level::kInfo, .debug_file = path("log")});
  EXPECT_EQ(load_one("cwd").state, BackendState::kReady);
  log::configure({});
  EXPECT_EQ(std::filesystem::current_path(), before);
  EXPECT_THAT(read("log"),
              testing::HasSubstr("backend cwd: it changed the working folder [XPU_BACKEND_16]"));
}

TEST_F(Behaviour, OutputBecomesLogLines) {
  install("chatty");
  testing::internal::CaptureStderr();
  log::configure({.program = "test", .level = log::Level::kInfo});
  write("log", "");
  log::configure({.program = "test", .level = log::Level::kInfo, .debug_file = path("log")});
  EXPECT_EQ(load_one("chatty").state, BackendState::kReady);
  log::configure({});
  testing::internal::GetCapturedStderr();
  const std::string log = read("log");
  EXPECT_THAT(log, testing::HasSubstr("backend chatty: stdout: hello?from stdout"));
  EXPECT_THAT(log, testing::HasSubstr("backend chatty: stderr: hello from stderr"));
  EXPECT_THAT(log, testing::HasSubstr("backend chatty: hello from log"));
  EXPECT_THAT(
      log, testing::HasSubstr("backend chatty: more output than 100 lines; the rest is left out"));
  EXPECT_LE(std::count(log.begin(), log.end(), '\n'), 105);
}

// Processes that the backend starts, one in its group and two in groups of their own.
class Descendants : public World {
 protected:
  std::vector<pid_t> pids() const {
    std::ifstream in(path("file"));
    return {std::istream_iterator<pid_t>(in), {}};
  }
  void wait_until_started() const {
    while (pids().size() < 3 || read("file").back() != '\n') {
      usleep(1000);
    }
  }
  // Somebody else's children may take a while to be gone.
  static bool goes(pid_t pid) {
    for (int i = 0; i < 10000 && kill(pid, 0) == 0; ++i) {
      usleep(1000);
    }
    return kill(pid, 0) != 0 && errno == ESRCH;
  }
  void expect_gone() const {
    EXPECT_EQ(pids().size(), 3U);
    for (const pid_t pid : pids()) {
      EXPECT_TRUE(goes(pid)) << pid;
      kill(pid, SIGKILL);
    }
  }
};

TEST_F(Descendants, EndWithTheirBackend) {
  install("forks");
  EXPECT_EQ(load_one("forks").state, BackendState::kReady);
  expect_gone();
}

TEST_F(Descendants, EndWithABackendThatHangs) {
  config_.backend_timeout_s = 1;
  install("forks-and-hangs");
  EXPECT_THAT(load_one("forks-and-hangs").reason, testing::HasSubstr("did not answer within 1 s"));
  expect_gone();
}

TEST_F(Descendants, EndWithAHostThatIsStuck) {
  config_.backend_timeout_s = 1;
  install("stops-host");
  EXPECT_EQ(load_one("stops-host").reason,
            cat("backend stops-host: its host did not answer within 6 s and was killed", kPause));
  expect_gone();
}

TEST_F(Descendants, EndWithAHostThatIsToldTo) {
  install("forks-and-hangs");
  const std::string program = installation().host_program, file = manifest("forks-and-hangs");
  const pid_t host = fork();
  if (host == 0) {
    execl(program.c_str(), program.c_str(), "--manifest", file.c_str(), nullptr);
    _exit(1);
  }
  wait_until_started();
  kill(host, SIGTERM);
  int status = 0;
  ASSERT_EQ(waitpid(host, &status, 0), host);
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(WTERMSIG(status), SIGTERM);
  for (const pid_t pid : pids()) {
    EXPECT_NE(kill(pid, 0), 0) << pid << " outlived the host";
  }
  expect_gone();
}

TEST_F(Descendants, EndWhenTheCallerIsKilled) {
  install("forks-and-hangs");
  const pid_t caller = fork();
  if (caller == 0) {
    load();
    _exit(0);
  }
  wait_until_started();
  kill(caller, SIGKILL);
  waitpid(caller, nullptr, 0);
  expect_gone();
}

}  // namespace
}  // namespace xpu
