// SPDX-License-Identifier: Apache-2.0
#include "core/setup/slurm_config.h"

#include <algorithm>
#include <vector>

#include "core/base/ascii.h"
#include "core/base/error.h"
#include "core/setup/text.h"

namespace xpu {
namespace {

constexpr std::string_view kMark =
    "# Added by \"xpu-runtime configure\"; \"xpu-runtime configure --remove\" takes it out.";
// Unique for each task; the node, the user, the job, the step and the task.
constexpr std::string_view kId = "%n.%u.%j.%s.%t";
// Slurm has a shell run the line, as the user of the job; only its version 23.02 and later have a
// pattern (%U) for that number. logind makes the folder for users that are logged in or linger.
constexpr std::string_view kOptions = "--rootless=true --root=/run/user/$(id -u)/";

struct Pair {
  std::string key, value;  // as it stands there, quotes included
};

std::vector<Pair> pairs_for(const std::string& program) {
  const auto line = [&](std::string_view verb) {
    return cat('"', program, ' ', kOptions, ' ', verb, '"');
  };
  return {{"RunTimeQuery", line(cat("state ", kId))},
          {"RunTimeRun", line(cat("run ", kId, " -b %b"))},
          {"RunTimeKill", line(cat("kill -a ", kId))},
          {"RunTimeDelete", line(cat("delete --force ", kId))}};
}

struct Line {
  std::string key;                 // in small letters; "" for a comment or an empty line
  std::size_t begin = 0, end = 0;  // of the line, its end included
  std::size_t value = 0, value_end = 0;
};

// A line that ends in a backslash goes on in the next one.
bool goes_on(std::string_view text, std::size_t begin, std::size_t end) {
  const std::string_view line = text.substr(begin, end - begin);
  return end < text.size() && (line.ends_with('\\') || line.ends_with("\\\r"));
}

std::vector<Line> lines_of(std::string_view text, const std::string& source) {
  std::vector<Line> out;
  std::size_t at = byte_order_mark(text);
  while (at < text.size()) {
    Line line;
    line.begin = at;
    std::size_t stop = at;
    do {
      stop = std::min(text.find('\n', at), text.size());
      at = std::min(stop + 1, text.size());
    } while (goes_on(text, line.begin, stop));
    line.end = at;
    const std::size_t first = text.find_first_not_of(" \t\r\n", line.begin);
    if (first < stop && text[first] != '#') {
      const std::size_t equals = text.find('=', first);
      if (equals >= stop) {
        fail(source, ':', line_of(text, first), ": no KEY=VALUE; correct or remove the line");
      }
      line.key = to_lower(text.substr(first, text.find_last_not_of(" \t", equals - 1) + 1 - first));
      line.value = std::min(text.find_first_not_of(" \t", equals + 1), stop);
      line.value_end = text.find_last_not_of(" \t\r", stop - 1) + 1;
    }
    out.push_back(std::move(line));
  }
  return out;
}

class Lines {
 public:
  Lines(std::string text, const std::string& source)
      : text_(std::move(text)), source_(source), lines_(lines_of(text_, source_)) {}

  const std::string& text() const { return text_; }
  bool empty() const { return text_.size() == byte_order_mark(text_); }

  std::optional<std::string> value(const std::string& key) const {
    const Line* line = find(key);
    return line == nullptr
               ? std::nullopt
               : std::optional(text_.substr(line->value, line->value_end - line->value));
  }
  bool replace(const Pair& pair) {
    const Line* line = find(pair.key);
    if (line == nullptr) {
      return false;
    }
    text_.replace(line->value, line->value_end - line->value, pair.value);
    lines_ = lines_of(text_, source_);
    return true;
  }
  void append(std::string_view line) {
    const std::string newline = newline_of(text_);
    text_ += cat(empty() || text_.ends_with('\n') ? "" : newline, line, newline);
    lines_ = lines_of(text_, source_);
  }
  void remove(const std::string& key) {
    if (const Line* line = find(key)) {
      text_.erase(line->begin, line->end - line->begin);
      lines_ = lines_of(text_, source_);
    }
  }
  // The mark, and the empty line above it.
  void remove_mark() {
    const std::size_t at = text_.find(kMark);
    if (at == std::string::npos) {
      return;
    }
    std::size_t begin = at;
    const std::string newline = newline_of(text_);
    const std::string empty_line = newline + newline;
    if (std::string_view(text_).substr(0, at).ends_with(empty_line)) {
      begin -= newline.size();
    }
    const std::size_t end = std::min(text_.find('\n', at), text_.size() - 1) + 1;
    text_.erase(begin, end - begin);
    lines_ = lines_of(text_, source_);
  }

 private:
  const Line* find(const std::string& key) const {
    const auto at = std::find_if(lines_.begin(), lines_.end(),
                                 [&](const Line& line) { return line.key == to_lower(key); });
    return at == lines_.end() ? nullptr : &*at;
  }

  std::string text_;
  const std::string& source_;
  std::vector<Line> lines_;
};

// The first word of a command, without the quote.
std::string program_in(const std::string& value) {
  const std::size_t begin = std::min(value.find_first_not_of("\"'"), value.size());
  return value.substr(begin, value.find_first_of(" \"'", begin) - begin);
}

}  // namespace

RuntimeState SlurmConfig::inspect(const Text& text) const {
  const Lines lines(text.value_or(""), source_);
  RuntimeState state;
  state.program = program_in(lines.value("RunTimeRun").value_or(""));
  state.present = is_ours(state.program);
  return state;
}

std::string SlurmConfig::configured(const Text& text, const RuntimeState& wanted) const {
  Lines lines(text.value_or(""), source_);
  bool marked = false;
  for (const Pair& pair : pairs_for(wanted.program)) {
    if (lines.replace(pair)) {
      continue;
    }
    if (!marked) {
      if (!lines.empty()) {
        lines.append("");
      }
      lines.append(kMark);
      marked = true;
    }
    lines.append(cat(pair.key, '=', pair.value));
  }
  return lines.text();
}

std::string SlurmConfig::removed(const std::string& text, const Text& before) const {
  Lines lines(text, source_);
  std::optional<Lines> old;
  if (before) {
    old.emplace(*before, source_);
  }
  for (const Pair& pair : pairs_for("")) {
    if (!is_ours(program_in(lines.value(pair.key).value_or("")))) {
      continue;
    }
    const std::optional<std::string> value = old ? old->value(pair.key) : std::nullopt;
    if (value) {
      lines.replace({pair.key, *value});
    } else {
      lines.remove(pair.key);
    }
  }
  lines.remove_mark();
  return lines.text();
}

}  // namespace xpu
