// SPDX-License-Identifier: Apache-2.0
#include "core/daemon/load_file.h"

#include <gtest/gtest.h>

#include "core/base/error.h"
#include "core/base/host.h"
#include "core/catalog/conditions.h"
#include "core/choose/load.h"
#include "tests/unit/base/temp_dir.h"
#include "tests/unit/daemon/sample.h"

namespace xpu {
namespace {

class LoadFile : public testing::Test {
 protected:
  void write(std::vector<watch::Value> values) {
    watch::Sample sample;
    sample.boot_seconds = static_cast<std::int64_t>(boot_seconds());
    sample.values = std::move(values);
    Device one = test::device("0", "A"), two = test::device("1", "B");
    two.pci = "0000:02:00.0";
    write_load(dir_, "sim", load_text(sample, test::backend({one, two}).catalog, boot_id()));
  }
  std::map<std::string, LoadSample> read() { return fresh_load(dir_, {"sim"}, 15); }

  test::TempDir temp_;
  std::string dir_ = temp_ / "state";
};

TEST_F(LoadFile, IsReadByThoseWhoChoose) {
  write({{"acme:0", "memory-total", "", 1000},
         {"acme:0", "memory-used", "", 300},
         {"acme:0", "utilisation", "compute", 0.25},
         {"acme:0", "utilisation", "memory", 0.9},
         {"acme:0", "utilisation", "encode", 0.5},
         {"acme:0", "power", "", 70}});
  const auto load = read();
  ASSERT_EQ(load.size(), 1U);
  EXPECT_EQ(load.at("acme:0").memory_free, 700U);
  EXPECT_EQ(load.at("acme:0").utilisation, 50U);
}

TEST_F(LoadFile, ADeviceMayBeCalledByUuidOrAddress) {
  write({{"A", "utilisation", "compute", 1.0}, {"0000:02:00.0", "utilisation", "compute", 0}});
  const auto load = read();
  ASSERT_EQ(load.size(), 2U);
  EXPECT_EQ(load.at("acme:0").utilisation, 100U);
  EXPECT_EQ(load.at("acme:0").memory_free, std::nullopt);
  EXPECT_EQ(load.at("acme:1").utilisation, 0U);
}

TEST_F(LoadFile, WhatIsNotMeasuredIsNotSaid) {
  write({{"acme:0", "memory-used", "", 300}, {"acme:9", "utilisation", "compute", 1.0}});
  EXPECT_TRUE(read().empty());
}

TEST_F(LoadFile, MoreUsedThanThereIsMeansNothingFree) {
  write({{"acme:0", "memory-total", "", 5}, {"acme:0", "memory-used", "", 6}});
  EXPECT_EQ(read().at("acme:0").memory_free, 0U);
}

TEST_F(LoadFile, AFolderThatCannotBeIsAnError) {
  temp_.write("state", "a file");
  EXPECT_THROW(write({}), Error);
}

}  // namespace
}  // namespace xpu
