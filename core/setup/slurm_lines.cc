// SPDX-License-Identifier: Apache-2.0
// As Slurm reads it: what follows a '#' is a comment, in quotes too; a line whose rest ends in a
// backslash goes on in the next one; backslashes that are left make the next character a plain one.
// What remains is KEY=VALUE, or several with white space between; the last one of a key counts.
#include "core/setup/slurm_lines.h"

#include <algorithm>

#include "core/base/ascii.h"
#include "core/base/error.h"
#include "core/setup/text.h"

namespace xpu::setup {
namespace {

constexpr std::string_view kSpace = " \t\r\n";

// What Slurm makes of a line, and where in the file each character comes from.
struct Meaning {
  std::string text;
  std::vector<std::size_t> at;
};

// Up to a '#' that no backslash stands before.
std::size_t comment_in(std::string_view line) {
  bool escaped = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '#' && !escaped) {
      return i;
    }
    escaped = line[i] == '\\' && !escaped;
  }
  return line.size();
}

// Where the backslash stands that joins the next line; npos when none does.
std::size_t joint_in(std::string_view line) {
  const std::size_t last = line.find_last_not_of(kSpace);
  if (last == std::string_view::npos || line[last] != '\\') {
    return std::string_view::npos;
  }
  const std::size_t first = line.find_last_not_of('\\', last) + 1;  // npos + 1 is 0
  return (last - first) % 2 == 0 ? last : std::string_view::npos;
}

// The line from `at` on, with those that it goes on in; `at` is behind it then.
Meaning next_line(std::string_view text, std::size_t& at) {
  Meaning out;
  for (bool more = true; more && at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size() - 1) + 1;
    std::string_view line = text.substr(at, end - at);
    line = line.substr(0, comment_in(line));
    const std::size_t joint = joint_in(line);
    more = joint != std::string_view::npos;
    line = line.substr(0, joint);
    for (std::size_t i = 0; i < line.size(); ++i) {
      i += line[i] == '\\' && i + 1 < line.size() ? 1 : 0;
      out.text += line[i];
      out.at.push_back(at + i);
    }
    at = end;
  }
  return out;
}

// The value from `begin` on: in quotes, or up to white space.
std::size_t end_of_value(std::string_view line, std::size_t begin) {
  if (begin < line.size() && line[begin] == '"') {
    const std::size_t quote = line.find('"', begin + 1);
    if (quote != std::string_view::npos &&
        (quote + 1 == line.size() || kSpace.find(line[quote + 1]) != std::string_view::npos)) {
      return quote + 1;
    }
  }
  return std::min(line.find_first_of(kSpace, begin), line.size());
}

bool is_include(std::string_view line) {
  constexpr std::string_view kInclude = "include";
  return line.size() > kInclude.size() &&
         equal_in_any_case(line.substr(0, kInclude.size()), kInclude) &&
         kSpace.find(line[kInclude.size()]) != std::string_view::npos;
}

// The pairs of a line; false when it has something else.
bool add_pairs(const Meaning& meaning, std::size_t begin, std::size_t end,
               std::vector<SlurmPair>& pairs) {
  const std::string_view line = meaning.text;
  const std::size_t known = pairs.size();
  std::size_t at = line.find_first_not_of(kSpace);
  if (at != std::string_view::npos && is_include(line.substr(at))) {
    return true;
  }
  while (at < line.size()) {
    const std::size_t equals = line.find('=', at);
    const std::size_t name_end = std::min(line.find_first_of(" \t\r\n=", at), line.size());
    if (equals == std::string_view::npos || name_end == at ||
        line.find_first_not_of(" \t-*+/", name_end) != equals) {
      return false;
    }
    SlurmPair pair;
    pair.key = to_lower(line.substr(at, name_end - at));
    pair.line = begin;
    pair.line_end = end;
    pair.begin = meaning.at[at];
    const std::size_t value = std::min(line.find_first_not_of(" \t", equals + 1), line.size());
    at = end_of_value(line, value);
    pair.value = pair.value_end = meaning.at[equals] + 1;
    if (at > value) {
      pair.value = meaning.at[value];
      pair.value_end = meaning.at[at - 1] + 1;
    }
    pair.text = line.substr(value, at - value);
    if (pair.text.size() > 1 && pair.text.starts_with('"') && pair.text.ends_with('"')) {
      pair.text = pair.text.substr(1, pair.text.size() - 2);
    }
    pairs.push_back(std::move(pair));
    at = std::min(line.find_first_not_of(kSpace, at), line.size());
  }
  for (std::size_t i = known; i < pairs.size(); ++i) {
    pairs[i].alone = pairs.size() == known + 1;
  }
  return true;
}

}  // namespace

SlurmLines::SlurmLines(std::string text, const std::string& source) : source_(source) {
  refuse_utf16(text, source_);
  adopt(std::move(text));
}

void SlurmLines::adopt(std::string text) {
  text_ = std::move(text);
  pairs_.clear();
  for (std::size_t at = byte_order_mark(text_); at < text_.size();) {
    const std::size_t begin = at;
    const Meaning meaning = next_line(text_, at);
    if (!add_pairs(meaning, begin, at, pairs_)) {
      fail(source_, ':', line_of(text_, begin), ": no KEY=VALUE; correct or remove the line");
    }
  }
}

bool SlurmLines::empty() const {
  return text_.size() == byte_order_mark(text_);
}

const SlurmPair* SlurmLines::find(std::string_view key) const {
  const auto at = std::find_if(pairs_.rbegin(), pairs_.rend(), [&](const SlurmPair& pair) {
    return equal_in_any_case(pair.key, key);
  });
  return at == pairs_.rend() ? nullptr : &*at;
}

const SlurmPair* SlurmLines::find(std::string_view key, const std::string& present) const {
  const auto at = std::find_if(pairs_.rbegin(), pairs_.rend(), [&](const SlurmPair& pair) {
    return equal_in_any_case(pair.key, key) &&
           text_.compare(pair.value, pair.value_end - pair.value, present) == 0;
  });
  return at == pairs_.rend() ? nullptr : &*at;
}

std::optional<std::string> SlurmLines::value(std::string_view key) const {
  const SlurmPair* pair = find(key);
  return pair == nullptr ? std::nullopt
                         : std::optional(text_.substr(pair->value, pair->value_end - pair->value));
}

bool SlurmLines::replace(std::string_view key, const std::string& present, const std::string& by) {
  const SlurmPair* pair = find(key, present);
  if (pair == nullptr) {
    return false;
  }
  std::string text = text_;
  adopt(text.replace(pair->value, pair->value_end - pair->value, by));
  return true;
}

bool SlurmLines::remove(std::string_view key, const std::string& present) {
  const SlurmPair* pair = find(key, present);
  if (pair == nullptr) {
    return false;
  }
  std::string text = text_;
  if (pair->alone) {
    text.erase(pair->line, pair->line_end - pair->line);
  } else {
    const std::size_t end = text.find_first_not_of(" \t", pair->value_end);
    text.erase(pair->begin, std::min(end, text.size()) - pair->begin);
  }
  adopt(std::move(text));
  return true;
}

void SlurmLines::append(std::string_view line) {
  const std::string newline = newline_of(text_);
  adopt(cat(text_, empty() || text_.ends_with('\n') ? "" : newline, line, newline));
}

void SlurmLines::remove_comment(std::string_view comment) {
  const std::size_t at = text_.find(comment);
  if (at == std::string::npos) {
    return;
  }
  const std::string newline = newline_of(text_);
  const std::string_view above = std::string_view(text_).substr(0, at);
  const std::size_t begin = above.ends_with(newline + newline) ? at - newline.size() : at;
  const std::size_t end = std::min(text_.find('\n', at), text_.size() - 1) + 1;
  std::string text = text_;
  adopt(text.erase(begin, end - begin));
}

}  // namespace xpu::setup
