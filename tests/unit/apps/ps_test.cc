// SPDX-License-Identifier: Apache-2.0
#include "core/apps/ps.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

namespace xpu {
namespace {

using testing::HasSubstr;
using testing::Not;

PsRow row(const std::string& id, std::vector<std::string> devices) {
  PsRow out;
  out.record.id = id;
  out.record.runtime_root = "/run/runc";
  out.record.created_unix = 1000;
  for (const std::string& device : devices) {
    out.record.held.push_back({device, "KEY-" + device, "", "acme", "Acme One", {}, ""});
  }
  return out;
}

std::vector<std::string> lines(const std::string& text) {
  std::vector<std::string> out;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    out.push_back(line);
  }
  return out;
}

TEST(Ps, AgesAreShort) {
  const struct {
    std::int64_t seconds;
    const char* text;
  } cases[] = {{-5, "0s"},    {0, "0s"},     {59, "59s"},       {60, "1m"},
               {185, "3m"},   {3600, "1h"},  {7500, "2h 5m"},   {86399, "23h 59m"},
               {86400, "1d"}, {86460, "1d"}, {277200, "3d 5h"}, {400 * 86400, "400d"}};
  for (const auto& c : cases) {
    EXPECT_EQ(age_text(c.seconds), c.text) << c.seconds;
  }
}

TEST(Ps, SaysThatNobodyHoldsADevice) {
  PsView view;
  view.state_dir = "/run/xpu";
  EXPECT_EQ(ps_text(view), "No container holds a device, as far as /run/xpu tells.\n");
}

TEST(Ps, OneLineForEveryContainer) {
  PsView view;
  view.now_unix = 8500;
  view.rows = {row("0123456789abcdef0123456789abcdef", {"acme:0"}), row("batch", {"acme:1"})};
  view.rows[0].record.exclusive = true;
  view.rows[0].record.origin = {"docker", "web", "shop/web:2", "", "", ""};
  view.rows[0].cost = "1.23 EUR";
  EXPECT_EQ(ps_text(view),
            "CONTAINER     NAME  IMAGE       DEVICES  ENGINE  AGE    SHARING    COST\n"
            "0123456789ab  web   shop/web:2  acme:0   docker  2h 5m  exclusive  1.23 EUR\n"
            "batch         -     -           acme:1   -       2h 5m  shared     -\n");
}

TEST(Ps, DevicesInARowAreOneWord) {
  const struct {
    std::vector<std::string> devices;
    const char* text;
  } cases[] = {
      {{"acme:0", "acme:1", "acme:2"}, "acme:0-2"},
      {{"acme:0", "acme:2"}, "acme:0,acme:2"},
      {{"acme:0", "globex:1"}, "acme:0,globex:1"},
      {{"acme:9", "acme:10", "acme:12", "globex:0"}, "acme:9-10,acme:12,globex:0"},
      {{"acme:0:1", "acme:0:2", "acme:1:3"}, "acme:0:1-2,acme:1:3"},
      {{"acme:x", "acme:y"}, "acme:x,acme:y"},
      {{}, "-"},
  };
  for (const auto& c : cases) {
    PsView view;
    view.rows = {row("c", c.devices)};
    EXPECT_THAT(lines(ps_text(view))[1], HasSubstr(std::string(" ") + c.text + " ")) << c.text;
  }
}

TEST(Ps, NamesAndImagesGiveWayToEightyColumns) {
  PsView view;
  view.now_unix = 1000 + 7500;
  view.rows = {row("0123456789abcdef", {"acme:0", "acme:1"})};
  view.rows[0].record.origin = {
      "docker", "a-name-that-goes-on-and-on", "registry.example/team/deep/image:v1.2", "", "", ""};
  view.rows[0].cost = "12.34 EUR";
  for (const std::string& line : lines(ps_text(view))) {
    EXPECT_LE(line.size(), 80u) << line;
  }
  EXPECT_THAT(ps_text(view), HasSubstr(".."));
  EXPECT_THAT(ps_text(view), HasSubstr("v1.2 "));
  EXPECT_THAT(ps_text(view), HasSubstr("acme:0-1"));
  EXPECT_THAT(ps_text(view), HasSubstr("12.34 EUR"));
}

TEST(Ps, NothingControlsTheTerminal) {
  PsView view;
  view.rows = {row("c\x1b[2J", {"acme:0"})};
  view.rows[0].record.origin = {"docker", "a\nb", "\xc2\x9b\x07", "", "", ""};
  view.rows[0].cost = "1 E\x1b[0m";
  view.waiting = {{"w\x1b", "/run/runc", 77, 1, 90, {"K\x1b"}, {}}};
  view.outside = {{"o\x1b", "/run/\x1b", "/b", {"acme:3\x1b"}}};
  const std::string text = ps_text(view);
  EXPECT_EQ(text.find_first_of("\x1b\x07\xc2"), text.npos) << text;
  EXPECT_THAT(text, HasSubstr("c\\x1b[2J "));
  EXPECT_THAT(text, HasSubstr(" a\\nb "));
}

TEST(Ps, ColumnsCountCharacters) {
  PsView view;
  view.rows = {row("c1", {"acme:0"}), row("c2", {"acme:1"})};
  view.rows[0].record.origin.name = "caf\u00e9";
  view.rows[1].record.origin.name = "cafe";
  const std::vector<std::string> all = lines(ps_text(view));
  EXPECT_EQ(all[1].size(), all[2].size() + 1);
  std::string wide;
  for (int i = 0; i < 60; ++i) {
    wide += "\u00e9";
  }
  view.rows[0].record.origin.name = wide;
  const std::string cut = lines(ps_text(view))[1];
  const std::size_t first = cut.find("..") + 2;
  EXPECT_EQ(cut.substr(first, 2), "\u00e9");
  EXPECT_LE(static_cast<std::size_t>(std::count_if(
                cut.begin(), cut.end(),
                [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; })),
            80u);
}

TEST(Ps, WhoHoldsNothingSharesNothing) {
  PsView view;
  view.rows = {row("c1", {})};
  EXPECT_THAT(ps_json(view), HasSubstr(R"("devices":[],"sharing":"",)"));
}

TEST(Ps, PodsAreNamedWhole) {
  PsView view;
  view.rows = {row("c", {"acme:0"})};
  view.rows[0].record.origin = {"kubernetes", "main", "", "pod-0", "team", ""};
  EXPECT_THAT(ps_text(view), HasSubstr("team/pod-0/main"));
}

TEST(Ps, ListsWhoWaitsAndWhoIsOutside) {
  PsView view;
  view.now_unix = 100;
  view.state_dir = "/run/xpu";
  view.waiting = {{"w1", "/run/runc", 77, 1, 90, {"KEY-0"}, {}},
                  {"w2", "/run/runc", 78, 1, 95, {"KEY-0", "KEY-1"}, {}}};
  view.outside = {{"o1", "/run/crun", "/bundles/o1", {"acme:3"}}};
  EXPECT_EQ(ps_text(view),
            "No container holds a device, as far as /run/xpu tells.\n"
            "\n"
            "WAITING  SINCE  PROCESS  FOR\n"
            "w1       10s    77       KEY-0\n"
            "w2       5s     78       one of 2 devices\n"
            "\n"
            "OUTSIDE  DEVICES  ROOT\n"
            "o1       acme:3   /run/crun\n"
            "Their engine gave them these devices by itself; no lease guards them.\n");
}

TEST(Ps, JsonHasEverything) {
  PsView view;
  view.now_unix = 1060;
  view.rows = {row("c1", {"acme:0"})};
  view.rows[0].record.exclusive = true;
  view.rows[0].record.origin = {"docker", "web", "shop/web:2", "p", "ns", "team-a"};
  view.rows[0].cost = "1.23 EUR";
  view.waiting = {{"w1", "/run/runc", 77, 1, 90, {"KEY-0"}, {}}};
  view.outside = {{"o1", "/run/crun", "/bundles/o1", {"acme:3"}}};
  EXPECT_EQ(
      ps_json(view),
      R"({"containers":[{"container":"c1","runtime_root":"/run/runc","engine":"docker",)"
      R"("name":"web","image":"shop/web:2","pod":"p","pod_namespace":"ns",)"
      R"("label":"team-a","devices":[{"id":"acme:0","key":"KEY-acme:0","vendor":"acme",)"
      R"("model":"Acme One"}],"sharing":"exclusive","since_unix":1000,"age_seconds":60,)"
      R"("cost":"1.23 EUR"}],"waiting":[{"container":"w1","runtime_root":"/run/runc",)"
      R"("pid":77,"since_unix":90,"keys":["KEY-0"]}],"outside":[{"container":"o1",)"
      R"("runtime_root":"/run/crun","bundle":"/bundles/o1","devices":["acme:3"]}],"lost":[],"unhealthy":[]})"
      "\n");
}

}  // namespace
}  // namespace xpu
