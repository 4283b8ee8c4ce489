// SPDX-License-Identifier: Apache-2.0
#include <sys/socket.h>
#include <sys/un.h>

#include "tests/unit/plan/fixture.h"

namespace xpu {
namespace {

using test::error_of;
using test::link;
using test::PlanTest;
using test::put;
using test::Texts;
namespace fs = std::filesystem;

class OtherFiles : public PlanTest {
 protected:
  static void make_socket(const std::string& path) {
    fs::remove(path);
    const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof(address.sun_path) - 1);
    ASSERT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    ::close(fd);
  }
};

TEST_F(OtherFiles, AreMountedAtTheirOwnPathsAsTheirKindNeeds) {
  add_file(FileKind::kBinary, "/usr/bin/acme-smi");
  add_file(FileKind::kData, "/usr/share/acme/acme.json");
  add_file(FileKind::kDirectory, "/lib/firmware/acme");
  make_socket(add_file(FileKind::kSocket, "/run/acmed.sock").host_path);
  link(root() / "lib", "usr/lib");
  make();
  const Texts read_only = {"bind", "ro", "nosuid", "nodev", "rprivate"};
  EXPECT_EQ(destinations(), (Texts{"/usr/bin/acme-smi", "/usr/share/acme/acme.json",
                                   "/usr/lib/firmware/acme", "/run/acmed.sock"}));
  EXPECT_EQ(plan_.mounts[0].options, read_only);
  EXPECT_EQ(plan_.mounts[0].why, "backend acme");
  EXPECT_EQ(plan_.mounts[1].options, read_only);
  EXPECT_EQ(plan_.mounts[2].options, (Texts{"rbind", "ro", "nosuid", "nodev", "rprivate"}));
  EXPECT_EQ(plan_.mounts[3].options, (Texts{"bind", "nosuid", "nodev", "noexec", "rprivate"}));
  EXPECT_TRUE(plan_.warnings.empty());
}

TEST_F(OtherFiles, AFolderOfSocketsIsWritable) {
  const std::string folder = add_file(FileKind::kSocket, "/run/acmed").host_path;
  fs::remove(folder);
  fs::create_directory(folder);
  make();
  EXPECT_EQ(destinations(), Texts{"/run/acmed"});
  EXPECT_EQ(plan_.mounts[0].options, (Texts{"bind", "nosuid", "nodev", "noexec", "rprivate"}));
}

TEST_F(OtherFiles, SourcesOfAnotherTypeAreErrors) {
  const std::string socket = add_file(FileKind::kSocket, "/run/acmed.sock").host_path;
  EXPECT_EQ(error(), "the driver file " + socket +
                         " is no longer a socket; run: xpu-runtime detect --refresh");
  edits_.files.clear();
  const std::string folder = add_file(FileKind::kData, "/lib/firmware/acme").host_path;
  edits_.files[0].item.kind = FileKind::kDirectory;
  EXPECT_EQ(error(), "the driver file " + folder +
                         " is no longer a folder; run: xpu-runtime detect --refresh");
}

// Daemons have users of their own; what counts is who could make the entry.
TEST_F(OtherFiles, ASocketOfAnotherUserIsLeftOutWhereAnybodyCouldHaveMadeIt) {
  const std::string socket = add_file(FileKind::kSocket, "/run/acme/socket").host_path;
  const std::string folder = socket.substr(0, socket.rfind('/'));
  make_socket(socket);
  if (::chown(socket.c_str(), 4711, 4711) != 0 || ::chown(folder.c_str(), 4711, 4711) != 0) {
    GTEST_SKIP() << "needs root: chown";
  }
  make();
  EXPECT_EQ(destinations(), Texts{"/run/acme/socket"});
  EXPECT_TRUE(plan_.warnings.empty());

  const std::string above = folder.substr(0, folder.rfind('/'));
  ASSERT_EQ(::chmod(above.c_str(), 01777), 0);
  make();
  EXPECT_TRUE(plan_.mounts.empty());
  EXPECT_EQ(plan_.warnings,
            Texts{"/run/acme/socket is left out: " + folder +
                  " belongs to user 4711, who may have put it there in place of the driver's; if "
                  "it is right, run: chown root " +
                  folder});
  ASSERT_EQ(::chown(folder.c_str(), 0, 0), 0);
  make();
  EXPECT_EQ(destinations(), Texts{"/run/acme/socket"});
}

TEST_F(OtherFiles, ASocketBehindALinkOfAnotherUserIsLeftOut) {
  const std::string socket = add_file(FileKind::kSocket, "/run/acme/socket").host_path;
  const std::string folder = socket.substr(0, socket.rfind('/'));
  make_socket(socket);
  fs::create_directory(host() / "other");
  make_socket(host() / "other/socket");
  fs::remove(socket);
  link(socket, "../../other/socket");
  make();
  EXPECT_EQ(plan_.mounts.at(0).source, (host() / "other/socket").string());
  if (::lchown(socket.c_str(), 4711, 4711) != 0) {
    GTEST_SKIP() << "needs root: chown";
  }
  const Texts warnings = {"/run/acme/socket is left out: " + socket +
                          " belongs to user 4711, who may have put that link there in place of the "
                          "driver's; if it is right, run: chown -h root " +
                          socket};
  make();
  EXPECT_TRUE(plan_.mounts.empty());
  EXPECT_EQ(plan_.warnings, warnings);
  // Also one that another link leads to.
  link(host() / "run/first", "acme");
  edits_.files[0].item.host_path = host() / "run/first/socket";
  make();
  EXPECT_TRUE(plan_.mounts.empty());
  ASSERT_EQ(plan_.warnings.size(), 1U);
  EXPECT_NE(plan_.warnings[0].find("/run/acme/socket belongs to user 4711"), std::string::npos)
      << plan_.warnings[0];
}

TEST_F(OtherFiles, AreLeftOutWhereAVolumeWouldGetAnEmptyFile) {
  add_file(FileKind::kBinary, "/usr/bin/acme-smi");
  put(scratch_ / "volume/other");
  load(bind("/usr/bin", scratch_ / "volume"));
  make();
  EXPECT_TRUE(plan_.mounts.empty());
  EXPECT_EQ(plan_.warnings,
            Texts{"/usr/bin/acme-smi is left out: the volume " + (scratch_ / "volume").string() +
                  " at /usr/bin covers it and has no such file"});
  put(scratch_ / "volume/acme-smi");
  make();
  EXPECT_EQ(destinations(), Texts{"/usr/bin/acme-smi"});
}

TEST_F(OtherFiles, AreLeftOutOfFileSystemsThatTakeNoTargets) {
  add_file(FileKind::kData, "/proc/acme/params");
  add_file(FileKind::kData, "/run/acme/params");
  load(mount("proc", "/proc") + "," + mount("tmpfs", "/run"));
  make();
  EXPECT_EQ(destinations(), Texts{"/run/acme/params"});
  EXPECT_EQ(plan_.warnings, Texts{"/proc/acme/params is left out: nothing can be mounted in the "
                                  "proc mount at /proc"});
}

TEST_F(OtherFiles, OverlaysOfTheSpecTakeTargetsWhenTheyHaveAnUpperFolder) {
  add_file(FileKind::kData, "/a/params");
  add_file(FileKind::kData, "/b/params");
  load(R"({"destination":"/a","type":"overlay","source":"overlay",
           "options":["lowerdir=/x","upperdir=/y","workdir=/z"]},)" +
       mount("overlay", "/b"));
  make();
  EXPECT_EQ(destinations(), Texts{"/a/params"});
}

TEST_F(OtherFiles, AFolderWhereAFileIsAndTheOtherWayRoundAreLeftOut) {
  add_file(FileKind::kData, "/opt/acme");
  add_file(FileKind::kDirectory, "/opt/acme.d");
  fs::create_directories(root() / "opt/acme");
  put(root() / "opt/acme.d");
  make();
  EXPECT_TRUE(plan_.mounts.empty());
  EXPECT_EQ(plan_.warnings, (Texts{"/opt/acme is left out: /opt/acme is a folder in the container",
                                   "/opt/acme.d is left out: /opt/acme.d is no folder in the "
                                   "container"}));
}

TEST_F(OtherFiles, AFolderIsLeftOutThatHasNoPlaceForTheContainersOwnMounts) {
  add_file(FileKind::kDirectory, "/opt/acme.d");
  add_file(FileKind::kDirectory, "/opt/acme.e");
  put(host() / "opt/acme.e/own");
  put(host() / "volume/x");
  load(bind("/opt/acme.d/own", host() / "volume/x") + "," +
       bind("/opt/acme.e/own", host() / "volume/x"));
  make();
  EXPECT_EQ(destinations(), Texts{"/opt/acme.e"});
  EXPECT_EQ(plan_.warnings,
            Texts{"/opt/acme.d is left out: the container's own mount at /opt/acme.d/own lies in "
                  "it, and there is no " +
                  (host() / "opt/acme.d/own").string() + " for it"});
}

TEST_F(OtherFiles, InATrulyReadOnlyRootAreOverlaidOrLeftOut) {
  add_file(FileKind::kBinary, "/usr/bin/acme-smi");
  add_file(FileKind::kDirectory, "/usr/share/acme");
  add_file(FileKind::kData, "/opt/acme.json");
  fs::create_directories(root() / "usr/bin");
  if (!make_read_only()) {
    GTEST_SKIP() << "cannot mount here";
  }
  make();
  EXPECT_EQ(destinations(), (Texts{"/usr", "/usr/bin", "/usr/bin/acme-smi", "/usr/share/acme"}))
      << "outer overlays first";
  EXPECT_EQ(plan_.warnings,
            Texts{"/opt/acme.json is left out: the root file system is read-only and has no "
                  "/opt/acme.json, nor a folder for it that could be overlaid"});
  prepare();
  const std::string stage = plan_.mounts[0].options.back();
  EXPECT_TRUE(fs::is_directory(fs::path(stage.substr(9, stage.find(':') - 9)) / "share/acme"));
}

TEST_F(OtherFiles, OverlayLayersAreEscaped) {
  fs::create_directories(scratch_ / "od,d:ro\\ot/usr");
  fs::remove_all(root());
  fs::create_directory_symlink("od,d:ro\\ot", root());
  add_file(FileKind::kData, "/usr/acme");
  load();
  const std::string odd = scratch_ / "od,d:ro\\ot";
  rootfs_.emplace(odd);
  view_.emplace(*spec_, *rootfs_, scratch_.path());
  if (::mount(odd.c_str(), odd.c_str(), nullptr, MS_BIND, nullptr) != 0) {
    GTEST_SKIP() << "cannot mount here";
  }
  ::mount(nullptr, odd.c_str(), nullptr, MS_BIND | MS_REMOUNT | MS_RDONLY, nullptr);
  rootfs_.emplace(odd);
  make();
  prepare();
  const std::string layers = plan_.mounts.at(0).options.back();
  EXPECT_TRUE(layers.ends_with("/od\\,d\\:ro\\\\ot/usr")) << layers;
  fs::create_directories(scratch_ / "merged");
  EXPECT_EQ(::mount("overlay", (scratch_ / "merged").c_str(), "overlay", MS_RDONLY, layers.c_str()),
            0)
      << std::strerror(errno);
  EXPECT_TRUE(fs::exists(scratch_ / "merged/acme"));
  ::umount((scratch_ / "merged").c_str());
  rootfs_.reset();
  ::umount2(odd.c_str(), MNT_DETACH);
}

TEST_F(OtherFiles, LinksAreOneGeneratedFolderPerParent) {
  edits_.links = {{{"/dev/acme/by-path/pci-0-card", "../card0"}, "device acme:0"},
                  {{"/dev/acme/by-path/pci-1-card", "../card1"}, "device acme:1"},
                  {{"/dev/acme/by-id/one", "../card0"}, "device acme:0"}};
  load(mount("tmpfs", "/dev"));
  make();
  EXPECT_EQ(destinations(), (Texts{"/dev/acme/by-id", "/dev/acme/by-path"}));
  EXPECT_EQ(plan_.mounts[1].options,
            (Texts{"bind", "ro", "nosuid", "nodev", "noexec", "rprivate"}));
  prepare();
  const fs::path folder = plan_.mounts[1].source;
  EXPECT_EQ(folder.parent_path(), state());
  EXPECT_EQ(fs::read_symlink(folder / "pci-0-card"), "../card0");
  EXPECT_EQ(fs::read_symlink(folder / "pci-1-card"), "../card1");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder), {}), 2);
  struct stat st {};
  ASSERT_EQ(::stat(folder.c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 0777, 0755U);
  const Texts before = {plan_.mounts[0].source, plan_.mounts[1].source};
  make();
  EXPECT_EQ((Texts{plan_.mounts[0].source, plan_.mounts[1].source}), before);
  edits_.links[0].item.target = "../card9";
  make();
  EXPECT_NE(plan_.mounts[1].source, before[1]) << "other content is another folder";
}

TEST_F(OtherFiles, LinksWithoutAPlaceAreLeftOut) {
  edits_.links = {{{"/dev/acme/by-path/pci-0-card", "../card0"}, "device acme:0"}};
  fs::create_directories(scratch_ / "volume");
  load(bind("/dev", scratch_ / "volume"));
  make();
  EXPECT_TRUE(plan_.state.empty());
  ASSERT_EQ(plan_.warnings.size(), 1U);
  EXPECT_EQ(plan_.warnings[0].find("/dev/acme/by-path is left out: the volume "), 0U);
}

TEST_F(OtherFiles, LinksDoNotHideAFolderWithOtherThings) {
  const std::string left_out = "/opt/acme is left out: a folder of links there would hide ";
  edits_.links = {{{"/opt/acme/first", "../card0"}, "device acme:0"}};
  put(root() / "opt/acme/readme");
  make();
  EXPECT_TRUE(plan_.mounts.empty() && plan_.state.empty());
  EXPECT_EQ(plan_.warnings, Texts{left_out + "the container's own /opt/acme/readme"});
  fs::remove(root() / "opt/acme/readme");
  link(root() / "opt/acme/first", "../old");
  make();
  EXPECT_EQ(destinations(), Texts{"/opt/acme"}) << "a link of ours hides nothing";
  load(mount("tmpfs", "/opt/acme"));
  make();
  EXPECT_EQ(plan_.warnings, Texts{left_out + "a mount at or below it"});
  load();
  add_file(FileKind::kData, "/opt/acme/data");
  make();
  EXPECT_EQ(plan_.warnings, Texts{left_out + "a mount at or below it"});
}

TEST_F(OtherFiles, LinksDoNotHideDeviceNodes) {
  edits_.links = {{{"/dev/acme/first", "card0"}, "device acme:0"}};
  add_node("/dev/acme/card0");
  load(mount("tmpfs", "/dev"));
  make();
  EXPECT_EQ(plan_.devices.size(), 1U);
  EXPECT_EQ(plan_.warnings, Texts{"/dev/acme is left out: a folder of links there would hide the "
                                  "device node /dev/acme/card0"});
}

TEST_F(OtherFiles, EnvironmentIsPassedOn) {
  edits_.env = {{{"ACME_VISIBLE", "0,1"}, "device acme:0"}};
  make();
  ASSERT_EQ(plan_.env.size(), 1U);
  EXPECT_EQ(plan_.env[0].name, "ACME_VISIBLE");
  EXPECT_EQ(plan_.env[0].value, "0,1");
  EXPECT_EQ(plan_.env[0].why, "device acme:0");
}

TEST_F(OtherFiles, NothingWantedIsNothingPlanned) {
  debian();
  make();
  EXPECT_TRUE(plan_.mounts.empty() && plan_.devices.empty() && plan_.rootfs.empty() &&
              plan_.state.empty() && plan_.notes.empty() && plan_.warnings.empty());
  prepare();
  EXPECT_FALSE(fs::exists(state())) << "no folder without need";
}

TEST_F(OtherFiles, PlansAreDeterministic) {
  debian();
  for (const char* name : {"libb.so.1", "liba.so.2", "libc2.so.3"}) {
    add_library(name, "", {std::string(name) + ".x"});
  }
  add_file(FileKind::kBinary, "/usr/bin/acme-smi");
  const Plan first = make();
  const Plan& second = make();
  EXPECT_EQ(first.mounts, second.mounts);
  ASSERT_EQ(first.rootfs.size(), second.rootfs.size());
  for (std::size_t i = 0; i < first.rootfs.size(); ++i) {
    EXPECT_EQ(first.rootfs[i].content, second.rootfs[i].content);
  }
}

// P6: nothing in the root file system chooses what is mounted.
TEST_F(OtherFiles, DriversInTheRootfsAreNoSources) {
  debian();
  add_library("libacme.so.1");
  put(root() / "usr/lib/x86_64-linux-gnu/libacme.so.999", "newer");
  put(root() / "etc/ld.so.preload", "/evil.so");
  make();
  for (const PlannedMount& planned : plan_.mounts) {
    EXPECT_EQ(planned.source.find(root().string()), std::string::npos) << planned.source;
  }
}

TEST_F(OtherFiles, ALinkThatBecameAFileMeanwhileIsAnError) {
  debian();
  add_library("libacme.so.1", "", {"libacme.so"});
  make();
  put(root() / "usr/lib/x86_64-linux-gnu/libacme.so", "new");
  EXPECT_EQ(error_of([&] { prepare(); }),
            "/usr/lib/x86_64-linux-gnu/libacme.so in the container's root file system " +
                root().string() +
                " has become something else than a link meanwhile; start the container again");
}

}  // namespace
}  // namespace xpu
