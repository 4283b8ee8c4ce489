// SPDX-License-Identifier: Apache-2.0
// A terminal as a screen of lines, by ncurses.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/apps/grid.h"
#include "core/apps/monitor_layout.h"

namespace xpu {

// Why standard input and output are no terminal that can show a screen; "" where they are.
std::string screen_problem();

// What the locale can show. Takes the locale of the environment for characters.
Glyphs glyphs_of_locale();

// The terminal is as it was before when this goes. One at a time.
class Terminal {
 public:
  // After what handles signals was set: ncurses leaves that alone. Throws Error.
  explicit Terminal(bool colour);
  ~Terminal();
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  std::size_t width() const;
  std::size_t height() const;
  // After SIGWINCH.
  void take_size();
  void draw(const std::vector<Line>& all, const Glyphs& glyphs);
  // nullopt: none was pressed.
  std::optional<KeyPress> key();

 private:
  bool colour_ = false;
};

}  // namespace xpu
