// SPDX-License-Identifier: Apache-2.0
#include "core/setup/toml_list.h"

#include <toml++/toml.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "core/base/error.h"
#include "core/config/toml_text.h"
#include "core/setup/text.h"

namespace xpu::setup {
namespace {

constexpr std::string_view kBlank = " \t\r";

// A text, a comma, or anything else between the outer brackets; comments and white space are left
// out.
struct Token {
  std::size_t begin = 0, end = 0;
};

std::size_t end_of_string(std::string_view literal, std::size_t at) {
  const char quote = literal[at];
  const std::string_view three = literal.substr(at, 3);
  const bool lines = three.size() == 3 && three[1] == quote && three[2] == quote;
  if (!lines) {
    for (++at; literal[at] != quote; ++at) {
      at += literal[at] == '\\' && quote == '"' ? 1 : 0;
    }
    return at + 1;
  }
  for (at += 3; literal.substr(at, 3) != three; ++at) {
    at += literal[at] == '\\' && quote == '"' ? 1 : 0;
  }
  // Up to two quotes of the text may stand before the three that end it.
  at += 3;
  for (int more = 0; more < 2 && at < literal.size() && literal[at] == quote; ++more) {
    ++at;
  }
  return at;
}

std::vector<Token> tokens_of(std::string_view literal) {
  std::vector<Token> out;
  for (std::size_t at = 1; at + 1 < literal.size();) {
    const char c = literal[at];
    if (c == '#') {
      at = std::min(literal.find('\n', at), literal.size());
    } else if (c == '"' || c == '\'') {
      const std::size_t end = end_of_string(literal, at);
      out.push_back({at, end});
      at = end;
    } else {
      if (c != '\n' && kBlank.find(c) == std::string_view::npos) {
        out.push_back({at, at + 1});
      }
      ++at;
    }
  }
  return out;
}

bool says(std::string_view literal, const Token& token, const std::string& text) {
  if (literal[token.begin] != '"' && literal[token.begin] != '\'') {
    return false;
  }
  const toml::table parsed =
      toml::parse(cat("x = ", literal.substr(token.begin, token.end - token.begin)));
  return parsed["x"].value_exact<std::string>() == text;
}

bool has(const std::string& literal, const std::string& text) {
  const toml::table parsed = toml::parse(cat("x = ", literal));
  const toml::array& list = *parsed["x"].as_array();
  return std::any_of(list.begin(), list.end(), [&](const toml::node& element) {
    return element.value_exact<std::string>() == text;
  });
}

// Takes `begin` to `end` out and, where nothing but white space is left of the line, the line.
std::string without(const std::string& literal, std::size_t begin, std::size_t end) {
  const std::size_t first = literal.find_last_not_of(kBlank, begin - 1);
  const std::size_t last = literal.find_first_not_of(kBlank, end);
  if (literal[first] == '\n' && literal[last] == '\n') {
    return literal.substr(0, first) + literal.substr(last);
  }
  // One of the gaps around goes with it.
  const bool gap = literal[begin - 1] == '[' || literal[begin - 1] == '\n' ||
                   kBlank.find(literal[begin - 1]) != std::string_view::npos;
  return literal.substr(0, begin) + literal.substr(gap && literal[last] != '\n' ? last : end);
}

}  // namespace

std::string toml_list_with(const std::string& literal, const std::string& text) {
  if (has(literal, text)) {
    return literal;
  }
  const std::vector<Token> tokens = tokens_of(literal);
  std::string out = literal;
  if (tokens.empty()) {
    return out.insert(1, toml_text(text));
  }
  const std::size_t last = tokens.back().end - 1;
  const bool comma = literal[last] == ',';
  const std::size_t line = literal.rfind('\n', last);
  const std::size_t next = literal.find('\n', last);
  if (line == std::string::npos || next == std::string::npos) {
    return out.insert(last + 1, cat(comma ? " " : ", ", toml_text(text), comma ? "," : ""));
  }
  // Each on its own line, and a comment stays behind what it is about.
  const std::size_t indent = literal.find_first_not_of(" \t", line + 1);
  const std::size_t end = literal[next - 1] == '\r' ? next - 1 : next;
  out.insert(end, cat(newline_of(literal), literal.substr(line + 1, indent - line - 1),
                      toml_text(text), comma ? "," : ""));
  return comma ? out : out.insert(last + 1, ",");
}

std::string toml_list_without(const std::string& literal, const std::string& text) {
  const std::vector<Token> tokens = tokens_of(literal);
  const auto at = std::find_if(tokens.begin(), tokens.end(),
                               [&](const Token& token) { return says(literal, token, text); });
  if (at == tokens.end()) {
    return literal;
  }
  if (at + 1 != tokens.end() && literal[(at + 1)->begin] == ',') {
    return without(literal, at->begin, (at + 1)->end);
  }
  if (at != tokens.begin() && literal.find('\n', (at - 1)->end) > at->begin) {
    return without(literal, (at - 1)->begin, at->end);
  }
  return without(literal, at->begin, at->end);
}

}  // namespace xpu::setup
