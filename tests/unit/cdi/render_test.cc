// SPDX-License-Identifier: Apache-2.0
#include "core/cdi/render.h"

#include <gmock/gmock.h>

#include "core/base/error.h"

namespace xpu::cdi {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

xpu::Device device(const std::string& index, const std::string& vendor = "acme") {
  xpu::Device out;
  out.vendor = vendor;
  out.index = index;
  out.id = vendor + ":" + index;
  const std::size_t colon = index.find(':');
  out.parent = colon == std::string::npos ? "" : vendor + ":" + index.substr(0, colon);
  return out;
}

Node node(const std::string& host, const std::string& container, std::uint32_t mode = 0666) {
  return {host, container, 'c', 10, 1, mode, 0, 44};
}

xpu::File file(FileKind kind, const std::string& host, const std::string& container) {
  return {kind, host, container, "", "", {}};
}

std::vector<std::string> names(const Spec& spec) {
  std::vector<std::string> out;
  for (const Device& device : spec.devices) {
    out.push_back(device.name);
  }
  return out;
}

// "HOST > CONTAINER options"
std::vector<std::string> lines(const std::vector<Mount>& mounts) {
  std::vector<std::string> out;
  for (const Mount& mount : mounts) {
    std::string line = cat(mount.host_path, " > ", mount.container_path);
    for (const std::string& option : mount.options) {
      line += " " + option;
    }
    out.push_back(line);
  }
  return out;
}

std::vector<std::string> lines(const std::vector<DeviceNode>& nodes) {
  std::vector<std::string> out;
  for (const DeviceNode& node : nodes) {
    out.push_back(node.host_path.empty() ? node.path : cat(node.host_path, " > ", node.path));
  }
  return out;
}

class RenderTest : public ::testing::Test {
 protected:
  RenderTest() {
    catalog_.backend = "acme";
    catalog_.devices = {device("0"), device("1")};
    catalog_.devices[0].uuid = "ACME-a";
    catalog_.devices[1].uuid = "ACME-b";
    catalog_.capabilities = {"compute", "utility", "rdma"};
    group("acme:0").nodes = {node("/dev/acme0", "/dev/acme0")};
    group("acme:1").nodes = {node("/dev/acme1", "/dev/acme1")};
    options_.kind = "xpu.dev/acme";
    options_.capabilities = {"compute"};
    options_.library_folders["x86_64"] = {"/usr/lib/x86_64-linux-gnu", "/usr/lib64"};
    options_.generated_dir = "/run/xpu/cdi";
  }

  EditGroup& group(const std::string& device_id, const std::string& capability = "",
                   const std::string& item = "", const std::string& image_lacks = "") {
    EditGroup& out = catalog_.edits.emplace_back();
    out.scope = {device_id, capability, item, image_lacks};
    return out;
  }
  Rendering run() const { return render(catalog_, options_); }
  const Edits& of(const Rendering& rendering, const std::string& name) const {
    for (const Device& device : rendering.spec.devices) {
      if (device.name == name) {
        return device.edits;
      }
    }
    static const Edits none;
    ADD_FAILURE() << "no device " << name;
    return none;
  }
  std::string error() const {
    try {
      run();
      return "";
    } catch (const Error& error) {
      return error.what();
    }
  }

  Catalog catalog_;
  RenderOptions options_;
};

TEST_F(RenderTest, NamesByIndexAndUuidAndAll) {
  const Rendering out = run();
  EXPECT_EQ(out.spec.kind, "xpu.dev/acme");
  EXPECT_THAT(names(out.spec), ElementsAre("0", "ACME-a", "1", "ACME-b", "all"));
  EXPECT_EQ(of(out, "0"), of(out, "ACME-a"));
  EXPECT_THAT(lines(of(out, "1").nodes), ElementsAre("/dev/acme1"));
  EXPECT_THAT(lines(of(out, "all").nodes), ElementsAre("/dev/acme0", "/dev/acme1"));
  EXPECT_TRUE(out.spec.edits.empty());
  EXPECT_THAT(out.notes, IsEmpty());
  EXPECT_EQ(out.spec.version, "0.5.0");  // names that begin with a digit
  options_.names = {NameBy::kUuid};
  EXPECT_THAT(names(run().spec), ElementsAre("ACME-a", "ACME-b", "all"));
  EXPECT_EQ(run().spec.version, "0.3.0");
}

TEST_F(RenderTest, NamesByPciWithThePartBehindItsParent) {
  catalog_.devices.push_back(device("1:2"));
  catalog_.devices[0].pci = "0000:65:00.0";
  catalog_.devices[1].pci = catalog_.devices[2].pci = "0000:66:00.0";
  group("acme:1:2").nodes = {node("/dev/part", "/dev/part")};
  options_.names = {NameBy::kPci};
  EXPECT_THAT(names(run().spec),
              ElementsAre("0000:65:00.0", "0000:66:00.0", "0000:66:00.0:2", "all"));
  catalog_.devices[2].pci = "0000:66:00.1";
  EXPECT_THAT(names(run().spec),
              ElementsAre("0000:65:00.0", "0000:66:00.0", "0000:66:00.1", "all"));
}

TEST_F(RenderTest, LeavesOutWhatCannotBeNamedOrGiven) {
  catalog_.devices[0].uuid = "ACME/a";
  catalog_.devices[1].available = false;
  catalog_.devices[1].reason = "it burns";
  options_.names = {NameBy::kUuid};
  const Rendering out = run();
  EXPECT_THAT(out.spec.devices, IsEmpty());
  EXPECT_THAT(out.notes, ElementsAre("acme:0 is left out: it has nothing that it could be named by",
                                     "acme:1 is left out: it burns"));
}

TEST_F(RenderTest, AllHoldsWhatIsInAll) {
  catalog_.devices[1].in_all = false;
  EXPECT_THAT(lines(of(run(), "all").nodes), ElementsAre("/dev/acme0"));
  catalog_.devices[0].in_all = false;
  EXPECT_THAT(names(run().spec), ElementsAre("0", "ACME-a", "1", "ACME-b"));
}

TEST_F(RenderTest, OnlyDevicesThatAreWanted) {
  catalog_.devices.push_back(device("0", "globex"));
  EXPECT_EQ(error(),
            "acme:0 and globex:0 would both be xpu.dev/acme=0; give the devices of each vendor a "
            "kind of their own");
  options_.wanted = [](const xpu::Device& device) { return device.vendor == "acme"; };
  EXPECT_THAT(names(run().spec), ElementsAre("0", "ACME-a", "1", "ACME-b", "all"));
  catalog_.devices[2].index = "7";
  catalog_.devices[2].id = "globex:7";
  catalog_.devices[2].uuid = "ACME-a";
  group("globex:7").nodes = {node("/dev/g", "/dev/g")};
  options_.wanted = nullptr;
  const Rendering out = run();
  EXPECT_THAT(names(out.spec), ElementsAre("0", "ACME-a", "1", "ACME-b", "7", "all"));
  EXPECT_THAT(out.notes, ElementsAre("globex:7 does not have the name ACME-a, which is acme:0's"));
}

// No numbers: a node that was numbered anew is still the device.
TEST_F(RenderTest, NodesByPath) {
  catalog_.edits[0].nodes = {node("/dev/acme0", "/dev/acme0", 0660),
                             node("/srv/dev/ctl", "/dev/ctl")};
  const Rendering out = run();
  const std::vector<DeviceNode>& nodes = of(out, "0").nodes;
  ASSERT_EQ(nodes.size(), 2U);
  DeviceNode expected;
  expected.path = "/dev/acme0";
  expected.permissions = "rw";
  expected.file_mode = 0666;
  EXPECT_EQ(nodes[0], expected);
  expected.path = "/dev/ctl";
  expected.host_path = "/srv/dev/ctl";
  expected.file_mode.reset();
  EXPECT_EQ(nodes[1], expected);
}

TEST_F(RenderTest, FollowsCapabilitiesAndFeatures) {
  group("").files = {file(FileKind::kData, "/always", "/always")};
  group("", "compute").files = {file(FileKind::kData, "/compute", "/compute")};
  group("", "utility").files = {file(FileKind::kData, "/utility", "/utility")};
  group("", "compute,utility").files = {file(FileKind::kData, "/both", "/both")};
  group("", "rdma").files = {file(FileKind::kData, "/rdma", "/rdma")};
  group("", "rdma", "7").files = {file(FileKind::kData, "/rdma7", "/rdma7")};
  group("", "rdma", "8").files = {file(FileKind::kData, "/rdma8", "/rdma8")};
  group("acme:0", "utility").nodes = {node("/dev/smi", "/dev/smi")};
  const auto sources = [&] {
    std::vector<std::string> out;
    for (const Mount& mount : run().spec.edits.mounts) {
      out.push_back(mount.host_path);
    }
    return out;
  };
  EXPECT_THAT(sources(), ElementsAre("/always", "/compute"));
  EXPECT_THAT(lines(of(run(), "0").nodes), ElementsAre("/dev/acme0"));
  options_.capabilities = {"compute", "utility"};
  EXPECT_THAT(sources(), ElementsAre("/always", "/compute", "/utility", "/both"));
  EXPECT_THAT(lines(of(run(), "0").nodes), ElementsAre("/dev/acme0", "/dev/smi"));
  options_.capabilities = {};
  options_.features = {{"rdma", {"8"}}};
  EXPECT_THAT(sources(), ElementsAre("/always", "/rdma", "/rdma8"));
  options_.features = {{"rdma", {}}};
  EXPECT_THAT(sources(), ElementsAre("/always", "/rdma", "/rdma7", "/rdma8"));
}

TEST_F(RenderTest, FilesAsThePlannerMountsThem) {
  group("").files = {file(FileKind::kBinary, "/opt/bin/smi", "/usr/bin/smi"),
                     file(FileKind::kDirectory, "/opt/data", "/opt/data"),
                     file(FileKind::kSocket, "/run/acme.sock", "/run/acme.sock"),
                     file(FileKind::kSocket, "/tmp/other.sock", "/tmp/other.sock")};
  options_.socket_problem = [](const std::string& path) {
    return path.starts_with("/tmp/") ? "it is another user's" : "";
  };
  const Rendering out = run();
  EXPECT_THAT(lines(out.spec.edits.mounts),
              ElementsAre("/opt/bin/smi > /usr/bin/smi bind ro nosuid nodev rprivate",
                          "/opt/data > /opt/data rbind ro nosuid nodev rprivate",
                          "/run/acme.sock > /run/acme.sock bind nosuid nodev noexec rprivate"));
  EXPECT_THAT(out.notes, ElementsAre("/tmp/other.sock is left out: it is another user's"));
  EXPECT_EQ(out.spec.version, "0.5.0");
}

TEST_F(RenderTest, LibrariesWhereLoadersLook) {
  group("").files = {
      {FileKind::kLibrary, "/lib/libacme.so.5.2", "", "libacme.so.5", "x86_64", {"libacme.so"}},
      {FileKind::kLibrary,
       "/lib/v/libacme_v.so.5",
       "vdpau/libacme_v.so.1",
       "libacme_v.so.1",
       "x86_64",
       {"libacme_v.so"}},
      {FileKind::kLibrary, "/lib/libacme.so.9", "", "libacme.so.5", "vax", {}}};
  const std::string how = " bind ro nosuid nodev rprivate", one = "/lib/libacme.so.5.2 > ",
                    other = "/lib/v/libacme_v.so.5 > ";
  const Rendering out = run();
  EXPECT_THAT(
      lines(out.spec.edits.mounts),
      ElementsAre(one + "/usr/lib/x86_64-linux-gnu/libacme.so.5" + how,
                  one + "/usr/lib/x86_64-linux-gnu/libacme.so" + how,
                  one + "/usr/lib64/libacme.so.5" + how, one + "/usr/lib64/libacme.so" + how,
                  other + "/usr/lib/x86_64-linux-gnu/vdpau/libacme_v.so.1" + how,
                  other + "/usr/lib/x86_64-linux-gnu/vdpau/libacme_v.so" + how,
                  other + "/usr/lib64/vdpau/libacme_v.so.1" + how,
                  other + "/usr/lib64/vdpau/libacme_v.so" + how));
  EXPECT_THAT(out.notes, ElementsAre("libraries for vax are left out: it is not known where "
                                     "images have them"));
}

TEST_F(RenderTest, BringsEachThingOnce) {
  group("").nodes = {node("/dev/ctl", "/dev/ctl")};
  group("", "compute").nodes = {node("/dev/ctl", "/dev/ctl")};
  group("acme:0").nodes = {node("/dev/ctl", "/dev/ctl"), node("/dev/acme0", "/dev/acme0")};
  const Rendering out = run();
  EXPECT_THAT(lines(out.spec.edits.nodes), ElementsAre("/dev/ctl"));
  EXPECT_THAT(lines(of(out, "0").nodes), ElementsAre("/dev/acme0"));
}

TEST_F(RenderTest, ADeviceThatNeedsOnlyWhatAllNeed) {
  catalog_.edits.clear();
  EXPECT_THAT(run().notes, ElementsAre("acme:0 is left out: a container needs nothing for it",
                                       "acme:1 is left out: a container needs nothing for it",
                                       "all is left out: a container needs nothing for it"));
  group("").env = {{"ACME", "1", false}};
  EXPECT_THAT(of(run(), "0").env, ElementsAre("ACME=1"));
  group("").files = {file(FileKind::kData, "/d", "/d")};
  EXPECT_THAT(lines(of(run(), "0").mounts), ElementsAre("/d > /d bind ro nosuid nodev rprivate"));
  EXPECT_THAT(of(run(), "0").env, IsEmpty());
  group("").nodes = {node("/dev/ctl", "/dev/ctl")};
  EXPECT_THAT(lines(of(run(), "0").nodes), ElementsAre("/dev/ctl"));
  EXPECT_THAT(lines(of(run(), "all").nodes), ElementsAre("/dev/ctl"));
}

TEST_F(RenderTest, WhatCannotBeGivenTogether) {
  group("acme:0").env = {{"MODE", "a", false}};
  group("acme:1").env = {{"MODE", "b", false}};
  const Rendering out = run();
  EXPECT_THAT(names(out.spec), ElementsAre("0", "ACME-a", "1", "ACME-b"));
  EXPECT_THAT(out.notes,
              ElementsAre("all is left out: 'a' and 'b' cannot both be the variable MODE"));
  group("").env = {{"MODE", "a", false}};
  EXPECT_THAT(names(run().spec), ElementsAre("0", "ACME-a"));
  group("").nodes = {node("/dev/a", "/dev/x"), node("/dev/b", "/dev/x")};
  EXPECT_EQ(error(), "acme: /dev/a and /dev/b cannot both be /dev/x");
}

// Of two devices that a container names, the second one's mask would hide the first.
TEST_F(RenderTest, WhatDependsOnTheSelectionIsInAllOnly) {
  group("").env = {{"ACME_MASK", "${mask}", true}};
  group("").texts = {{"/etc/acme/list", "${list}\n", true}};
  for (const char* index : {"0", "1"}) {
    EditGroup& added = group(std::string("acme:") + index);
    added.values = {{Combine::kBits, "mask", index}, {Combine::kList, "list", index}};
  }
  const Rendering out = run();
  EXPECT_THAT(out.spec.edits.env, IsEmpty());
  EXPECT_THAT(of(out, "0").env, IsEmpty());
  EXPECT_THAT(of(out, "all").env, ElementsAre("ACME_MASK=0x3"));
  ASSERT_THAT(of(out, "all").mounts, testing::SizeIs(1));
  EXPECT_EQ(of(out, "all").mounts[0].container_path, "/etc/acme/list");
  ASSERT_THAT(out.generated, testing::SizeIs(1));
  EXPECT_EQ(out.generated[0].content, "0,1\n");
  EXPECT_EQ(out.generated[0].path, of(out, "all").mounts[0].host_path);
  EXPECT_THAT(out.notes, ElementsAre("the variable ACME_MASK depends on all the devices that a "
                                     "container has, and is only in the device all",
                                     "/etc/acme/list depends on all the devices that a container "
                                     "has, and is only in the device all"));
  catalog_.devices.pop_back();
  const Rendering alone = run();
  EXPECT_THAT(of(alone, "0").env, ElementsAre("ACME_MASK=0x1"));
  EXPECT_THAT(alone.notes, IsEmpty());
}

TEST_F(RenderTest, GeneratedFilesAndLinks) {
  group("").texts = {{"/etc/acme.conf", "hot\n", false}};
  group("acme:0").links = {{"/dev/acme/by-path/zero", "../../acme0"}};
  group("acme:1").links = {{"/dev/acme/by-path/one", "../../acme1"},
                           {"/dev/acme/by-path/zero", "../../acme1"}};
  const Rendering out = run();
  const std::vector<Mount>& mounts = out.spec.edits.mounts;
  ASSERT_EQ(mounts.size(), 2U);
  EXPECT_THAT(mounts[0].host_path, testing::StartsWith("/run/xpu/cdi/text-"));
  EXPECT_EQ(mounts[0].container_path, "/etc/acme.conf");
  EXPECT_THAT(mounts[1].host_path, testing::StartsWith("/run/xpu/cdi/links-"));
  EXPECT_EQ(mounts[1].container_path, "/dev/acme/by-path");
  EXPECT_THAT(mounts[1].options,
              ElementsAre("bind", "ro", "nosuid", "nodev", "noexec", "rprivate"));
  EXPECT_THAT(out.generated,
              ElementsAre(Generated{mounts[0].host_path, "hot\n", false},
                          Generated{mounts[1].host_path + "/one", "../../acme1", true},
                          Generated{mounts[1].host_path + "/zero", "../../acme0", true}));
  EXPECT_THAT(out.notes,
              ElementsAre("the link /dev/acme/by-path/zero to ../../acme1 is left out: it leads "
                          "to ../../acme0 for another device"));
  options_.generated_dir = "";
  const Rendering without = run();
  EXPECT_TRUE(without.spec.edits.empty());
  EXPECT_THAT(without.generated, IsEmpty());
  EXPECT_THAT(without.notes,
              testing::Contains("/etc/acme.conf is left out: there is no folder to generate it "
                                "in"));
  EXPECT_THAT(without.notes,
              testing::Contains("the links in /dev/acme/by-path are left out: there is no folder "
                                "to generate them in"));
}

TEST_F(RenderTest, LinksDoNotHideOtherThings) {
  group("acme:0").links = {{"/dev/acme/zero", "../acme0"}};
  group("acme:1").nodes = {node("/dev/one", "/dev/acme/one")};
  const Rendering out = run();
  EXPECT_TRUE(out.spec.edits.empty());
  EXPECT_THAT(out.notes,
              ElementsAre("the links in /dev/acme are left out: other things are there too"));
}

TEST_F(RenderTest, WhatOnlySomeImagesGet) {
  group("", "", "", "libacme.so.*").files = {file(FileKind::kData, "/a", "/a")};
  group("", "utility", "", "libother.so").files = {file(FileKind::kData, "/b", "/b")};
  EXPECT_TRUE(run().spec.edits.empty());
  EXPECT_THAT(run().notes, ElementsAre("what only images without libacme.so.* get is left out"));
  options_.for_bare_images = true;
  EXPECT_THAT(lines(run().spec.edits.mounts), ElementsAre("/a > /a bind ro nosuid nodev rprivate"));
  EXPECT_THAT(run().notes, IsEmpty());
}

TEST_F(RenderTest, SaysWhatNeedsTheRuntime) {
  group("").image_folders = {{"/opt/acme/compat", "libacme.so", "5.2"}};
  group("").notes = {{true, "mind the heat"}, {false, "for explain"}};
  EXPECT_THAT(run().notes,
              ElementsAre("newer libraries in /opt/acme/compat of an image are not put before the "
                          "host's: that needs the runtime",
                          "mind the heat"));
}

TEST_F(RenderTest, IsACdiSpecification) {
  group("").texts = {{"/etc/acme.conf", "hot\n", false}};
  group("").env = {{"ACME", "1", false}};
  const Rendering out = run();
  for (const Format format : {Format::kJson, Format::kYaml}) {
    EXPECT_EQ(parse(write(out.spec, format), format == Format::kJson ? "a.json" : "a.yaml"),
              out.spec);
  }
}

}  // namespace
}  // namespace xpu::cdi
