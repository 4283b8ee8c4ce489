// SPDX-License-Identifier: Apache-2.0
#include "core/apps/grid.h"

#include <locale.h>
#include <wchar.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/apps/table.h"
#include "core/base/error.h"
#include "core/log/format.h"

namespace xpu {
namespace {

constexpr std::size_t kGap = 2, kLeastBar = 3;
// What a bar and a text that may be cut should have before columns are left out for it.
constexpr std::size_t kDecentBar = 6, kDecentText = 20;
constexpr std::string_view kCut = "..";

// Widths of characters are the C library's, whatever the locale of this process.
locale_t utf8_locale() {
  static const locale_t locale = ::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  return locale;
}

// The code point at the beginning of valid UTF-8, and its length.
struct Character {
  wchar_t code = 0;
  std::size_t bytes = 1;
};
Character first_of(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  const std::size_t bytes = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  Character out{static_cast<wchar_t>(bytes == 1 ? lead : lead & (0xff >> (bytes + 1))), bytes};
  for (std::size_t i = 1; i < bytes && i < text.size(); ++i) {
    out.code = static_cast<wchar_t>((out.code << 6) | (text[i] & 0x3f));
  }
  out.bytes = std::min(bytes, text.size());
  return out;
}

std::size_t width_of(wchar_t code) {
  if (code < 0x80 || utf8_locale() == nullptr) {
    return 1;
  }
  const locale_t before = ::uselocale(utf8_locale());
  const int width = ::wcwidth(code);
  ::uselocale(before);
  return width < 0 ? 1 : static_cast<std::size_t>(width);
}

std::string cut_from_front(std::string_view text, std::size_t width) {
  std::string out;
  std::size_t used = 0;
  for (std::string_view rest = text; !rest.empty();) {
    const Character next = first_of(rest);
    used += width_of(next.code);
    if (used > width) {
      break;
    }
    out += rest.substr(0, next.bytes);
    rest.remove_prefix(next.bytes);
  }
  return out;
}

std::string cut_from_back(std::string_view text, std::size_t width) {
  while (columns(text) > width) {
    text.remove_prefix(first_of(text).bytes);
  }
  return std::string(text);
}

std::string padded(std::string text, std::size_t width, bool right) {
  const std::size_t used = columns(text);
  const std::string spaces(width > used ? width - used : 0, ' ');
  return right ? cat(spaces, text) : cat(text, spaces);
}

std::size_t total(const std::vector<std::size_t>& widths) {
  std::size_t out = 0;
  for (const std::size_t width : widths) {
    out += width == 0 ? 0 : width + (out == 0 ? 0 : kGap);
  }
  return out;
}

struct Sizes {
  std::vector<std::size_t> texts, least, decent, wanted;
};

Sizes sizes_of(const std::vector<Column>& heads, const std::vector<std::vector<Cell>>& rows) {
  Sizes out;
  for (std::size_t i = 0; i < heads.size(); ++i) {
    const std::size_t title = columns(heads[i].title);
    std::size_t texts = 0;
    bool bars = false;
    for (const std::vector<Cell>& row : rows) {
      const std::size_t text = columns(row[i].text);
      texts = std::max(texts, text);
      bars = bars || row[i].ratio;
    }
    const std::size_t least = std::max(title, texts);
    const std::size_t wanted = texts + (bars ? heads[i].bar + 1 : 0);
    out.least.push_back(heads[i].least == 0 ? least
                                            : std::min(least, std::max(title, heads[i].least)));
    out.wanted.push_back(std::max(title, wanted));
    const std::size_t decent = bars ? texts + 1 + std::min(heads[i].bar, kDecentBar)
                                    : std::min(wanted, std::max(heads[i].least, kDecentText));
    out.decent.push_back(std::max(out.least.back(), heads[i].least == 0 && !bars ? 0 : decent));
    out.texts.push_back(texts);
  }
  return out;
}

// Leaves out columns until the others fit.
void leave_out(const std::vector<Column>& heads, std::vector<std::size_t>& widths,
               std::size_t width) {
  while (total(widths) > width) {
    std::size_t gone = heads.size();
    for (std::size_t i = 0; i < heads.size(); ++i) {
      const bool may = heads[i].rank > 0 && widths[i] > 0;
      if (may && (gone == heads.size() || heads[i].rank >= heads[gone].rank)) {
        gone = i;
      }
    }
    if (gone == heads.size()) {
      return;
    }
    widths[gone] = 0;
  }
}

// 0 for a column that is left out.
std::vector<std::size_t> widths_of(const std::vector<Column>& heads, const Sizes& sizes,
                                   std::size_t width) {
  std::vector<std::size_t> out = sizes.decent;
  leave_out(heads, out, width);
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] = out[i] == 0 ? 0 : sizes.least[i];
  }
  // What is left is dealt out evenly.
  for (bool grew = true; grew;) {
    grew = false;
    for (std::size_t i = 0; i < out.size(); ++i) {
      if (out[i] > 0 && out[i] < sizes.wanted[i] && total(out) < width) {
        ++out[i];
        grew = true;
      }
    }
  }
  return out;
}

void put(Line& line, std::string text, Style style) {
  if (text.empty()) {
    return;
  }
  if (!line.empty() && line.back().style == style) {
    line.back().text += text;
  } else {
    line.push_back({std::move(text), style});
  }
}

// Whatever did not fit all the same is cut at the edge.
Line within(const Line& line, std::size_t width) {
  Line out;
  std::size_t used = 0;
  for (const Span& span : line) {
    std::string text = cut_from_front(span.text, width - used);
    used += columns(text);
    put(out, std::move(text), span.style);
  }
  return out;
}

// Bars of a column are equally long: their texts take as much as the longest of them.
void put_cell(Line& line, const Column& head, const Cell& cell, std::size_t width,
              std::size_t text_width, const Glyphs& glyphs) {
  if (head.bar > 0 && width >= text_width + 1 + kLeastBar) {
    const std::size_t length = width - text_width - 1;
    put(line, cell.ratio ? bar(*cell.ratio, length, glyphs) : std::string(length, ' '), cell.style);
    put(line, cat(' ', padded(cell.text, text_width, true)), Style::kPlain);
    return;
  }
  put(line, padded(fitted(cell.text, width, head.keep_end), width, head.right || head.bar > 0),
      cell.style);
}

}  // namespace

std::size_t columns(std::string_view text) {
  std::size_t out = 0;
  while (!text.empty()) {
    const Character next = first_of(text);
    out += width_of(next.code);
    text.remove_prefix(next.bytes);
  }
  return out;
}

std::string fitted(std::string_view text, std::size_t width, bool keep_end) {
  if (columns(text) <= width) {
    return std::string(text);
  }
  if (width <= kCut.size()) {
    return cut_from_front(text, width);
  }
  const std::size_t rest = width - kCut.size();
  return keep_end ? cat(kCut, cut_from_back(text, rest)) : cat(cut_from_front(text, rest), kCut);
}

std::string plain(const Line& line) {
  std::string out;
  for (const Span& span : line) {
    out += span.text;
  }
  out.erase(out.find_last_not_of(' ') + 1);
  return out;
}

std::string plain(const std::vector<Line>& lines, const Glyphs& glyphs) {
  std::string out;
  for (const Line& line : lines) {
    out += shown(plain(line), glyphs) + "\n";
  }
  return out;
}

std::string shown(std::string_view text, const Glyphs& glyphs) {
  if (glyphs.utf8) {
    return std::string(text);
  }
  std::string out;
  while (!text.empty()) {
    const Character next = first_of(text);
    out +=
        next.code < 0x80 ? std::string(text.substr(0, 1)) : std::string(width_of(next.code), '?');
    text.remove_prefix(next.bytes);
  }
  return out;
}

std::string bar(double ratio, std::size_t width, const Glyphs& glyphs) {
  const double part = std::clamp(std::isfinite(ratio) ? ratio : 0.0, 0.0, 1.0);
  const auto full = static_cast<std::size_t>(std::lround(part * static_cast<double>(width)));
  std::string out;
  for (std::size_t i = 0; i < width; ++i) {
    out += i < full ? (glyphs.utf8 ? "\u2588" : "#") : (glyphs.utf8 ? "\u2591" : ".");
  }
  return out;
}

std::vector<Line> grid(const std::vector<Column>& heads, const std::vector<std::vector<Cell>>& rows,
                       std::size_t width, const Glyphs& glyphs, int marked) {
  // What others called their things goes to a terminal.
  std::vector<std::vector<Cell>> tame = rows;
  for (std::vector<Cell>& row : tame) {
    for (Cell& cell : row) {
      cell.text = log::printable(cell.text);
    }
  }
  const Sizes sizes = sizes_of(heads, tame);
  const std::vector<std::size_t> widths = widths_of(heads, sizes, width);
  std::vector<Line> out(1);
  const auto gap = [](Line& line, Style style) {
    if (!line.empty()) {
      put(line, std::string(kGap, ' '), style);
    }
  };
  for (std::size_t i = 0; i < heads.size(); ++i) {
    if (widths[i] > 0) {
      gap(out[0], Style::kHead);
      put(out[0], padded(heads[i].title, widths[i], heads[i].right),
          static_cast<int>(i) == marked ? Style::kSelected : Style::kHead);
    }
  }
  for (const std::vector<Cell>& row : tame) {
    Line line;
    for (std::size_t i = 0; i < heads.size(); ++i) {
      if (widths[i] > 0) {
        gap(line, Style::kPlain);
        put_cell(line, heads[i], row[i], widths[i], sizes.texts[i], glyphs);
      }
    }
    out.push_back(std::move(line));
  }
  std::transform(out.begin(), out.end(), out.begin(),
                 [&](const Line& line) { return within(line, width); });
  return out;
}

}  // namespace xpu
