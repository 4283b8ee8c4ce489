// SPDX-License-Identifier: Apache-2.0
#include "core/apps/view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "core/apps/stats.h"
#include "tests/unit/apps/sample_view.h"
#include "tests/unit/base/temp_dir.h"

namespace xpu {
namespace {

using test::sample_view;
using testing::HasSubstr;
using testing::Not;

constexpr Glyphs kAscii{false};

TEST(View, AmountsAreShort) {
  const struct {
    double bytes;
    const char* text;
  } cases[] = {{0, "0B"},
               {999, "999B"},
               {1000, "1K"},
               {1 << 20, "1M"},
               {812.0 * (1 << 20), "812M"},
               {12 * test::kGiB, "12.0G"},
               {141 * test::kGiB, "141G"},
               {1.5 * 1024 * test::kGiB, "1.5T"}};
  for (const auto& c : cases) {
    EXPECT_EQ(short_bytes(c.bytes), c.text) << c.bytes;
  }
  EXPECT_EQ(percent(0.456), "46%");
  EXPECT_EQ(percent(1.5), "150%");
  EXPECT_EQ(percent(-1), "0%");
}

TEST(View, AContainerIsFoundByWhatPeopleCallIt) {
  const View view = sample_view();
  const std::string train = view.containers[0].id, web = view.containers[1].id;
  for (const std::string& name : {train, std::string("train"), std::string("3f2a")}) {
    EXPECT_EQ(container_of(view, name).id, train) << name;
  }
  for (const char* const name : {"web-0", "main", "shop/web-0", "shop/web-0/main", "7777"}) {
    EXPECT_EQ(container_of(view, name).id, web) << name;
  }
}

TEST(View, AContainerThatIsNotThereIsSaidSo) {
  View view = sample_view();
  const auto error = [&](const std::string& name) {
    return test::error_of([&] { container_of(view, name); });
  };
  EXPECT_EQ(error("trainn"),
            "no container 'trainn' holds a device; did you mean 'train'?; those that do: "
            "train (3f2a9c01d2b7), shop/web-0/main (777777777777)");
  EXPECT_THAT(error(""), HasSubstr("no container ''"));
  view.containers[1].origin.name = "train";
  EXPECT_EQ(error("train"),
            "'train' can mean several containers: train (3f2a9c01d2b7) in /run/runc, "
            "shop/web-0/train (777777777777) in /run/containerd/runc/k8s.io; use the whole id of "
            "one");
  view.containers.clear();
  EXPECT_EQ(error("train"), "no container 'train': no container holds a device");
}

TEST(View, AsJson) {
  const boost::json::value json = boost::json::parse(to_json(sample_view()));
  const boost::json::value& device = json.at("devices").at(0);
  EXPECT_EQ(device.at("memory_used_bytes").as_int64(), 12 * test::kGiB);
  EXPECT_EQ(device.at("utilisation").at("compute").as_double(), 0.45);
  EXPECT_EQ(device.at("containers").at(0).as_string(), "train");
  EXPECT_TRUE(json.at("devices").at(1).at("memory_used_bytes").is_null());
  EXPECT_EQ(json.at("containers").at(0).at("memory_bytes").as_int64(), 8 * test::kGiB);
  EXPECT_EQ(json.at("containers").at(1).at("pod").as_string(), "web-0");
  EXPECT_EQ(json.at("processes").at(1).at("container").as_string(), "");
  const boost::json::value one =
      boost::json::parse(to_json(sample_view(), sample_view().containers[0]));
  EXPECT_EQ(one.at("processes").as_array().size(), 1u);
  EXPECT_EQ(one.at("uses").at(0).at("memory_regions_bytes").at("vram0").as_int64(), 8 * test::kGiB);
  const boost::json::value all = boost::json::parse(stats_json(sample_view()));
  EXPECT_EQ(all.at("containers").as_array().size(), 2u);
  EXPECT_FALSE(all.as_object().contains("devices"));
}

TEST(Stats, OneLineForEveryContainer) {
  EXPECT_EQ(
      stats_text(sample_view(), false, 100, kAscii),
      "CONTAINER     NAME             ENGINE      DEVICES  MEMORY  UTILISATION  COST      AGE\n"
      "3f2a9c01d2b7  train            docker      acme:0     8.0G  compute 40%  1.23 USD  2h 5m\n"
      "777777777777  shop/web-0/main  kubernetes  acme:1        -  -            -         1m\n");
  View view = sample_view();
  view.notes = {"sim: its values are 34s old"};
  const std::string text = stats_text(view, false, 80, kAscii);
  EXPECT_THAT(text, HasSubstr("\nsim: its values are 34s old\n"));
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    EXPECT_LE(line.size(), 80u) << line;
  }
  view.containers.clear();
  EXPECT_EQ(stats_text(view, false, 80, kAscii),
            "No container holds a device.\nsim: its values are 34s old\n");
}

TEST(Stats, AllOfOne) {
  const View view = sample_view();
  EXPECT_EQ(stats_text(view, view.containers[0], false, 80, kAscii),
            "Container:    train\n"
            "Id:           3f2a9c01d2b7aaaabbbbccccdddd\n"
            "Engine:       docker\n"
            "Image:        shop/train:2\n"
            "Age:          2h 5m\n"
            "Sharing:      shared\n"
            "Cost so far:  1.23 USD\n"
            "\n"
            "DEVICE  MEMORY  UTILISATION  TIME\n"
            "acme:0    8.0G  compute 40%  compute 75s\n"
            "\n"
            " PID  COMMAND  DEVICE  MEMORY  UTILISATION\n"
            "4711  python3  acme:0    8.0G  compute 40%\n");
  const std::string lost = stats_text(view, view.containers[1], false, 80, kAscii);
  EXPECT_THAT(lost, HasSubstr("Container:    shop/web-0/main\n"));
  EXPECT_THAT(lost, HasSubstr("Lost:         acme:1 has failed: it fell off the bus\n"));
  EXPECT_THAT(lost, HasSubstr("No process of it is seen on a device.\n"));
}

TEST(Stats, MemoryByRegionAndProcess) {
  const View view = sample_view();
  const std::string text = stats_text(view, view.containers[0], true, 80, kAscii);
  EXPECT_THAT(text, HasSubstr("REGIONS"));
  EXPECT_THAT(text, HasSubstr("vram0 8.0G"));
  EXPECT_THAT(stats_text(view, true, 80, kAscii), HasSubstr("4711 python3"));
  EXPECT_THAT(stats_text(view, view.containers[0], false, 80, kAscii), Not(HasSubstr("vram0")));
}

}  // namespace
}  // namespace xpu
