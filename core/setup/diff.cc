// SPDX-License-Identifier: Apache-2.0
// Files for people are small and the changes few: what both texts begin and end with is set aside,
// and the longest common subsequence of the lines between is found by the table.
#include "core/setup/diff.h"

#include <algorithm>
#include <vector>

#include "core/base/error.h"

namespace xpu::setup {
namespace {

constexpr std::size_t kAround = 3;
// Beyond this many pairs of lines the middle is shown as replaced whole.
constexpr std::size_t kMaxTable = std::size_t{1} << 24;

using Lines = std::vector<std::string_view>;

// With their line ends.
Lines lines_of(std::string_view text) {
  Lines out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
    out.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return out;
}

struct Step {
  char mark;  // ' ', '-' or '+'
  std::string_view line;
};

void add_middle(const Lines& before, const Lines& after, std::vector<Step>& steps) {
  const std::size_t rows = before.size(), columns = after.size();
  if (rows * columns > kMaxTable) {
    for (const std::string_view line : before) {
      steps.push_back({'-', line});
    }
    for (const std::string_view line : after) {
      steps.push_back({'+', line});
    }
    return;
  }
  // common[r][c]: length of the longest common subsequence of what follows.
  std::vector<std::vector<std::uint32_t>> common(rows + 1, std::vector<std::uint32_t>(columns + 1));
  for (std::size_t r = rows; r-- > 0;) {
    for (std::size_t c = columns; c-- > 0;) {
      common[r][c] = before[r] == after[c] ? common[r + 1][c + 1] + 1
                                           : std::max(common[r + 1][c], common[r][c + 1]);
    }
  }
  std::size_t r = 0, c = 0;
  while (r < rows || c < columns) {
    if (r < rows && c < columns && before[r] == after[c]) {
      steps.push_back({' ', before[r]});
      ++r;
      ++c;
    } else if (r < rows && (c == columns || common[r + 1][c] >= common[r][c + 1])) {
      steps.push_back({'-', before[r++]});
    } else {
      steps.push_back({'+', after[c++]});
    }
  }
}

std::vector<Step> steps_between(const Lines& before, const Lines& after) {
  const std::size_t shorter = std::min(before.size(), after.size());
  std::size_t head = 0, tail = 0;
  while (head < shorter && before[head] == after[head]) {
    ++head;
  }
  while (tail < shorter - head &&
         before[before.size() - 1 - tail] == after[after.size() - 1 - tail]) {
    ++tail;
  }
  std::vector<Step> steps;
  for (std::size_t i = 0; i < head; ++i) {
    steps.push_back({' ', before[i]});
  }
  add_middle(Lines(before.begin() + head, before.end() - tail),
             Lines(after.begin() + head, after.end() - tail), steps);
  for (std::size_t i = before.size() - tail; i < before.size(); ++i) {
    steps.push_back({' ', before[i]});
  }
  return steps;
}

// "3", "3,4", or "2,0" for nothing behind line 2.
std::string range(std::size_t begin, std::size_t count) {
  const std::size_t first = count == 0 ? begin : begin + 1;
  return count == 1 ? std::to_string(first) : cat(first, ',', count);
}

std::size_t count(const std::vector<Step>& steps, std::size_t begin, std::size_t end, char mark) {
  return static_cast<std::size_t>(
      std::count_if(steps.begin() + begin, steps.begin() + end,
                    [&](const Step& step) { return step.mark == ' ' || step.mark == mark; }));
}

std::string hunk(const std::vector<Step>& steps, std::size_t begin, std::size_t end) {
  std::string out =
      cat("@@ -", range(count(steps, 0, begin, '-'), count(steps, begin, end, '-')), " +",
          range(count(steps, 0, begin, '+'), count(steps, begin, end, '+')), " @@\n");
  for (std::size_t i = begin; i < end; ++i) {
    out += steps[i].mark;
    out += steps[i].line;
    if (!steps[i].line.ends_with('\n')) {
      out += "\n\\ No newline at end of file\n";
    }
  }
  return out;
}

// The name in a header. What follows a tab is a date, so that one tab ends a name with spaces; what
// cannot stand there is quoted as in C.
std::string header_name(const std::string& path) {
  const bool quoted = std::any_of(path.begin(), path.end(), [](char c) {
    return static_cast<unsigned char>(c) < ' ' || c == '\x7f' || c == '"' || c == '\\';
  });
  if (!quoted) {
    return path.find(' ') == std::string::npos ? path : path + '\t';
  }
  std::string out = "\"";
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += cat('\\', c);
    } else if (byte < ' ' || c == '\x7f') {
      for (const int shift : {6, 3, 0}) {
        out += cat(shift == 6 ? "\\" : "", static_cast<char>('0' + ((byte >> shift) & 7)));
      }
    } else {
      out += c;
    }
  }
  return out + '"';
}

}  // namespace

std::string unified_diff(const std::string& path, std::optional<std::string_view> before,
                         std::optional<std::string_view> after) {
  if (before == after) {
    return "";
  }
  const std::string name = header_name(path);
  std::string out =
      cat("--- ", before ? name : "/dev/null", "\n+++ ", after ? name : "/dev/null", "\n");
  const std::vector<Step> steps =
      steps_between(lines_of(before.value_or("")), lines_of(after.value_or("")));
  for (std::size_t at = 0; at < steps.size();) {
    if (steps[at].mark == ' ') {
      ++at;
      continue;
    }
    // Changes that are closer than twice the lines around them share a hunk.
    std::size_t end = at + 1;
    for (std::size_t next = end; next < steps.size() && next <= end + 2 * kAround; ++next) {
      if (steps[next].mark != ' ') {
        end = next + 1;
      }
    }
    const std::size_t begin = at - std::min(at, kAround);
    out += hunk(steps, begin, std::min(end + kAround, steps.size()));
    at = end;
  }
  return out;
}

}  // namespace xpu::setup
