// SPDX-License-Identifier: Apache-2.0
#include "sdk/helpers/fs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "sdk/helpers/path.h"
#include "tests/unit/sdk/tree.h"

namespace xpu::sdk {
namespace {

using test::Tree;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Optional;

TEST(Path, BaseAndDirName) {
  EXPECT_EQ(base_name("/usr/lib/libx.so.1"), "libx.so.1");
  EXPECT_EQ(base_name("libx.so.1"), "libx.so.1");
  EXPECT_EQ(base_name("/"), "");
  EXPECT_EQ(dir_name("/usr/lib/libx.so.1"), "/usr/lib");
  EXPECT_EQ(dir_name("/usr"), "/");
  EXPECT_EQ(dir_name("libx.so.1"), "");
  EXPECT_EQ(dir_name("/a//b"), "/a");
}

TEST(Path, Join) {
  EXPECT_EQ(join("/a", "b"), "/a/b");
  EXPECT_EQ(join("/a/", "/b"), "/a/b");
  EXPECT_EQ(join("", "/b"), "/b");
}

TEST(Path, Clean) {
  EXPECT_EQ(clean("/a//b/./c/"), "/a/b/c");
  EXPECT_EQ(clean("/a/b/../../../c"), "/c");
  EXPECT_EQ(clean("a"), "/a");
  EXPECT_EQ(clean(""), "/");
  EXPECT_EQ(clean("/.."), "/");
  EXPECT_EQ(clean("/..a/...b"), "/..a/...b");
}

TEST(Path, Text) {
  EXPECT_EQ(trimmed("  0x10de\n"), "0x10de");
  EXPECT_EQ(trimmed(" \n"), "");
  EXPECT_TRUE(ends_with("libx.so.1", ".so.1"));
  EXPECT_FALSE(ends_with("so", ".so"));
  EXPECT_TRUE(starts_with("card0", "card"));
  EXPECT_FALSE(starts_with("car", "card"));
}

TEST(Root, HostPath) {
  EXPECT_EQ(Root("").host_path("/lib/x"), "/lib/x");
  EXPECT_EQ(Root("/").host_path("/"), "/");
  EXPECT_EQ(Root("/driver/").host_path("/lib/x"), "/driver/lib/x");
  EXPECT_EQ(Root("/driver").host_path("/"), "/driver");
}

TEST(Root, LinksStayInside) {
  const Tree tree;
  tree.file("/usr/lib/libx.so.1.2", "inside");
  tree.link("/lib", "usr/lib");
  tree.link("/usr/lib/libx.so.1", "/lib/libx.so.1.2");
  tree.link("/usr/lib/up", "../../../../../../../../usr/lib/libx.so.1");
  const Root root(tree.path());
  EXPECT_THAT(root.resolve("/lib/libx.so.1"), Optional(std::string("/usr/lib/libx.so.1.2")));
  EXPECT_THAT(root.resolve("/lib/up"), Optional(std::string("/usr/lib/libx.so.1.2")));
  // ".." after a link means the parent of what it leads to.
  EXPECT_THAT(root.resolve("/lib/.."), Optional(std::string("/usr")));
  EXPECT_THAT(root.resolve("/../../lib/."), Optional(std::string("/usr/lib")));
}

TEST(Root, AbsoluteLinkNeverMeansTheHost) {
  const Tree tree, other;
  other.file("/secret", "outside");
  tree.link("/out", other.at("/secret"));
  const Root root(tree.path());
  EXPECT_EQ(root.resolve("/out"), std::nullopt);
  EXPECT_EQ(root.read("/out"), std::nullopt);
  tree.file(other.at("/secret"), "inside");
  EXPECT_THAT(root.read("/out"), Optional(std::string("inside")));
}

TEST(Root, LoopsAndDeadEnds) {
  const Tree tree;
  tree.link("/a", "b");
  tree.link("/b", "a");
  tree.file("/file", "x");
  const Root root(tree.path());
  EXPECT_EQ(root.resolve("/a"), std::nullopt);
  EXPECT_EQ(root.resolve("/file/x"), std::nullopt);
  EXPECT_EQ(root.resolve("/missing"), std::nullopt);
  EXPECT_THAT(root.resolve("/"), Optional(std::string("/")));
}

TEST(Root, LinkTarget) {
  const Tree tree;
  tree.file("/real/file", "x");
  tree.link("/real/link", "file");
  tree.link("/alias", "real");
  const Root root(tree.path());
  EXPECT_THAT(root.link_target("/alias/link"), Optional(std::string("file")));
  EXPECT_EQ(root.link_target("/alias/file"), std::nullopt);
  EXPECT_EQ(root.link_target("/none"), std::nullopt);
}

TEST(Root, ReadsOnlySmallRegularFiles) {
  const Tree tree;
  tree.file("/four", "1234");
  tree.folder("/folder");
  ASSERT_EQ(::mkfifo(tree.at("/fifo").c_str(), 0600), 0);
  const Root root(tree.path());
  EXPECT_THAT(root.read("/four", 4), Optional(std::string("1234")));
  EXPECT_EQ(root.read("/four", 3), std::nullopt);
  EXPECT_EQ(root.read("/folder"), std::nullopt);
  EXPECT_EQ(root.read("/fifo"), std::nullopt);
  EXPECT_FALSE(Root("/").read("/proc/self/status").value_or("").empty());
}

TEST(Root, Types) {
  const Tree tree;
  tree.file("/file", "");
  tree.link("/link", "file");
  const Root root(tree.path());
  EXPECT_TRUE(root.is_file("/link"));
  EXPECT_FALSE(root.is_folder("/link"));
  EXPECT_TRUE(root.is_folder("/"));
  EXPECT_FALSE(root.is_socket("/file"));
  EXPECT_FALSE(root.is_file("/none"));
  EXPECT_TRUE(Root("/").is_device("/dev/null"));
}

TEST(Root, List) {
  const Tree tree;
  tree.file("/d/b", "");
  tree.file("/d/a", "");
  const Root root(tree.path());
  EXPECT_THAT(root.list("/d"), ElementsAre("a", "b"));
  EXPECT_THAT(root.list("/d/a"), IsEmpty());
  EXPECT_THAT(root.list("/none"), IsEmpty());
}

TEST(Root, Numbers) {
  const Tree tree;
  tree.file("/hex", "0x10DE\n");
  tree.file("/minus", "-1\n");
  const Root root(tree.path());
  EXPECT_THAT(root.read_number("/hex"), Optional(0x10de));
  EXPECT_THAT(root.read_number("/minus"), Optional(-1));
  EXPECT_EQ(root.read_number("/none"), std::nullopt);
  for (const char* bad : {"", "-", "--1", "0x", "0x-1", "12a", "1 2", "99999999999999999999"}) {
    EXPECT_EQ(parse_number(bad), std::nullopt) << bad;
  }
}

}  // namespace
}  // namespace xpu::sdk
