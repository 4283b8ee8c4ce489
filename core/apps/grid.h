// SPDX-License-Identifier: Apache-2.0
// Tables that fit a width, with bars and styles: what a screen shows and what a text says.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace xpu {

// How many columns of a terminal a text takes: two for what is wide, none for what combines.
std::size_t columns(std::string_view text);
// The beginning, or with `keep_end` the end, of a text that is too wide; "..", where it was cut.
std::string fitted(std::string_view text, std::size_t width, bool keep_end = false);

enum class Style { kPlain, kDim, kStrong, kGood, kWarn, kBad, kHead, kSelected };

struct Span {
  std::string text;
  Style style = Style::kPlain;
  bool operator==(const Span&) const = default;
};
using Line = std::vector<Span>;

std::string plain(const Line& line);                // without styles and spaces at its end
std::string plain(const std::vector<Line>& lines);  // each with a line end

// What stands for a bar. Without UTF-8 nothing but ASCII is put out.
struct Glyphs {
  bool utf8 = true;
};
// What can be put out: without UTF-8 a '?' stands for each column of other characters.
std::string shown(std::string_view text, const Glyphs& glyphs);
// `width` columns. A ratio above 1 is full.
std::string bar(double ratio, std::size_t width, const Glyphs& glyphs);

std::string plain(const Line& line);  // without styles and spaces at its end
// Each with a line end.
std::string plain(const std::vector<Line>& lines, const Glyphs& glyphs = {});

struct Cell {
  std::string text;
  Style style = Style::kPlain;
  std::optional<double> ratio;  // of the bar before the text
};

struct Column {
  const char* title;
  // Those of the highest number go first where not all fit; 0: never.
  int rank = 0;
  bool right = false;
  std::size_t least = 0;  // may be cut down to this; 0: not cut
  bool keep_end = false;  // what is cut is the beginning
  std::size_t bar = 0;    // wanted columns of bars; less where they do not fit
};

// The head, then the rows, each exactly `width` columns or less. Every row has a cell for each
// column. `marked`: the column by which is sorted; -1 for none.
std::vector<Line> grid(const std::vector<Column>& columns,
                       const std::vector<std::vector<Cell>>& rows, std::size_t width,
                       const Glyphs& glyphs, int marked = -1);

}  // namespace xpu
