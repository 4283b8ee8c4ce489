// SPDX-License-Identifier: Apache-2.0
// Each rule by a configuration that breaks it. What runc 1.1.5 and crun 1.8.1 do with the same is
// compared by tests/integration/76-validate.sh.
#include <filesystem>

#include "tests/unit/base/temp_dir.h"
#include "tests/unit/oci/check_sample.h"

namespace xpu {
namespace {

namespace fs = std::filesystem;
using test::expect;
using test::kGood;
using test::lines;
using test::of_text;
using test::TempDir;
using test::with;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

TEST(CheckDocument, FindsNothingWhereNothingIs) {
  for (const Taker taker : {Taker::kAny, Taker::kRunc, Taker::kCrun}) {
    EXPECT_THAT(of_text(kGood, taker), IsEmpty());
  }
}

TEST(CheckDocument, NamesTheLineOfAMistake) {
  EXPECT_THAT(of_text("{\"a\": 1,\n  \"b\": }\n"),
              ElementsAre(StartsWith("error line 2, column 8: not JSON: ")));
  EXPECT_THAT(of_text("{} x"),
              ElementsAre("error line 1, column 4: not JSON: text after the end near byte 3"));
  EXPECT_THAT(of_text("\n[]"), ElementsAre("error line 2, column 1: not a JSON object"));
  EXPECT_THAT(of_text(""), ElementsAre(StartsWith("error line 1, column 1: not JSON: ")));
  EXPECT_THAT(of_text("\xef\xbb\xbf{}"),
              ElementsAre("error line 1, column 1: begins with a byte order mark; save it as UTF-8 "
                          "without one"));
}

TEST(CheckDocument, Types) {
  expect({
      {"/process/terminal", "\"no\"", "error process.terminal: is not true or false"},
      {"/process/args", "\"/bin/true\"", "error process.args: is not an array"},
      {"/process/env/1", "5", "error process.env[1]: is not a string"},
      {"/process/user/uid", "\"0\"", "error process.user.uid: is not a number"},
      {"/process/user/uid", "-1",
       "error process.user.uid: -1 is not an integer from 0 to 4294967295"},
      {"/process/user/gid", "4294967296",
       "error process.user.gid: 4294967296 is not an integer from 0 to 4294967295"},
      {"/process/user/additionalGids/0", "1.5",
       "error process.user.additionalGids[0]: 1.5E0 is not an integer from 0 to 4294967295"},
      {"/mounts", "{}", "error mounts: is not an array"},
      {"/hooks", "[]", "error hooks: is not an object"},
      {"/annotations/x", "1", "error annotations.x: is not a string"},
      {"/annotations/x.y", "[]", "error annotations[\"x.y\"]: is not a string"},
      {"/linux/sysctl", "{\"net.a\": 1}", "error linux.sysctl[\"net.a\"]: is not a string"},
      {"/linux/netDevices", "{\"eth0\": {\"name\": 23}}",
       "error linux.netDevices.eth0.name: is not a string"},
      {"/linux/resources/rdma", "{\"mlx\": {\"hcaHandles\": \"x\"}}",
       "error linux.resources.rdma.mlx.hcaHandles: is not a number"},
      {"/linux/resources/pids", "{\"limit\": 9223372036854775808}",
       "error linux.resources.pids.limit: 9223372036854775808 is not an integer from "
       "-9223372036854775808 to 9223372036854775807"},
  });
  EXPECT_THAT(of_text(with({{"/process/terminal", "\"no\""}}), Taker::kCrun),
              ElementsAre("warning process.terminal: is not true or false (runc refuses it)"));
  EXPECT_THAT(of_text(with({{"/process/terminal", "null"}, {"/hooks", "null"}})), IsEmpty());
}

TEST(CheckDocument, Keys) {
  const std::string good = kGood;
  const std::string twice = good.substr(0, good.rfind('}')) + R"(,"hostname":"other"})";
  EXPECT_THAT(of_text(twice),
              ElementsAre("warning hostname: is there more than once; low-level runtimes take the "
                          "last, and a container that asks for accelerators is refused"));
  expect({
      {"/Mounts", "[]",
       "warning Mounts: is spelt \"mounts\"; runc takes it for that, crun does not, and a "
       "container "
       "that asks for accelerators is refused"},
      {"/linux/namespace", "[]",
       "note linux.namespace: is not part of the specification; low-level runtimes pass over it; "
       "did you mean 'namespaces'?"},
  });
}

TEST(CheckDocument, VersionAndRoot) {
  expect(
      {{"/ociVersion", "\"one\"",
        "warning ociVersion: \"one\" is no version such as \"1.0.2\" "
        "(crun refuses it)"},
       {"/ociVersion", "", "warning ociVersion: is missing (crun refuses it)"},
       {"/ociVersion", "\"2.0.0\"",
        "warning ociVersion: \"2.0.0\" is not a version from 1.0 to 1.3 (crun refuses it)"},
       {"/ociVersion", "\"1.2.0\"", "warning ociVersion: \"1.2.0\" is refused by crun before 1.9"},
       {"/root", "", "error root: is missing or empty; the container needs a root file system"},
       {"/root/path", "\"\"",
        "error root.path: is missing or empty; the container needs a root file system"}});
  expect({{"/ociVersion", "", "error ociVersion: is missing"},
          {"/ociVersion", "\"1\"", "error ociVersion: \"1\" is no version such as \"1.0.2\""}},
         Taker::kCrun);
  for (const char* version : {"\"1.0.0\"", "\"1.0.2-dev\"", "\"v1.0.0\"", "\"1.0.0+vendor.1\""}) {
    EXPECT_THAT(of_text(with({{"/ociVersion", version}})), IsEmpty()) << version;
  }
}

TEST(CheckDocument, Process) {
  expect({
      {"/process", "", "error process: is missing; there is nothing to run"},
      {"/process/args", "[]", "error process.args: is missing or empty; there is nothing to run"},
      {"/process/args/0", "\"\"", "error process.args[0]: is empty; it names the program to run"},
      {"/process/args/1", "\"a\\u0000\"", "error process.args[1]: holds a NUL character"},
      {"/process/cwd", "\"tmp\"", "error process.cwd: \"tmp\" is not an absolute path"},
      {"/process/cwd", "", "error process.cwd: is missing or empty; \"/\" is the usual one"},
      {"/process/env/2", "\"FOO\"", "error process.env[2]: \"FOO\" is not of the form NAME=value"},
      {"/process/env/2", "\"=x\"", "error process.env[2]: \"=x\" has no name"},
      {"/process/user/uid", "4294967295",
       "error process.user.uid: 4294967295 is more than 2147483647"},
      {"/process/capabilities/bounding/1", "\"CAP_FLY\"",
       "warning process.capabilities.bounding[1]: \"CAP_FLY\" is no capability that is known; "
       "low-level runtimes pass over it"},
      {"/process/capabilities/effective/1", "\"CAP_SYS_ADMIN\"",
       "error process.capabilities.effective[1]: CAP_SYS_ADMIN is not in permitted as well"},
      {"/process/capabilities/inheritable", "[\"CAP_CHOWN\"]",
       "error process.capabilities.inheritable[0]: CAP_CHOWN is not in bounding as well"},
      {"/process/capabilities/ambient", "[\"CAP_KILL\"]",
       "note process.capabilities.ambient[0]: CAP_KILL is not in permitted and inheritable as "
       "well, so it has no effect"},
      {"/process/rlimits/0/type", "\"RLIMIT_FLY\"",
       "error process.rlimits[0].type: \"RLIMIT_FLY\" is no limit that is known"},
      {"/process/rlimits/0/type", "", "error process.rlimits[0].type: is missing"},
      {"/process/rlimits/0/hard", "10",
       "error process.rlimits[0].soft: 1024 is more than hard, 10"},
      {"/process/rlimits/1", "{\"type\": \"RLIMIT_NOFILE\", \"hard\": 1, \"soft\": 1}",
       "warning process.rlimits[1]: RLIMIT_NOFILE is there twice, which the specification forbids"},
      {"/process/oomScoreAdj", "2000", "error process.oomScoreAdj: 2000 is not from -1000 to 1000"},
      {"/linux/namespaces/1", "{\"type\": \"user\", \"path\": \"/proc/1/ns/user\"}",
       "error hostname: \"box\" needs a namespace of the type \"uts\" in linux.namespaces"},
      {"/hostname", "\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"",
       "error hostname: is longer than 64 characters"},
  });
  expect({{"/process/cwd", "\"tmp\"",
           "warning process.cwd: \"tmp\" is not an absolute path (runc refuses it)"}},
         Taker::kCrun);
}

TEST(CheckDocument, Mounts) {
  expect({
      {"/mounts/2", "{\"type\": \"tmpfs\"}", "error mounts[2].destination: is missing or empty"},
      {"/mounts/2", "{\"destination\": \"tmp\", \"type\": \"tmpfs\"}",
       "warning mounts[2].destination: \"tmp\" is not an absolute path, which is deprecated"},
      {"/mounts/2", "{\"destination\": \"/a\", \"type\": \"bind\", \"source\": \"/etc\"}",
       "error mounts[2].options: a mount of the type \"bind\" needs the option \"bind\" or "
       "\"rbind\""},
      {"/mounts/2", "{\"destination\": \"/a\", \"source\": \"/etc\"}",
       "error mounts[2].type: is missing; only a mount with the option \"bind\" or \"rbind\" needs "
       "none"},
      {"/mounts/2", "{\"destination\": \"/a\", \"options\": [\"bind\"]}",
       "warning mounts[2].source: is missing or empty; a bind mount needs what it shows (crun "
       "refuses it)"},
      {"/mounts/2",
       "{\"destination\": \"/proc/sys\", \"source\": \"/etc\", \"options\": [\"rbind\"]}",
       "error mounts[2].destination: \"/proc/sys\" may not be covered by a mount: it is in /proc"},
      {"/mounts/1/options/3", "\"colour=red\"",
       "error mounts[1].options[3]: \"colour=red\" is no option of tmpfs"},
      {"/mounts/1/options/3", "\"size=big\"",
       "error mounts[1].options[3]: \"size=big\" is no size"},
      {"/mounts/1/options/3", "\"mode=9\"",
       "error mounts[1].options[3]: \"mode=9\" is no mode in octal digits"},
      {"/mounts/0/destination", "\"/sys\"", "error mounts: has no /proc, which most programs need"},
      {"/mounts", "[]", "error mounts: is missing or empty; most programs need /proc"},
  });
  EXPECT_THAT(
      of_text(with({{"/mounts/2",
                     "{\"destination\": \"/proc/cpuinfo\", \"source\": \"/x\", \"options\": "
                     "[\"bind\"]}"}})),
      IsEmpty());
}

TEST(CheckDocument, Linux) {
  expect({
      {"/linux", "",
       "warning linux: is missing; without it there are no namespaces (crun refuses it)"},
      {"/linux/namespaces/5", "{\"type\": \"moon\"}",
       "error linux.namespaces[5].type: \"moon\" is no namespace that is known"},
      {"/linux/namespaces/5", "{\"type\": \"pid\"}",
       "error linux.namespaces[5]: the namespace \"pid\" is there twice"},
      {"/linux/namespaces/5", "{\"type\": \"user\"}",
       "error linux.uidMappings: is missing or empty, and a new user namespace needs it"},
      {"/linux/namespaces/0", "{\"type\": \"pid\", \"path\": \"ns\"}",
       "error linux.namespaces[0].path: \"ns\" is not an absolute path"},
      {"/linux/namespaces/2", "{\"type\": \"cgroup\"}",
       "error linux.maskedPaths: needs a namespace of the type \"mount\""},
      {"/linux/uidMappings", "[{\"containerID\": 0, \"hostID\": 0, \"size\": 1}]",
       "warning linux.uidMappings: has no effect without a namespace of the type \"user\""},
      {"/linux/devices", "[{\"path\": \"/dev/x\", \"type\": \"x\"}]",
       "error linux.devices[0].type: \"x\" is no type of device: c, b, u or p"},
      {"/linux/devices", "[{\"path\": \"/dev/x\"}]",
       "error linux.devices[0].type: is missing; it is c, b, u or p"},
      {"/linux/devices", "[{\"path\": \"x\", \"type\": \"c\"}]",
       "warning linux.devices[0].path: \"x\" is not an absolute path (crun refuses it)"},
      {"/linux/devices", "[{\"path\": \"/dev/x\", \"type\": \"c\", \"major\": -1, \"minor\": 0}]",
       "error linux.devices[0].major: -1 is no number of a device"},
      {"/linux/resources/devices/0/type", "\"x\"",
       "error linux.resources.devices[0].type: \"x\" is none of a, c and b"},
      {"/linux/resources/devices/0/access", "",
       "error linux.resources.devices[0].access: is missing or empty; it is of r, w and m"},
      {"/linux/resources/devices/0/access", "\"q\"",
       "warning linux.resources.devices[0].access: \"q\" is not of r, w and m (crun refuses it)"},
      {"/linux/resources/memory", "{\"limit\": -5}",
       "error linux.resources.memory.limit: -5 is no number of bytes; -1 stands for no limit"},
      {"/linux/resources/memory", "{\"limit\": 200, \"swap\": 100}",
       "error linux.resources.memory.swap: 100 is less than limit, 200; it is memory and swap "
       "together"},
      {"/linux/resources/memory", "{\"swap\": 100}",
       "error linux.resources.memory.swap: needs a limit too"},
      {"/linux/resources/cpu", "{\"cpus\": \"0-\"}",
       "error linux.resources.cpu.cpus: \"0-\" is no list such as \"0-3,8\""},
      {"/linux/resources/cpu", "{\"quota\": 5}",
       "error linux.resources.cpu.quota: 5 is less than 1000 microseconds, the least that there "
       "is"},
      {"/linux/resources/hugepageLimits", "[{\"pageSize\": \"64kB\", \"limit\": 1}]",
       "error linux.resources.hugepageLimits[0].pageSize: \"64kB\" is no size of pages such as "
       "\"2MB\" or \"1GB\""},
      {"/linux/sysctl", "{\"vm.swappiness\": \"1\"}",
       "error linux.sysctl[\"vm.swappiness\"]: is a setting of the whole host, which a container "
       "may not change"},
      {"/linux/sysctl", "{\"kernel.hostname\": \"a\"}",
       "error linux.sysctl[\"kernel.hostname\"]: is what the key hostname is for"},
      {"/linux/rootfsPropagation", "\"sideways\"",
       "error linux.rootfsPropagation: \"sideways\" is none of private, slave, shared and "
       "unbindable"},
      {"/linux/personality", "{\"domain\": \"MOON\"}",
       "warning linux.personality.domain: \"MOON\" is neither LINUX nor LINUX32 (crun refuses it)"},
  });
}

TEST(CheckDocument, Seccomp) {
  expect({
      {"/linux/seccomp", "{\"defaultAction\": \"NO\"}",
       "error linux.seccomp.defaultAction: \"NO\" is no action that is known"},
      {"/linux/seccomp", "{\"defaultAction\": \"SCMP_ACT_NOTIFY\"}",
       "error linux.seccomp.defaultAction: SCMP_ACT_NOTIFY cannot be what happens to every system "
       "call"},
      {"/linux/seccomp", "{}", "warning linux.seccomp.defaultAction: is missing (crun refuses it)"},
      {"/linux/seccomp", "{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"architectures\": [\"X\"]}",
       "error linux.seccomp.architectures[0]: \"X\" is no architecture that is known"},
      {"/linux/seccomp",
       "{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"syscalls\": [{\"names\": [\"a\"]}]}",
       "error linux.seccomp.syscalls[0].action: is missing"},
      {"/linux/seccomp",
       "{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"syscalls\": [{\"names\": [\"a\"], \"action\": "
       "\"SCMP_ACT_ERRNO\", \"args\": [{\"index\": 9, \"value\": 1, \"op\": \"X\"}]}]}",
       "error linux.seccomp.syscalls[0].args[0].op: \"X\" is no operator that is known"},
      {"/linux/seccomp",
       "{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"syscalls\": [{\"names\": [\"a\"], \"action\": "
       "\"SCMP_ACT_ERRNO\", \"args\": [{\"index\": 9, \"value\": 1, \"op\": \"SCMP_CMP_EQ\"}]}]}",
       "error linux.seccomp.syscalls[0].args[0].index: 9 is more than 5, the last argument of a "
       "system call"},
      {"/linux/seccomp",
       "{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"syscalls\": [{\"names\": [\"a\"], \"action\": "
       "\"SCMP_ACT_NOTIFY\"}]}",
       "error linux.seccomp.listenerPath: is missing, and a rule has SCMP_ACT_NOTIFY"},
  });
}

TEST(CheckDocument, Hooks) {
  expect({
      {"/hooks", "{\"prestart\": [{\"args\": [\"x\"]}]}",
       "error hooks.prestart[0].path: is missing or empty; it names the hook's program"},
      {"/hooks", "{\"poststop\": [{\"path\": \"x\"}]}",
       "error hooks.poststop[0].path: \"x\" is not an absolute path"},
      {"/hooks", "{\"poststop\": [{\"path\": \"/x\", \"timeout\": 0}]}",
       "error hooks.poststop[0].timeout: 0 leaves the hook no time to run"},
  });
}

class CheckBundle : public testing::Test {
 protected:
  CheckBundle() {
    fs::create_directories(dir_ / "rootfs/bin");
    fs::create_directories(dir_ / "rootfs/etc");
    dir_.write("rootfs/bin/true", "#!/bin/sh\n", 0755);
    dir_.write("rootfs/etc/passwd", "");
  }
  std::vector<std::string> of(std::initializer_list<std::pair<const char*, const char*>> changes) {
    dir_.write("config.json", with(changes));
    return lines(check_bundle(dir_ / ".", Taker::kRunc));
  }
  std::string path(const std::string& name) { return dir_ / name; }

  TempDir dir_;
};

TEST_F(CheckBundle, FindsNothingWhereNothingIs) {
  EXPECT_THAT(of({}), IsEmpty());
  EXPECT_THAT(of({{"/process/args/0", "\"true\""}}), IsEmpty());
}

TEST_F(CheckBundle, LooksAtTheFolder) {
  EXPECT_THAT(lines(check_bundle("/nonexistent", Taker::kAny)),
              ElementsAre("error : \"/nonexistent\" does not exist; a bundle is a folder with "
                          "config.json"));
  EXPECT_THAT(
      lines(check_bundle("/etc/passwd", Taker::kAny)),
      ElementsAre(
          "error : \"/etc/passwd\" is not a folder; a bundle is a folder with config.json"));
  fs::create_directory(dir_ / "config.json");
  EXPECT_THAT(lines(check_bundle(path("."), Taker::kAny)),
              ElementsAre(HasSubstr("config.json\" is not a regular file")));
  EXPECT_THAT(lines(check_bundle(path("rootfs"), Taker::kAny)),
              ElementsAre(HasSubstr("rootfs\" has no config.json")));
}

TEST_F(CheckBundle, LooksAtTheRoot) {
  EXPECT_THAT(of({{"/root/path", "\"gone\""}}),
              ElementsAre(testing::AllOf(StartsWith("error root.path: "),
                                         HasSubstr("/gone\" does not exist on this host"))));
  EXPECT_THAT(of({{"/root/path", "\"rootfs/etc/passwd\""}}),
              ElementsAre(HasSubstr("passwd\" is not a folder")));
  fs::create_directory_symlink("rootfs", dir_ / "link");
  EXPECT_THAT(of({{"/root/path", "\"link\""}}),
              ElementsAre(HasSubstr("/link\" leads through a symbolic link")));
  EXPECT_THAT(of({{"/root/path", "\"/\""}}),
              ElementsAre("error root.path: the host's own root file system cannot be a "
                          "container's"));
}

TEST_F(CheckBundle, LooksForTheProgram) {
  EXPECT_THAT(of({{"/process/args/0", "\"/bin/gone\""}}),
              ElementsAre("error process.args[0]: \"/bin/gone\" is not in the root file system"));
  EXPECT_THAT(of({{"/process/args/0", "\"gone\""}}),
              ElementsAre("error process.args[0]: \"gone\" is in none of the folders that PATH "
                          "names in the root file system"));
  EXPECT_THAT(of({{"/process/args/0", "\"/etc\""}}),
              ElementsAre("error process.args[0]: \"/etc\" is a folder"));
  EXPECT_THAT(of({{"/process/args/0", "\"/etc/passwd\""}}),
              ElementsAre("error process.args[0]: \"/etc/passwd\" is not executable"));
  // With a mount or behind a link it may be there.
  EXPECT_THAT(of({{"/process/args/0", "\"/dev/gone\""}}), IsEmpty());
  fs::create_directory_symlink("bin", dir_ / "rootfs/sbin");
  EXPECT_THAT(of({{"/process/args/0", "\"/sbin/gone\""}}), IsEmpty());
}

TEST_F(CheckBundle, LooksAtSourcesOfMounts) {
  EXPECT_THAT(
      of({{"/mounts/2", R"({"destination": "/mnt", "source": "gone", "options": ["bind"]})"}}),
      ElementsAre(
          StartsWith("error mounts[2].source: \"gone\" does not exist on this host (in /")));
  EXPECT_THAT(of({{"/mounts/2",
                   R"({"destination": "/etc", "source": "/etc/passwd", "options": ["bind"]})"}}),
              ElementsAre("error mounts[2].source: \"/etc/passwd\" is a file, and /etc in the "
                          "image is a folder"));
  EXPECT_THAT(of({{"/mounts/2",
                   R"({"destination": "/etc/passwd", "source": "/etc", "options": ["bind"]})"}}),
              ElementsAre("error mounts[2].source: \"/etc\" is a folder, and /etc/passwd in the "
                          "image is a file"));
}

TEST_F(CheckBundle, LooksAtHooksAndNamespaces) {
  EXPECT_THAT(of({{"/hooks", R"({"prestart": [{"path": "/nonexistent/hook"}]})"}}),
              ElementsAre("error hooks.prestart[0].path: \"/nonexistent/hook\" does not exist on "
                          "this host"));
  EXPECT_THAT(
      of({{"/hooks", R"({"startContainer": [{"path": "/bin/true"}, {"path": "/bin/no"}]})"}}),
      ElementsAre("error hooks.startContainer[1].path: \"/bin/no\" does not exist in the "
                  "root file system"));
  EXPECT_THAT(of({{"/hooks", R"({"poststart": [{"path": "/etc/passwd"}]})"}}),
              ElementsAre("error hooks.poststart[0].path: \"/etc/passwd\" is not executable"));
  EXPECT_THAT(of({{"/linux/namespaces/3", R"({"type": "network", "path": "/etc/passwd"})"}}),
              ElementsAre("error linux.namespaces[3].path: \"/etc/passwd\" is no namespace"));
  EXPECT_THAT(of({{"/linux/namespaces/3", R"({"type": "network", "path": "/proc/self/ns/net"})"}}),
              IsEmpty());
  EXPECT_THAT(of({{"/linux/sysctl", R"({"net.no_such_setting": "1"})"}}),
              ElementsAre(HasSubstr("the kernel has no such setting")));
  EXPECT_THAT(of({{"/linux/resources/cpu", R"({"cpus": "0-99999"})"}}),
              ElementsAre(HasSubstr("\"0-99999\" goes beyond ")));
}

}  // namespace
}  // namespace xpu
