// SPDX-License-Identifier: Apache-2.0
#include "core/apps/monitor_layout.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/apps/monitor_pages.h"
#include "core/base/error.h"
#include "tests/unit/apps/sample_view.h"

namespace xpu {
namespace {

using test::sample_view;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr Glyphs kAscii{false};

std::vector<std::string> texts(const std::vector<Line>& lines) {
  std::vector<std::string> out;
  for (const Line& line : lines) {
    out.push_back(plain(line));
  }
  return out;
}

std::vector<std::string> first_cells(const Pane& pane) {
  std::vector<std::string> out;
  for (const std::vector<Cell>& row : pane.rows) {
    out.push_back(row.front().text);
  }
  return out;
}

View many(std::size_t devices, std::size_t containers, std::size_t processes) {
  View out = sample_view();
  const DeviceView device = out.devices[0];
  const ContainerView container = out.containers[0];
  const ProcessView process = out.processes[0];
  out.devices.clear();
  out.containers.clear();
  out.processes.clear();
  for (std::size_t i = 0; i < devices; ++i) {
    out.devices.push_back(device);
    out.devices.back().id = cat("acme:", i);
  }
  for (std::size_t i = 0; i < containers; ++i) {
    out.containers.push_back(container);
    out.containers.back().origin.name = cat("job-", i);
  }
  for (std::size_t i = 0; i < processes; ++i) {
    out.processes.push_back(process);
    out.processes.back().pid = static_cast<int>(1000 + i);
  }
  return out;
}

Screen typed(Screen screen, std::string_view letters, const View& view) {
  for (const char c : letters) {
    EXPECT_TRUE(press(screen, {Key::kCharacter, static_cast<char32_t>(c)}, view)) << c;
  }
  return screen;
}

TEST(Monitor, OneFrameAt80Columns) {
  ::setenv("TZ", "UTC", 1);
  EXPECT_THAT(
      texts(whole_frame(sample_view(), Page::kOverview, {}, 80, kAscii)),
      ElementsAre(
          "2023-11-14T22:13:20Z  2 devices, 2 containers, 2 processes  box", "",
          "DEVICE  HEALTH  MEMORY                  UTIL            TEMP     POWER  HELD BY",
          "acme:0  ok      #####..... 12.0G/24.0G  #####..... 45%   61C  120/300W  train",
          "acme:1  FAILED                 -/24.0G               -     -         -  -", "",
          "CONTAINER        ENGINE      DEVICES  MEMORY  UTIL         TIME      COST    AGE",
          "train            docker      acme:0     8.0G  ###.... 40%   75s  1.23 USD  2h 5m",
          "shop/web-0/main  kubernetes  acme:1        -            -     -         -     1m", "",
          " PID  COMMAND  CONTAINER  DEVICES  MEMORY  UTIL            TIME",
          "4711  python3  train      acme:0     8.0G  ####...... 40%   75s",
          "  99  Xorg     -          acme:0     1.0G               -     -"));
}

TEST(Monitor, NeverWiderOrHigherThanTheTerminal) {
  View full = many(16, 40, 100);
  full.containers[0].origin.name = std::string(200, 'n');
  full.containers[1].origin.name = "\u4e16\u754c\u4e16\u754c\u4e16\u754c\u4e16\u754c";
  full.notes = {std::string(300, '!'), "two", "three"};
  for (const View& view : {View(), sample_view(), full}) {
    for (const Page page : {Page::kOverview, Page::kEngines, Page::kMemory}) {
      for (const std::size_t width : {0, 1, 5, 40, 80, 200}) {
        for (const std::size_t height : {0, 1, 3, 8, 24, 60}) {
          for (const std::size_t focus : {0, 2, 3}) {
            Screen screen;
            screen.page = page;
            screen.focus = focus;
            screen.tops = {3, 1000, 7};
            screen.help = focus == 3;
            const std::vector<Line> lines = frame(view, screen, width, height, kAscii);
            EXPECT_LE(lines.size(), height);
            for (const Line& line : lines) {
              EXPECT_LE(columns(plain(line)), width);
            }
          }
        }
      }
    }
  }
}

TEST(Monitor, At80By24AllTablesHaveTheirPlace) {
  const std::vector<std::string> lines = texts(frame(many(4, 6, 30), Screen(), 80, 24, kAscii));
  ASSERT_EQ(lines.size(), 24u);
  EXPECT_THAT(lines[0], HasSubstr("4 devices, 6 containers, 30 processes"));
  EXPECT_THAT(lines, Contains(HasSubstr("acme:3")));
  EXPECT_THAT(lines, Contains(HasSubstr("job-5")));
  EXPECT_THAT(lines, Contains(HasSubstr("1000")));
  EXPECT_THAT(lines, Contains(testing::ContainsRegex("\\.\\. [0-9]+ more")));
  EXPECT_THAT(lines[23], HasSubstr("q end"));
}

TEST(Monitor, OnALowTerminalTheTableInFocusIsAlone) {
  const View view = many(4, 6, 30);
  Screen screen;
  screen.focus = 2;
  const std::vector<std::string> lines = texts(frame(view, screen, 80, 8, kAscii));
  EXPECT_THAT(lines, Contains(HasSubstr("COMMAND")));
  EXPECT_THAT(lines, Not(Contains(HasSubstr("HEALTH"))));
}

TEST(Monitor, SaysWhatIsNotThere) {
  View view;
  std::vector<std::string> lines = texts(frame(view, Screen(), 80, 24, kAscii));
  EXPECT_THAT(lines, AllOf(Contains("no device"), Contains("no container holds a device"),
                           Contains("no process is seen on a device")));
  view.looked = false;
  lines = texts(frame(view, Screen(), 80, 24, kAscii));
  EXPECT_THAT(lines, AllOf(Contains("not looked at yet"), Not(Contains("no device"))));
}

TEST(Monitor, NotesSayWhyValuesAreOld) {
  View view = sample_view();
  view.notes = {"sim: its values are 34s old", "two", "three"};
  const std::vector<std::string> lines = texts(frame(view, Screen(), 80, 24, kAscii));
  EXPECT_EQ(lines[1], "sim: its values are 34s old");
  EXPECT_EQ(lines[2], "two (and 1 more)");
}

TEST(Monitor, OldValuesAreDim) {
  View view = sample_view();
  view.devices[0].old = true;
  const Pane pane = panes_of(view, Page::kOverview, {})[0];
  EXPECT_EQ(pane.rows[0][2].style, Style::kDim);
  EXPECT_EQ(pane.rows[0][0].style, Style::kStrong);
}

TEST(Monitor, RowsAreSorted) {
  View view = many(3, 0, 0);
  view.devices[0].memory_used = 1;
  view.devices[1].memory_used.reset();
  view.devices[2].memory_used = 5;
  view.devices[0].health = "ok";
  view.devices[2].health = "failed";
  const auto ids = [&](const Order& order) {
    return first_cells(panes_of(view, Page::kOverview, order)[0]);
  };
  EXPECT_THAT(ids({}), ElementsAre("acme:0", "acme:1", "acme:2"));
  EXPECT_THAT(ids({"", true}), ElementsAre("acme:2", "acme:1", "acme:0"));
  EXPECT_THAT(ids({"memory"}), ElementsAre("acme:2", "acme:0", "acme:1"));
  // What is not known stays last.
  EXPECT_THAT(ids({"memory", true}), ElementsAre("acme:0", "acme:2", "acme:1"));
  EXPECT_THAT(ids({"health"}), ElementsAre("acme:2", "acme:0", "acme:1"));
  EXPECT_THAT(ids({"pid"}), ElementsAre("acme:0", "acme:1", "acme:2"));
  EXPECT_THAT(sort_names(), Contains("memory"));
  const Pane processes = panes_of(sample_view(), Page::kOverview, {"pid"})[2];
  EXPECT_THAT(first_cells(processes), ElementsAre("99", "4711"));
}

TEST(Monitor, KeysSortTurnAndScroll) {
  const View view = many(3, 2, 50);
  Screen screen;
  EXPECT_TRUE(press(screen, {Key::kRight, 0}, view));
  EXPECT_EQ(screen.order.column, "device");
  screen = typed(screen, "ss", view);
  EXPECT_EQ(screen.order.column, "memory");
  screen = typed(screen, "S", view);
  EXPECT_EQ(screen.order.column, "health");
  press(screen, {Key::kLeft, 0}, view);
  press(screen, {Key::kLeft, 0}, view);
  EXPECT_EQ(screen.order.column, "");
  screen = typed(screen, "r", view);
  EXPECT_TRUE(screen.order.reverse);

  press(screen, {Key::kBackTab, 0}, view);
  EXPECT_EQ(screen.focus, 2u);
  press(screen, {Key::kDown, 0}, view);
  press(screen, {Key::kPageDown, 0}, view);
  EXPECT_EQ(screen.tops[2], 11u);
  press(screen, {Key::kUp, 0}, view);
  press(screen, {Key::kPageUp, 0}, view);
  EXPECT_EQ(screen.tops[2], 0u);
  press(screen, {Key::kEnd, 0}, view);
  EXPECT_EQ(screen.tops[2], 49u);
  press(screen, {Key::kHome, 0}, view);
  EXPECT_EQ(screen.tops[2], 0u);
  press(screen, {Key::kTab, 0}, view);
  EXPECT_EQ(screen.focus, 0u);
}

TEST(Monitor, ScrollingShowsTheLast) {
  const View view = many(0, 0, 50);
  Screen screen;
  screen.focus = 2;
  press(screen, {Key::kEnd, 0}, view);
  const std::vector<std::string> lines = texts(frame(view, screen, 80, 24, kAscii));
  EXPECT_THAT(lines, Contains(HasSubstr("1049")));
  EXPECT_THAT(lines, Not(Contains(HasSubstr(" more"))));
}

TEST(Monitor, KeysChangeThePage) {
  const View view = sample_view();
  Screen screen;
  screen.focus = 1;
  screen = typed(screen, "g", view);
  EXPECT_EQ(screen.page, Page::kEngines);
  EXPECT_EQ(screen.focus, 0u);
  screen = typed(screen, "m", view);
  EXPECT_EQ(screen.page, Page::kMemory);
  EXPECT_EQ(typed(screen, "m", view).page, Page::kOverview);
  EXPECT_EQ(typed(screen, "o", view).page, Page::kOverview);
  screen = typed(screen, "op", view);
  EXPECT_TRUE(screen.paused);
  EXPECT_THAT(texts(frame(view, screen, 80, 24, kAscii))[0], HasSubstr("PAUSED"));
  EXPECT_FALSE(typed(screen, " ", view).paused);
}

TEST(Monitor, KeysEnd) {
  const View view = sample_view();
  Screen screen;
  EXPECT_FALSE(press(screen, {Key::kCharacter, 'q'}, view));
  // Not by accident: the beginning of another key, on a slow line.
  EXPECT_TRUE(press(screen, {Key::kEscape, 0}, view));
  screen = typed(screen, "h", view);
  EXPECT_THAT(texts(frame(view, screen, 80, 24, kAscii)), Contains(HasSubstr("q           end")));
  EXPECT_TRUE(press(screen, {Key::kDown, 0}, view));
  EXPECT_FALSE(screen.help);
  screen.help = true;
  EXPECT_FALSE(press(screen, {Key::kCharacter, 'q'}, view));
}

TEST(Monitor, FiltersRows) {
  const View view = sample_view();
  Screen screen = typed(Screen(), "/WEBx", view);
  EXPECT_TRUE(screen.typing);
  press(screen, {Key::kBackspace, 0}, view);
  EXPECT_EQ(screen.filter, "WEB");
  EXPECT_THAT(texts(frame(view, screen, 80, 24, kAscii)),
              Contains(HasSubstr("show only rows with: WEB_")));
  press(screen, {Key::kEnter, 0}, view);
  EXPECT_FALSE(screen.typing);
  const std::vector<std::string> lines = texts(frame(view, screen, 80, 24, kAscii));
  EXPECT_THAT(lines,
              AllOf(Contains(HasSubstr("shop/web-0/main")), Not(Contains(HasSubstr("python3"))),
                    Contains("nothing has 'WEB'"), Contains(HasSubstr("only 'WEB'"))));
  press(screen, {Key::kEscape, 0}, view);
  EXPECT_EQ(screen.filter, "");
  screen = typed(screen, "/", view);
  press(screen, {Key::kCharacter, U'\u4e16'}, view);
  EXPECT_EQ(screen.filter, "\u4e16");
  press(screen, {Key::kBackspace, 0}, view);
  EXPECT_EQ(screen.filter, "");
}

TEST(Monitor, EnginesAndWhoseTheyAre) {
  EXPECT_THAT(texts(whole_frame(sample_view(), Page::kEngines, {}, 80, kAscii)),
              Contains(testing::ContainsRegex("^acme:0 +compute +all +#+\\.+ +45%$")));
  EXPECT_THAT(texts(whole_frame(sample_view(), Page::kEngines, {}, 80, kAscii)),
              Contains(testing::ContainsRegex("^ +train +#+\\.+ +40% +75s$")));
}

TEST(Monitor, MemoryAndWhoseItIs) {
  const std::vector<std::string> lines =
      texts(whole_frame(sample_view(), Page::kMemory, {}, 100, kAscii));
  EXPECT_THAT(lines, Contains(testing::ContainsRegex("^acme:0 +all +#+\\.+ +12.0G/24.0G$")));
  EXPECT_THAT(lines, Contains(testing::ContainsRegex("^ +train +#+\\.+ +8.0G +vram0 8.0G$")));
  EXPECT_THAT(lines, Contains(testing::ContainsRegex("^ +4711 python3 +#+\\.+ +8.0G")));
  EXPECT_THAT(lines,
              Contains(testing::ContainsRegex("outside of containers +99 Xorg +#*\\.+ +1.0G")));
  EXPECT_THAT(lines, Contains(testing::ContainsRegex("the driver, or not told +#+\\.+ +3.0G")));
}

TEST(Monitor, TimesOfEngines) {
  EXPECT_EQ(seconds_text(4.25), "4.2s");
  EXPECT_EQ(seconds_text(75), "75s");
  EXPECT_EQ(seconds_text(11'100), "3h 5m");
}

}  // namespace
}  // namespace xpu
