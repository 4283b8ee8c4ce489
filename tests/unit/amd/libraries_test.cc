// SPDX-License-Identifier: Apache-2.0
// ROCm's user libraries, where configuration asks for the host's.
#include <fstream>
#include <set>
#include <sstream>

#include "tests/fakes/driver_tree/stub_elf.h"
#include "tests/unit/amd/world.h"

namespace xpu::test {
namespace {

using fakes::stub_library;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr const char* kMarks =
    "libhsa-runtime64.so*,libamdhip64.so*,/opt/rocm*/lib/libhsa-runtime64.so*";

#if defined(__x86_64__)  // as the stubs

class Libraries : public Machine {
 protected:
  void SetUp() override {
    Machine::SetUp();
    add("0000:03:00.0");
  }
  void install(const std::string& folder, const std::string& soname, const std::string& version) {
    tree_.file(folder + "/" + soname + version, stub_library(soname, {}, false));
    if (!version.empty()) {
      tree_.link(folder + "/" + soname, soname + version);
    }
  }
  static const EditGroup* shared(const Described& found) {
    for (const EditGroup& group : found.catalog.edits) {
      if (group.scope.device.empty()) {
        return &group;
      }
    }
    return nullptr;
  }
};

TEST_F(Libraries, AreLeftToTheImage) {
  install("/opt/rocm/lib", "libhsa-runtime64.so.1", ".14.0");
  for (const char* value : {"never", "false"}) {
    machine_.root = tree_.at(std::string("/") + value);
    const Described found = describe_it({{"inject-drivers", value}});
    EXPECT_EQ(shared(found), nullptr);
  }
}

TEST_F(Libraries, OfTheHostWhereTheImageHasNone) {
  install("/opt/rocm-6.2.0/lib", "libhsa-runtime64.so.1", ".14.60200");
  install("/opt/rocm-6.2.0/lib", "libamdhip64.so.6", ".2.60200");
  install("/opt/rocm-6.2.0/lib", "libamdocl64.so.2", "");
  tree_.file("/opt/rocm-6.2.0/lib/librocfft.a", "");
  tree_.link("/opt/rocm", "rocm-6.2.0");
  make_amd_machine(machine_);
  for (const char* value : {"missing", "true"}) {
    const Described found = describe(tree_.path(), {{"inject-drivers", value}});
    ASSERT_EQ(found.status, XPU_OK) << found.error;
    const EditGroup* group = shared(found);
    ASSERT_NE(group, nullptr);
    EXPECT_EQ(group->scope.image_lacks, kMarks);
    ASSERT_EQ(group->files.size(), 3u);
    EXPECT_EQ(group->files[0].soname, "libamdhip64.so.6");
    EXPECT_EQ(group->files[0].host_path, tree_.at("/opt/rocm-6.2.0/lib/libamdhip64.so.6.2.60200"));
    EXPECT_EQ(group->files[0].kind, FileKind::kLibrary);
    EXPECT_THAT(group->files[0].links, ElementsAre("libamdhip64.so.6.2.60200"));
    EXPECT_EQ(group->files[1].soname, "libamdocl64.so.2");
    EXPECT_EQ(group->files[2].soname, "libhsa-runtime64.so.1");
    ASSERT_EQ(group->texts.size(), 1u);
    EXPECT_EQ(group->texts[0].path, "/etc/OpenCL/vendors/amdocl64.icd");
    EXPECT_EQ(group->texts[0].content, "libamdocl64.so.2\n");
    EXPECT_TRUE(found.watches(ConditionKind::kListing, tree_.at("/opt/rocm-6.2.0/lib")));
  }
  const Described always = describe(tree_.path(), {{"inject-drivers", "always"}});
  ASSERT_NE(shared(always), nullptr);
  EXPECT_EQ(shared(always)->scope.image_lacks, "");
  EXPECT_EQ(shared(always)->files.size(), 3u);
}

TEST_F(Libraries, FromAnotherPlace) {
  install("/usr/local/rocm/lib64", "libhsa-runtime64.so.1", "");
  make_amd_machine(machine_);
  const Described found =
      describe(tree_.path(), {{"inject-drivers", "always"}, {"rocm-path", "/usr/local/rocm"}});
  ASSERT_NE(shared(found), nullptr) << found.error;
  EXPECT_EQ(shared(found)->files[0].host_path,
            tree_.at("/usr/local/rocm/lib64/libhsa-runtime64.so.1"));
}

TEST_F(Libraries, ThatAreNotThereAreAnError) {
  const Described found = describe_it({{"inject-drivers", "missing"}});
  EXPECT_EQ(found.status, XPU_INVALID);
  EXPECT_EQ(found.error, "inject-drivers asks for ROCm's libraries, and there are none in " +
                             tree_.at("/opt/rocm/lib") +
                             "; set rocm-path where they are, or inject-drivers to \"never\"");
}

// Debian spreads ROCm over the folder of all libraries; the listing says which SONAMEs there are.
TEST_F(Libraries, OfARecordedListing) {
  const std::string listing =
      sdk::test::fixture("driver-listings/debian-trixie-amd/MERGED-ELF.tsv");
  if (listing.empty()) {
    GTEST_SKIP() << "no fixtures (XPU_FIXTURES)";
  }
  std::ifstream in(listing);
  std::string line;
  std::getline(in, line);
  std::map<std::string, std::size_t> columns;
  std::istringstream head(line);
  for (std::string name; std::getline(head, name, '\t');) {
    columns.emplace(name, columns.size());
  }
  ASSERT_TRUE(columns.count("soname")) << line;
  std::set<std::string> expected;
  while (std::getline(in, line)) {
    std::vector<std::string> cells;
    std::istringstream row(line);
    for (std::string cell; std::getline(row, cell, '\t');) {
      cells.push_back(cell);
    }
    const std::string path = cells[0];
    const std::string soname = cells.size() > columns["soname"] ? cells[columns["soname"]] : "";
    const std::string name = path.substr(path.rfind('/') + 1);
    if (path == "/usr/lib/x86_64-linux-gnu/" + name && !soname.empty()) {
      tree_.file("/opt/rocm/lib/" + name, stub_library(soname, {}, false));
      expected.insert(soname);
    }
  }
  ASSERT_TRUE(expected.count("libhsa-runtime64.so.1"));
  const Described found = describe_it({{"inject-drivers", "always"}});
  ASSERT_NE(shared(found), nullptr) << found.error;
  std::set<std::string> given;
  for (const File& file : shared(found)->files) {
    given.insert(file.soname);
  }
  EXPECT_EQ(given, expected);
}

#endif

}  // namespace
}  // namespace xpu::test
