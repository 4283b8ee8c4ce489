// SPDX-License-Identifier: Apache-2.0
#include "core/apps/monitor_layout.h"

#include <algorithm>
#include <ctime>

#include "core/base/error.h"
#include "core/log/format.h"

namespace xpu {
namespace {

constexpr std::size_t kPageRows = 10, kLeastPane = 3, kMostNotes = 2, kMostFilter = 64;

constexpr const char* kHelp[] = {
    "q           end",
    "Tab         the next table; Up, Down, PgUp, PgDn scroll it",
    "s, Right    sort by the next column; S, Left: by the one before",
    "r           reverse the order",
    "g           how busy each engine is, and because of whom",
    "m           whose the memory of each device is",
    "o           the overview",
    "/           show only rows that have a text; Esc shows all again",
    "p, Space    pause",
    "h, ?        this",
};

std::string counted(std::size_t count, std::string_view one, std::string_view many) {
  return cat(count, ' ', count == 1 ? one : many);
}

std::string clock_text(std::int64_t time) {
  const auto seconds = static_cast<std::time_t>(time);
  std::tm parts{};
  char text[16];
  return ::localtime_r(&seconds, &parts) != nullptr &&
                 std::strftime(text, sizeof text, "%H:%M:%S", &parts) > 0
             ? text
             : "";
}

std::string counts(const View& view) {
  return cat(counted(view.devices.size(), "device", "devices"), ", ",
             counted(view.containers.size(), "container", "containers"), ", ",
             counted(view.processes.size(), "process", "processes"));
}

std::string filled(std::string text, std::size_t width) {
  text = fitted(log::printable(text), width);
  return cat(text, std::string(width - columns(text), ' '));
}

Line head_line(const View& view, const Screen& screen, std::size_t width) {
  const std::string state = screen.paused ? "  PAUSED" : "";
  return {
      {filled(cat(clock_text(view.time_unix), state, "  ", counts(view), "  ", view.host), width),
       screen.paused ? Style::kWarn : Style::kStrong}};
}

std::vector<Line> note_lines(const View& view, std::size_t width, std::size_t most) {
  std::vector<Line> out;
  const std::size_t shown = std::min(most, view.notes.size());
  for (std::size_t i = 0; i < shown; ++i) {
    const std::size_t more = i + 1 == shown ? view.notes.size() - shown : 0;
    out.push_back(
        {{fitted(log::printable(cat(view.notes[i], more > 0 ? cat(" (and ", more, " more)") : "")),
                 width),
          Style::kWarn}});
  }
  return out;
}

Line foot_line(const Screen& screen, std::size_t width) {
  if (screen.typing) {
    return {{filled(cat("show only rows with: ", screen.filter, "_"), width), Style::kStrong}};
  }
  const std::string filter = screen.filter.empty() ? "" : cat("only '", screen.filter, "'  ");
  return {{filled(cat(filter,
                      "q end  Tab table  s sort  r reverse  g engines  m memory  / filter  "
                      "p pause  h help"),
                  width),
           Style::kDim}};
}

std::size_t wanted_lines(const Pane& pane) {
  return 1 + std::max<std::size_t>(pane.rows.size(), 1);
}

// How many of `height` lines each pane gets, heads among them: what it needs, else a fair share.
// What cannot have three lines is shown alone: the one in focus.
std::vector<std::size_t> shares(const std::vector<Pane>& panes, std::size_t focus,
                                std::size_t height) {
  std::vector<std::size_t> out(panes.size(), 0);
  std::size_t least = 0;
  for (const Pane& pane : panes) {
    least += std::min(wanted_lines(pane), kLeastPane);
  }
  if (least > height) {
    out[focus] = std::min(height, wanted_lines(panes[focus]));
    return out;
  }
  // Line by line, as long as one wants some.
  for (bool grew = true; grew && height > 0;) {
    grew = false;
    for (std::size_t i = 0; i < panes.size() && height > 0; ++i) {
      if (out[i] < wanted_lines(panes[i])) {
        ++out[i];
        --height;
        grew = true;
      }
    }
  }
  return out;
}

// That of the table in focus goes from edge to edge.
Line head_of(Line head, bool focus, std::size_t width) {
  std::size_t used = 0;
  for (Span& span : head) {
    used += columns(span.text);
    span.style = !focus && span.style == Style::kHead ? Style::kStrong : span.style;
  }
  if (focus && used < width) {
    head.push_back({std::string(width - used, ' '), Style::kHead});
  }
  return head;
}

// `lines`: of the head and the rows together.
void add_pane(std::vector<Line>& out, const Pane& pane, bool focus, std::size_t top,
              std::size_t lines, std::size_t width, const Glyphs& glyphs) {
  if (lines == 0) {
    return;
  }
  std::vector<Line> table = grid(pane.columns, pane.rows, width, glyphs, pane.marked);
  out.push_back(head_of(std::move(table.front()), focus, width));
  if (pane.rows.empty()) {
    if (lines > 1) {
      out.push_back({{fitted(pane.empty, width), Style::kDim}});
    }
    return;
  }
  const std::size_t space = lines - 1;
  const std::size_t rows = pane.rows.size();
  const std::size_t first = std::min(top, rows > space ? rows - space : 0);
  for (std::size_t i = 0; i < space && first + i < rows; ++i) {
    // The last line says what does not fit.
    const std::size_t hidden = rows - first - i;
    if (i + 1 == space && hidden > 1) {
      out.push_back({{fitted(cat("  .. ", hidden, " more"), width), Style::kDim}});
    } else {
      out.push_back(std::move(table[1 + first + i]));
    }
  }
}

void scroll(std::size_t& top, long by, std::size_t rows) {
  const long most = rows == 0 ? 0 : static_cast<long>(rows) - 1;
  top = static_cast<std::size_t>(std::clamp(static_cast<long>(top) + by, 0L, most));
}

// The next column of the pane that can be sorted by; its own order stands between last and first.
void sort_by_next(Order& order, const Pane& pane, bool forward) {
  std::vector<std::string> names = {""};
  std::copy_if(pane.keys.begin(), pane.keys.end(), std::back_inserter(names),
               [](const std::string& key) { return !key.empty(); });
  const auto now = std::find(names.begin(), names.end(), order.column);
  const std::size_t at = now == names.end() ? 0 : static_cast<std::size_t>(now - names.begin());
  order.column = names[(at + (forward ? 1 : names.size() - 1)) % names.size()];
}

// UTF-8.
void append(std::string& text, char32_t c) {
  const auto byte = [&](char32_t bits) { text += static_cast<char>(bits); };
  if (c < 0x80) {
    byte(c);
  } else if (c < 0x800) {
    byte(0xc0 | (c >> 6));
    byte(0x80 | (c & 0x3f));
  } else if (c < 0x10000) {
    byte(0xe0 | (c >> 12));
    byte(0x80 | ((c >> 6) & 0x3f));
    byte(0x80 | (c & 0x3f));
  } else {
    byte(0xf0 | (c >> 18));
    byte(0x80 | ((c >> 12) & 0x3f));
    byte(0x80 | ((c >> 6) & 0x3f));
    byte(0x80 | (c & 0x3f));
  }
}

void type(Screen& screen, const KeyPress& key) {
  if (key.key == Key::kEnter) {
    screen.typing = false;
  } else if (key.key == Key::kEscape) {
    screen.typing = false;
    screen.filter.clear();
  } else if (key.key == Key::kBackspace) {
    while (!screen.filter.empty() && (screen.filter.back() & 0xc0) == 0x80) {
      screen.filter.pop_back();
    }
    if (!screen.filter.empty()) {
      screen.filter.pop_back();
    }
  } else if (key.key == Key::kCharacter && key.character >= ' ' &&
             screen.filter.size() < kMostFilter) {
    append(screen.filter, key.character);
  }
  std::fill(screen.tops.begin(), screen.tops.end(), 0);
}

void show(Screen& screen, Page page) {
  screen.page = screen.page == page ? Page::kOverview : page;
  screen.focus = 0;
  std::fill(screen.tops.begin(), screen.tops.end(), 0);
}

// Keys that are letters; false: it ends the program.
bool command(Screen& screen, char32_t letter, const std::vector<Pane>& panes) {
  switch (letter) {
    case 'q':
    case 'Q':
      return false;
    case 'h':
    case '?':
      screen.help = true;
      break;
    case 'p':
    case ' ':
      screen.paused = !screen.paused;
      break;
    case 's':
      sort_by_next(screen.order, panes[screen.focus], true);
      break;
    case 'S':
      sort_by_next(screen.order, panes[screen.focus], false);
      break;
    case 'r':
      screen.order.reverse = !screen.order.reverse;
      break;
    case 'g':
      show(screen, Page::kEngines);
      break;
    case 'm':
      show(screen, Page::kMemory);
      break;
    case 'o':
      show(screen, screen.page);
      break;
    case '/':
      screen.typing = true;
      break;
    default:
      break;
  }
  return true;
}

}  // namespace

bool press(Screen& screen, const KeyPress& key, const View& view) {
  if (key.key == Key::kNone) {
    return true;
  }
  if (screen.help) {
    screen.help = false;
    return key.key != Key::kCharacter || (key.character != 'q' && key.character != 'Q');
  }
  if (screen.typing) {
    type(screen, key);
    return true;
  }
  const std::vector<Pane> panes = panes_of(view, screen.page, screen.order, screen.filter);
  screen.focus = std::min(screen.focus, panes.size() - 1);
  const std::size_t rows = panes[screen.focus].rows.size();
  std::size_t& top = screen.tops[screen.focus];
  const long page = kPageRows, all = static_cast<long>(rows);
  switch (key.key) {
    case Key::kCharacter:
      return command(screen, key.character, panes);
    case Key::kEscape:
      screen.filter.clear();
      break;
    case Key::kTab:
      screen.focus = (screen.focus + 1) % panes.size();
      break;
    case Key::kBackTab:
      screen.focus = (screen.focus + panes.size() - 1) % panes.size();
      break;
    case Key::kUp:
      scroll(top, -1, rows);
      break;
    case Key::kDown:
      scroll(top, 1, rows);
      break;
    case Key::kPageUp:
      scroll(top, -page, rows);
      break;
    case Key::kPageDown:
      scroll(top, page, rows);
      break;
    case Key::kHome:
      scroll(top, -all, rows);
      break;
    case Key::kEnd:
      scroll(top, all, rows);
      break;
    case Key::kRight:
      sort_by_next(screen.order, panes[screen.focus], true);
      break;
    case Key::kLeft:
      sort_by_next(screen.order, panes[screen.focus], false);
      break;
    default:
      break;
  }
  return true;
}

std::vector<Line> frame(const View& view, const Screen& screen, std::size_t width,
                        std::size_t height, const Glyphs& glyphs) {
  std::vector<Line> out;
  if (width == 0 || height == 0) {
    return out;
  }
  out.push_back(head_line(view, screen, width));
  if (screen.help) {
    for (const char* const line : kHelp) {
      out.push_back({{fitted(line, width)}});
    }
    out.resize(std::min(out.size(), height));
    return out;
  }
  const std::vector<Line> notes = note_lines(view, width, height >= 12 ? kMostNotes : 0);
  out.insert(out.end(), notes.begin(), notes.end());
  const std::vector<Pane> panes = panes_of(view, screen.page, screen.order, screen.filter);
  const std::size_t focus = std::min(screen.focus, panes.size() - 1);
  const std::size_t foot = height > out.size() + 4 ? 1 : 0;
  const std::size_t left = height - std::min(height, out.size() + foot);
  const std::vector<std::size_t> lines = shares(panes, focus, left);
  for (std::size_t i = 0; i < panes.size(); ++i) {
    add_pane(out, panes[i], i == focus, screen.tops[i], lines[i], width, glyphs);
  }
  if (foot > 0) {
    out.resize(height - 1);
    out.push_back(foot_line(screen, width));
  }
  return out;
}

std::vector<Line> whole_frame(const View& view, Page page, const Order& order, std::size_t width,
                              const Glyphs& glyphs) {
  std::vector<Line> out;
  out.push_back({{log::printable(cat(log::rfc3339(static_cast<std::time_t>(view.time_unix)), "  ",
                                     counts(view), "  ", view.host))}});
  for (const std::string& note : view.notes) {
    out.push_back({{log::printable(note), Style::kWarn}});
  }
  for (const Pane& pane : panes_of(view, page, order)) {
    out.emplace_back();
    add_pane(out, pane, false, 0, wanted_lines(pane), width, glyphs);
  }
  return out;
}

}  // namespace xpu
