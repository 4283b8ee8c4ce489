// SPDX-License-Identifier: Apache-2.0
#include "core/choose/load.h"

#include <gtest/gtest.h>

#include "core/base/error.h"
#include "core/base/host.h"
#include "core/catalog/conditions.h"
#include "tests/unit/base/temp_dir.h"

namespace xpu::test {
namespace {

constexpr unsigned kAge = 15;

class LoadTest : public testing::Test {
 protected:
  LoadTest() { std::filesystem::create_directory(dir_ / "load"); }

  void put(const std::string& backend, const std::string& devices,
           const std::string& boot = boot_id(), mode_t mode = 0644) {
    dir_.write("load/" + backend + ".json",
               cat("{\"version\":1,\"boot\":\"", boot, "\",\"devices\":[", devices, "]}"), mode);
  }
  static std::string sample(const std::string& id, std::int64_t age, const std::string& rest = "") {
    return cat("{\"id\":\"", id, "\",\"time\":", static_cast<std::int64_t>(boot_seconds()) - age,
               rest, "}");
  }
  std::map<std::string, LoadSample> read() const {
    return fresh_load(dir_.path(), {"one", "two"}, kAge);
  }

  TempDir dir_;
};

TEST_F(LoadTest, FreshSamplesOfAllBackends) {
  put("one", cat(sample("acme:0", 0, ",\"memory_free\":1024,\"utilisation\":3"), ",",
                 sample("acme:1", kAge - 2, ",\"utilisation\":100,\"more\":{}")));
  put("two", sample("globex:0", 1, ",\"memory_free\":0"));
  put("three", sample("initech:0", 0));
  const auto load = read();
  ASSERT_EQ(load.size(), 3U);
  EXPECT_EQ(load.at("acme:0").memory_free, 1024U);
  EXPECT_EQ(load.at("acme:0").utilisation, 3U);
  EXPECT_EQ(load.at("acme:1").memory_free, std::nullopt);
  EXPECT_EQ(load.at("acme:1").utilisation, 100U);
  EXPECT_EQ(load.at("globex:0").memory_free, 0U);
}

TEST_F(LoadTest, OldSamplesAndThoseOfTheFutureDoNotCount) {
  put("one", cat(sample("acme:0", kAge + 1), ",", sample("acme:1", -5), ",", sample("acme:2", 1)));
  const auto load = read();
  EXPECT_EQ(load.size(), 1U);
  EXPECT_EQ(load.count("acme:2"), 1U);
}

TEST_F(LoadTest, AnotherBootSaysNothing) {
  put("one", sample("acme:0", 0), "00000000-0000-0000-0000-000000000000");
  EXPECT_TRUE(read().empty());
}

TEST_F(LoadTest, NothingIsThere) {
  EXPECT_TRUE(read().empty());
  EXPECT_TRUE(fresh_load(dir_ / "missing", {"one"}, kAge).empty());
}

TEST_F(LoadTest, AFileThatIsNotAsItShouldBeSaysNothing) {
  const std::string good = sample("acme:0", 0);
  for (const std::string& devices :
       {std::string("{}"), std::string("3"), cat(good, ",{\"id\":\"acme:1\"}"),
        cat(good, ",", sample("acme:1", 0, ",\"utilisation\":101")),
        cat(good, ",", sample("acme:1", 0, ",\"memory_free\":-1")),
        cat(good, ",", sample("acme:1", 0, ",\"memory_free\":\"1\"")), cat(good, ","),
        cat("{\"time\":", boot_seconds(), "}")}) {
    put("one", devices);
    EXPECT_TRUE(read().empty()) << devices;
  }
  const std::string rest = cat(",\"boot\":\"", boot_id(), "\",\"devices\":[", good, "]}");
  for (const std::string& text : {cat("{\"version\":2", rest), cat("{\"version\":\"1\"", rest),
                                  std::string("[]"), std::string()}) {
    dir_.write("load/one.json", text);
    EXPECT_TRUE(read().empty()) << text;
  }
  dir_.write("load/one.json", cat("{\"version\":1", rest));
  EXPECT_EQ(read().size(), 1U);
}

TEST_F(LoadTest, OneBadFileLeavesTheOthers) {
  put("one", "oops");
  put("two", sample("globex:0", 0));
  EXPECT_EQ(read().size(), 1U);
}

TEST_F(LoadTest, WhatOthersCanWriteSaysNothing) {
  put("one", sample("acme:0", 0), boot_id(), 0666);
  EXPECT_TRUE(read().empty());
  put("one", sample("acme:0", 0));
  EXPECT_EQ(read().size(), 1U);
  ::chmod((dir_ / "load").c_str(), 0777);
  EXPECT_TRUE(read().empty());
  ::chmod((dir_ / "load").c_str(), 0755);
  std::filesystem::rename(dir_ / "load/one.json", dir_ / "load/real.json");
  std::filesystem::create_symlink("real.json", dir_ / "load/one.json");
  EXPECT_TRUE(read().empty());
}

// A pipe would keep an ordinary reader waiting for ever.
TEST_F(LoadTest, NeverWaits) {
  ASSERT_EQ(::mkfifo((dir_ / "load/one.json").c_str(), 0600), 0);
  EXPECT_TRUE(read().empty());
}

}  // namespace
}  // namespace xpu::test
