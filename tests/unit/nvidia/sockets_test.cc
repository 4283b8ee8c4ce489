// SPDX-License-Identifier: Apache-2.0
// What a container may write to: sockets of daemons and the pipes of MPS, and nothing that somebody
// else put in their place.
#include <gmock/gmock.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/unit/nvidia/recorder.h"

namespace xpu::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class Sockets : public testing::Test {
 protected:
  void SetUp() override {
    XPU_NEEDS_TREE();
    fakes::TreeOptions options;
    options.listing = listing(kDriver550);
    options.root = folder_.path();
    make_driver_tree(options);
    std::filesystem::create_directories(folder_ / "tmp");
  }

  static void make_socket(const std::string& place) {
    std::filesystem::create_directories(std::filesystem::path(place).parent_path());
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    ASSERT_LT(place.size(), sizeof address.sun_path);
    place.copy(address.sun_path, place.size());
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ASSERT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    close(fd);
  }

  void make_pipes(mode_t mode) const {
    ASSERT_EQ(mkdir(pipes_.c_str(), 0755), 0);
    ASSERT_EQ(chmod(pipes_.c_str(), mode), 0);
  }

  // "scope path-in-the-container = host path" of everything writable; the backend must serve.
  std::set<std::string> writable() {
    found_ = describe(below(folder_.path()));
    EXPECT_EQ(found_.status, XPU_OK) << found_.error;
    EXPECT_EQ(found_.devices.at("0").flags, 0u) << found_.devices.at("0").reason;
    std::set<std::string> out;
    for (const auto& [scope, files] : found_.files) {
      for (const File& file : files) {
        if (file.kind == XPU_FILE_SOCKET) {
          out.insert(scope + " " + file.container_path + " = " + file.host_path);
        }
      }
    }
    return out;
  }

  // Nobody but root may decide whether a condition can be taken.
  bool watches_pipes() const {
    return found_.conditions.count("listing " + pipes_) + found_.conditions.count("stat " + pipes_);
  }

  Folder folder_;
  const std::string pipes_ = folder_ / "tmp/nvidia-mps";
  const std::string refused_ = pipes_ + " is not given to containers: ";
  Description found_;
};

TEST_F(Sockets, OfDaemons) {
  make_socket(folder_ / "run/nvidia-persistenced/socket");
  make_socket(folder_ / "run/nvidia-fabricmanager/socket");
  EXPECT_THAT(writable(), ElementsAre("/utility /run/nvidia-fabricmanager/socket = " +
                                          (folder_ / "run/nvidia-fabricmanager/socket"),
                                      "/utility /run/nvidia-persistenced/socket = " +
                                          (folder_ / "run/nvidia-persistenced/socket")));
  EXPECT_TRUE(found_.conditions.count("stat " + (folder_ / "run/nvidia-persistenced/socket")));
}

TEST_F(Sockets, TheOldNameOfRunIsFollowed) {
  make_socket(folder_ / "var/run/nvidia-persistenced/socket");
  EXPECT_THAT(writable(), ElementsAre("/utility /run/nvidia-persistenced/socket = " +
                                      (folder_ / "var/run/nvidia-persistenced/socket")));
}

TEST_F(Sockets, ALinkOfADaemonIsNotFollowed) {
  make_socket(folder_ / "run/secret/socket");
  std::filesystem::create_directories(folder_ / "run/nvidia-persistenced");
  std::filesystem::create_symlink("../secret/socket", folder_ / "run/nvidia-persistenced/socket");
  std::filesystem::create_symlink("secret", folder_ / "run/nvidia-fabricmanager");
  EXPECT_THAT(writable(), IsEmpty());
}

TEST_F(Sockets, AFolderInThePlaceOfASocketIsNoSocket) {
  std::filesystem::create_directories(folder_ / "run/nvidia-persistenced/socket");
  EXPECT_THAT(writable(), IsEmpty());
  EXPECT_TRUE(found_.conditions.count("listing " + (folder_ / "run/nvidia-persistenced/socket")));
}

TEST_F(Sockets, PipesThatRootMadeServeCompute) {
  for (mode_t mode : {0755, 0700, 01777}) {
    make_pipes(mode);
    EXPECT_THAT(writable(), ElementsAre("/compute /tmp/nvidia-mps = " + pipes_));
    EXPECT_THAT(found_.log, IsEmpty());
    EXPECT_TRUE(found_.conditions.count("listing " + pipes_));
    std::filesystem::remove(pipes_);
  }
}

TEST_F(Sockets, PipesThatAreNotThereAreNoticedByTheirLogs) {
  EXPECT_THAT(writable(), IsEmpty());
  EXPECT_THAT(found_.log, IsEmpty());
  EXPECT_FALSE(watches_pipes());
  EXPECT_TRUE(found_.conditions.count("listing " + (folder_ / "var/log/nvidia-mps")));
}

TEST_F(Sockets, PipesThatAUserMadeAreLeftOut) {
  make_pipes(0755);
  ASSERT_EQ(chown(pipes_.c_str(), 1000, 0), 0);
  EXPECT_THAT(writable(), IsEmpty());
  EXPECT_THAT(found_.log, ElementsAre(refused_ + "it belongs to user 1000, not to root"));
  EXPECT_FALSE(watches_pipes());
}

TEST_F(Sockets, PipesThatOthersCanExchangeAreLeftOut) {
  for (mode_t mode : {0777, 0775, 0757}) {
    make_pipes(mode);
    EXPECT_THAT(writable(), IsEmpty());
    EXPECT_THAT(found_.log,
                ElementsAre(refused_ + "others than root may replace what is in it; chmod go-w "
                                       "it"));
    EXPECT_FALSE(watches_pipes());
    std::filesystem::remove(pipes_);
  }
}

TEST_F(Sockets, ALinkForPipesIsNeitherFollowedNorWatched) {
  for (const char* target : {"/etc", "../etc", "nvidia-mps", "/usr/bin/nvidia-smi", "nowhere"}) {
    std::filesystem::create_symlink(target, pipes_);
    EXPECT_THAT(writable(), IsEmpty()) << target;
    EXPECT_THAT(found_.log,
                ElementsAre(refused_ + "it is no folder of its own but a link or a file"));
    EXPECT_FALSE(watches_pipes());
    std::filesystem::remove(pipes_);
  }
}

TEST_F(Sockets, APathToPipesThatLeadsThroughALinkIsNotTaken) {
  std::filesystem::remove(folder_ / "tmp");
  std::filesystem::create_directories(folder_ / "elsewhere/nvidia-mps");
  std::filesystem::create_symlink("elsewhere", folder_ / "tmp");
  EXPECT_THAT(writable(), IsEmpty());
  EXPECT_FALSE(watches_pipes());
}

}  // namespace
}  // namespace xpu::test
