// SPDX-License-Identifier: Apache-2.0
#include "core/argv/argv.h"

#include <gtest/gtest.h>

#include "core/base/error.h"
#include "tests/unit/base/temp_dir.h"

namespace xpu {
namespace {

std::vector<std::string> words(const std::string& line) {
  std::vector<std::string> out = {"xpu-container-runtime"};
  for (std::size_t begin = 0; begin < line.size();) {
    const std::size_t end = std::min(line.find(' ', begin), line.size());
    out.push_back(line.substr(begin, end - begin));
    begin = end + 1;
  }
  return out;
}

// What was understood, as one line: "create id=c1 bundle=/b".
std::string understood(const std::vector<std::string>& args) {
  const Invocation seen = parse_argv(args);
  constexpr const char* kVerbs[] = {"none", "create", "run", "restore", "delete", "other"};
  std::string out = kVerbs[static_cast<int>(seen.verb)];
  if (seen.verb == Verb::kOther) {
    out += ":" + seen.verb_name;
  } else if (seen.verb != Verb::kNone) {
    EXPECT_EQ(seen.verb_name, out);
  }
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) {
      out += std::string(" ") + name + "=" + value;
    }
  };
  add("id", seen.id);
  add("bundle", seen.bundle);
  add("config", seen.config_file);
  add("root", seen.root);
  add("log", seen.log_file);
  add("format", seen.log_format);
  add("pid-file", seen.pid_file);
  out += seen.debug ? " debug" : "";
  out += seen.systemd_cgroup ? " systemd" : "";
  return out;
}

struct Row {
  const char* line;
  const char* expected;
};

void check(const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    EXPECT_EQ(understood(words(row.line)), row.expected) << row.line;
  }
}

TEST(ParseArgv, ReadsWhatEnginesCall) {
  check({
      {"--root /var/run/docker/runtime-runc/moby --log /run/c/log.json --log-format json "
       "--systemd-cgroup create --bundle /run/c --pid-file /run/c/init.pid --console-socket "
       "/tmp/pty.sock c1",
       "create id=c1 bundle=/run/c root=/var/run/docker/runtime-runc/moby log=/run/c/log.json "
       "format=json pid-file=/run/c/init.pid systemd"},
      {"--root /run/containerd/runc/k8s.io --log /l/log.json --log-format json state c1",
       "other:state root=/run/containerd/runc/k8s.io log=/l/log.json format=json"},
      {"--root /run/containerd/runc/default --log /l --log-format json delete --force c1",
       "delete id=c1 root=/run/containerd/runc/default log=/l format=json"},
      {"--root /r --log /l --log-format json exec --process /tmp/p --detach --pid-file /p c1",
       "other:exec root=/r log=/l format=json"},
      {"--systemd-cgroup --root=/run/runc create --bundle /b --pid-file /p c1",
       "create id=c1 bundle=/b root=/run/runc pid-file=/p systemd"},
      {"--cgroup-manager systemd --root /run/crun --log=file:/l --log-format=json create --bundle "
       "/b --pid-file /p --console-socket /s --no-new-keyring c1",
       "create id=c1 bundle=/b root=/run/crun log=file:/l format=json pid-file=/p systemd"},
      {"--cgroup-manager cgroupfs create -b /b c1", "create id=c1 bundle=/b"},
      {"--rootless=true --systemd-cgroup=false create --bundle /b c1", "create id=c1 bundle=/b"},
      {"restore --detach --image-path /i --work-path /w --bundle /b --pid-file /p c1",
       "restore id=c1 bundle=/b pid-file=/p"},
  });
}

TEST(ParseArgv, ReadsEverySpellingOfTheBundle) {
  check({
      {"create --bundle /b c1", "create id=c1 bundle=/b"},
      {"create --bundle=/b c1", "create id=c1 bundle=/b"},
      {"create -bundle /b c1", "create id=c1 bundle=/b"},
      {"create -bundle=/b c1", "create id=c1 bundle=/b"},
      {"create -b /b c1", "create id=c1 bundle=/b"},
      {"create -b=/b c1", "create id=c1 bundle=/b"},
      {"create -b/b c1", "create id=c1 bundle=/b"},
      {"create --b /b c1", "create id=c1 bundle=/b"},
      {"create --bun /b c1", "create id=c1 bundle=/b"},
      {"create --bund=/b c1", "create id=c1 bundle=/b"},
      {"create c1", "create id=c1"},
      {"create c1 --bundle /b", "create id=c1 bundle=/b"},
      {"create c1 --bundle=/b", "create id=c1 bundle=/b"},
      {"create c1 -b /b", "create id=c1 bundle=/b"},
      {"create c1 -b/b --no-pivot", "create id=c1 bundle=/b"},
      {"create --bundle= c1", "create id=c1"},
      {"create --bundle /a --bundle /b c1", "create id=c1 bundle=/b"},
      {"create --bundle -odd c1", "create id=c1 bundle=-odd"},
      {"create --bundle a=b c1", "create id=c1 bundle=a=b"},
      {"create --bundle=a=b c1", "create id=c1 bundle=a=b"},
      {"run -b . c1", "run id=c1 bundle=."},
      {"restore -b /b c1", "restore id=c1 bundle=/b"},
  });
}

TEST(ParseArgv, ReadsBundledShortOptions) {
  check({
      {"run -d c1", "run id=c1"},
      {"run -db /b c1", "run id=c1 bundle=/b"},
      {"run -db/b c1", "run id=c1 bundle=/b"},
      {"run -dbd c1", "run id=c1 bundle=d"},
      {"run -d -f /c.json c1", "run id=c1 config=/c.json"},
      {"run -df/c.json c1", "run id=c1 config=/c.json"},
      {"delete -f c1", "delete id=c1"},
      {"delete -rf c1", "delete id=c1"},
      {"delete -force c1", "delete id=c1"},
      {"delete c1 --force", "delete id=c1"},
      {"delete --force=false c1", "delete id=c1"},
      {"delete c1", "delete id=c1"},
  });
}

TEST(ParseArgv, ReadsCrunsConfig) {
  check({
      {"create --config /c.json c1", "create id=c1 config=/c.json"},
      {"create --config=/c.json -b /b c1", "create id=c1 bundle=/b config=/c.json"},
      {"create -f /c.json c1", "create id=c1 config=/c.json"},
      {"create -f/c.json c1", "create id=c1 config=/c.json"},
      {"run --config c.json --keep c1", "run id=c1 config=c.json"},
  });
}

// Values, ids and folders that are called like a verb (P31).
TEST(ParseArgv, IsNotMisledByWordsThatLookLikeVerbs) {
  check({
      {"--root create state x", "other:state root=create"},
      {"--log create state x", "other:state log=create"},
      {"--log=create state x", "other:state log=create"},
      {"--log create --log-format run delete x", "delete id=x log=create format=run"},
      {"--criu create start x", "other:start"},
      {"--rootless create kill x", "other:kill"},
      {"--cgroup-manager create kill x", "other:kill"},
      {"--log-level create kill x", "other:kill"},
      {"-root create state x", "other:state root=create"},
      {"state create", "other:state"},
      {"start create", "other:start"},
      {"exec c1 create --bundle /b", "other:exec"},
      {"exec create run", "other:exec"},
      {"kill create KILL", "other:kill"},
      {"create create", "create id=create"},
      {"run create", "run id=create"},
      {"create run", "create id=run"},
      {"delete create", "delete id=create"},
      {"create --bundle create create", "create id=create bundle=create"},
      {"create --pid-file run --console-socket delete state", "create id=state pid-file=run"},
      {"events --stats create", "other:events"},
      {"createx c1", "other:createx"},
      {"Create c1", "other:Create"},
  });
}

TEST(ParseArgv, ReadsGlobalOptions) {
  check({
      {"--debug create c1", "create id=c1 debug"},
      {"--debug=true create c1", "create id=c1 debug"},
      {"--debug=false create c1", "create id=c1"},
      {"-debug create c1", "create id=c1 debug"},
      {"--log-level=debug create c1", "create id=c1 debug"},
      {"--log-level error create c1", "create id=c1"},
      {"--systemd-cgroup run c1", "run id=c1 systemd"},
      {"--cgroup-manager=systemd run c1", "run id=c1 systemd"},
      {"--cgroup-manager systemd --cgroup-manager disabled run c1", "run id=c1"},
      {"--root /a --root /b create c1", "create id=c1 root=/b"},
      {"-- create c1", "create id=c1"},
      {"--debug -- create c1", "create id=c1 debug"},
      {"create --debug c1", "create id=c1"},  // not an option of the verb
  });
}

TEST(ParseArgv, EndsOptionsAtTwoDashes) {
  check({
      {"create -b /b -- c1", "create id=c1 bundle=/b"},
      {"create -- -b", "create id=-b"},
      {"create -- c1 --bundle /b", "create id=c1"},
      {"create c1 -- --bundle /b", "create id=c1"},
  });
}

TEST(ParseArgv, LeavesRequestsForHelpAlone) {
  check({
      {"", "none"},
      {"--version", "none"},
      {"-v", "none"},
      {"-V", "none"},
      {"--help", "none"},
      {"-h create c1", "none"},
      {"--version create c1", "none"},
      {"--debug -?", "none debug"},
      {"create --help", "other:create"},
      {"run -h c1", "other:run id=c1"},
      {"delete --usage", "other:delete"},
      {"help create", "other:help"},
      {"--root", "none"},
      {"--root /r", "none root=/r"},
      {"create", "create"},
      {"create --bundle", "create"},
  });
}

// Options of a runtime newer than the table.
TEST(ParseArgv, GuessesAboutUnknownOptions) {
  check({
      {"--new create c1", "create id=c1"},
      {"--new value create c1", "create id=c1"},
      {"--new=value create c1", "create id=c1"},
      {"-x create c1", "create id=c1"},
      {"-xvalue create c1", "create id=c1"},
      {"create --new c1", "create id=c1"},
      {"create --new value c1", "create id=c1"},
      {"create --new=value c1", "create id=c1"},
      {"create --new value --bundle /b c1", "create id=c1 bundle=/b"},
      {"create --new --bundle /b c1", "create id=c1 bundle=/b"},
      {"create -x -- c1", "create id=c1"},
      {"run -dx c1", "run id=c1"},
  });
}

TEST(ParseArgv, TakesEmptyArguments) {
  EXPECT_EQ(understood({}), "none");
  EXPECT_EQ(understood({"prog"}), "none");
  EXPECT_EQ(understood({"prog", ""}), "other:");
  EXPECT_EQ(understood({"prog", "create", "-b", "", "c1"}), "create id=c1");
  EXPECT_EQ(understood({"prog", "create", "-", "c1"}), "create id=-");
}

TEST(CheckContainerId, KeepsToTheRuleOfRunc) {
  for (const std::string& id : {std::string("c1"), std::string("A_b+c.d-e"), std::string("..."),
                                std::string("-x"), std::string(255, 'x')}) {
    EXPECT_EQ(test::error_of([&] { check_container_id(id); }), "") << id;
  }
  EXPECT_EQ(test::error_of([] { check_container_id(""); }), "the container id is missing");
  EXPECT_EQ(test::error_of([] { check_container_id(std::string(256, 'x')); }),
            "the container id is longer than 255 bytes");
  for (const char* id : {".", "..", "../x", "a/b", "a b", "a\nb", "ü", "a:b"}) {
    EXPECT_EQ(test::error_of([&] { check_container_id(id); }),
              std::string("the container id '") + id +
                  "' is not valid: letters, digits and _ + . - only");
  }
}

}  // namespace
}  // namespace xpu
