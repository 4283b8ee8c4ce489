// SPDX-License-Identifier: Apache-2.0
// The screen of `xpu-runtime monitor` as lines, and what keys change of it. Pure functions: they
// know no terminal.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/apps/grid.h"
#include "core/apps/monitor_tables.h"
#include "core/apps/view.h"

namespace xpu {

enum class Key {
  kNone,
  kCharacter,
  kTab,
  kBackTab,
  kUp,
  kDown,
  kLeft,
  kRight,
  kPageUp,
  kPageDown,
  kHome,
  kEnd,
  kEnter,
  kBackspace,
  kEscape,
};

struct KeyPress {
  Key key = Key::kNone;
  char32_t character = 0;  // with kCharacter
};

struct Screen {
  Page page = Page::kOverview;
  std::size_t focus = 0;                      // the pane that keys are for
  std::vector<std::size_t> tops = {0, 0, 0};  // of each pane, the first row that is shown
  Order order;
  bool paused = false, help = false;
  std::string filter;
  bool typing = false;  // of the filter
};

// What the key does; false: it ends the program.
bool press(Screen& screen, const KeyPress& key, const View& view);

// At most `height` lines of at most `width` columns.
std::vector<Line> frame(const View& view, const Screen& screen, std::size_t width,
                        std::size_t height, const Glyphs& glyphs);

// All of it, however long.
std::vector<Line> whole_frame(const View& view, Page page, const Order& order, std::size_t width,
                              const Glyphs& glyphs);

}  // namespace xpu
