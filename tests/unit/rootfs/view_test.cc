// SPDX-License-Identifier: Apache-2.0
#include "core/rootfs/view.h"

#include <gtest/gtest.h>

#include "core/base/error.h"
#include "core/rootfs/loader.h"
#include "tests/unit/rootfs/tree.h"

namespace xpu {
namespace {

using test::link;
using test::put;
using test::Scratch;
namespace fs = std::filesystem;
using Folders = std::vector<std::string>;

class View : public testing::Test {
 protected:
  View() { fs::create_directories(root()); }
  fs::path root() const { return scratch_ / "root"; }
  fs::path host() const { return scratch_ / "host"; }

  // `mounts`: the elements of the array.
  ContainerView& view(const std::string& mounts = "") {
    document_ = R"({"ociVersion":"1.0.2","root":{"path":"root"},"mounts":[)" + mounts + "]}";
    spec_.emplace(document_, "config.json");
    spec_->load();
    rootfs_.emplace(root());
    view_.emplace(*spec_, *rootfs_, scratch_.path());
    return *view_;
  }
  static std::string bind(const std::string& destination, const std::string& source) {
    return R"({"destination":")" + destination + R"(","type":"bind","source":")" + source +
           R"(","options":["rbind"]})";
  }
  static std::string tmpfs(const std::string& destination) {
    return R"({"destination":")" + destination + R"(","type":"tmpfs","source":"tmpfs"})";
  }

  Scratch scratch_;
  std::string document_;
  std::optional<Spec> spec_;
  std::optional<Rootfs> rootfs_;
  std::optional<ContainerView> view_;
};

TEST_F(View, WithoutMountsEverythingIsInTheRootfs) {
  put(root() / "usr/lib/file", "inside");
  link(root() / "lib", "usr/lib");
  const ContainerView& v = view();
  const Place place = v.locate("/lib/file");
  EXPECT_EQ(place.kind, Place::Kind::kRootfs);
  EXPECT_EQ(place.mount, nullptr);
  EXPECT_EQ(place.inside, "/usr/lib/file");
  EXPECT_EQ(place.path, "/usr/lib/file");
  EXPECT_EQ(v.locate("/lib/none/deeper").path, "/usr/lib/none/deeper");
  EXPECT_EQ(v.locate("/").path, "/");
  EXPECT_EQ(v.locate("/lib", LastLink::kKeep).path, "/lib");
  EXPECT_EQ(v.read("/lib/file", 100), "inside");
  EXPECT_EQ(v.read_head("/lib/file", 3), "ins");
  EXPECT_EQ(v.read_head("/lib", 3), "");
  EXPECT_EQ(v.list("/lib"), Folders{"file"});
  EXPECT_TRUE(v.list("/lib/file").empty());
}

TEST_F(View, TheLastMountThatCoversAPathWins) {
  put(host() / "a/file", "a");
  put(host() / "b/file", "b");
  const ContainerView& v =
      view(bind("/data", host() / "a") + "," + bind("/data/deep", host() / "b") + "," +
           bind("/other/deep", host() / "b") + "," + tmpfs("/other"));
  EXPECT_EQ(v.read("/data/file", 100), "a");
  EXPECT_EQ(v.read("/data/deep/file", 100), "b");
  EXPECT_EQ(v.locate("/data/deep/file").inside, "/file");
  EXPECT_EQ(v.read_head("/data/deep/file", 9), "b");
  EXPECT_EQ(v.list("/data/deep"), Folders{"file"});
  EXPECT_TRUE(v.list("/other").empty());
  EXPECT_EQ(v.locate("/data/deep").inside, "/");
  EXPECT_EQ(v.locate("/other/deep/file").kind, Place::Kind::kVirtual) << "hidden by the tmpfs";
  EXPECT_FALSE(v.stat("/other/deep/file").has_value());
  EXPECT_EQ(v.read("/other/deep/file", 100), std::nullopt);
}

TEST_F(View, MountsMatchOnlyWholeNames) {
  put(host() / "file", "host");
  put(root() / "database/file", "root");
  const ContainerView& v = view(bind("/data", host()));
  EXPECT_EQ(v.locate("/database/file").kind, Place::Kind::kRootfs);
  EXPECT_EQ(v.read("/database/file", 100), "root");
  EXPECT_EQ(v.locate("/data").kind, Place::Kind::kBind);
}

TEST_F(View, DestinationsGoThroughLinksOfTheRootfs) {
  link(root() / "var/run", "/run");
  link(root() / "lib", "usr/lib");
  put(host() / "file", "host");
  const ContainerView& v = view(bind("/lib", host()) + "," + tmpfs("/var/run/sub"));
  EXPECT_EQ(v.read("/usr/lib/file", 100), "host");
  EXPECT_EQ(v.locate("/run/sub/x").kind, Place::Kind::kVirtual);
  EXPECT_EQ(v.locate("/lib/file").path, "/usr/lib/file");
}

TEST_F(View, LinksUnderAMountAreHidden) {
  link(root() / "opt/link", "/etc");
  put(host() / "link/file", "host");
  const ContainerView& v = view(bind("/opt", host()));
  EXPECT_EQ(v.locate("/opt/link/file").path, "/opt/link/file");
  EXPECT_EQ(v.read("/opt/link/file", 100), "host");
}

TEST_F(View, LinksUnderALaterMountAreHiddenThoughAnEarlierOneWentThroughThem) {
  link(root() / "opt/link", "/etc");
  put(root() / "etc/file", "root");
  put(host() / "link/file", "host");
  const ContainerView& v = view(tmpfs("/opt/link/deep") + "," + bind("/opt", host()));
  EXPECT_EQ(v.locate("/etc/deep/x").kind, Place::Kind::kVirtual);
  EXPECT_EQ(v.locate("/opt/link/file").path, "/opt/link/file");
  EXPECT_EQ(v.read("/opt/link/file", 100), "host");
}

TEST_F(View, NamesInAFolderAreFollowedOneByOne) {
  put(root() / "usr/lib/a", "a");
  link(root() / "lib", "usr/lib");
  link(root() / "usr/lib/b", "a");
  link(root() / "usr/lib/up", "../../etc/c");
  put(root() / "etc/c", "c");
  const ContainerView& v = view();
  for (int again = 0; again < 2; ++again) {
    EXPECT_EQ(v.locate("/lib/a").path, "/usr/lib/a");
    EXPECT_EQ(v.locate("/lib/b").path, "/usr/lib/a");
    EXPECT_EQ(v.locate("/lib/b", LastLink::kKeep).path, "/usr/lib/b");
    EXPECT_EQ(v.locate("/lib/up").path, "/etc/c");
    EXPECT_EQ(v.locate("/lib/./").path, "/usr/lib");
    EXPECT_EQ(v.locate("/lib/..").path, "/usr");
    EXPECT_EQ(v.locate("//lib//none").path, "/usr/lib/none");
  }
}

TEST_F(View, LinksInABindSourceDoNotLeadOutOfIt) {
  put(scratch_ / "secret", "secret");
  link(host() / "out", scratch_ / "secret");
  link(host() / "up", "../secret");
  const ContainerView& v = view(bind("/opt", host()));
  EXPECT_EQ(v.read("/opt/out", 100), std::nullopt);
  EXPECT_EQ(v.read("/opt/up", 100), std::nullopt);
}

TEST_F(View, FilesCanBeMountsAndSourcesRelativeToTheBundle) {
  put(host() / "resolv.conf", "name server");
  fs::create_directories(root() / "etc");
  const ContainerView& v = view(bind("/etc/resolv.conf", "host/resolv.conf"));
  EXPECT_EQ(v.locate("/etc/resolv.conf").kind, Place::Kind::kBind);
  EXPECT_EQ(v.read("/etc/resolv.conf", 100), "name server");
  EXPECT_EQ(v.read("/etc/resolv.conf", 3), std::nullopt) << "larger than the limit";
  EXPECT_EQ(v.read_head("/etc/resolv.conf", 4), "name");
  EXPECT_EQ(v.read_head("/etc/resolv.conf/below", 4), "");
  EXPECT_EQ(v.read("/etc/resolv.conf/below", 100), std::nullopt);
  EXPECT_TRUE(v.has_mounts_below("/etc"));
  EXPECT_TRUE(v.has_mounts_below("/"));
  EXPECT_FALSE(v.has_mounts_below("/et"));
  EXPECT_FALSE(v.has_mounts_below("/etc/resolv.conf.d"));
}

TEST_F(View, AMountOfTheRootCoversEverything) {
  put(host() / "file", "host");
  const ContainerView& v = view(bind("/", host()));
  EXPECT_EQ(v.locate("/file").kind, Place::Kind::kBind);
  EXPECT_EQ(v.locate("/file").inside, "/file");
  EXPECT_EQ(v.read("/file", 100), "host");
}

TEST_F(View, LoopsOfLinksAreAnErrorThatNamesThePath) {
  link(root() / "a", "b");
  link(root() / "b", "a");
  const ContainerView& v = view();
  try {
    v.locate("/a/file");
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), ("too many symbolic links at /a/file in the container's root file "
                                "system " +
                                root().string())
                                   .c_str());
  }
}

class FindLoader : public View {};

TEST_F(FindLoader, DebianMultiArchWithMergedUsr) {
  put(root() / "usr/lib/x86_64-linux-gnu/libc.so.6");
  put(root() / "usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2");
  link(root() / "lib", "usr/lib");
  link(root() / "lib64", "usr/lib64");
  link(root() / "usr/lib64/ld-linux-x86-64.so.2", "/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2");
  const Loader loader = find_loader(view(), "x86_64");
  EXPECT_EQ(loader.kind, LoaderKind::kGlibc);
  EXPECT_EQ(loader.folders, (Folders{"/usr/lib/x86_64-linux-gnu", "/usr/lib"}));
}

TEST_F(FindLoader, DebianMultiArchWithoutMergedUsr) {
  put(root() / "lib/x86_64-linux-gnu/libc.so.6");
  put(root() / "usr/lib/x86_64-linux-gnu/libz.so.1");
  link(root() / "lib64/ld-linux-x86-64.so.2", "/lib/x86_64-linux-gnu/libc.so.6");
  const Loader loader = find_loader(view(), "x86_64");
  EXPECT_EQ(loader.folders,
            (Folders{"/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib", "/usr/lib"}));
}

TEST_F(FindLoader, FedoraLib64) {
  put(root() / "usr/lib64/libc.so.6");
  put(root() / "usr/lib64/ld-linux-x86-64.so.2");
  put(root() / "usr/lib/os-release");
  link(root() / "lib", "usr/lib");
  link(root() / "lib64", "usr/lib64");
  const Loader loader = find_loader(view(), "x86_64");
  EXPECT_EQ(loader.kind, LoaderKind::kGlibc);
  EXPECT_EQ(loader.folders, (Folders{"/usr/lib64"}));
}

TEST_F(FindLoader, ArchUsrLib) {
  put(root() / "usr/lib/libc.so.6");
  put(root() / "usr/lib/ld-linux-x86-64.so.2");
  link(root() / "lib", "usr/lib");
  link(root() / "lib64", "usr/lib");
  link(root() / "usr/lib64", "lib");
  const Loader loader = find_loader(view(), "x86_64");
  EXPECT_EQ(loader.kind, LoaderKind::kGlibc);
  EXPECT_EQ(loader.folders, (Folders{"/usr/lib"}));
}

TEST_F(FindLoader, OtherArchitectures) {
  put(root() / "lib/ld-linux-aarch64.so.1");
  put(root() / "usr/lib/aarch64-linux-gnu/libc.so.6");
  EXPECT_EQ(find_loader(view(), "aarch64").folders.front(), "/usr/lib/aarch64-linux-gnu");
  put(root() / "lib/ld-linux.so.2");
  put(root() / "lib/i386-linux-gnu/libc.so.6");
  EXPECT_EQ(find_loader(view(), "i386").kind, LoaderKind::kGlibc);
  EXPECT_EQ(find_loader(view(), "i386").folders.front(), "/lib/i386-linux-gnu");
  EXPECT_EQ(find_loader(view(), "pdp11").kind, LoaderKind::kNone);
  EXPECT_EQ(find_loader(view(), "pdp11").folders, (Folders{"/usr/lib"}));
}

TEST_F(FindLoader, MuslAndImitationsOfGlibc) {
  put(root() / "lib/ld-musl-x86_64.so.1");
  fs::create_directories(root() / "usr/lib");
  const Folders folders = {"/usr/lib", "/lib", "/usr/local/lib"};
  EXPECT_EQ(find_loader(view(), "x86_64").kind, LoaderKind::kMusl);
  EXPECT_EQ(find_loader(view(), "x86_64").folders, folders);
  put(root() / "lib64/ld-linux-x86-64.so.2");
  EXPECT_EQ(find_loader(view(), "x86_64").kind, LoaderKind::kMusl) << "glibc's loader, no glibc";
  put(root() / "usr/lib/x86_64-linux-gnu/libc.so.6");
  EXPECT_EQ(find_loader(view(), "x86_64").kind, LoaderKind::kGlibc);
}

TEST_F(FindLoader, NoneHasAConventionalFolder) {
  EXPECT_EQ(find_loader(view(), "x86_64").kind, LoaderKind::kNone);
  EXPECT_EQ(find_loader(view(), "x86_64").folders, (Folders{"/usr/lib/x86_64-linux-gnu"}));
  fs::create_directories(root() / "usr/lib64");
  EXPECT_EQ(find_loader(view(), "x86_64").folders, (Folders{"/usr/lib64"}));
}

TEST_F(FindLoader, LooksThroughVolumes) {
  put(host() / "libc.so.6");
  put(root() / "lib64/ld-linux-x86-64.so.2");
  const ContainerView& v = view(bind("/usr/lib/x86_64-linux-gnu", host()));
  EXPECT_EQ(find_loader(v, "x86_64").folders.front(), "/usr/lib/x86_64-linux-gnu");
}

TEST(UsualLibraryFolders, OneOfEachFamily) {
  EXPECT_EQ(usual_library_folders("x86_64"), (Folders{"/usr/lib/x86_64-linux-gnu", "/usr/lib64"}));
  EXPECT_EQ(usual_library_folders("i386"), (Folders{"/usr/lib/i386-linux-gnu"}));
  EXPECT_EQ(usual_library_folders("vax"), Folders{});
}

}  // namespace
}  // namespace xpu
