// SPDX-License-Identifier: Apache-2.0
#include "core/plan/number_links.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "core/base/error.h"

namespace xpu {
namespace {

namespace fs = std::filesystem;

class NumberLinks : public ::testing::Test {
 protected:
  NumberLinks() {
    std::string pattern = fs::temp_directory_path() / "xpu-links.XXXXXX";
    dev_ = ::mkdtemp(pattern.data());
    plan_.devices.push_back({{"/opt/dev/acme0", "/dev/acme0", 'c', 240, 7}, "device acme:0"});
    plan_.device_rules.push_back({"/dev/acme-disk", "/dev/acme-disk", 'b', 241, 1});
  }
  ~NumberLinks() override { fs::remove_all(dev_); }

  std::string dev_;
  Plan plan_;
};

TEST_F(NumberLinks, AreMadeForEveryNode) {
  make_number_links(plan_, dev_);
  EXPECT_EQ(fs::read_symlink(dev_ + "/char/240:7"), "/opt/dev/acme0");
  EXPECT_EQ(fs::read_symlink(dev_ + "/block/241:1"), "/dev/acme-disk");
  make_number_links(plan_, dev_);
}

TEST_F(NumberLinks, ThatLeadToTheDeviceStay) {
  plan_.devices[0].node = {"/dev/null", "/dev/null", 'c', 1, 3};
  fs::create_directory(dev_ + "/char");
  fs::create_symlink("/dev/../dev/null", dev_ + "/char/1:3");
  make_number_links(plan_, dev_);
  EXPECT_EQ(fs::read_symlink(dev_ + "/char/1:3"), "/dev/../dev/null");
}

TEST_F(NumberLinks, ThatLeadNowhereOrElsewhereAreReplaced) {
  plan_.devices[0].node = {"/dev/null", "/dev/null", 'c', 1, 3};
  fs::create_directory(dev_ + "/char");
  for (const char* target : {"../gone", "/dev/zero", "/etc/passwd", "1:3"}) {
    fs::remove(dev_ + "/char/1:3");
    fs::create_symlink(target, dev_ + "/char/1:3");
    make_number_links(plan_, dev_);
    EXPECT_EQ(fs::read_symlink(dev_ + "/char/1:3"), "/dev/null") << target;
  }
  EXPECT_EQ(std::distance(fs::directory_iterator(dev_ + "/char"), {}), 1) << "no temporary left";
}

TEST_F(NumberLinks, ThatAFolderIsInTheWayOfAreAnError) {
  fs::create_directories(dev_ + "/char/240:7");
  try {
    make_number_links(plan_, dev_);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.what(),
              "cannot create the link " + dev_ + "/char/240:7 to /opt/dev/acme0: Is a directory");
  }
  EXPECT_EQ(std::distance(fs::directory_iterator(dev_ + "/char"), {}), 1) << "no temporary left";
}

TEST_F(NumberLinks, ThatCannotBeMadeAreAnError) {
  std::ofstream(dev_ + "/char") << "no folder";
  try {
    make_number_links(plan_, dev_);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.what(),
              "cannot create the link " + dev_ + "/char/240:7 to /opt/dev/acme0: Not a directory");
  }
}

}  // namespace
}  // namespace xpu
