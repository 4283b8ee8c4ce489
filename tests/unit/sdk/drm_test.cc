// SPDX-License-Identifier: Apache-2.0
#include "sdk/helpers/drm.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "tests/unit/sdk/fake_host.h"
#include "tests/unit/sdk/tree.h"

namespace xpu::sdk {
namespace {

using test::FakeHost;
using test::Tree;
using testing::ElementsAre;
using testing::IsEmpty;

void add_drm(const Tree& tree, const std::string& folder, const std::string& name,
             const std::string& number) {
  tree.file(folder + "/drm/" + name + "/dev", number + "\n");
  tree.link(folder + "/drm/" + name + "/device", tree.at(folder).substr(tree.path().size()));
  tree.link("/sys/class/drm/" + name, folder + "/drm/" + name);
}

void make_node(const Tree& tree, const std::string& path, unsigned major, unsigned minor) {
  tree.folder(path.substr(0, path.rfind('/')));
  ASSERT_EQ(::mknod(tree.at(path).c_str(), S_IFCHR | 0600, makedev(major, minor)), 0);
}

std::vector<std::string> names_of(const DrmDevice& device) {
  std::vector<std::string> names;
  for (const DrmNode& node : device.nodes) {
    names.push_back(node.name);
  }
  return names;
}

constexpr const char* kPci = "/sys/devices/pci0000:00/0000:00:03.1/0000:03:00.0";

TEST(Nodes, NumbersOfDevices) {
  EXPECT_EQ(parse_device_number("226:128")->major, 226u);
  EXPECT_EQ(parse_device_number("226:128")->minor, 128u);
  for (const char* bad : {"", "226", "226:", ":1", "a:1", "-1:2", "226:128 ", "1:99999999999"}) {
    EXPECT_EQ(parse_device_number(bad), std::nullopt) << bad;
  }
}

TEST(Nodes, SayWhatIsWrongWithThem) {
  const Tree tree;
  tree.file("/dev/file", "");
  const Root host("/"), dev(tree.path());
  EXPECT_EQ(node_problem(host, "/dev/null"), "");
  EXPECT_EQ(node_problem(host, "/dev/null", DeviceNumber{1, 3}), "");
  EXPECT_EQ(node_problem(host, "/dev/null", DeviceNumber{226, 128}),
            "/dev/null is device 1:3 and should be 226:128: remove it");
  EXPECT_EQ(node_problem(dev, "/dev/file"), tree.at("/dev/file does not exist or is no device"));
  EXPECT_EQ(node_problem(dev, "/dev/none"), tree.at("/dev/none does not exist or is no device"));
}

TEST(Nodes, AreWatchedAsWhatTheyAre) {
  const Tree tree;
  tree.file("/file", "");
  tree.folder("/folder");
  tree.link("/loop", "loop");
  tree.link("/dangling", "nowhere");
  ASSERT_EQ(::mkfifo(tree.at("/pipe").c_str(), 0600), 0);
  FakeHost host;
  Sink sink(&host.table);
  for (const char* name : {"/file", "/folder", "/loop", "/dangling", "/pipe", "/none"}) {
    watch_path(sink, tree.at(name));
  }
  const auto call = [&](int kind, const char* name) {
    return "condition " + std::to_string(sizeof(xpu_condition)) + " " + std::to_string(kind) + " " +
           tree.at(name) + " 0";
  };
  EXPECT_THAT(host.calls, ElementsAre(call(1, "/file"), call(2, "/folder"), call(1, "/dangling"),
                                      call(1, "/none")));
}

TEST(Drm, NodesOfAPciDevice) {
  const Tree tree;
  add_drm(tree, kPci, "renderD130", "226:130");
  add_drm(tree, kPci, "card2", "226:2");
  tree.folder(std::string(kPci) + "/drm/card2-HDMI-A-1");
  tree.folder(std::string(kPci) + "/drm/card");
  tree.link("/sys/bus/pci/devices/0000:03:00.0", kPci);
  const Root root(tree.path());
  const auto device = drm_device(root, "/sys/bus/pci/devices/0000:03:00.0");
  ASSERT_TRUE(device);
  EXPECT_EQ(device->folder, kPci);
  EXPECT_EQ(device->link_name, "pci-0000:03:00.0");
  EXPECT_THAT(names_of(*device), ElementsAre("card2", "renderD130"));
  ASSERT_NE(device->render(), nullptr);
  EXPECT_EQ(device->render()->path(), "/dev/dri/renderD130");
  EXPECT_EQ(device->render()->number->minor, 130u);
  const auto same = drm_device_of(root, "renderD130");
  ASSERT_TRUE(same);
  EXPECT_EQ(same->folder, kPci);
  EXPECT_FALSE(drm_device_of(root, "renderD131"));
  EXPECT_FALSE(drm_device_of(root, "../card2"));
  EXPECT_FALSE(drm_device(root, "/sys/bus/pci/devices/0000:04:00.0"));
}

TEST(Drm, LinksOfOtherBuses) {
  const Tree tree;
  add_drm(tree, "/sys/devices/platform/soc/406400000.gpu", "renderD128", "226:128");
  add_drm(tree, std::string(kPci) + "/virtio1", "renderD129", "226:129");
  add_drm(tree, "/sys/devices/virtual/odd", "renderD131", "226:131");
  const Root root(tree.path());
  EXPECT_EQ(drm_device_of(root, "renderD128")->link_name, "platform-406400000.gpu");
  EXPECT_EQ(drm_device_of(root, "renderD129")->link_name, "pci-0000:03:00.0");
  EXPECT_EQ(drm_device_of(root, "renderD131")->link_name, "");
}

TEST(Drm, AreGivenWithTheirLinks) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "needs root: mknod";
  }
  const Tree tree;
  add_drm(tree, kPci, "renderD130", "226:130");
  add_drm(tree, kPci, "card2", "226:2");
  make_node(tree, "/dev/dri/renderD130", 226, 130);
  make_node(tree, "/dev/real", 226, 2);
  tree.link("/dev/dri/card2", "../real");
  const Root root(tree.path());
  const DrmDevice device = drm_device_of(root, "card2").value();
  EXPECT_EQ(drm_problem(root, device), "");
  FakeHost host;
  Sink sink(&host.table);
  emit_drm(sink, always(), root, device);
  const std::string node = "node " + std::to_string(sizeof(xpu_node)) + " " +
                           std::to_string(sizeof(xpu_scope)) + "[:+] ";
  const std::string link = "link " + std::to_string(sizeof(xpu_link)) + " " +
                           std::to_string(sizeof(xpu_scope)) + "[:+] ";
  EXPECT_THAT(host.calls,
              ElementsAre(node + tree.at("/dev/real") + " /dev/dri/card2",
                          link + "/dev/dri/by-path/pci-0000:03:00.0-card ../card2",
                          node + tree.at("/dev/dri/renderD130") + " /dev/dri/renderD130",
                          link + "/dev/dri/by-path/pci-0000:03:00.0-render ../renderD130"));
}

TEST(Drm, AWrongOrMissingNodeIsNotGiven) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "needs root: mknod";
  }
  const Tree tree;
  add_drm(tree, kPci, "renderD130", "226:130");
  add_drm(tree, kPci, "card2", "226:2");
  make_node(tree, "/dev/dri/renderD130", 1, 3);
  const Root root(tree.path());
  const DrmDevice device = drm_device_of(root, "card2").value();
  EXPECT_EQ(drm_problem(root, device),
            tree.at("/dev/dri/renderD130 is device 1:3 and should be 226:130: remove it"));
  FakeHost host;
  Sink sink(&host.table);
  emit_drm(sink, always(), root, device);
  EXPECT_THAT(host.calls, IsEmpty());
  watch_drm(sink, root, device);
  EXPECT_EQ(host.calls.size(), 2u);
}

TEST(Drm, ADeviceForDisplaysAloneCannotBeUsed) {
  const Tree tree;
  add_drm(tree, kPci, "card2", "226:2");
  const Root root(tree.path());
  EXPECT_EQ(drm_problem(root, drm_device_of(root, "card2").value()), "it has no render node");
}

}  // namespace
}  // namespace xpu::sdk
