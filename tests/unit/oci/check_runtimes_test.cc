// SPDX-License-Identifier: Apache-2.0
// Where runc 1.1.5 and crun 1.8.1 differ, or do not what one would think; all of it was seen.
#include <sys/socket.h>
#include <sys/un.h>

#include <filesystem>

#include "core/base/fd.h"
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
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

std::vector<std::string> with_option(const char* option, Taker taker = Taker::kRunc) {
  return of_text(with({{"/mounts/1/options/3", cat('"', option, '"').c_str()}}), taker);
}

TEST(CheckRuntimes, ABareNameNeedsPath) {
  for (const Taker taker : {Taker::kRunc, Taker::kCrun}) {
    for (const char* env : {"[\"A=b\"]", "[]", "null"}) {
      EXPECT_THAT(
          of_text(with({{"/process/args/0", "\"true\""}, {"/process/env", env}}), taker),
          ElementsAre("error process.args[0]: \"true\" has no slash, and process.env has no "
                      "PATH to find it by"))
          << env;
    }
  }
  EXPECT_THAT(of_text(with({{"/process/env", "null"}})), IsEmpty());
}

TEST(CheckRuntimes, AnElementOfTheEnvironmentThatIsNull) {
  EXPECT_THAT(of_text(with({{"/process/env/1", "null"}})),
              ElementsAre("error process.env[1]: is null, which is not of the form NAME=value"));
  EXPECT_THAT(of_text(with({{"/process/env/1", "null"}}), Taker::kCrun),
              ElementsAre(HasSubstr("(runc refuses it)")));
}

TEST(CheckRuntimes, FlagsAndValuesOfTmpfs) {
  for (const char* option : {"rro",          "rrw",          "rnosuid",  "rsuid",
                             "rnodev",       "rdev",         "rnoexec",  "rexec",
                             "rrelatime",    "size=0x10000", "size=1p",  "size=1P",
                             "size=1e",      "size=1E",      "size=50%", "nr_inodes=0x10",
                             "nr_blocks=1p", "uid=0x0",      "gid=5",    "huge=within_size"}) {
    EXPECT_THAT(with_option(option), IsEmpty()) << option;
    EXPECT_THAT(with_option(option, Taker::kCrun), IsEmpty()) << option;
  }
  for (const char* option : {"rnoatime", "nosymfollow", "rnosymfollow", "rdiratime"}) {
    EXPECT_THAT(with_option(option),
                ElementsAre(HasSubstr("is no option of tmpfs (crun refuses it)")));
    EXPECT_THAT(with_option(option, Taker::kCrun), ElementsAre(StartsWith("error ")));
  }
  for (const char* option : {"size=0x", "size=10kk", "size=-1", "nr_inodes=50%", "size="}) {
    EXPECT_THAT(with_option(option), ElementsAre(HasSubstr(" is no size"))) << option;
  }
  for (const char* option : {"uid=abc", "gid=-1", "uid="}) {
    EXPECT_THAT(with_option(option), ElementsAre(HasSubstr(" is no number"))) << option;
  }
  EXPECT_THAT(with_option("huge=nonsense"),
              ElementsAre(HasSubstr(" is none of never, always, within_size and advise")));
  EXPECT_THAT(with_option("idmap"), ElementsAre(HasSubstr(" is no option of tmpfs")));
  EXPECT_THAT(with_option("copy-symlink"), ElementsAre(HasSubstr(" is no option of tmpfs")));
}

TEST(CheckRuntimes, TimesOfBindMounts) {
  const std::string text =
      with({{"/mounts/2",
             R"({"destination": "/mnt", "source": "/etc", "options": ["rbind", "rnoatime"]})"}});
  EXPECT_THAT(of_text(text), ElementsAre(StartsWith("warning mounts[2].options[1]: ")));
  EXPECT_THAT(of_text(text, Taker::kCrun),
              ElementsAre("error mounts[2].options[1]: \"rnoatime\" cannot be set by crun 1.8"));
}

TEST(CheckRuntimes, DestinationsAreCleanedFirst) {
  const auto at = [](const char* destination, const char* how) {
    return of_text(with({{"/mounts/2", cat("{\"destination\": \"", destination,
                                           "\", \"source\": \"/etc\", ", how, "}")
                                           .c_str()}}));
  };
  const char* const bind = R"("options": ["rbind"])";
  EXPECT_THAT(at("/proc/../data", bind), IsEmpty());
  EXPECT_THAT(at("/proc/sys/../cpuinfo", bind), IsEmpty());
  EXPECT_THAT(at("/mnt/../proc//sys", bind),
              ElementsAre("error mounts[2].destination: \"/proc/sys\" may not be covered by a "
                          "mount: it is in /proc"));
  EXPECT_THAT(at("proc/sys", bind), Contains(HasSubstr("it is in /proc")));
  EXPECT_THAT(at("/proc/sys", R"("type": "tmpfs")"),
              ElementsAre("warning mounts[2].destination: \"/proc/sys\" is in /proc, and runc "
                          "refuses to cover it from 1.2 on"));
}

TEST(CheckRuntimes, KeysInOtherLetters) {
  const std::string good = kGood;
  const auto renamed = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    return text.replace(text.find(cat('"', from, "\":")), from.size() + 2, cat('"', to, '"'));
  };
  for (const auto& [from, to] :
       {std::pair{"process", "Process"}, {"args", "ARGS"}, {"root", "Root"}}) {
    EXPECT_THAT(of_text(renamed(from, to)), ElementsAre(StartsWith("warning "))) << to;
    EXPECT_THAT(of_text(renamed(from, to), Taker::kCrun), Contains(HasSubstr("is missing"))) << to;
  }
  EXPECT_THAT(of_text(renamed("process", "Process"), Taker::kCrun),
              ElementsAre(StartsWith("warning Process: is spelt \"process\"; runc takes it for "
                                     "that, crun does not"),
                          "error process: is missing; there is nothing to run"));
  // What runc takes is judged.
  EXPECT_THAT(of_text(with({{"/process/cwd", ""}, {"/process/CWD", "5"}})),
              Contains("error process.CWD: is not a string"));
  // The long s and the sign for Kelvin are letters of ours to Go.
  EXPECT_THAT(of_text(renamed("process", "proce\u017f\u017f")),
              ElementsAre(HasSubstr("is spelt \"process\"")));
}

TEST(CheckRuntimes, Architectures) {
  const auto of = [](const char* name, Taker taker = Taker::kRunc) {
    return of_text(with({{"/linux/seccomp", cat("{\"defaultAction\": \"SCMP_ACT_ALLOW\", "
                                                "\"architectures\": [\"SCMP_ARCH_",
                                                name, "\"]}")
                                                .c_str()}}),
                   taker);
  };
  EXPECT_THAT(of("LOONGARCH64"),
              ElementsAre("error linux.seccomp.architectures[0]: SCMP_ARCH_LOONGARCH64 is refused "
                          "by runc 1.1, and by crun with libseccomp before 2.6"));
  EXPECT_THAT(of("LOONGARCH64", Taker::kCrun), ElementsAre(StartsWith("error ")));
  EXPECT_THAT(of("RISCV64"), ElementsAre(HasSubstr("is refused by runc 1.1")));
  EXPECT_THAT(of("RISCV64", Taker::kCrun), ElementsAre(StartsWith("warning ")));
  EXPECT_THAT(of("SH"), ElementsAre(HasSubstr("libseccomp before 2.6")));
  if (std::endian::native == std::endian::little) {
    for (const char* name : {"MIPS", "PPC64", "S390X", "PARISC", "M68K"}) {
      EXPECT_THAT(of(name), ElementsAre(HasSubstr("is of another byte order than this host")));
      EXPECT_THAT(of(name, Taker::kCrun), ElementsAre(StartsWith("error "))) << name;
    }
    EXPECT_THAT(of("MIPSEL64"), IsEmpty());
  }
}

TEST(CheckRuntimes, VersionsOfWhoTakesIt) {
  EXPECT_EQ(taker_version("runc version 1.1.5+ds1\ncommit: 1\n"), (TakerVersion{1, 1, 5}));
  EXPECT_EQ(taker_version("crun version 1.8.1\n"), (TakerVersion{1, 8, 1}));
  EXPECT_EQ(taker_version("runc version 1.2"), (TakerVersion{1, 2, 0}));
  EXPECT_EQ(taker_version("no version"), std::nullopt);
  EXPECT_EQ(taker_version("runc version unknown"), std::nullopt);
  const std::string text = with({{"/ociVersion", "\"1.2.0\""}});
  const auto as_crun = [&](TakerVersion version) {
    return of_text(text, BundleTaker(Taker::kCrun, version));
  };
  EXPECT_THAT(as_crun({1, 8, 1}),
              ElementsAre("error ociVersion: \"1.2.0\" is refused by crun before 1.9"));
  EXPECT_THAT(as_crun({1, 9, 0}), IsEmpty());
  EXPECT_THAT(as_crun({1, 10, 0}), IsEmpty());
  EXPECT_THAT(of_text(text, Taker::kCrun), ElementsAre(StartsWith("warning ")));
  const std::string timed = with({{"/linux/namespaces/5", R"({"type": "time"})"}});
  EXPECT_THAT(of_text(timed, BundleTaker(Taker::kRunc, TakerVersion{1, 1, 5})),
              ElementsAre(StartsWith("error linux.namespaces[5]: time namespaces are refused")));
  EXPECT_THAT(of_text(timed, BundleTaker(Taker::kRunc, TakerVersion{1, 2, 0})), IsEmpty());
  // What was seen with one version may be otherwise in the next.
  const std::string flagged = with({{"/mounts/1/options/3", "\"newoption\""}});
  EXPECT_THAT(of_text(flagged, BundleTaker(Taker::kRunc, TakerVersion{1, 1, 5})),
              ElementsAre(StartsWith("error ")));
  EXPECT_THAT(of_text(flagged, BundleTaker(Taker::kRunc, TakerVersion{1, 1, 9})),
              ElementsAre(StartsWith("warning ")));
}

TEST(CheckRuntimes, NotifyOfWrite) {
  const std::string text =
      with({{"/linux/seccomp",
             R"({"defaultAction": "SCMP_ACT_ALLOW", "listenerPath": "/run/l.sock", "syscalls":
                 [{"names": ["getcwd", "write"], "action": "SCMP_ACT_NOTIFY"}]})"}});
  EXPECT_THAT(of_text(text), ElementsAre("error linux.seccomp.syscalls[0].names[1]: "
                                         "SCMP_ACT_NOTIFY cannot be used for write"));
  EXPECT_THAT(of_text(text, Taker::kCrun), ElementsAre(HasSubstr("(runc refuses it)")));
}

TEST(CheckRuntimes, LimitsOf64Bits) {
  const auto of = [](const char* hard, const char* soft, Taker taker = Taker::kRunc) {
    return of_text(with({{"/process/rlimits/0/hard", hard}, {"/process/rlimits/0/soft", soft}}),
                   taker);
  };
  EXPECT_THAT(of("18446744073709551615", "18446744073709551615"), IsEmpty());
  EXPECT_THAT(of("9223372036854775808", "10"), IsEmpty());
  EXPECT_THAT(of("10", "18446744073709551615"),
              ElementsAre("error process.rlimits[0].soft: 18446744073709551615 is more than hard, "
                          "10"));
  EXPECT_THAT(of("18446744073709551616", "10"), ElementsAre(HasSubstr(" is not an integer from ")));
  EXPECT_THAT(of("-1", "10"), ElementsAre(StartsWith("error process.rlimits[0].hard: -1 is not")));
  EXPECT_THAT(of("-1", "10", Taker::kCrun), ElementsAre(StartsWith("warning ")));
}

class CheckRuntimesBundle : public testing::Test {
 protected:
  CheckRuntimesBundle() {
    fs::create_directories(dir_ / "rootfs/bin");
    dir_.write("rootfs/bin/true", "#!/bin/sh\n", 0755);
  }
  std::vector<std::string> of(std::initializer_list<std::pair<const char*, const char*>> changes,
                              Taker taker = Taker::kRunc) {
    dir_.write("config.json", with(changes));
    return lines(check_bundle(dir_ / ".", taker));
  }

  TempDir dir_;
};

TEST_F(CheckRuntimesBundle, HooksOfTheContainerInMounts) {
  fs::create_directories(dir_ / "tools");
  dir_.write("tools/hook", "#!/bin/sh\n", 0755);
  const auto hook = [&](const char* path) {
    return of({{"/hooks", cat(R"({"startContainer": [{"path": ")", path, "\"}]}").c_str()},
               {"/mounts/2", R"({"destination": "/mnt/tools/", "source": "tools",
                                 "options": ["bind"]})"}});
  };
  EXPECT_THAT(hook("/mnt/tools/hook"), IsEmpty());
  EXPECT_THAT(hook("/dev/hook"), IsEmpty());  // a tmpfs that others may fill
  EXPECT_THAT(hook("/mnt/tools/gone"),
              ElementsAre(HasSubstr("\"/mnt/tools/gone\" does not exist")));
  EXPECT_THAT(hook("/mnt/hook"), ElementsAre(HasSubstr("\"/mnt/hook\" does not exist")));
}

TEST_F(CheckRuntimesBundle, ProgramsInMounts) {
  fs::create_directories(dir_ / "tools");
  dir_.write("tools/run", "#!/bin/sh\n", 0755);
  const auto run = [&](const char* program, const char* hooks = "null") {
    return of({{"/process/args/0", cat('"', program, '"').c_str()},
               {"/hooks", hooks},
               {"/mounts/2", R"({"destination": "/opt/../bin", "source": "tools",
                                 "options": ["rbind"]})"}});
  };
  EXPECT_THAT(run("run"), IsEmpty());
  EXPECT_THAT(run("/bin/run"), IsEmpty());
  EXPECT_THAT(run("/bin/true"), ElementsAre(HasSubstr("is not in the root file system")));
  EXPECT_THAT(run("true"), ElementsAre(HasSubstr("is in none of the folders")));
  EXPECT_THAT(run("true", R"({"createContainer": [{"path": "/bin/sh"}]})"),
              ElementsAre("warning process.args[0]: \"true\" is in none of the folders that PATH "
                          "names in the root file system, unless a hook brings it"));
}

TEST_F(CheckRuntimesBundle, FoldersInPathThatAreNotAbsolute) {
  const auto in = [&](const char* path, Taker taker = Taker::kRunc) {
    return of({{"/process/args/0", "\"true\""},
               {"/process/cwd", "\"/bin\""},
               {"/process/env/0", cat("\"PATH=", path, '"').c_str()}},
              taker);
  };
  EXPECT_THAT(in("."), ElementsAre("error process.args[0]: \"true\" is found by \".\" in PATH, "
                                   "which is no absolute path"));
  EXPECT_THAT(in(".", Taker::kCrun), ElementsAre(StartsWith("warning ")));
  EXPECT_THAT(in("/bin:."), IsEmpty());
  EXPECT_THAT(in(":/x"), ElementsAre(StartsWith("error ")));
  EXPECT_THAT(in(""), ElementsAre(HasSubstr("is in none of the folders")));
}

TEST_F(CheckRuntimesBundle, LinksOnTheWayToTheRoot) {
  fs::create_directory_symlink(dir_ / ".", dir_ / "way");
  for (const std::string& path : {std::string("way/rootfs"), dir_ / "way/rootfs"}) {
    EXPECT_THAT(of({{"/root/path", cat('"', path, '"').c_str()}}),
                ElementsAre(HasSubstr("/way/rootfs\" leads through a symbolic link")));
    EXPECT_THAT(of({{"/root/path", cat('"', path, '"').c_str()}}, Taker::kCrun),
                ElementsAre(StartsWith("warning ")));
  }
  EXPECT_THAT(of({{"/root/path", "\"../x/../rootfs\""}}), Not(IsEmpty()));
  EXPECT_THAT(of({{"/root/path", "\"rootfs/../rootfs/\""}}), IsEmpty());
}

TEST_F(CheckRuntimesBundle, SettingsOfOtherNetworks) {
  const auto of_network = [&](const char* entry, Taker taker = Taker::kRunc) {
    return of({{"/linux/namespaces/3", entry},
               {"/linux/sysctl", R"({"net.ipv4.conf.no_such.forwarding": "1"})"}},
              taker);
  };
  EXPECT_THAT(of_network(R"({"type": "network"})"),
              ElementsAre(HasSubstr("the kernel has no such setting")));
  EXPECT_THAT(of_network(R"({"type": "cgroup"})"),
              ElementsAre(HasSubstr("needs a namespace of the type \"network\"")));
  const char* const own = R"({"type": "network", "path": "/proc/self/ns/net"})";
  EXPECT_THAT(of_network(own),
              ElementsAre("error linux.sysctl[\"net.ipv4.conf.no_such.forwarding\"]: needs a "
                          "network of its own, and \"/proc/self/ns/net\" is the host's"));
  EXPECT_THAT(of_network(own, Taker::kCrun), ElementsAre(StartsWith("warning ")));
  // Any other: what it has cannot be seen from here.
  EXPECT_THAT(of_network(R"({"type": "network", "path": "/proc/self/ns/mnt"})"), IsEmpty());
}

TEST_F(CheckRuntimesBundle, ProcThatTheImageHas) {
  const char* const place = "/mounts/0/destination";
  EXPECT_THAT(of({{place, "\"/sys\""}}),
              ElementsAre("error mounts: has no /proc, which most programs need"));
  EXPECT_THAT(of({{place, "\"/sys\""}}, Taker::kCrun), ElementsAre(StartsWith("warning ")));
  fs::create_directories(dir_ / "rootfs/proc/self/fd");
  EXPECT_THAT(of({{place, "\"/sys\""}}),
              ElementsAre("warning mounts: has no /proc, which most programs need"));
}

TEST_F(CheckRuntimesBundle, LinksThatAreCopied) {
  fs::create_symlink("/nowhere", dir_ / "link");
  const auto mount = [&](const char* options) {
    return of(
        {{"/mounts/2",
          cat(R"({"destination": "/mnt", "source": "link", "options": )", options, '}').c_str()}},
        Taker::kCrun);
  };
  EXPECT_THAT(mount(R"(["bind"])"),
              ElementsAre(StartsWith("error mounts[2].source: \"link\" is a link that leads "
                                     "nowhere (in /")));
  EXPECT_THAT(mount(R"(["bind", "copy-symlink"])"),
              ElementsAre("warning mounts[2].source: \"link\" is a link that leads nowhere, which "
                          "crun copies from 1.9 on (runc refuses it)"));
}

TEST_F(CheckRuntimesBundle, WhoListensMustBeThere) {
  const std::string socket = dir_ / "l.sock";
  const auto of_listener = [&] {
    return of({{"/linux/seccomp",
                cat(R"({"defaultAction": "SCMP_ACT_ALLOW", "listenerPath": ")", socket,
                    R"(", "syscalls": [{"names": ["getcwd"], "action": "SCMP_ACT_NOTIFY"}]})")
                    .c_str()}},
              Taker::kCrun);
  };
  EXPECT_THAT(of_listener(), ElementsAre(HasSubstr("l.sock\" does not exist on this host, and a "
                                                   "rule has SCMP_ACT_NOTIFY")));
  const Fd fd(::socket(AF_UNIX, SOCK_STREAM, 0));
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  socket.copy(address.sun_path, sizeof(address.sun_path) - 1);
  ASSERT_EQ(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  EXPECT_THAT(of_listener(), IsEmpty());
}

}  // namespace
}  // namespace xpu
