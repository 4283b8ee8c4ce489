// SPDX-License-Identifier: Apache-2.0
#include "core/apps/outside.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>
#include <filesystem>

#include "tests/unit/base/temp_dir.h"

namespace xpu {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class OutsideTest : public testing::Test {
 protected:
  OutsideTest() : records_(dir_ / "state"), root_(dir_ / "runc") {}

  std::vector<OutsideRow> look() const {
    return outside_containers({root_, root_, dir_ / "crun", dir_ / "nowhere"}, records_, nodes_);
  }
  // What runc writes of a device is more than this; 99 is the letter c.
  static std::string runc_state(const std::string& devices, const std::string& mounts = "") {
    return R"({"id":"x","config":{"devices":[)" + devices + R"(],"mounts":[)" + mounts +
           R"(],"labels":["a=b","bundle=/bundles/x"]}})";
  }
  static std::string device(int type, int major, int minor) {
    return R"({"type":)" + std::to_string(type) + R"(,"major":)" + std::to_string(major) +
           R"(,"minor":)" + std::to_string(minor) + R"(,"path":"/dev/a"})";
  }

  test::TempDir dir_;
  Records records_;
  std::string root_;
  const std::vector<DeviceNode> nodes_ = {
      {"acme:0", {"/dev/acme0", "", 'c', 10, 237}},
      {"acme:0", {"/dev/acme0-ctl", "", 'c', 10, 238}},
      {"acme:1", {"/dev/acme1", "", 'c', 11, 1}},
      {"acme:2", {"/dev/acme2", "", 'b', 259, 0}},
  };
};

TEST_F(OutsideTest, SeesDevicesInTheStateOfRunc) {
  dir_.write("runc/a/state.json", runc_state(device('c', 10, 237) + "," + device('c', 10, 238) +
                                             "," + device('c', 1, 3) + "," + device('b', 259, 0)));
  dir_.write("runc/b/state.json", runc_state(device('c', 1, 3) + "," + device('b', 10, 237)));
  const std::vector<OutsideRow> rows = look();
  ASSERT_THAT(rows, SizeIs(1));
  EXPECT_EQ(rows[0].id, "a");
  EXPECT_EQ(rows[0].runtime_root, root_);
  EXPECT_EQ(rows[0].bundle, "/bundles/x");
  EXPECT_THAT(rows[0].devices, ElementsAre("acme:0", "acme:2"));
}

TEST_F(OutsideTest, SeesDevicesInTheBundleOfCrun) {
  const std::string spec =
      dir_.write("bundle/config.json",
                 R"({"linux":{"devices":[{"path":"/dev/x","type":"c","major":11,"minor":1}]}})");
  dir_.write("crun/a/status", R"({"pid":1,"bundle":")" + (dir_ / "bundle") + R"("})");
  const std::vector<OutsideRow> rows = look();
  ASSERT_THAT(rows, SizeIs(1));
  EXPECT_EQ(rows[0].bundle, dir_ / "bundle");
  EXPECT_THAT(rows[0].devices, ElementsAre("acme:1"));
}

TEST_F(OutsideTest, SeesNodesThatAreMounted) {
  dir_.write("runc/a/state.json",
             runc_state("", R"({"source":"/dev/acme1","destination":"/dev/acme1"})"));
  const std::vector<OutsideRow> rows = look();
  ASSERT_THAT(rows, SizeIs(1));
  EXPECT_THAT(rows[0].devices, ElementsAre("acme:1"));
}

TEST_F(OutsideTest, WhatWeGaveIsNotOutside) {
  Record record;
  record.id = "a";
  record.runtime_root = root_;
  record.nodes = {nodes_[0].node, nodes_[1].node};
  records_.write(record);
  dir_.write("runc/a/state.json", runc_state(device('c', 10, 237) + "," + device('c', 10, 238)));
  EXPECT_THAT(look(), IsEmpty());
  dir_.write("runc/a/state.json", runc_state(device('c', 10, 237) + "," + device('c', 11, 1)));
  ASSERT_THAT(look(), SizeIs(1));
  EXPECT_THAT(look()[0].devices, ElementsAre("acme:1"));
}

TEST_F(OutsideTest, WhatCannotBeReadHasNothing) {
  for (const char* text : {"", "{", "[]", "7", "{\"config\":7}", "{\"config\":{\"devices\":7}}",
                           "{\"config\":{\"devices\":[7,{\"type\":\"c\"}],\"labels\":[7]}}"}) {
    dir_.write("runc/a/state.json", text);
    dir_.write("crun/a/status", text);
    EXPECT_THAT(look(), IsEmpty()) << text;
  }
}

TEST_F(OutsideTest, KnowsWhereEnginesKeepState) {
  std::filesystem::create_directories(dir_ / "run/containerd/runc/k8s.io");
  std::filesystem::create_directories(dir_ / "run/docker/runtime-runc/moby");
  std::filesystem::create_directories(dir_ / "run/docker/plugins");
  EXPECT_THAT(usual_runtime_roots(dir_ / "run"),
              ElementsAre(dir_ / "run/runc", dir_ / "run/crun", dir_ / "run/containerd/runc/k8s.io",
                          dir_ / "run/docker/runtime-runc/moby"));
  EXPECT_THAT(usual_runtime_roots(dir_ / "none"), SizeIs(2));
}

TEST(Outside, LooksAtTheRootsOfTheOtherRuntimesOfDocker) {
  namespace fs = std::filesystem;
  const fs::path dir = fs::temp_directory_path() / ("xpu-beside-" + std::to_string(::getpid()));
  for (const char* name : {"runtime-runc/moby", "runtime-xpu/moby", "plugins/moby"}) {
    fs::create_directories(dir / name);
  }
  EXPECT_THAT(beside((dir / "runtime-xpu/moby").string()),
              ::testing::UnorderedElementsAre((dir / "runtime-runc/moby").string(),
                                              (dir / "runtime-xpu/moby").string()));
  EXPECT_THAT(beside("/run/runc"), ::testing::IsEmpty());
  EXPECT_THAT(beside("runc"), ::testing::IsEmpty());
  EXPECT_THAT(beside("/runc"), ::testing::IsEmpty());
  fs::remove_all(dir);
}

}  // namespace
}  // namespace xpu
