// SPDX-License-Identifier: Apache-2.0
#include "core/record/record.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>

#include "core/base/error.h"
#include "core/base/file.h"

namespace xpu {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;

// The text with another value for the first member of this name.
std::string with_value(const std::string& text, const std::string& key, const std::string& value) {
  const std::size_t start = text.find('"' + key + "\":") + key.size() + 3;
  return text.substr(0, start) + value + text.substr(text.find_first_of(",}", start));
}

class RecordTest : public testing::Test {
 protected:
  RecordTest() {
    char name[] = "/tmp/xpu-record-XXXXXX";
    dir_ = ::mkdtemp(name);
    root_ = dir_ + "/root";
    fs::create_directory(root_);
  }
  ~RecordTest() override { fs::remove_all(dir_); }

  std::string state() const { return dir_ + "/state"; }
  std::string folder() const { return state() + "/containers"; }

  // A record of a container that this process is about to create.
  Record record(const std::string& id = "c1") const {
    Record out;
    out.id = id;
    out.runtime_root = root_;
    out.bundle = "/bundle/\u00e9\"x";
    out.request = "XPU_VISIBLE_DEVICES=acme:0";
    out.selection.backends = {
        {"acme", {"acme:0", "acme:0:1"}, {"compute"}, {{"rdma", {}}, {"channels", {"0", "7"}}}},
        {"other", {}, {}}};
    out.nodes = {{"/dev/h", "/dev/acme0", 'c', 10, 237}, {"/dev/b", "/dev/b", 'b', 259, 0}};
    for (const auto& [type, access] : {std::pair('c', "r"), std::pair('p', "")}) {
      Node node{"/dev/o", "/dev/o", type, 10, 1};
      NodeTerms terms;
      terms.access = access;
      node.terms = std::make_shared<const NodeTerms>(terms);
      out.nodes.push_back(node);
    }
    out.creator = this_process();
    out.config_before = "aa";
    out.config_after = "bb";
    out.catalog_generation = "cc";
    out.created_unix = 1700000000;
    out.created_ns = 1700000000123456789;
    out.exclusive = true;
    out.held = {{"acme:0", "ACME-0", "", "acme", "Acme \"One\"", 1'250'000, "EUR"},
                {"acme:0:1", "ACME-0-1", "ACME-0", "acme", "", std::nullopt, ""}};
    out.origin = {"docker", "web", "shop/web:2", "pod", "ns", "team-a"};
    return out;
  }
  Record dead(const std::string& id) const {
    Record out = record(id);
    out.creator.start_time += 1;  // the pid now means another process
    return out;
  }
  std::set<std::string> names() const {
    std::set<std::string> out;
    if (fs::is_directory(folder())) {
      for (const auto& entry : fs::directory_iterator(folder())) {
        out.insert(entry.path().filename());
      }
    }
    return out;
  }
  std::string only_file() const { return folder() + "/" + *names().begin(); }
  static void put(const std::string& path, const std::string& text) {
    fs::create_directories(fs::path(path).parent_path());
    std::ofstream(path, std::ios::trunc) << text;
  }
  static void make_old(const std::string& path) {
    const timeval times[2] = {{1000, 0}, {1000, 0}};
    ASSERT_EQ(::lutimes(path.c_str(), times), 0);
  }

  std::string dir_, root_;
};

TEST_F(RecordTest, MayBeOlderThanFeatures) {
  Records records(state());
  Record old = record();
  old.selection.backends[0].features.clear();
  records.write(old);
  std::ifstream in(only_file());
  std::string text((std::istreambuf_iterator<char>(in)), {});
  for (std::size_t at; (at = text.find(",\"features\"")) != text.npos;) {
    text.erase(at, std::string_view(",\"features\":[]").size());
  }
  put(only_file(), text);
  const std::optional<Record> out = records.find(root_, "c1");
  ASSERT_TRUE(out) << text;
  EXPECT_THAT(out->selection.backends[0].devices, ElementsAre("acme:0", "acme:0:1"));
  EXPECT_THAT(out->selection.backends[0].features, ElementsAre());
}

TEST_F(RecordTest, ComesBackAsItWasWritten) {
  Records records(state());
  const Record in = record();
  records.write(in);
  const std::optional<Record> out = records.find(root_, "c1");
  ASSERT_TRUE(out);
  EXPECT_EQ(out->id, in.id);
  EXPECT_EQ(out->runtime_root, in.runtime_root);
  EXPECT_EQ(out->bundle, in.bundle);
  EXPECT_EQ(out->request, in.request);
  ASSERT_EQ(out->selection.backends.size(), 2u);
  EXPECT_EQ(out->selection.backends[0].backend, "acme");
  EXPECT_THAT(out->selection.backends[0].devices, ElementsAre("acme:0", "acme:0:1"));
  EXPECT_THAT(out->selection.backends[0].capabilities, ElementsAre("compute"));
  EXPECT_EQ(out->selection.backends[0].features, in.selection.backends[0].features);
  EXPECT_THAT(out->selection.backends[1].features, ElementsAre());
  EXPECT_EQ(out->selection.backends[1].backend, "other");
  ASSERT_EQ(out->nodes.size(), in.nodes.size());
  for (std::size_t i = 0; i < in.nodes.size(); ++i) {
    EXPECT_EQ(access_of(out->nodes[i]), access_of(in.nodes[i])) << i;
    EXPECT_EQ(out->nodes[i].terms == nullptr, in.nodes[i].terms == nullptr) << i;
    Node node = out->nodes[i];
    node.terms = in.nodes[i].terms;
    EXPECT_EQ(node, in.nodes[i]) << i;
  }
  EXPECT_EQ(out->creator.pid, ::getpid());
  EXPECT_EQ(out->creator.start_time, in.creator.start_time);
  EXPECT_EQ(out->creator.boot_id, in.creator.boot_id);
  EXPECT_EQ(out->config_before, "aa");
  EXPECT_EQ(out->config_after, "bb");
  EXPECT_EQ(out->catalog_generation, "cc");
  EXPECT_EQ(out->created_unix, 1700000000);
  EXPECT_EQ(out->created_ns, 1700000000123456789);
  EXPECT_TRUE(out->exclusive);
  ASSERT_EQ(out->held.size(), 2u);
  EXPECT_EQ(out->held[0].id, "acme:0");
  EXPECT_EQ(out->held[0].key, "ACME-0");
  EXPECT_EQ(out->held[0].vendor, "acme");
  EXPECT_EQ(out->held[0].model, "Acme \"One\"");
  EXPECT_EQ(out->held[0].price, 1'250'000);
  EXPECT_EQ(out->held[0].currency, "EUR");
  EXPECT_EQ(out->held[1].parent_key, "ACME-0");
  EXPECT_EQ(out->held[1].price, std::nullopt);
  EXPECT_EQ(out->origin.engine, "docker");
  EXPECT_EQ(out->origin.name, "web");
  EXPECT_EQ(out->origin.image, "shop/web:2");
  EXPECT_EQ(out->origin.pod, "pod");
  EXPECT_EQ(out->origin.pod_namespace, "ns");
  EXPECT_EQ(out->origin.label, "team-a");
  EXPECT_FALSE(out->end);
}

TEST_F(RecordTest, MayBeOlderThanLeases) {
  Records records(state());
  records.write(record());
  std::string text = read_file(only_file(), 1 << 20);
  text.replace(text.find(",\"created_ns\""), std::string::npos, "}");
  put(only_file(), text);
  const std::optional<Record> out = records.find(root_, "c1");
  ASSERT_TRUE(out) << text;
  EXPECT_EQ(out->created_unix, 1700000000);
  EXPECT_EQ(out->created_ns, 0);
  EXPECT_THAT(out->held, ElementsAre());
  EXPECT_EQ(out->origin.engine, "");
  EXPECT_FALSE(out->end);
}

TEST_F(RecordTest, FilesAreTheCallersAlone) {
  Records(state()).write(record());
  struct stat status = {};
  ASSERT_EQ(::stat(folder().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0700u);
  ASSERT_EQ(::stat(only_file().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600u);
}

TEST_F(RecordTest, LookingCreatesNothing) {
  Records records(state());
  EXPECT_FALSE(records.find(root_, "c1"));
  records.sweep(10);
  records.remove(root_, "c1");
  EXPECT_FALSE(fs::exists(state()));
}

TEST_F(RecordTest, RootAndIdTogetherNameARecord) {
  Records records(state());
  records.write(record("c1"));
  EXPECT_FALSE(records.find(root_, "c2"));
  EXPECT_FALSE(records.find(root_ + "x", "c1"));
  EXPECT_NE(records.state_folder("/a", "b"), records.state_folder("/ab", ""));
  // Nothing of an id gets into a path.
  for (const std::string& id :
       {std::string("../../x"), std::string("a/b"), std::string(4096, 'i')}) {
    const std::string path = records.state_folder(root_, id);
    EXPECT_EQ(path.rfind('/'), folder().size());
    EXPECT_EQ(path.size(), folder().size() + 17);
  }
}

TEST_F(RecordTest, AnotherContainersFileUnderThisNameIsNoRecord) {
  Records records(state());
  records.write(record("c1"));
  const std::string one = only_file();
  records.write(record("c2"));
  fs::copy_file(one, records.state_folder(root_, "c2") + ".json",
                fs::copy_options::overwrite_existing);
  EXPECT_FALSE(records.find(root_, "c2"));
}

TEST_F(RecordTest, DamagedFilesArePutAside) {
  Records records(state());
  Record ended = record();
  ended.end = {1700000001, 99};
  records.write(ended);
  const std::string path = only_file();
  const std::string good = read_file(path, 1 << 20);
  const std::string bad = path.substr(0, path.size() - 5) + ".bad";
  for (const std::string& text :
       {std::string(), std::string("{}"), std::string("null"), good.substr(0, good.size() / 2),
        good + "x", std::string(100, '\0'), with_value(good, "start_time", "-2"),
        with_value(good, "pid", "4294967297"), with_value(good, "minor", "4294967296"),
        with_value(good, "major", "-1"), with_value(good, "state_inode", "\"7x\""),
        with_value(good, "type", "\"\u017f\"")}) {
    put(path, text);
    ASSERT_EQ(::chmod(path.c_str(), 0600), 0);
    EXPECT_FALSE(records.find(root_, "c1")) << text;
    EXPECT_FALSE(fs::exists(path));
    EXPECT_EQ(read_file(bad, 1 << 20), text);
    records.write(ended);
    EXPECT_TRUE(records.find(root_, "c1"));
  }
}

TEST_F(RecordTest, AFileThatOthersCanWriteIsPutAside) {
  Records records(state());
  records.write(record());
  ASSERT_EQ(::chmod(only_file().c_str(), 0666), 0);
  EXPECT_FALSE(records.find(root_, "c1"));
  EXPECT_TRUE(only_file().ends_with(".bad"));
}

TEST_F(RecordTest, AFutureVersionIsLeftAlone) {
  Records records(state());
  records.write(record());
  const std::string path = only_file();
  std::string text = read_file(path, 1 << 20);
  text.replace(text.find("\"version\":1"), 11, "\"version\":2");
  put(path, text);
  EXPECT_FALSE(records.find(root_, "c1"));
  records.sweep(10);
  EXPECT_EQ(read_file(path, 1 << 20), text);
}

TEST_F(RecordTest, RemoveTakesRecordAndGeneratedFiles) {
  Records records(state());
  records.write(record("c1"));
  records.write(record("c2"));
  const std::string generated = records.state_folder(root_, "c1");
  put(generated + "/by-path/deep/file", "x");
  fs::create_symlink("/etc", generated + "/link");
  records.remove(root_, "c1");
  EXPECT_FALSE(fs::exists(generated));
  EXPECT_FALSE(records.find(root_, "c1"));
  EXPECT_TRUE(records.find(root_, "c2"));
  EXPECT_TRUE(fs::exists("/etc"));
  records.remove(root_, "c1");
}

TEST_F(RecordTest, AnUnusableStateFolderIsAnErrorForWriteOnly) {
  put(state() + "/containers", "a file");
  Records records(state());
  EXPECT_FALSE(records.find(root_, "c1"));
  records.remove(root_, "c1");
  records.sweep(10);
  try {
    records.write(record());
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr(folder()));
  }
}

TEST_F(RecordTest, AFullFileSystemIsAnErrorAndLeavesTheOldRecord) {
  fs::create_directory(state());
  if (::geteuid() != 0 || ::mount("none", state().c_str(), "tmpfs", 0, "size=8k,mode=700") != 0) {
    GTEST_SKIP() << "cannot mount a tmpfs here";
  }
  Records records(state());
  records.write(record());
  Record big = record();
  big.request.assign(100000, 'x');
  EXPECT_THROW(records.write(big), Error);
  const std::optional<Record> kept = records.find(root_, "c1");
  EXPECT_TRUE(kept && kept->request == record().request);
  EXPECT_EQ(names().size(), 1u);
  ::umount2(state().c_str(), MNT_DETACH);
}

TEST_F(RecordTest, LiveWhileItsCreatorLives) {
  EXPECT_TRUE(Records::live(record()));
  EXPECT_FALSE(Records::live(dead("c1")));  // pid used again
  Record gone = record();
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::_exit(0);
  }
  gone.creator.pid = pid;
  siginfo_t info = {};
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT), 0);
  EXPECT_FALSE(Records::live(gone));  // a zombie creates nothing
  ASSERT_EQ(::waitpid(pid, nullptr, 0), pid);
  EXPECT_FALSE(Records::live(gone));
}

TEST_F(RecordTest, LiveWhileTheLowLevelRuntimeHasTheContainer) {
  fs::create_directory(root_ + "/c1");
  EXPECT_TRUE(Records::live(dead("c1")));
  EXPECT_FALSE(Records::live(dead("c2")));
  Record lost = dead("c1");
  lost.runtime_root = dir_ + "/no/such/root";
  EXPECT_FALSE(Records::live(lost));
}

TEST_F(RecordTest, NothingSurvivesARestartOfTheMachine) {
  fs::create_directory(root_ + "/c1");
  Record before = record();
  before.creator.boot_id = "00000000-0000-0000-0000-000000000000";
  EXPECT_FALSE(Records::live(before));
}

TEST_F(RecordTest, TheCreatorIsThisProcessAcrossExec) {
  const Creator creator = this_process();
  EXPECT_EQ(creator.pid, ::getpid());
  EXPECT_GT(creator.start_time, 0u);
  EXPECT_EQ(creator.boot_id.size(), 36u);
}

TEST_F(RecordTest, SweepRemovesOnlyTheDead) {
  Records records(state());
  fs::create_directory(root_ + "/held");
  records.write(dead("held"));
  records.write(record("mine"));
  for (int i = 0; i < 5; ++i) {
    records.write(dead("dead" + std::to_string(i)));
  }
  put(records.state_folder(root_, "dead0") + "/file", "x");
  put(records.state_folder(root_, "mine") + "/file", "x");
  records.sweep(0);
  EXPECT_EQ(names().size(), 9u);
  records.sweep(2);
  EXPECT_GE(names().size(), 6u);  // of dead0 the folder too
  for (int i = 0; i < 10; ++i) {
    records.sweep(5);
  }
  EXPECT_TRUE(records.find(root_, "held"));
  EXPECT_TRUE(records.find(root_, "mine"));
  EXPECT_TRUE(fs::exists(records.state_folder(root_, "mine") + "/file"));
  EXPECT_EQ(names().size(), 3u);
}

TEST_F(RecordTest, SweepTakesOldOrphansAndLeavesFreshOnes) {
  Records records(state());
  records.write(record("mine"));
  put(folder() + "/0000000000000001/file", "x");
  put(folder() + "/0000000000000002/file", "x");
  put(folder() + "/0000000000000003.bad", "x");
  put(folder() + "/.0000000000000004.json.xpu-0000000000000000", "x");
  make_old(folder() + "/0000000000000001");
  make_old(folder() + "/0000000000000003.bad");
  make_old(folder() + "/.0000000000000004.json.xpu-0000000000000000");
  records.sweep(100);
  EXPECT_EQ(names().size(), 2u);
  EXPECT_TRUE(fs::exists(folder() + "/0000000000000002/file"));
  EXPECT_TRUE(records.find(root_, "mine"));
}

class Environment {
 public:
  Environment(const char* name, const char* value) : name_(name) {
    const char* const old = std::getenv(name);
    had_ = old != nullptr;
    old_ = had_ ? old : "";
    value != nullptr ? ::setenv(name, value, 1) : ::unsetenv(name);
  }
  ~Environment() { had_ ? ::setenv(name_, old_.c_str(), 1) : ::unsetenv(name_); }

 private:
  const char* name_;
  bool had_ = false;
  std::string old_;
};

TEST(DefaultRuntimeRoot, FollowsTheLowLevelRuntime) {
  const Environment none("XDG_RUNTIME_DIR", nullptr);
  EXPECT_EQ(default_runtime_root("/usr/bin/runc"), "/run/runc");
  EXPECT_EQ(default_runtime_root("docker-runc"), "/run/runc");
  EXPECT_EQ(default_runtime_root("/opt/crun-1.8/crun"), "/run/crun");
  EXPECT_EQ(default_runtime_root("/opt/crun-1.8/runc"), "/run/runc");
}

// Runs `check` in a child of another user; true when it held.
template <class Check>
bool holds_unprivileged(Check check) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    const bool changed = ::geteuid() != 0 || ::setresuid(65534, 65534, 65534) == 0;
    ::_exit(changed && check() ? 0 : 1);
  }
  int status = 1;
  return ::waitpid(pid, &status, 0) == pid && status == 0;
}

TEST(DefaultRuntimeRoot, RunDirectoryOfTheUser) {
  const Environment set("XDG_RUNTIME_DIR", "/run/user/7");
  // crun takes the variable from everybody, runc not from the host's root.
  EXPECT_EQ(default_runtime_root("crun"), "/run/user/7/crun");
  EXPECT_TRUE(
      holds_unprivileged([] { return default_runtime_root("runc") == "/run/user/7/runc"; }));
  EXPECT_TRUE(
      holds_unprivileged([] { return default_runtime_root("crun") == "/run/user/7/crun"; }));
  const std::string map = read_file("/proc/self/uid_map", 4096);
  if (::geteuid() == 0 && map.find("4294967295") != std::string::npos) {
    EXPECT_EQ(default_runtime_root("runc"), "/run/runc");
  }
}

}  // namespace
}  // namespace xpu
