// SPDX-License-Identifier: Apache-2.0
// The shim as an engine meets it: what reaches the low-level runtime, and what it says when it
// refuses. Needs root for mknod.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "tests/shim/host.h"

namespace xpu::test {
namespace {

namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;
using ::testing::UnorderedElementsAreArray;

class Shim : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) {
      GTEST_SKIP() << "needs root to make device nodes";
    }
  }

  std::vector<std::string> seen(const std::string& what) const {
    std::vector<std::string> out;
    for (const std::string& line : host.seen()) {
      if (line.rfind(what + " ", 0) == 0) {
        out.push_back(line.substr(what.size() + 1));
      }
    }
    return out;
  }

  Result create(const std::string& id = "c1") const {
    return host.shim({"create", "--bundle", host.bundle, id});
  }

  Host host;
};

TEST_F(Shim, PassesEveryOtherVerbOnUntouched) {
  host.write_bundle({"XPU_VISIBLE_DEVICES=acme:0"});
  const std::string before = host.config_json();
  for (const char* verb : {"state", "start", "kill", "exec", "ps", "events", "features"}) {
    const Result result =
        host.shim({"--root", "/x y", verb, "create", "$(id)", "-q\n'"}, host.bundle);
    EXPECT_EQ(result.code, 0) << result.err;
    EXPECT_THAT(seen("arg"),
                ElementsAre(host.runtime.string(), "--root", "/x y", verb, "create", "$(id)", "-q"))
        << verb;  // the rest of the last argument stands on a line of its own
  }
  EXPECT_EQ(host.config_json(), before);
  EXPECT_FALSE(fs::exists(host.dir / "state"));
}

TEST_F(Shim, LeavesAContainerThatAsksForNothingAlone) {
  const std::vector<std::vector<std::string>> requests = {
      {},
      {"XPU_VISIBLE_DEVICES="},
      {"XPU_VISIBLE_DEVICES=void"},
      {"CUDA_VERSION=11.0"},
      {"XPU_VISIBLE_DEVICES=void", "SIM_VISIBLE_DEVICES=all"}};
  for (const std::vector<std::string>& env : requests) {
    host.write_bundle(env);
    const std::string before = host.config_json();
    EXPECT_EQ(create().code, 0);
    EXPECT_EQ(host.config_json(), before);
    EXPECT_THAT(seen("arg"), Not(IsEmpty()));
  }
}

TEST_F(Shim, LeavesItAloneEvenWhenEverythingIsBroken) {
  write(host.dir / "etc/xpu-container-runtime/config.toml", "[xpu-container-runtime\n");
  write(host.prefix / "lib/xpu/backends/broken.toml", "= = =");
  host.environment.push_back("XPU_CONTAINER_RUNTIME_PATH=" + host.runtime.string());
  const std::string before = host.config_json();
  const Result result = create();
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("(defaults are used for what cannot be read)"));
  EXPECT_EQ(host.config_json(), before);
}

TEST_F(Shim, RefusesARequestUnderABrokenConfiguration) {
  host.write_bundle({"XPU_VISIBLE_DEVICES=acme:0"});
  write(host.dir / "etc/xpu-container-runtime/config.toml", "[xpu-container-runtime\n");
  host.environment.push_back("XPU_CONTAINER_RUNTIME_PATH=" + host.runtime.string());
  const Result result = create();
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err, HasSubstr("this container asks for accelerators (XPU_VISIBLE_DEVICES), "
                                    "but the configuration cannot be used: "));
  EXPECT_THAT(seen("arg"), IsEmpty());
}

TEST_F(Shim, RefusesARequestOfABackendThatOnlyTheBrokenConfigurationEnables) {
  host.write_bundle({"SIM_VISIBLE_DEVICES=0"});
  host.write_config("log-levle = \"info\"\n");
  const Result result = create();
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err, HasSubstr("asks for accelerators (SIM_VISIBLE_DEVICES)"));
  EXPECT_THAT(result.err, HasSubstr("log-levle"));
}

TEST_F(Shim, ABrokenConfigurationStillNamesTheLowLevelRuntime) {
  host.write_config("log-levle = \"info\"\n");
  for (const char* verb : {"state", "delete", "create"}) {
    EXPECT_EQ(host.shim({verb, "--bundle", host.bundle, "c1"}).code, 0) << verb;
    EXPECT_THAT(seen("arg"), Contains(verb));
  }
}

TEST_F(Shim, DoesNotJudgeWhatItNeedNotRead) {
  // A Latin-1 byte in an annotation and a second spelling of a key: the low-level runtime's affair.
  write(host.bundle / "config.json",
        "{\"process\": {\"env\": []}, \"Process\": {}, \"annotations\": {\"a\": \"\xe9\"}}");
  EXPECT_EQ(create().code, 0);
  EXPECT_THAT(seen("arg"), Not(IsEmpty()));
}

TEST_F(Shim, AnEarlierEditGoesWhenNothingIsAskedAnyMore) {
  host.write_bundle({"XPU_VISIBLE_DEVICES=acme:0"});
  ASSERT_EQ(create().code, 0);
  const std::string edited = host.config_json();
  std::string changed = edited;
  changed.replace(changed.find("acme:0"), 6, "void");
  write(host.bundle / "config.json", changed);
  ASSERT_EQ(create("c2").code, 0);
  EXPECT_THAT(host.config_json(), HasSubstr("XPU_VISIBLE_DEVICES=void"));
  EXPECT_THAT(host.config_json(), Not(HasSubstr("/dev/acme0")));
  EXPECT_FALSE(fs::exists(host.bundle / "config.json.xpu-undo"));
}

TEST_F(Shim, AnEarlierEditGoesWhenNothingCanBeGivenAnyMore) {
  host.write_bundle({"XPU_VISIBLE_DEVICES=all"});
  const std::string pristine = host.config_json();
  ASSERT_EQ(create().code, 0);
  EXPECT_NE(host.config_json(), pristine);
  host.write_config("on-unavailable = \"warn\"\n");
  const fs::path file = host.dir / "etc/xpu-container-runtime/config.toml";
  std::string config = read(file);
  config.replace(config.find("enabled = true"), 14, "enabled = false");
  write(file, config);
  const Result result = create("c2");
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(host.config_json(), pristine);
}

TEST_F(Shim, TheRequestIsThatOfThePersonNotOfAnEarlierEdit) {
  host.write_bundle({"XPU_VISIBLE_DEVICES=acme:0"});
  host.write_hardware("[[env]]\nname = \"XPU_VISIBLE_DEVICES\"\nvalue = \"void\"\n");
  ASSERT_EQ(create().code, 0);
  const std::string once = host.config_json();
  EXPECT_THAT(once, HasSubstr("XPU_VISIBLE_DEVICES=void"));
  ASSERT_EQ(create("c2").code, 0);
  EXPECT_EQ(host.config_json(), once);
}

TEST_F(Shim, AChangedRequestInAnEditedFileIsServedAlone) {
  host.write_bundle({"XPU_VISIBLE_DEVICES=acme:0"});
  ASSERT_EQ(create().code, 0);
  std::string changed = host.config_json();
  changed.replace(changed.find("acme:0"), 6, "acme:1");
  write(host.bundle / "config.json", changed);
  ASSERT_EQ(create("c2").code, 0);
  EXPECT_THAT(host.config_json(), HasSubstr("/dev/acme1"));
  EXPECT_THAT(host.config_json(), Not(HasSubstr("/dev/acme0")));
}

TEST_F(Shim, ARelativeRootIsTheSameRootFromEveryFolder) {
  host.write_bundle({"XPU_VISIBLE_DEVICES=acme:0"});
  const fs::path root = host.dir / "root";
  ASSERT_EQ(host.shim({"--root", "root/", "create", "-b", host.bundle, "c1"}, host.dir).code, 0);
  fs::create_directories(root / "c1");
  const Result result = host.shim({"--root", root, "create", "-b", host.bundle, "c1"});
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err, HasSubstr("container c1 exists already"));
}

TEST_F(Shim, GivesWhatWasAskedFor) {
  host.write_bundle({"XPU_VISIBLE_DEVICES=acme:1", "ACME_READY=0", "ACME_READY=no"});
  const Result result = create();
  ASSERT_EQ(result.code, 0) << result.err;
  const std::string config = host.config_json();
  EXPECT_THAT(config, HasSubstr(R"("path":"/dev/acme1","type":"c","major":10,"minor":237)"));
  EXPECT_THAT(config, Not(HasSubstr("/dev/acme0")));
  EXPECT_THAT(config, HasSubstr(R"("ACME_READY=1")"));
  EXPECT_THAT(config, Not(HasSubstr("ACME_READY=0")));
  EXPECT_THAT(config, Not(HasSubstr("ACME_READY=no")));
  EXPECT_THAT(config, HasSubstr("/libacme.so.1"));
  EXPECT_THAT(config, Not(HasSubstr("libacme-gl"))) << "graphics was not asked for";
  EXPECT_THAT(config, HasSubstr("\"unknown\": 1.50e1"));
}

TEST_F(Shim, TwiceIsOnce) {
  host.write_bundle({"SIM_VISIBLE_DEVICES=0,1", "SIM_DRIVER_CAPABILITIES=all"});
  const std::string pristine = host.config_json();
  ASSERT_EQ(create().code, 0);
  const std::string once = host.config_json();
  EXPECT_NE(once, pristine);
  ASSERT_EQ(create("c2").code, 0);
  EXPECT_EQ(host.config_json(), once);
}

TEST_F(Shim, AnEditAfterADriverUpgradeEqualsOneOfThePristineFile) {
  host.write_bundle({"XPU_VISIBLE_DEVICES=all"});
  const std::string pristine = host.config_json();
  ASSERT_EQ(create().code, 0);
  write(host.dir / "drivers/libacme-new.so.2", "new");
  host.write_hardware("[[files]]\nkind = \"library\"\nhost = \"" +
                      (host.dir / "drivers/libacme-new.so.2").string() +
                      "\"\nsoname = \"libacme-new.so.2\"\ncapability = \"compute\"\n");
  ASSERT_EQ(create().code, 0);
  const std::string again = host.config_json();
  EXPECT_THAT(again, HasSubstr("libacme-new.so.2"));
  fs::remove(host.bundle / "config.json.xpu-undo");
  write(host.bundle / "config.json", pristine);
  ASSERT_EQ(create().code, 0);
  EXPECT_EQ(host.config_json(), again);
}

TEST_F(Shim, HandsOnEnvironmentFolderDescriptorsAndMask) {
  host.write_bundle({"XPU_VISIBLE_DEVICES=acme:0"});
  host.environment.push_back("NOTIFY_SOCKET=/run/n");
  host.environment.push_back("LISTEN_FDS=1");
  const int extra = ::open("/dev/null", O_RDONLY);  // inherited on purpose, as --preserve-fds does
  const mode_t old = ::umask(0027);
  const Result result = host.shim({"create", "c1"}, host.bundle);
  ::umask(old);
  ::close(extra);
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(seen("env"), host.environment);
  EXPECT_THAT(seen("cwd"), ElementsAre(host.bundle.string()));
  EXPECT_THAT(seen("umask"), ElementsAre("27"));
  EXPECT_THAT(seen("blocked"), IsEmpty());
  EXPECT_THAT(seen("fd"), Contains(std::to_string(extra) + " /dev/null"));
  for (const std::string& fd : seen("fd")) {
    EXPECT_THAT(fd, Not(HasSubstr(host.bundle.string()))) << "a descriptor of ours is left open";
    EXPECT_THAT(fd, Not(HasSubstr("/state"))) << "a descriptor of ours is left open";
  }
}

TEST_F(Shim, HandsOnWhatSignalsAreIgnored) {
  host.write_bundle({"XPU_VISIBLE_DEVICES=acme:0"});
  const auto ignored_after = [&](std::vector<int> signals) {
    host.ignored_signals = std::move(signals);
    fs::remove_all(host.dir / "state");  // so that the backend is asked, by a child
    const Result result = create();
    EXPECT_EQ(result.code, 0) << result.err;
    return seen("ignored");
  };
  const auto usual = ignored_after({});
  EXPECT_THAT(usual, Not(Contains("17")));
  auto wanted = usual;
  wanted.insert(wanted.end(), {"10", "17"});  // SIGUSR1, SIGCHLD
  EXPECT_THAT(ignored_after({SIGUSR1, SIGCHLD}), UnorderedElementsAreArray(wanted));
}

TEST_F(Shim, AnUnknownDeviceFailsOnStderrAndInTheEnginesLog) {
  host.write_bundle({"XPU_VISIBLE_DEVICES=acme:7"});
  const std::string before = host.config_json();
  const std::string log = host.dir / "log.json";
  const Result result =
      host.shim({"--log", log, "--log-format", "json", "create", "--bundle", host.bundle, "c1"});
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err, StartsWith("xpu-container-runtime: error: "));
  EXPECT_THAT(result.err, HasSubstr("acme:7"));
  EXPECT_THAT(result.err, HasSubstr("acme:0, acme:1")) << "what exists is listed";
  EXPECT_THAT(read(log), HasSubstr(R"("level":"error")"));
  EXPECT_THAT(read(log), HasSubstr("acme:7"));
  EXPECT_EQ(host.config_json(), before);
  EXPECT_THAT(seen("arg"), IsEmpty());
}

TEST_F(Shim, ABadIdIsRefusedBeforeAnyFileIsTouched) {
  host.write_bundle({"XPU_VISIBLE_DEVICES=acme:0"});
  const std::string before = host.config_json();
  for (const std::string& id : {std::string("../x"), std::string("a/b"), std::string(300, 'a')}) {
    const Result result = create(id);
    EXPECT_EQ(result.code, 1) << id;
    EXPECT_THAT(result.err, HasSubstr("container id"));
  }
  EXPECT_EQ(host.config_json(), before);
  EXPECT_FALSE(fs::exists(host.dir / "state/containers"));
}

TEST_F(Shim, AnUnknownModeIsAnError) {
  host.write_bundle({"XPU_VISIBLE_DEVICES=acme:0"});
  host.write_config("mode = \"magic\"\n");
  const Result result = create();
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err, HasSubstr("mode"));
  EXPECT_THAT(result.err, HasSubstr("magic"));
}

TEST_F(Shim, RecordsWhatItGaveAndForgetsItOnceItIsDeleted) {
  host.write_bundle({"XPU_VISIBLE_DEVICES=acme:0"});
  const std::string root = host.dir / "root";
  ASSERT_EQ(host.shim({"--root", root, "create", "-b", host.bundle, "c1"}).code, 0);
  std::vector<fs::path> records;
  for (const fs::directory_entry& entry : fs::directory_iterator(host.dir / "state/containers")) {
    if (entry.path().extension() == ".json") {
      records.push_back(entry.path());
    }
  }
  ASSERT_EQ(records.size(), 1u);
  EXPECT_THAT(read(records[0]), HasSubstr("acme:0"));
  EXPECT_THAT(read(records[0]), HasSubstr("XPU_VISIBLE_DEVICES=acme:0"));
  fs::create_directories(fs::path(root) / "c1");  // what a low-level runtime keeps of a container
  ASSERT_EQ(host.shim({"--root", root, "delete", "c1"}).code, 0);
  // The low-level runtime may refuse: as long as its state is there, so is the container.
  EXPECT_THAT(host.tool({"ps", "--json"}).out, HasSubstr("\"container\":\"c1\""));
  fs::remove(fs::path(root) / "c1");
  EXPECT_THAT(host.tool({"ps", "--json"}).out, Not(HasSubstr("c1")));
  EXPECT_FALSE(fs::exists(records[0]));
}

TEST_F(Shim, TheIdOfALiveContainerIsRefused) {
  host.write_bundle({"XPU_VISIBLE_DEVICES=acme:0"});
  const fs::path root = host.dir / "root";
  ASSERT_EQ(host.shim({"--root", root, "create", "-b", host.bundle, "c1"}).code, 0);
  fs::create_directories(root / "c1");  // what a low-level runtime keeps of a container
  const Result result = host.shim({"--root", root, "create", "-b", host.bundle, "c1"});
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err, HasSubstr("container c1 exists already"));
}

TEST_F(Shim, WhatADeadContainerHeldDoesNotComeToLifeUnderItsId) {
  const fs::path root = host.dir / "root";
  const auto create_in_root = [&](const std::string& id, const std::vector<std::string>& env) {
    host.write_bundle(env);
    return host.shim({"--root", root, "create", "-b", host.bundle, id});
  };
  const std::vector<std::string> exclusive = {"XPU_VISIBLE_DEVICES=acme:0",
                                              "XPU_SHARING=exclusive"};
  for (const std::vector<std::string>& next :
       {std::vector<std::string>{}, {"XPU_VISIBLE_DEVICES=none"}}) {
    const std::string id = next.empty() ? "c1" : "c2";
    ASSERT_EQ(create_in_root(id, exclusive).code, 0);  // and its low-level runtime kept nothing
    ASSERT_EQ(create_in_root(id, next).code, 0);
    fs::create_directories(root / id);
    const Result other = create_in_root("other-" + id, exclusive);
    EXPECT_EQ(other.code, 0) << other.err;
  }
}

TEST_F(Shim, AFailedStartEndsTheDeadThatItTookOutOfTheLedger) {
  host.write_bundle({"XPU_VISIBLE_DEVICES=acme:0"});
  ASSERT_EQ(create("c1").code, 0);
  host.write_bundle({"XPU_VISIBLE_DEVICES=acme:0"});
  fs::create_directory(host.bundle / "config.json.xpu-undo");  // the journal cannot be written
  ASSERT_EQ(create("c2").code, 1);
  EXPECT_TRUE(fs::is_empty(host.dir / "state/containers"));
}

TEST_F(Shim, AReadOnlyStateFolderCostsTheRecordNotTheContainer) {
  host.write_bundle({"XPU_VISIBLE_DEVICES=acme:0"});
  write(host.dir / "blocked", "a file where a folder is needed");
  host.state = host.dir / "blocked/state";
  host.write_config();
  const Result result = create();
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("not recorded"));
  EXPECT_THAT(host.config_json(), HasSubstr("/dev/acme0"));
}

TEST_F(Shim, GeneratedFilesGoIntoTheBundleWhereTheStateFolderCannotBeMade) {
  host.write_bundle({"XPU_VISIBLE_DEVICES=acme:0"});
  host.write_hardware("[[links]]\npath = \"/dev/acme-by-path/one\"\ntarget = \"../acme0\"\n");
  const fs::path folder = host.dir / "state/containers";
  ASSERT_EQ(host.tool({"detect"}).code, 0);
  write(folder, "a file where a folder is needed");
  const Result result = create();
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("generated files go into the bundle: "));
  const std::string config = host.config_json();
  const std::size_t source = config.find((host.bundle / ".xpu-state/links-").string());
  ASSERT_NE(source, std::string::npos) << config;
  const std::string path = config.substr(source, config.find('"', source) - source);
  EXPECT_EQ(fs::read_symlink(path + "/one"), "../acme0");
}

TEST_F(Shim, LinksTheNumbersOfNodesWhereSystemdManagesTheCgroup) {
  const fs::path link = "/dev/char/10:236";
  if (fs::symlink_status(link).type() != fs::file_type::not_found) {
    GTEST_SKIP() << link << " is there already";
  }
  const bool had_folder = fs::exists("/dev/char");
  host.write_bundle({"XPU_VISIBLE_DEVICES=acme:0"});
  EXPECT_EQ(create().code, 0);
  EXPECT_FALSE(fs::is_symlink(link));
  EXPECT_EQ(host.shim({"--systemd-cgroup", "create", "--bundle", host.bundle, "c2"}).code, 0);
  EXPECT_EQ(fs::read_symlink(link), host.dir / "dev/acme0");
  fs::remove(link);
  if (!had_folder) {
    fs::remove("/dev/char");
  }
}

TEST_F(Shim, AFailedStartLeavesNoRecordAndTheOldFile) {
  host.write_bundle({"XPU_VISIBLE_DEVICES=acme:0"});
  const std::string before = host.config_json();
  fs::create_directory(host.bundle / "config.json.xpu-undo");  // the journal cannot be written
  const Result result = create();
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err, HasSubstr("config.json.xpu-undo"));
  EXPECT_EQ(host.config_json(), before);
  EXPECT_TRUE(fs::is_empty(host.dir / "state/containers"));
  EXPECT_THAT(seen("arg"), IsEmpty());
}

TEST_F(Shim, AKnownVariableWithoutItsBackendWarnsOnce) {
  host.write_bundle({"NVIDIA_VISIBLE_DEVICES=all"});
  const std::string before = host.config_json();
  const Result result = create();
  EXPECT_EQ(result.code, 0);
  EXPECT_THAT(result.err, HasSubstr("libxpu-nvidia"));
  EXPECT_EQ(host.config_json(), before);
}

TEST_F(Shim, AMissingConfigurationFileIsNamed) {
  fs::remove(host.bundle / "config.json");
  const Result result = create();
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err, HasSubstr((host.bundle / "config.json").string()));
}

TEST_F(Shim, RestoreReplaysTheRecordedSelection) {
  host.write_bundle({"XPU_VISIBLE_DEVICES=all"});
  const std::string root = host.dir / "root";
  ASSERT_EQ(host.shim({"--root", root, "create", "-b", host.bundle, "c1"}).code, 0);
  const std::string both = host.config_json();
  // A third device appears; the image was made with two.
  const fs::path node = host.dir / "dev/acme2";
  ASSERT_EQ(::mknod(node.c_str(), S_IFCHR | 0660, makedev(10, 235)), 0);
  host.write_hardware(
      "[[devices]]\nvendor = \"acme\"\nindex = \"2\"\nname = \"Acme A2\"\nnodes = [{ host = \"" +
      node.string() + "\", container = \"/dev/acme2\" }]\n");
  host.write_bundle({"XPU_VISIBLE_DEVICES=all"});
  ASSERT_EQ(host.shim({"--root", root, "restore", "-b", host.bundle, "c1"}).code, 0);
  EXPECT_EQ(host.config_json(), both);
  host.write_bundle({"XPU_VISIBLE_DEVICES=all"});
  ASSERT_EQ(host.shim({"--root", root, "run", "-b", host.bundle, "c2"}).code, 0);
  EXPECT_THAT(host.config_json(), HasSubstr("/dev/acme2"));
}

}  // namespace
}  // namespace xpu::test
