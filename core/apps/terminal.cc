// SPDX-License-Identifier: Apache-2.0
#include "core/apps/terminal.h"

#include <langinfo.h>
#include <locale.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>

// Wide characters; no macros called clear() or move().
#define NCURSES_WIDECHAR 1
#define NCURSES_NOMACROS 1
#include <ncursesw/curses.h>
#include <ncursesw/term.h>

#include "core/base/error.h"

namespace xpu {
namespace {

// A key that begins with Esc comes within this, also from afar.
constexpr int kEscapeMs = 50;

enum Pair : short { kGreen = 1, kYellow, kRed };

attr_t attribute_of(Style style, bool colour) {
  switch (style) {
    case Style::kPlain:
      return A_NORMAL;
    case Style::kDim:
      return A_DIM;
    case Style::kStrong:
      return A_BOLD;
    case Style::kGood:
      return colour ? COLOR_PAIR(kGreen) : A_NORMAL;
    case Style::kWarn:
      return colour ? COLOR_PAIR(kYellow) : A_UNDERLINE;
    case Style::kBad:
      return colour ? COLOR_PAIR(kRed) | A_BOLD : A_BOLD | A_UNDERLINE;
    case Style::kHead:
      return A_REVERSE;
    case Style::kSelected:
      return A_REVERSE | A_BOLD | A_UNDERLINE;
  }
  return A_NORMAL;
}

bool has_text(const char* capability) {
  const char* const text = ::tigetstr(capability);
  return text != nullptr && text != reinterpret_cast<const char*>(-1);
}

KeyPress press_of(int code) {
  switch (code) {
    case KEY_UP:
      return {Key::kUp, 0};
    case KEY_DOWN:
      return {Key::kDown, 0};
    case KEY_LEFT:
      return {Key::kLeft, 0};
    case KEY_RIGHT:
      return {Key::kRight, 0};
    case KEY_PPAGE:
      return {Key::kPageUp, 0};
    case KEY_NPAGE:
      return {Key::kPageDown, 0};
    case KEY_HOME:
      return {Key::kHome, 0};
    case KEY_END:
      return {Key::kEnd, 0};
    case KEY_BTAB:
      return {Key::kBackTab, 0};
    case KEY_ENTER:
      return {Key::kEnter, 0};
    case KEY_BACKSPACE:
      return {Key::kBackspace, 0};
    default:
      return {Key::kNone, 0};
  }
}

KeyPress press_of_character(wint_t character) {
  switch (character) {
    case '\t':
      return {Key::kTab, 0};
    case '\n':
    case '\r':
      return {Key::kEnter, 0};
    case 8:
    case 127:
      return {Key::kBackspace, 0};
    case 27:
      return {Key::kEscape, 0};
    default:
      return {Key::kCharacter, static_cast<char32_t>(character)};
  }
}

}  // namespace

std::string screen_problem() {
  if (::isatty(STDIN_FILENO) == 0 || ::isatty(STDOUT_FILENO) == 0) {
    return "standard input and output are not both a terminal";
  }
  const char* const name = std::getenv("TERM");
  if (name == nullptr || *name == '\0') {
    return "the variable TERM does not say which terminal this is";
  }
  int error = 0;
  if (::setupterm(nullptr, STDOUT_FILENO, &error) != OK) {
    return cat("there is no description of the terminal '", name, "' (the variable TERM)");
  }
  const bool able = has_text("cup") && has_text("clear");
  ::del_curterm(::set_curterm(nullptr));
  return able ? "" : cat("the terminal '", name, "' (the variable TERM) cannot move its cursor");
}

Glyphs glyphs_of_locale() {
  ::setlocale(LC_CTYPE, "");
  return {std::string_view(::nl_langinfo(CODESET)) == "UTF-8"};
}

Terminal::Terminal(bool colour) {
  if (::newterm(nullptr, stdout, stdin) == nullptr) {
    fail("cannot use the terminal as a screen; use --once");
  }
  ::cbreak();
  ::noecho();
  ::nonl();
  ::intrflush(stdscr, FALSE);
  ::keypad(stdscr, TRUE);
  ::nodelay(stdscr, TRUE);
  ::set_escdelay(kEscapeMs);
  ::curs_set(0);
  colour_ = colour && ::has_colors() && ::start_color() == OK;
  if (colour_) {
    const short behind = ::use_default_colors() == OK ? -1 : COLOR_BLACK;
    ::init_pair(kGreen, COLOR_GREEN, behind);
    ::init_pair(kYellow, COLOR_YELLOW, behind);
    ::init_pair(kRed, COLOR_RED, behind);
  }
}

Terminal::~Terminal() {
  ::endwin();
  ::delscreen(::set_term(nullptr));
}

std::size_t Terminal::width() const {
  return static_cast<std::size_t>(::getmaxx(stdscr));
}

std::size_t Terminal::height() const {
  return static_cast<std::size_t>(::getmaxy(stdscr));
}

void Terminal::take_size() {
  winsize size = {};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 && size.ws_col > 0) {
    ::resizeterm(size.ws_row, size.ws_col);
    ::clearok(stdscr, TRUE);
  }
}

void Terminal::draw(const std::vector<Line>& all, const Glyphs& glyphs) {
  ::werase(stdscr);
  int row = 0;
  for (const Line& line : all) {
    ::wmove(stdscr, row++, 0);
    for (const Span& span : line) {
      ::wattrset(stdscr, static_cast<int>(attribute_of(span.style, colour_)));
      ::waddstr(stdscr, shown(span.text, glyphs).c_str());
    }
  }
  ::wattrset(stdscr, A_NORMAL);
  ::wrefresh(stdscr);
}

std::optional<KeyPress> Terminal::key() {
  wint_t character = 0;
  switch (::wget_wch(stdscr, &character)) {
    case KEY_CODE_YES:
      return press_of(static_cast<int>(character));
    case OK:
      return press_of_character(character);
    default:
      return std::nullopt;
  }
}

}  // namespace xpu
